/** Codes of activations on the engine: the whole record of convolutions of int8 by int8, and what is not on record of them. */
import { afterAll, describe, expect, test } from "vitest";
import { graph } from "../../../src/dsl/graph.ts";
import * as ops from "../../../src/dsl/ops/index.ts";
import { constant, input, type Tensor } from "../../../src/dsl/tensor.ts";
import { knowledgeOf } from "../../../src/passes/engine/estimate.ts";
import { knownValues } from "../../../src/passes/engine/knowledge.ts";
import { engineOps } from "../../../src/passes/engine/run-op.ts";
import { arrayOf } from "../../../src/passes/interpret/array.ts";
import { evaluateAll } from "../../../src/passes/interpret/evaluate.ts";
import { functionsByOp } from "../../../src/passes/kernels/engine/tables.ts";
import { toNDArray, toRaw } from "../../../src/passes/kernels/raw.ts";
import { engineWatch } from "../../../src/passes/run/engine-watch.ts";
import { planOf } from "../../../src/passes/run/plan.ts";
import { prepare } from "../../../src/passes/run/run.ts";
import { scaledBehind } from "../../../src/passes/scale-behind.ts";

const INF = Number.POSITIVE_INFINITY;

/** Inputs, rows of the kernel, k of the scales 2^-k, how the codes of the weights run, what left the engine, and what left the CPU. */
type Row = readonly [
  N: number,
  high: number,
  k: number,
  mode: "pos" | "cancel" | "neg" | "alt",
  ane: number,
  cpu: number,
];

/*
 * 751K/Apple-Neural-Engine-Microarchitecture-Study-M6, data/06_numerics/numerics_i8: results.json, results_2.json, results_3.json and results_3_k9.json (M6, macOS
 * 27.0.1), those rows in which the engine differs from the CPU: by the others (256 to 1024 and 2080 inputs, 120000 and more) nobody can tell that the engine ran.
 */
const RECORD: readonly Row[] = [
  [2048, 1, 7, "pos", 2016, 2047],
  [2082, 1, 7, "pos", 2050, 2048],
  [4096, 1, 7, "pos", 4032, 2048],
  [8192, 1, 7, "pos", 8064, 2048],
  [16384, 1, 7, "pos", 16128, 2048],
  [4096, 1, 6, "pos", 16128, 8192],
  [8192, 1, 6, "pos", 32256, 8192],
  [8320, 1, 6, "pos", 32768, 8192],
  [8330, 1, 6, "pos", 32800, 8192],
  [9000, 1, 6, "pos", 35424, 8192],
  [12000, 1, 6, "pos", 47264, 8192],
  [16384, 1, 6, "pos", 64512, 8192],
  [4096, 1, 7, "cancel", 0, -0.484375],
  [16384, 1, 7, "cancel", 0, -2048],
  [16384, 1, 6, "cancel", 0, -8192],
  [32768, 1, 8, "pos", 8064, 512],
  [65536, 1, 8, "pos", 16128, 512],
  [65536, 1, 8, "neg", 16384, 512],
  [65536, 2, 8, "neg", INF, 512],
  [65536, 3, 8, "neg", INF, 512],
  [65536, 3, 8, "alt", 16512, 512],
  [16384, 8, 8, "neg", INF, 512],
  [16384, 9, 8, "neg", INF, 512],
  [65536, 1, 9, "neg", 4096, 128],
  [65536, 2, 9, "neg", INF, 128],
  [65536, 3, 9, "neg", INF, 128],
  [65536, 3, 9, "alt", 4128, 128],
  [16384, 8, 9, "neg", INF, 128],
  [16384, 9, 9, "neg", INF, 128],
];

const isVertical = (mode: Row[3]): boolean => mode === "neg" || mode === "alt";

/** The code of a weight: channels first, then rows of the kernel. */
const codeOf = (n: number, [N, high, , mode]: Row): number => {
  if (isVertical(mode)) return mode === "alt" && n % high === 1 ? 127 : -128;
  return mode === "cancel" && n >= N / 2 ? -127 : 127;
};

interface Scales {
  readonly x: number;
  readonly weight: number;
}

/** quantize, dequantize and a convolution with codes, as the record's models have it; one row of weights and one column. */
function convolution(
  codes: Float64Array,
  [N, high]: readonly [number, number],
  { x: sx, weight: sw }: Scales,
  options = {},
) {
  const x = input("x", [1, N, high, 1]);
  const coded = ops.quantize(x, sx, { output_dtype: "int8", zero_point: 0 });
  const weight = ops.constexpr_blockwise_shift_scale(
    constant(codes, [1, N, high, 1], "int8"),
    constant([sw], [1, 1, 1, 1], "fp16"),
  );
  const back = ops.dequantize(coded, sx, { zero_point: 0 });
  const y = ops.conv(back, weight as Tensor<readonly number[], "fp16">, { pad_type: "valid", ...options });
  return { y, graph: graph({ name: "g", inputs: [x], outputs: { y } }) };
}

const scaleOf = ([, , k]: Row): Scales => ({ x: 2 ** -k, weight: 2 ** -k });
const MADE = RECORD.map((row) => {
  const [N, high, k, mode] = row;
  const codes = Float64Array.from({ length: N * high }, (_, n) => codeOf(n, row));
  const made = convolution(codes, [N, high], scaleOf(row));
  const fed = new Float64Array(N * high).fill((isVertical(mode) ? -128 : 127) * 2 ** -k);
  const watch = engineWatch(made.graph);
  return { row, ...made, watch, plan: planOf(made.graph, watch.options), x: arrayOf("fp16", [1, N, high, 1], fed) };
});
const executor = await prepare(
  MADE.map(({ plan }) => plan),
  async function* none() {},
);
afterAll(() => executor.close());

describe("convolutions of int8 by int8, as recorded", () => {
  test.each(MADE.map((made) => [made.row.slice(0, 4).join(" "), made] as const))("%s", (_, made) => {
    const { row, plan, watch, y, x } = made;
    const { outputs } = executor.run(plan, { x: toRaw(x) }, watch.observe);
    expect([...toNDArray(outputs.y!).data]).toEqual([row[4]]);
    expect(row[5]).not.toBe(row[4]);
    const estimate = evaluateAll(made.graph, { values: { x } }, { runOp: engineOps() }).get(y)!;
    expect([...estimate.data]).toEqual([row[4]]);
    // Exact but where another order might pass 2^31.
    const level = 128 * 128 * row[0] * row[1] >= 2 ** 31 ? "open" : "exact";
    expect(knowledgeOf(estimate)).toBe(level);
    expect(watch.values().find(({ value }) => value === y)).toMatchObject({ level });
  });
});

/** What both ways say of a graph fed with `x`: the level by bounds, and the one by what a run showed. */
async function levelsOf(
  y: Tensor,
  x: Tensor,
  numbers: readonly number[],
): Promise<readonly [string, string, number[]]> {
  const g = graph({ name: "g", inputs: [x], outputs: { y } });
  const [watch, array] = [engineWatch(g), arrayOf("fp16", x.type.shape, Float64Array.from(numbers))];
  const plan = planOf(g, watch.options);
  const own = await prepare([plan], async function* none() {});
  const { outputs } = own.run(plan, { x: toRaw(array) }, watch.observe);
  await own.close();
  const estimate = evaluateAll(g, { values: { x: array } }, { runOp: engineOps() }).get(y)!;
  const points = [...toNDArray(outputs.y!).data];
  expect(points).toEqual([...estimate.data]);
  return [knowledgeOf(estimate), watch.values().find(({ value }) => value === y)!.level, points];
}

describe("what is not on record is not told as exact", () => {
  const x = input("x", [1, 4, 1, 1]);
  const coded = (scale: number, zero_point = 0) => ops.quantize(x, scale, { output_dtype: "int8", zero_point });
  const back = (scale: number, zero_point = 0) => ops.dequantize(coded(scale, zero_point), scale, { zero_point });
  const whole = [1, -2, 3, 200];
  test.each<readonly [string, Tensor, readonly number[], readonly [string, string], readonly number[]]>([
    ["a power of two", back(1), whole, ["exact", "exact"], [1, -2, 3, 127]],
    ["another scale", back(0.75), whole, ["open", "open"], [0.75, -2.25, 3, 95.25]],
    ["a zero point", back(1, 3), whole, ["open", "open"], [1, -2, 3, 124]],
    ["a sum of codes", ops.add(back(1), 1) as Tensor, whole, ["open", "open"], [2, -1, 4, 128]],
    ["a function of codes", ops.abs(back(1)) as Tensor, whole, ["open", "open"], [1, 2, 3, 127]],
    [
      "codes of codes",
      ops.cast(ops.quantize(back(1), 1, { output_dtype: "int8" }), { dtype: "fp16" }),
      whole,
      ["bounded", "bounded"],
      [1, -2, 3, 127],
    ],
    // Away from zero, where fp16's reading and coremltools take the even one.
    ["ties", ops.cast(coded(1), { dtype: "fp16" }), [0.5, -2.5, 1.5, 2.5], ["bounded", "bounded"], [1, -3, 2, 3]],
    [
      "codes behind a zero point",
      ops.cast(coded(1, 3), { dtype: "fp16" }),
      whole,
      ["bounded", "bounded"],
      [4, 1, 6, 127],
    ],
    ["an infinity", ops.cast(coded(1), { dtype: "fp16" }), [INF, 1, 2, 3], ["bounded", "bounded"], [127, 1, 2, 3]],
  ])("%s", async (_, y, numbers, levels, points) => {
    expect(await levelsOf(y, x, numbers)).toEqual([...levels, points]);
  });

  const codes = Float64Array.of(1, 2, 3, 4);
  test.each([
    ["as recorded", { x: 1, weight: 0.5 }, {}, "exact"],
    ["a scale that is no power of two", { x: 1, weight: 0.75 }, {}, "open"],
    ["a bias", { x: 1, weight: 0.5 }, { bias: constant([1], [1], "fp16") }, "open"],
  ] as const)("a convolution with %s", async (_, scales, options, level) => {
    const made = convolution(codes, [4, 1], scales, options);
    const [byBounds, byRun] = await levelsOf(made.y as Tensor, made.graph.inputs[0]!, [1, -2, 3, 4]);
    expect([byBounds, byRun]).toEqual([level, level]);
  });

  test("nothing is exact before it has run, and the other order of scales is not asked of what is on record", () => {
    const made = convolution(codes, [4, 1], { x: 1, weight: 0.5 });
    const known = knownValues(
      made.graph,
      () => undefined,
      (op) => functionsByOp().has(op),
    );
    expect(known.get(made.y as Tensor)).toMatchObject({ level: "open" });
    expect(scaledBehind(made.graph)).toBeUndefined();
    expect(
      scaledBehind(convolution(codes, [4, 1], { x: 1, weight: 0.5 }, { bias: constant([1], [1], "fp16") }).graph),
    ).toBeDefined();
  });
});
