/** A small Phi model for tests: its weights, what the host feeds, and runs of blocks and of single steps. */
import type { Graph } from "../../../src/dsl/graph.ts";
import { roundFp16 } from "../../../src/dsl/number.ts";
import { type Shape, sizeOf, type TensorType } from "../../../src/dsl/type.ts";
import type { WeightSource } from "../../../src/dsl/weight-source.ts";
import { DEFAULT_SPELLING, SPELLINGS, type Spelling } from "../../../src/models/blocks/spelling.ts";
import { PHI4_MINI } from "../../../src/models/config.ts";
import { layerTensors } from "../../../src/models/config-tensors.ts";
import type { Decoder } from "../../../src/models/decoder.ts";
import { blockPositions, hostRows, type Positions } from "../../../src/models/host.ts";
import { arrayOf, type NDArray } from "../../../src/passes/interpret/array.ts";
import { evaluate, type Results } from "../../../src/passes/interpret/evaluate.ts";
import type { Precision } from "../../../src/passes/interpret/reading.ts";
import { uniform } from "../../../src/passes/prove/refute/sample.ts";

/** Sizes that differ from each other, with a group of 3 and a pass-through part, as in the real model. */
export const SMALL: Decoder = {
  ...PHI4_MINI,
  hiddenSize: 36,
  heads: 6,
  kvHeads: 2,
  headDim: 6,
  rotaryDims: 4,
  ropeTheta: 100,
  rope: {
    type: "longrope",
    shortFactor: [1, 1.5],
    longFactor: [2, 3],
    originalMaxPositions: 64,
    attentionFactor: 1.19,
  },
  ffnSize: 20,
  eps: 1e-5,
  layers: 3,
  vocab: 10,
  tiedHead: true,
  maxPositions: 64,
};

const hash = (text: string): number => [...text].reduce((h, c) => Math.imul(h ^ c.charCodeAt(0), 16777619), 2166136261);

/** Random fp16 values. */
export function randomArray(shape: Shape, seed: number, scale = 1): NDArray {
  const next = uniform(seed);
  return arrayOf(
    "fp16",
    shape,
    Float64Array.from({ length: sizeOf(shape) }, () => roundFp16(next() * scale)),
  );
}

/** The stored tensor of a checkpoint: norms near 1, biases near 0, matrices that keep the size of a row. */
export function checkpointTensor(config: Decoder, tensor: string, seed: number): NDArray {
  const layer = Number(tensor.split(".")[2]);
  const { shape } = layerTensors(config, layer).find(({ name }) => name === tensor)!;
  const matrix = shape.length === 2;
  const values = randomArray(shape, seed ^ hash(tensor), matrix ? Math.sqrt(3 / shape[1]!) : 0.5);
  if (matrix || tensor.endsWith(".bias") || config.gain === "one_plus") return values;
  return arrayOf(
    "fp16",
    shape,
    values.data.map((x) => roundFp16(1 + x)),
  );
}

/** Weights for `evaluate`: rows of the stored tensors, in the shape that the graph asks for. */
export function weightsOf(config: Decoder, seed: number) {
  return (source: WeightSource, type: TensorType): NDArray => {
    if (source.from !== "checkpoint") throw new Error("a checkpoint weight was expected");
    const names = source.joined ? source.joined.map(({ tensor }) => tensor) : [source.tensor];
    const parts = names.map((tensor) => checkpointTensor(config, tensor, seed));
    const width = parts[0]!.shape[1] ?? 1;
    const data = Float64Array.from(parts.flatMap((part) => [...part.data]));
    const [begin, end] = source.rows ?? [0, data.length / width];
    return arrayOf(type.dtype, type.shape, data.subarray(begin * width, end * width));
  };
}

/** A run of a graph on tokens at given positions. */
export interface Call {
  readonly config: Decoder;
  /** Hidden rows [d, T], channel-major as `x` [1, d, T, 1] is. */
  readonly x: NDArray;
  readonly positions: Positions;
  readonly states: Readonly<Record<string, NDArray>>;
  readonly seed: number;
  readonly precision?: Precision;
}

/** Everything that the graph's inputs take, rounded to fp16. */
export function feedsOf(graph: Graph, { config, x, positions }: Pick<Call, "config" | "x" | "positions">) {
  const maxSeq = graph.states[0]!.entry.type.shape[2]!;
  const rows = positions.map((position) => position ?? 0);
  const dataOf = (name: string): ArrayLike<number> =>
    name === "x" ? x.data : hostRows(config, name, positions, maxSeq)!.data;
  return Object.fromEntries(
    graph.inputs.map(({ name = "", type }) => {
      const values = name === "position" ? rows.slice(0, sizeOf(type.shape)) : Array.from(dataOf(name), roundFp16);
      return [name, arrayOf(type.dtype, type.shape, values)];
    }),
  );
}

/** One call of a graph. */
export function run(graph: Graph, call: Call): Results {
  const values = { ...feedsOf(graph, call), ...call.states };
  const { config, seed, precision } = call;
  return evaluate(graph, { values, weight: weightsOf(config, seed) }, precision ? { precision } : {});
}

/** One call per token of a one-token graph, the states passed on; the hidden rows put together as a block's. */
export function runSteps(step: Graph, call: Call): Results {
  const T = call.positions.length;
  const d = call.config.hiddenSize;
  const hidden = arrayOf("fp16", [1, d, T, 1], new Float64Array(d * T));
  let states = call.states;
  for (const [t, position] of call.positions.entries()) {
    const x = arrayOf(
      "fp16",
      [1, d, 1, 1],
      call.x.data.filter((_, i) => i % T === t),
    );
    const result = run(step, { ...call, x, positions: [position], states });
    for (let c = 0; c < d; c++) hidden.data[c * T + t] = result.outputs.hidden!.data[c]!;
    states = result.states;
  }
  return { outputs: { hidden }, states };
}

/** A random call: hidden rows, and caches that hold garbage wherever nothing was written. */
export function randomCall(graph: Graph, config: Decoder, start: number, seed: number): Call {
  const [, d, T] = graph.inputs[0]!.type.shape as readonly [number, number, number];
  const [, , maxSeq] = graph.states[0]!.entry.type.shape as readonly [number, number, number];
  const states = graph.states.map(({ name, entry }, i) => [name, randomArray(entry.type.shape, seed + 11 + i, 2)]);
  const x = randomArray([1, d, T, 1], seed + 1, 1.7);
  return { config, x, positions: blockPositions(start, T, maxSeq), states: Object.fromEntries(states), seed };
}

/** The default spelling and every spelling that differs from it in one place. */
export const ONE_CHANGE: readonly Partial<Spelling>[] = [
  {},
  ...Object.entries(SPELLINGS).flatMap(([key, values]) =>
    values
      .filter((value) => value !== DEFAULT_SPELLING[key as keyof Spelling])
      .map((value) => ({ [key]: value }) as Partial<Spelling>),
  ),
];

/** `{write: "scatter"}` as text for a test's name. */
export const spellingName = (spelling: Partial<Spelling>): string =>
  Object.entries(spelling)
    .map(([key, value]) => `${key}=${value}`)
    .join(" ") || "default";
