/** `parity --reference`: numbers from elsewhere, each token against its own; a no for each way to be far, a refusal for each that tells nothing. */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { fp16Bits } from "../../../src/dsl/number.ts";
import { fileOf, folderOf, graphc } from "../../support/cli.ts";

/** y = x + 2 x, and how many of a token's three numbers are above 0; a state of four rows grows by 1. */
const SOURCE = `
import { add, cast, graph, greater, input, mul, reduce_sum, state } from "graphc";
export default ({ tokens }) => {
  const [x, k] = [input("x", [1, tokens, 3]), state("k", [1, 4, 32])];
  const n = reduce_sum(cast(greater(x, 0), { dtype: "int32" }), { axes: [2] });
  return graph({ name: "g", inputs: [x], states: [[k, add(k, 1)]], outputs: { y: add(x, mul(x, 2)), n } });
};`;

const shaped = (dtype: string, bytes: ArrayBufferLike) => (name: string, shape: readonly number[]) => ({
  name,
  dtype,
  shape,
  data: new Uint8Array(bytes),
});
const halves = (numbers: readonly number[]) => shaped("F16", Uint16Array.from(numbers, fp16Bits).buffer);
const singles = (numbers: readonly number[]) => shaped("F32", Float32Array.from(numbers).buffer);
const doubles = (numbers: readonly number[]) => shaped("F64", Float64Array.from(numbers).buffer);
const wholes = (numbers: readonly number[]) => shaped("I32", Int32Array.from(numbers).buffer);

const ROWS = [1, 2, 3, 0, 0, 0, -4, 5, -6];
const x = halves(ROWS)("x", [1, 3, 3]);
const TRIPLED = ROWS.map((n) => 3 * n);
const yOf = (change: (n: number, at: number) => number = (n) => n) => singles(TRIPLED.map(change))("y", [1, 3, 3]);
const n = wholes([3, 0, 1])("n", [1, 3]);
const ones = (change: (n: number, at: number) => number = (one) => one) =>
  singles(Array.from({ length: 128 }, (_, at) => change(1, at)))("k", [1, 4, 32]);

type Tensor = ReturnType<ReturnType<typeof halves>>;

function line(tensors: readonly Tensor[], ...options: readonly string[]) {
  const folder = folderOf({ "g.ts": SOURCE, "f.safetensors": fileOf(tensors), "in.safetensors": fileOf([x]) });
  const argv = ["parity", join(folder, "g.ts"), "--tokens", "3", "--reference", join(folder, "f.safetensors")];
  return { folder, argv: [...argv, ...options] };
}
const against = (tensors: readonly Tensor[], ...options: readonly string[]) => graphc(line(tensors, ...options).argv);

describe("a block against a reference", () => {
  test("is near: how many rows told something, and what was not compared", async () => {
    const { code, out, err } = await against([x, yOf((y, at) => (at === 8 ? y * 1.001 : y)), ones()]);
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatchInlineSnapshot(`
      "g, weights generated (seed 1), against …/f.safetensors

      value  row of       to the reference   rel L2   1-cos  worst/rms
      -----  -----------  ----------------  -------  ------  ---------
      y      token 2      within            0.00102  2.8e-7    0.00178
      k      cache row 0  within                  0       0          0
      WITHIN 0.01: 6 rows, the farthest token 2 of y at 0.00102; 1 row is zero in both and tell nothing;
          not in …/f.safetensors, and not compared: n"
    `);
  });

  test.each([
    [
      "a token's row",
      [x, yOf((y, at) => (at === 6 ? y * 1.1 : y)), n],
      /^y +token 2 +beyond .*\nBEYOND 0.01: 1 of 6 rows, the farthest token 2 of y at /m,
    ],
    [
      "a row that should be zero beside what is fed",
      [x, yOf((y, at) => (at === 3 ? 1e-3 : y))],
      /^y +token 1 +beyond .*\nBEYOND 0.01: 1 of 3 rows/m,
    ],
    ["a whole number by one", [x, wholes([3, 0, 2])("n", [1, 3])], /^n +token 2 +beyond/m],
    ["a row of a state", [x, ones((k, at) => (at === 70 ? 2 : k))], /^k +cache row 2 +beyond/m],
    ["everything", [x, yOf((y) => -y)], /^BEYOND 0.01: 2 of 3 rows/m],
  ])("is far: %s", async (_, tensors, says) => {
    const { code, out } = await against(tensors);
    expect(code).toBe(1);
    expect(out).toMatch(says);
  });

  test("a whole number is near to itself alone, whatever the bound", async () => {
    const { code, out } = await against([x, wholes([3, 0, 2])("n", [1, 3])], "--within", "0.9");
    expect(code).toBe(1);
    expect(out).toMatch(/^BEYOND 0.9: 1 of 3 rows/m);
  });

  test("a bound, doubles, inputs and states of their own", async () => {
    const near = doubles(TRIPLED.map((y) => y * (1 + 1e-7)))("y", [1, 3, 3]);
    const loose = await against([x, near], "--precision", "fp64", "--within", "1e-6");
    expect([loose.code, loose.err]).toEqual([0, ""]);
    const tight = await against([x, near], "--precision", "fp64", "--within", "1e-8", "--json");
    expect(tight.code).toBe(1);
    expect(JSON.parse(tight.out)).toMatchObject({ verdict: "BEYOND", within: 1e-8, notCompared: ["n"] });
    const { folder, argv } = line([yOf(), ones((k) => k + 2)]);
    const { writeFileSync } = await import("node:fs");
    const two = halves(Array.from({ length: 128 }, () => 2))("k", [1, 4, 32]);
    writeFileSync(join(folder, "state.safetensors"), fileOf([two]));
    const own = ["--inputs", join(folder, "in.safetensors"), "--state", join(folder, "state.safetensors")];
    expect(await graphc([...argv, ...own])).toMatchObject({ code: 0, err: "" });
    expect((await graphc([...argv, ...own.slice(0, 2)])).code).toBe(1);
  });

  test("a small row beside a large input of its shape is not lost in it", async () => {
    const large = halves(ROWS.map((one) => 1000 * one))("x", [1, 3, 3]);
    const source = SOURCE.replace("add(x, mul(x, 2))", "mul(x, 0.001)");
    const far = singles(ROWS.map((one) => 1.5 * one))("y", [1, 3, 3]);
    const folder = folderOf({ "g.ts": source, "f.safetensors": fileOf([large, far]) });
    const argv = ["parity", join(folder, "g.ts"), "--tokens", "3", "--reference", join(folder, "f.safetensors")];
    const { code, out } = await graphc(argv);
    expect(code).toBe(1);
    expect(out).toMatch(/^BEYOND 0.01: 2 of 3 rows, the farthest token \d of y at 0.33/m);
  });

  test("numbers of ours that are not finite are near to nothing", async () => {
    const large = halves(ROWS.map(() => 4e4))("x", [1, 3, 3]);
    const { code, out } = await against([large, singles(ROWS.map(() => 12e4))("y", [1, 3, 3])], "--within", "0.9");
    expect(code).toBe(1);
    expect(out).toMatch(/^NOT FINITE: 3 of 3 rows/m);
  });

  test("what the graph was fed and gives again tells nothing", async () => {
    const source = SOURCE.replace("add(x, mul(x, 2))", "add(x, mul(x, 0))");
    const folder = folderOf({ "g.ts": source, "f.safetensors": fileOf([x, halves(ROWS)("y", [1, 3, 3])]) });
    const argv = ["parity", join(folder, "g.ts"), "--tokens", "3", "--reference", join(folder, "f.safetensors")];
    const { code, out } = await graphc(argv);
    expect(code).toBe(1);
    expect(out).toMatch(
      /^NOTHING TOLD: of a value every row is what the graph was fed, in both; not in\s+…\/f.safetensors, and not compared: n$/m,
    );
  });
});

describe("refused", () => {
  const y = yOf();
  test.each<readonly [string, readonly Tensor[], readonly string[], string]>([
    [
      "nothing to compare",
      [x],
      [],
      "f.safetensors has no tensor with the name of an output or a state, so that nothing would be compared; the graph gives y, n, k",
    ],
    ["a stranger", [x, y, n, wholes([1])("z", [1])], [], 'f.safetensors: the graph has no input, output or state "z"'],
    ["no inputs", [y], [], 'f.safetensors has no tensor "x"; the graph wants fp16[1,3,3]'],
    ["inputs twice", [x, y], ["--inputs", "IN"], 'f.safetensors: "x" is an input, and --inputs gives those'],
    [
      "another shape",
      [x, singles(TRIPLED)("y", [1, 9, 1])],
      [],
      'f.safetensors: "y" is fp32[1,9,1]; the graph gives fp16[1,3,3]; arrange it as the graph does, its axes in the same order',
    ],
    [
      "no number",
      [x, yOf((v, at) => (at === 4 ? Number.NaN : v))],
      [],
      'f.safetensors: element 4 of "y" is NaN, which nothing can be near to',
    ],
    ["zeros", [x, yOf(() => 0)], [], 'f.safetensors: "y" is zero everywhere, by which nothing could be told'],
    [
      "inputs of another dtype",
      [singles(ROWS)("x", [1, 3, 3]), y],
      [],
      'f.safetensors: "x" is fp32[1,3,3]; the graph wants fp16[1,3,3]; convert it to fp16',
    ],
    [
      "a bound of 0",
      [x, y],
      ["--within", "0"],
      "--within must be more than 0; graphc run --out writes bits to compare",
    ],
    [
      "a bound that zeros meet",
      [x, y],
      ["--within", "1"],
      "--within must be below 1; a row of zeros is at 1 from every other",
    ],
    ["threads", [x, y], ["--threads", "2"], "--threads does nothing beside --reference; leave one of them out"],
  ])("%s", async (_, tensors, options, sentence) => {
    const { folder, argv } = line(tensors, ...options);
    const { code, out, err } = await graphc(
      argv.map((word) => (word === "IN" ? join(folder, "in.safetensors") : word)),
    );
    expect([code, out]).toEqual([2, ""]);
    expect(err.replaceAll("…/", "").replace("\n", " ")).toBe(`error: ${sentence}`);
  });

  test.each([["--inputs"], ["--state"], ["--within"], ["--precision"]])("%s without --reference", async (option) => {
    const value = { "--within": "0.1", "--precision": "fp64" }[option!] ?? "f";
    const { code, err } = await graphc(["parity", "examples/counter.ts", option!, value]);
    expect([code, err]).toEqual([2, `error: ${option} does nothing without --reference`]);
  });
});
