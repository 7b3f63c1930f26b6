/** Several functions in one package, by the command line: written, proven, compared, and asked for by name. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { decodeModel } from "../../../src/emit/read/decode/decode.ts";
import { encodeModel } from "../../../src/emit/write/encode.ts";
import { expectRefusal, folderOf, graphc, testFolder } from "../../support/cli.ts";
import { ROOT } from "../../support/root.ts";

const source = readFileSync(join(ROOT, "examples/attention.ts"), "utf8").replace(/\b(128|384|32)\b/g, (size) =>
  String(Number(size) / 8),
);
const RIGHT = "transpose(reshape(qkv, { shape: [1, 12, 4, T] }), { perm: [0, 1, 3, 2] })";
const FLAT = "reshape(qkv, { shape: [1, 12, T, 4] })";
const SIZE = ["--max-seq", "8"];
const folder = mkdtempSync(join(tmpdir(), "graphc-cli-"));
afterAll(() => rmSync(folder, { recursive: true }));
const graphFile = join(folder, "a.ts");
const emitted = (name: string) => join(folder, `a.${name}.mlpackage`);
const both = emitted("infer-verify3");
const three = emitted("infer-verify3-prefill");

beforeAll(async () => {
  writeFileSync(graphFile, source);
  for (const functions of ["infer,verify3", "infer,verify3,prefill=5"]) {
    const { code, err } = await graphc(["emit", graphFile, ...SIZE, "--functions", functions, "--out", folder]);
    expect({ code, err }).toEqual({ code: 0, err: "" });
  }
  expect((await graphc(["emit", graphFile, ...SIZE, "--tokens", "3", "--out", folder])).code).toBe(0);
});

describe("emit", () => {
  test("writes one package, and a certificate for each block", () => {
    expect(readdirSync(folder).filter((name) => name.startsWith("a.infer-"))).toEqual([
      "a.infer-verify3-prefill.mlpackage",
      "a.infer-verify3-prefill.prefill.certificate.json",
      "a.infer-verify3-prefill.verify3.certificate.json",
      "a.infer-verify3.mlpackage",
      "a.infer-verify3.verify3.certificate.json",
    ]);
    const certificates = ["verify3", "prefill"].map((name) =>
      JSON.parse(readFileSync(join(folder, `a.infer-verify3-prefill.${name}.certificate.json`), "utf8")),
    );
    expect(certificates.map(({ sizes }) => sizes.tokens)).toEqual([3, 5]);
  });

  test("has a proof for each block in its JSON, and the features of every function", async () => {
    const argv = [
      "emit",
      graphFile,
      ...SIZE,
      "--functions",
      "infer,verify3,prefill=5",
      "--out",
      testFolder(),
      "--json",
    ];
    const { proofs, packages } = JSON.parse((await graphc(argv)).out);
    expect(proofs).toMatchObject([
      { function: "verify3", proof: { verdict: "PROVEN" }, certificate: expect.stringMatching(/verify3\.certificate/) },
      { function: "prefill", proof: { verdict: "PROVEN" }, certificate: expect.stringMatching(/prefill\.certificate/) },
    ]);
    expect(packages).toHaveLength(1);
    expect(Object.keys(packages[0].functions)).toEqual(["infer", "verify3", "prefill"]);
  });

  test("of flattened heads is refuted by the function's name, and writes nothing", async () => {
    expect(source).toContain(RIGHT);
    const flat = join(folderOf({ "flat.ts": source.replace(RIGHT, FLAT) }), "flat.ts");
    const out = join(testFolder(), "none");
    const argv = ["emit", flat, ...SIZE, "--functions", "infer,verify3", "--out", out];
    const { code, out: text, err } = await graphc(argv);
    expect([code, err]).toEqual([1, "nothing was written"]);
    expect(text).toMatch(/^function verify3:\nREFUTED: a block of 3 tokens/);
    expect(JSON.parse((await graphc([...argv, "--json"])).out)).toMatchObject({ function: "verify3" });
  });

  test.each([
    [["--functions", "verify3"], "verify3 is one function alone; give --tokens for a package of one function"],
    [["--functions", "a,b"], 'the function "a" does not say how many tokens it takes; give a=T, such as a=64'],
    [["--functions", "infer,x9", "--tokens", "2"], "--functions does nothing beside --tokens; leave one of them out"],
    [
      ["--functions", "infer,x2,x3", "--fixtures"],
      "fixtures are of one block and its step, and these functions are 2 blocks; leave out --fixtures, or give two functions, such as --functions infer=1,x2=2",
    ],
    [["--functions", "infer,x9"], "a block of 9 tokens does not fit a cache of 8 rows; raise max_seq"],
  ])("with %j is refused", async (options, sentence) => {
    await expectRefusal(["emit", graphFile, ...SIZE, ...options, "--out", testFolder()], sentence);
  });
});

describe.each(["prove", "parity"])("%s", (command) => {
  test("takes each function against the smallest, in whatever order", async () => {
    const { code, out } = await graphc([command, three, "--functions", "prefill,infer,verify3"]);
    expect(code).toBe(0);
    expect(out.match(/^.* against .*:$/gm)).toEqual(["prefill against infer:", "verify3 against infer:"]);
    const json = JSON.parse((await graphc([command, three, "--functions", "infer,verify3", "--json"])).out);
    expect(json.functions).toMatchObject([{ function: "verify3", step: "infer" }]);
  });

  test("asks for names, and says which there are", async () => {
    await expectRefusal([command, both], /has 2 functions: infer, verify3; say which: --functions infer,verify3$/);
    await expectRefusal(
      [command, both, "--functions", "infer,nope"],
      /there is no function "nope"; the functions are infer, verify3$/,
    );
    await expectRefusal([command, both, "--functions", "infer,infer"], /names "infer" twice; name each once$/);
    await expectRefusal(
      [command, both, three, "--functions", "infer,verify3"],
      /names functions of one package, and two are given/,
    );
  });
});

describe("a fault in one function", () => {
  /** The package with every weight of its block taken from the place of the first one. */
  function shared(): string {
    const path = join(testFolder(), "shared.mlpackage");
    cpSync(both, path, { recursive: true });
    const file = join(path, "Data/com.apple.CoreML/model.mlmodel");
    const model = decodeModel(readFileSync(file));
    const block = model.functions.find(({ name }) => name === "verify3")!;
    const blobs = block.operations.flatMap(({ value }) => (value && "blob" in value ? [value.blob] : []));
    expect(new Set(blobs.map(({ offset }) => offset)).size).toBeGreaterThan(1);
    const operations = block.operations.map((op) =>
      op.value && "blob" in op.value ? { ...op, value: { ...op.value, blob: blobs[0]! } } : op,
    );
    const functions = model.functions.map((fn) => (fn === block ? { ...fn, operations } : fn));
    writeFileSync(file, encodeModel({ ...model, functions }));
    return path;
  }

  test("is told by its name: flattened heads", async () => {
    const flat = join(folderOf({ "flat.ts": source.replace(RIGHT, FLAT) }), "flat.ts");
    const out = testFolder();
    const written = await graphc(["emit", flat, ...SIZE, "--functions", "infer,verify3", "--no-prove", "--out", out]);
    expect(written.err).toBe("");
    const { code, out: text } = await graphc([
      "prove",
      join(out, "flat.infer-verify3.mlpackage"),
      "--functions",
      "infer,verify3",
    ]);
    expect([code, text]).toEqual([1, expect.stringMatching(/^verify3 against infer:\nREFUTED/)]);
  });

  test("is told by its name: a blob of other weights", async () => {
    const path = shared();
    for (const argv of [
      ["check", path],
      ["prove", path, "--functions", "infer,verify3"],
      ["diff", both, path],
    ]) {
      const { code, out, err } = await graphc(argv);
      expect([code === 0, `${out}${err}`]).toEqual([false, expect.stringContaining("verify3")]);
    }
    expect((await graphc(["diff", both, path, "--function", "infer"])).code).toBe(0);
  });
});

describe("diff", () => {
  const diff = (...argv: readonly string[]) => graphc(["diff", ...argv]);
  const alone = (name: string) => ({ code: 0, err: "", out: `no difference, of the function "${name}" alone` });

  test("of one function holds it against that of the name, or the only one", async () => {
    for (const name of ["infer", "verify3"]) expect(await diff(both, three, "--function", name)).toEqual(alone(name));
    expect(await diff(both, join(folder, "a.t1.mlpackage"), "--function", "infer")).toEqual(alone("infer"));
    expect(await diff(join(folder, "a.t3.mlpackage"), three, "--function", "verify3")).toEqual(alone("verify3"));
    expect(await diff(graphFile, three, "--tokens", "5", ...SIZE, "--function", "prefill")).toEqual(alone("prefill"));
    const other = await diff(both, join(folder, "a.t3.mlpackage"), "--function", "infer");
    expect([other.code, other.out]).toEqual([1, expect.stringContaining("x")]);
  });

  test("of whole packages names the function that one of them lacks", async () => {
    const { code, out } = await diff(both, three);
    expect([code, out]).toEqual([1, expect.stringContaining('function "prefill": absent → present')]);
  });

  test("refuses a name that is in neither, and one that is in one of several", async () => {
    await expectRefusal(
      ["diff", both, three, "--function", "nope"],
      /has no function "nope"; its functions are infer, verify3$/,
    );
    await expectRefusal(
      ["diff", both, three, "--function", "prefill"],
      /infer-verify3\.mlpackage has no function "prefill"/,
    );
    await expectRefusal(
      ["diff", graphFile, both, ...SIZE],
      /has 2 functions: infer, verify3; say which: --function NAME$/,
    );
  });
});

test("inspect shows every function, and check looks at each", async () => {
  const inspected = await graphc(["inspect", three]);
  expect(inspected.code).toBe(0);
  expect(inspected.out).toContain("default function infer");
  expect(inspected.out.match(/^func \w+/gm)).toEqual(["func infer", "func prefill", "func verify3"]);
  const checked = await graphc(["check", three]);
  expect(checked.code).toBe((await graphc(["check", join(folder, "a.t3.mlpackage")])).code);
  expect(checked.out.match(/^\w+(?=: \d+ values)/gm)).toEqual(["infer", "prefill", "verify3"]);
});
