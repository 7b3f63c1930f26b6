/** For tests of the fast executor: awkward numbers, and a run of a graph on both the reference and the executor. */
import { expect } from "vitest";
import { type Graph, graph } from "../../src/dsl/graph.ts";
import { fp16Value, roundTo } from "../../src/dsl/number.ts";
import type { Tensor } from "../../src/dsl/tensor.ts";
import { sizeOf, type TensorType } from "../../src/dsl/type.ts";
import type { WeightSource } from "../../src/dsl/weight-source.ts";
import { engineOps } from "../../src/passes/engine/run-op.ts";
import { arrayOf, type NDArray } from "../../src/passes/interpret/array.ts";
import { evaluate } from "../../src/passes/interpret/evaluate.ts";
import type { Arithmetic } from "../../src/passes/kernels/arithmetic.ts";
import { storeOf, toNDArray, toRaw } from "../../src/passes/kernels/raw.ts";
import type { WeightStream } from "../../src/passes/run/constants.ts";
import { type PlanOptions, planOf } from "../../src/passes/run/plan.ts";
import { prepare, type RunOptions } from "../../src/passes/run/run.ts";
import type { Random } from "./ops/draw.ts";

const pick = <X>(random: Random, list: readonly X[]): X => list[Math.floor(random() * list.length)]!;

/** Ways to draw one number, from tame to wild. */
const KINDS: Readonly<Record<string, (random: Random) => number>> = {
  normal: (random: Random) => roundTo("fp16", (random() - 0.5) * 4),
  anyFinite: (random: Random) => fp16Value(Math.floor(random() * 0x7c00) + (random() < 0.5 ? 0x8000 : 0)),
  subnormal: (random: Random) => fp16Value(Math.floor(random() * 0x400) + (random() < 0.5 ? 0x8000 : 0)),
  zero: (random: Random) => pick(random, [0, -0]),
  extreme: (random: Random) => pick(random, [65504, -65504, 2 ** -24, -(2 ** -24), 2 ** -14]),
  infinite: (random: Random) => pick(random, [Infinity, -Infinity]),
  nan: () => Number.NaN,
};

/** Mixtures: an array of one keeps to it, so that a single infinity does not drown everything in every run. */
const MIXTURES: readonly (readonly string[])[] = [
  ["normal"],
  ["normal", "zero"],
  ["normal", "subnormal", "zero"],
  ["subnormal", "zero"],
  ["zero"],
  ["anyFinite", "extreme"],
  ["normal", "normal", "normal", "normal", "normal", "normal", "normal", "infinite", "nan", "extreme"],
];

/** Contents for a tensor, of one mixture and sometimes with one wild element. */
export function awkward(type: TensorType, random: Random): NDArray {
  const mixture = pick(random, MIXTURES);
  const { dtype, shape } = type;
  const data = Float64Array.from({ length: sizeOf(shape) }, () => KINDS[pick(random, mixture)]!(random));
  if (random() < 0.2) data[Math.floor(random() * data.length)] = KINDS[pick(random, ["infinite", "nan"])]!(random);
  const widened = dtype === "fp32" && random() < 0.5 ? data.map((x) => Math.fround(x * (1 + random() * 1e-4))) : data;
  return arrayOf(dtype, shape, dtype === "int32" ? data.map((x) => roundTo(dtype, x || 0)) : widened);
}

/** A weight stream over arrays that `of` gives, in chunks of a few bytes. */
export const streamOf = (of: (source: WeightSource, type: TensorType) => NDArray): WeightStream =>
  async function* stream(source, type) {
    const { data } = toRaw(of(source, type));
    const bytes = new Uint8Array(data.buffer);
    const half = Math.ceil(bytes.length / 4) * 2;
    yield bytes.subarray(0, half);
    yield bytes.subarray(half);
  };

export interface Feeds {
  readonly values: Readonly<Record<string, NDArray>>;
  weight?(source: WeightSource, type: TensorType): NDArray;
}

/** Runs the graph both ways and expects the same bits, any NaN being one, stored as the precision stores results. */
export async function expectSameBits(
  graph: Graph,
  feeds: Feeds,
  { precision = "fp16", keepCodes = false, ...options }: PlanOptions & RunOptions = {},
): Promise<void> {
  const plan = planOf(graph, { precision, keepCodes });
  const executor = await prepare([plan], streamOf(feeds.weight!), options);
  try {
    const stored = Object.fromEntries(Object.entries(feeds.values).map(([name, x]) => [name, toRaw(x)]));
    const fast = executor.run(plan, stored);
    const reference =
      precision === "engine" ? evaluate(graph, feeds, { runOp: engineOps() }) : evaluate(graph, feeds, { precision });
    for (const kind of ["outputs", "states"] as const) {
      expect(Object.keys(fast[kind])).toEqual(Object.keys(reference[kind]));
      for (const [name, expected] of Object.entries(reference[kind])) {
        expect(differences(toNDArray(fast[kind][name]!), expected), name).toEqual([]);
        const form = storeOf(expected.dtype, precision).view(new ArrayBuffer(0), 0, 0);
        expect(fast[kind][name]!.data.constructor, name).toBe(form.constructor);
      }
    }
  } finally {
    await executor.close();
  }
}

/** The first few elements that differ in bits: index, what it is, what it should be. */
export function differences(actual: NDArray, expected: NDArray): readonly (readonly [number, number, number])[] {
  return [...expected.data]
    .map((x, i) => [i, actual.data[i]!, x] as const)
    .filter(([, a, b]) => !Object.is(a, b))
    .slice(0, 5);
}

/** Checks a graph of one output on awkward numbers; weights get them too. */
export async function expectOpSameBits(
  y: Tensor,
  inputs: readonly Tensor[],
  random: Random,
  threads = 1,
  precision: Arithmetic = "fp16",
): Promise<void> {
  const g = graph({ name: "g", inputs, outputs: { y } });
  const values = Object.fromEntries(inputs.map((x) => [x.name!, awkward(x.type, random)]));
  const weights = new Map<string, NDArray>();
  await expectSameBits(
    g,
    {
      values,
      weight(source, type) {
        const key = JSON.stringify([source, type]);
        if (!weights.has(key)) weights.set(key, awkward(type, random));
        return weights.get(key)!;
      },
    },
    { threads, precision },
  );
}
