/** What `graphc run` and `graphc parity` refuse to evaluate: exit code 2, one sentence, no output file. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { fp16Bits } from "../../../src/dsl/number.ts";
import { expectRefusal, fileOf, folderOf, graphc, type RawTensor, testFolder } from "../../support/cli.ts";
import { ROOT } from "../../support/root.ts";

const EXAMPLES = join(ROOT, "examples");
const ATTENTION = join(EXAMPLES, "attention.ts");
const MAX_SEQ = 32;

/** An fp16 tensor by the value at each place. */
function half(name: string, shape: readonly number[], value: (...ix: number[]) => number): RawTensor {
  const size = shape.reduce((product, n) => product * n, 1);
  const places = (flat: number) =>
    shape.map((_, axis) => Math.floor(flat / shape.slice(axis + 1).reduce((a, b) => a * b, 1)) % shape[axis]!);
  const bits = Uint16Array.from({ length: size }, (_, flat) => fp16Bits(value(...places(flat))));
  return { name, dtype: "F16", shape, data: new Uint8Array(bits.buffer) };
}

/** Good inputs of the attention example for two tokens at cache rows 5 and 6. */
const x = half("x", [1, 128, 2, 1], (_, c, t) => (c % 7) - 3 + t);
const mask = half("attn_mask", [1, 1, 2, MAX_SEQ], (_, __, t, s) => (s <= 5 + t ? 0 : -1e4));
const slot = half("kv_write_mask", [1, 1, MAX_SEQ, 2], (_, __, s, t) => Number(s === 5 + t));

const SIZE = ["--tokens", "2", "--max-seq", `${MAX_SEQ}`];
function runWith(tensors: readonly RawTensor[], ...more: readonly string[]) {
  const folder = folderOf({ "in.safetensors": fileOf(tensors) });
  const out = join(folder, "out.safetensors");
  return { out, argv: ["run", ATTENTION, ...SIZE, "--inputs", join(folder, "in.safetensors"), "--out", out, ...more] };
}

const entry = (tensor: RawTensor, changed: (...ix: number[]) => number | undefined, was: (...ix: number[]) => number) =>
  half(tensor.name, tensor.shape, (...ix) => changed(...ix) ?? was(...ix));
const slotWith = (change: (s: number, t: number) => number | undefined) =>
  entry(
    slot,
    (_, __, s, t) => change(s!, t!),
    (_, __, s, t) => Number(s === 5 + t!),
  );
const maskWith = (change: (t: number, s: number) => number | undefined) =>
  entry(
    mask,
    (_, __, t, s) => change(t!, s!),
    (_, __, t, s) => (s! <= 5 + t! ? 0 : -1e4),
  );

const HINT = "; --unchecked feeds it all the same";
const FILE = "…/in.safetensors";

const cases: readonly (readonly [what: string, tensors: readonly RawTensor[], sentence: string])[] = [
  ["without an input", [x, mask], `${FILE} has no tensor "kv_write_mask"; the graph wants fp16[1,1,${MAX_SEQ},2]`],
  ["with one too many", [x, mask, slot, half("y", [1], () => 0)], `${FILE}: the graph has no input "y"`],
  [
    "of another shape",
    [half("x", [1, 128, 1, 1], () => 0), mask, slot],
    `${FILE}: "x" is fp16[1,128,1,1]; the graph wants fp16[1,128,2,1]`,
  ],
  [
    "of another dtype",
    [{ ...x, dtype: "F32", data: new Uint8Array(1024) }, mask, slot],
    `${FILE}: "x" is fp32[1,128,2,1]; the graph wants fp16[1,128,2,1]; convert it to fp16`,
  ],
  [
    "of a dtype that no input has",
    [{ ...x, dtype: "BF16" }, mask, slot],
    `${FILE}: tensor "x" is BF16; inputs are F16, F32 or I32, and in fp64 F64`,
  ],
  [
    "whose write mask holds a half",
    [x, mask, slotWith((s, t) => (s === 5 && t === 0 ? 0.5 : undefined))],
    `${FILE}: kv_write_mask, column 0: holds 0.5; a column is 1 at one row and 0 elsewhere${HINT}`,
  ],
  [
    "whose write mask names two rows",
    [x, mask, slotWith((s, t) => (s === 9 && t === 1 ? 1 : undefined))],
    `${FILE}: kv_write_mask, column 1: names 2 rows; a token is written to one${HINT}`,
  ],
  [
    "whose write mask writes a row twice",
    [x, mask, slotWith((s) => Number(s === 5))],
    `${FILE}: kv_write_mask, column 1: row 5 is written by another column too${HINT}`,
  ],
  [
    "whose mask is infinite",
    [x, maskWith((_, s) => (s === 20 ? Number.NEGATIVE_INFINITY : undefined)), slot],
    `${FILE}: attn_mask, row 0: holds -Infinity; an entry is 0 where visible and -10000 where not${HINT}`,
  ],
  [
    "whose mask hides the token itself",
    [x, maskWith((t, s) => (t === 1 && s === 6 ? -1e4 : undefined)), slot],
    `${FILE}: attn_mask, row 1: hides the token's own cache row 6${HINT}`,
  ],
  [
    "whose mask shows a later token",
    [x, maskWith((t, s) => (t === 0 && s === 6 ? 0 : undefined)), slot],
    `${FILE}: attn_mask, row 0: sees cache row 6, which a later token of the block writes${HINT}`,
  ],
];

describe("inputs", () => {
  test("that are good are run", async () => {
    const { argv, out } = runWith([x, mask, slot]);
    expect(await graphc(argv)).toMatchObject({ code: 0, err: "" });
    expect(readdirSync(join(out, ".."))).toEqual(["in.safetensors", "out.safetensors"]);
  });

  test.each(cases)("%s", async (_, tensors, sentence) => {
    const { argv, out } = runWith(tensors);
    await expectRefusal(argv, sentence, out);
  });

  test("that break the contract run with --unchecked", async () => {
    expect(await graphc(runWith(cases.at(-1)![1], "--unchecked").argv)).toMatchObject({ code: 0, err: "" });
  });

  test("that are not there", async () => {
    const argv = ["run", ATTENTION, "--inputs", "nowhere.safetensors"];
    await expectRefusal(argv, "cannot read nowhere.safetensors: there is no such file or folder");
    await expectRefusal(["run", ATTENTION], "give either --inputs or --positions");
  });

  test("whose states are of another shape", async () => {
    const state = join(
      folderOf({ "s.safetensors": fileOf([half("k_state", [1, 4, 8, 32], () => 0)]) }),
      "s.safetensors",
    );
    const { argv, out } = runWith([x, mask, slot], "--state", state);
    const sentence = `…/s.safetensors: "k_state" is fp16[1,4,8,32]; the graph wants fp16[1,4,${MAX_SEQ},32]`;
    await expectRefusal(argv, sentence, out);
  });
});

describe("positions", () => {
  test.each([
    ["30..33", `--positions names 4 tokens; the graph takes 2`],
    ["31,32", `position 32 is beyond the cache's last row 31`],
    ["4,4", "--positions names a cache row twice"],
    ["5-6", '--positions must look like 5..8 or 5,9,7, not "5-6"'],
    ["0..9999999999", "--positions names 10000000000 tokens; the graph takes 2"],
    ["8..5", '--positions must look like 5..8 or 5,9,7, not "8..5"'],
  ])("%s", async (positions, sentence) => {
    const out = join(testFolder(), "out.safetensors");
    await expectRefusal(["run", ATTENTION, ...SIZE, "--positions", positions, "--out", out], sentence, out);
  });

  /** A graph that takes its rows by an int32 position. */
  const GATHER = `
    import { gather, graph, input } from "graphc";
    export default function model() {
      const x = input("x", [4, 2]);
      const place = input("place", [2], "int32");
      return graph({ name: "g", inputs: [x, place], outputs: { y: gather(x, place, { axis: 0 }) } });
    }`;

  test("beyond an axis, met while the graph runs", async () => {
    const place = { name: "place", dtype: "I32", shape: [2], data: new Uint8Array(Int32Array.of(3, 4).buffer) };
    const inputs = fileOf([half("x", [4, 2], () => 1), place]);
    const folder = folderOf({ "g.ts": GATHER, "in.safetensors": inputs });
    const out = join(folder, "out.safetensors");
    const argv = ["run", join(folder, "g.ts"), "--inputs", join(folder, "in.safetensors"), "--out", out];
    const where = /^error: gather: position 4 is outside an axis of size 4\n {2}at .*g\.ts:6:\d+\n/;
    for (const precision of ["fp16", "fp64"]) await expectRefusal([...argv, "--precision", precision], where, out);
  });
});

describe("memory", () => {
  test.each(["run", "parity"])("that will not do for %s is said before anything starts", async (command) => {
    const huge = ["--max-seq", "500000000", ...(command === "run" ? ["--positions", "0"] : [])];
    await expectRefusal(
      [command, ATTENTION, ...huge],
      /^error: this run needs [\d.]+ GB of memory, and [\d.]+ [kMG]?B is free; lower --max-seq, --tokens or --layers, whichever the graph has$/,
    );
  });
});

test("an output folder that is not there", async () => {
  const argv = [
    "run",
    join(EXAMPLES, "counter.ts"),
    "--positions",
    "0",
    "--out",
    join(testFolder(), "no/o.safetensors"),
  ];
  await expectRefusal(argv, "cannot write …/no/o.safetensors: there is no such file or folder");
});

test("an interrupted parity run", async () => {
  const outcome = await graphc(
    ["parity", join(EXAMPLES, "counter.ts")],
    (at, done) => at === "running blocks" && done > 1,
  );
  expect(outcome).toEqual({ code: 130, out: "", err: "error: interrupted" });
});
