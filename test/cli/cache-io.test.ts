/** `--cache io` by the command: packages whose caches go in and come out, told by the package or by the option. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openPackage } from "../support/cache-io.ts";
import { graphc, testFolder } from "../support/cli.ts";
import { writeTinyPhi } from "../support/tiny-phi.ts";

const SIZE = ["--max-seq", "8", "--tokens", "2"];
const CACHES = ["k", "v"].map((x) => `layers_0_${x}_cache`);

/** A checkpoint, and a layer of it as packages. */
async function emitted(cache: "io" | "state") {
  const folder = testFolder();
  writeTinyPhi(folder);
  const out = join(folder, "out");
  const told = await graphc(["emit", folder, ...SIZE, "--cache", cache, "--out", out, "--json"]);
  const stem = cache === "io" ? "phi4-mini.layer0.io" : "phi4-mini.layer0";
  return { folder, out, told, block: join(out, `${stem}.t2.mlpackage`), step: join(out, `${stem}.t1.mlpackage`) };
}

test("emit proves what it wrote, and the certificate names the caches", async () => {
  const { told } = await emitted("io");
  expect(told.code).toBe(0);
  const { proof } = JSON.parse(told.out);
  expect(proof).toMatchObject({ verdict: "PROVEN", level: "exact" });
  const caches = proof.roles.filter(({ role }: { role: string }) => role === "cache");
  expect(caches.map(({ input, update }: { input: string; update: string }) => [input, update])).toEqual(
    CACHES.map((name) => [name, "slot"]),
  );
});

test("read back, the pair is proven, and is what the package with states is", async () => {
  const [io, states] = [await emitted("io"), await emitted("state")];
  for (const pair of [
    [io.block, io.step],
    [io.block, states.step],
    [states.block, io.step],
  ]) {
    const { code, out } = await graphc(["prove", ...pair]);
    expect({ code, first: out.split("\n")[0] }).toEqual({
      code: 0,
      first: "PROVEN (exact): a block of 2 tokens against 2 single-token calls",
    });
  }
  expect(await graphc(["parity", io.block, io.step])).toMatchObject({ code: 0 });
});

test("a package that does not say it is told by the option; rows of the other cache are a no", async () => {
  const { block, step, folder } = await emitted("io");
  const pair = [block, step].map((path) => openPackage(path, join(folder, `bare${path.slice(-13)}`)));
  const roles = (k: string, v: string) => [
    ...["--role", `layers_0_k_cache=cache:rows=layers_0_${k}_rows`],
    ...["--role", `layers_0_v_cache=cache:rows=layers_0_${v}_rows`],
  ];
  expect((await graphc(["prove", ...pair])).code).not.toBe(0);
  expect(await graphc(["prove", ...pair, ...roles("k", "v")])).toMatchObject({ code: 0 });
  const swapped = await graphc(["prove", ...pair, ...roles("v", "k")]);
  expect(swapped.code).toBe(1);
  expect(swapped.out).not.toContain("PROVEN (");
});

test.each([
  ["cache", "a cache says the output with its new rows"],
  ["cache:rows=hidden,token=2", 'a cache has no "tokenAxis"'],
  ["cache:rows=hidden,update=append", '"update" must be slot, not "append"'],
  ["mask:rows=hidden", 'the role mask has no "rows", which is a cache\'s'],
])("--role x=%s is refused", async (role, text) => {
  const { code, err } = await graphc(["prove", "phi4-mini", "--role", `x=${role}`]);
  expect(code).toBe(2);
  expect(err).toContain(text);
});

test("fixtures for the device are refused, and nothing is written", async () => {
  const folder = testFolder();
  writeTinyPhi(folder);
  const out = join(folder, "out");
  const { code, err } = await graphc(["emit", folder, ...SIZE, "--cache", "io", "--out", out, "--fixtures"]);
  expect(code).toBe(2);
  expect(err).toContain("the device tool carries a cache as a state alone");
  expect(readdirSync(folder)).not.toContain("out");
});

test("run makes its inputs from positions, with caches of zeros", async () => {
  const { block, step, folder } = await emitted("io");
  const file = join(folder, "o.safetensors");
  const { code, out } = await graphc(["run", block, step, "--positions", "0..1", "--out", file]);
  expect(code).toBe(0);
  expect(out).toContain("layers_0_k_rows");
});
