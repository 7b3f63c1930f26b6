/** `--cache io` by the command: packages whose caches go in and come out, told by the package or by the option. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type JudgedBuild, readBuild } from "../../../src/evidence/judge/build.ts";
import { graphc, testFolder } from "../../support/cli.ts";
import { honestEvidence } from "../../support/evidence/evidence.ts";
import { openPackage, sayOfCaches } from "../../support/graphs/cache-io.ts";
import { writeTinyPhi } from "../../support/graphs/tiny-phi.ts";

const SIZE = ["--max-seq", "8", "--tokens", "2"];
const CACHES = ["k", "v"].map((x) => `layers_0_${x}_cache`);

const folder = mkdtempSync(join(tmpdir(), "graphc-cli-"));
const pathsOf = (stem: string) => [2, 1].map((t) => join(folder, "out", `${stem}.t${t}.mlpackage`)) as [string, string];
const io = pathsOf("phi4-mini.layer0.io");
const states = pathsOf("phi4-mini.layer0");
/** What emit told of the pair whose caches are inputs. */
let told: Awaited<ReturnType<typeof graphc>>;

beforeAll(async () => {
  writeTinyPhi(folder);
  const emit = (...more: readonly string[]) =>
    graphc(["emit", folder, ...SIZE, "--out", join(folder, "out"), "--json", ...more]);
  told = await emit("--cache", "io");
  expect(await emit("--no-prove")).toMatchObject({ code: 0 });
});
afterAll(() => rmSync(folder, { recursive: true }));

test("emit proves what it wrote, and the certificate names the caches", () => {
  expect(told.code).toBe(0);
  const { proof } = JSON.parse(told.out);
  expect(proof).toMatchObject({ verdict: "PROVEN", level: "exact" });
  const caches = proof.roles.filter(({ role }: { role: string }) => role === "cache");
  expect(caches.map(({ input, update }: { input: string; update: string }) => [input, update])).toEqual(
    CACHES.map((name) => [name, "slot"]),
  );
});

test("read back, the pair is proven, and is what the package with states is", async () => {
  for (const pair of [io, [io[0], states[1]], [states[0], io[1]]]) {
    const { code, out } = await graphc(["prove", ...pair]);
    expect({ code, first: out.split("\n")[0] }).toEqual({
      code: 0,
      first: "PROVEN (exact): a block of 2 tokens against 2 single-token calls",
    });
  }
  expect(await graphc(["parity", ...io])).toMatchObject({ code: 0 });
});

test("a package that does not say it is told by the option", async () => {
  const pair = io.map((path) => openPackage(path, join(folder, `bare${path.slice(-13)}`)));
  const roles = ["k", "v"].flatMap((x) => ["--role", `layers_0_${x}_cache=cache:rows=layers_0_${x}_rows`]);
  expect((await graphc(["prove", ...pair])).code).not.toBe(0);
  expect(await graphc(["prove", ...pair, ...roles])).toMatchObject({ code: 0 });
});

test.each([
  ["cache", "a cache says the output with its new rows"],
  ["cache:rows=hidden,token=2", 'a cache has no "tokenAxis"'],
  ["cache:rows=hidden,update=grow", '"update" must be slot or replace or shift or append, not "grow"'],
  ["mask:rows=hidden", 'the role mask has no "rows", which is a cache\'s'],
])("--role x=%s is refused", async (role, text) => {
  const { code, err } = await graphc(["prove", "phi4-mini", "--role", `x=${role}`]);
  expect(code).toBe(2);
  expect(err).toContain(text);
});

test("what the host does with rows is told by the option, printed, and a part of what is proven", async () => {
  const roles = (update: string) =>
    ["k", "v"].flatMap((x) => ["--role", `layers_0_${x}_cache=cache:update=${update},rows=layers_0_${x}_rows`]);
  const { out } = await graphc(["interface", ...io, ...roles("shift")]);
  expect(JSON.parse(out).inputs.layers_0_k_cache).toEqual({
    kind: "cache",
    update: "shift",
    rows: "layers_0_k_rows",
    source: "option",
  });
  expect((await graphc(["prove", ...io, ...roles("shift")])).out).toMatch(/^REFUTED/);
  const whole = await graphc(["prove", ...io, ...roles("replace")]);
  expect(whole).toMatchObject({ code: 2, err: expect.stringContaining("as the whole of it") });
});

/** Evidence as a flawless device would leave it in a folder that emit wrote with fixtures. */
async function measured(out: string): Promise<JudgedBuild["build"]> {
  const build = await readBuild(out);
  writeFileSync(join(out, "evidence.json"), JSON.stringify(honestEvidence(build)));
  return build;
}

test("fixtures for the device hold the caches, and evidence by them is the ground for more layers and for a whole model", async () => {
  const out = testFolder();
  const emit = ["emit", folder, ...SIZE, "--cache", "io"];
  expect(await graphc([...emit, "--out", out, "--fixtures"])).toMatchObject({ code: 0 });
  const { manifest } = await measured(out);
  expect(manifest.caches!.map(({ name, rows, place }) => [name, rows, place])).toEqual(
    ["k", "v"].map((x) => [`layers_0_${x}_cache`, `layers_0_${x}_rows`, "kv_write_mask"]),
  );
  const gate = await graphc(["gate", out]);
  expect(gate.out).toMatch(/caches fed +yes/);
  expect(gate.code).toBe(0);
  const more = await graphc([...emit, "--layers", "2", "--evidence", out, "--out", testFolder()]);
  expect(more.out).toContain("on passed evidence of the one-layer gate");
  // A layer with states is another graph.
  const states = await graphc(["emit", folder, ...SIZE, "--layers", "2", "--evidence", out, "--out", testFolder()]);
  expect(states).toMatchObject({ code: 2, err: expect.stringContaining("of another graph") });
  const build = ["build", folder, "--max-seq", "8", "--tokens", "2", "--heads", "2", "--evidence", out];
  const io = await graphc([...build, "--cache", "io", "--out", join(testFolder(), "io")]);
  expect(io.out).toContain("on passed evidence of the one-layer gate");
  expect(await graphc([...build, "--out", join(testFolder(), "states")])).toMatchObject({ code: 2 });
});

test("of functions the fixtures are of the one block and its step, both in one package", async () => {
  const out = testFolder();
  const emit = ["emit", folder, "--max-seq", "8", "--cache", "io", "--fixtures", "--out", out, "--functions"];
  const { code, err } = await graphc([...emit, "infer,verify2,prefill4"]);
  expect(code).toBe(2);
  expect(err).toContain("fixtures are of one block and its step, and these functions are 2 blocks");
  expect(err).toContain("--functions infer=1,verify2=2");
  expect(await graphc([...emit, "infer,verify2"])).toMatchObject({ code: 0 });
  const { manifest } = await measured(out);
  expect([manifest.block, manifest.step].map(({ function: name, tokens }) => [name, tokens])).toEqual([
    ["verify2", 2],
    ["infer", 1],
  ]);
  expect(manifest.block.package).toBe(manifest.step.package);
  expect(await graphc(["gate", out])).toMatchObject({ code: 0 });
  const more = ["emit", folder, "--max-seq", "8", "--cache", "io", "--layers", "2", "--evidence", out];
  const next = await graphc([...more, "--functions", "infer,verify2", "--out", testFolder()]);
  expect(next.out).toContain("on passed evidence of the one-layer gate");
});

test("run makes its inputs from positions, with caches of zeros", async () => {
  const file = join(folder, "o.safetensors");
  const { code, out } = await graphc(["run", ...io, "--positions", "0..1", "--out", file]);
  expect(code).toBe(0);
  expect(out).toContain("layers_0_k_rows");
});

test.each([
  ["[]", "must be an object"],
  ["{", "graphc.caches"],
  [
    '{"x":{"update":"grow","rows":"hidden"}}',
    'are not of the form { "update": "slot" or "replace" or "shift" or "append", "rows"',
  ],
  ['{"x":{"update":"slot","rows":"hidden","more":1}}', 'are not of the form { "update": "slot"'],
  ['{"y":{"update":"slot","rows":"hidden"}}', 'speak of "y", which is no input'],
  ['{"x":{"update":"slot","rows":"none"}}', 'no output "none"'],
])("a package that says %s of its caches is refused", async (said, text) => {
  const pair = io.map((path) => sayOfCaches(path, join(testFolder(), path.slice(-13)), said));
  const { code, err } = await graphc(["prove", ...pair]);
  expect(code).toBe(2);
  expect(err).toContain(text);
});
