/** No value of a small decoder passes its bound, whatever its architecture, spelling, weights and inputs are, call after call. */
import { afterAll, expect, test } from "vitest";
import { type Graph, schedule } from "../../../../src/dsl/graph.ts";
import { roundFp16 } from "../../../../src/dsl/number.ts";
import type { Tensor } from "../../../../src/dsl/tensor.ts";
import { isFloat, sizeOf } from "../../../../src/dsl/type.ts";
import { SPELLINGS, type Spelling } from "../../../../src/models/blocks/spelling.ts";
import { decoderLayers } from "../../../../src/models/layers.ts";
import { arrayOf, type NDArray } from "../../../../src/passes/interpret/array.ts";
import { evaluateAll } from "../../../../src/passes/interpret/evaluate.ts";
import { boundGraph } from "../../../../src/passes/ranges/graph/bound-graph.ts";
import { emptyLemmas } from "../../../../src/passes/ranges/graph/lemmas.ts";
import { exactly, lengthsAlong, magnitudes, type Region } from "../../../../src/passes/ranges/graph/region.ts";
import { SMALL_DECODERS } from "../../../support/graphs/decoders.ts";
import { smallForms } from "../../../support/graphs/ranges.ts";
import { contentsOf, fedOf, knownOf, weightsOf } from "../../../support/graphs/ranges-graphs.ts";
import { type Random, randomFrom } from "../../../support/ops/examples.ts";

const { gramOf, close } = smallForms();
afterAll(close);

const SIZE = { tokens: 2, maxSeq: 6 };
const X_MOST = 30;
const SEEDS = 3;

/** An answer to each question; positions and forms of norms that others test are left as they are. */
const spelled = (random: Random): Partial<Spelling> =>
  Object.fromEntries(
    (["qkv", "projection", "gqa", "scale", "softmax", "rope", "gateUp", "transposes"] as const).map((name) => {
      const answers = SPELLINGS[name] as readonly string[];
      return [name, answers[Math.floor(random() * answers.length)]];
    }),
  );

/** Hidden rows: any, of few large elements, or along a row of a matrix, which its product is largest on. */
function rowsOf(x: Tensor, weights: ReadonlyMap<Tensor, Float32Array>, random: Random): NDArray {
  const [, d, tokens] = x.type.shape as readonly [number, number, number];
  const matrices = [...weights].filter(([one]) => one.type.shape.length > 1 && one.type.shape.slice(1).includes(d));
  const [, data] = matrices[Math.floor(random() * matrices.length)]!;
  const kind = Math.floor(random() * 3);
  const row = Math.floor((random() * data.length) / d);
  const number = (k: number): number => {
    if (kind === 0) return 2 * random() - 1;
    if (kind === 1) return random() < 0.8 ? 0 : Math.sign(random() - 0.5);
    return data[row * d + Math.floor(k / tokens)]!;
  };
  const drawn = Float64Array.from({ length: sizeOf(x.type.shape) }, (_, k) => number(k));
  const most = drawn.reduce((all, y) => Math.max(all, Math.abs(y)), 1e-9);
  return arrayOf(
    "fp16",
    x.type.shape,
    drawn.map((y) => roundFp16((X_MOST * 0.999 * y) / most)),
  );
}

/** The first value that lies outside what is known of its elements or rows. */
function outside(made: Graph, regions: ReadonlyMap<Tensor, Region>, values: ReadonlyMap<Tensor, NDArray>) {
  let looked = 0;
  for (const value of schedule(made)) {
    if (!isFloat(value.type.dtype)) continue;
    const [region, { data }] = [regions.get(value)!, values.get(value)!];
    const told = { value: value.name ?? (value.def as { op?: string }).op };
    const at = data.findIndex((x, k) => !(x >= region.low[k]! && x <= region.high[k]!));
    if (at >= 0) return { ...told, at, is: data[at], low: region.low[at], high: region.high[at] };
    for (const { p, axis, most } of region.lengths) {
      const own = lengthsAlong(exactly(value.type.shape, Float64Array.from(data)), p, axis);
      const row = own.findIndex((length, k) => length > most[k]! * (1 + 1e-9));
      if (row >= 0) return { ...told, p, axis, row, is: own[row], most: most[row] };
    }
    looked += data.length;
    if (magnitudes(region).some((x) => !(x < 65504))) break;
  }
  return looked;
}

test.each([...SMALL_DECODERS])("of %s", (_, { decoder, first }) => {
  let looked = 0;
  for (let seed = 0; seed < SEEDS; seed++) {
    const random = randomFrom(77 * seed + 5);
    const made = decoderLayers(decoder, SIZE, { ...spelled(random), first });
    const weights = weightsOf(made, random, [0.3, 1, 3][seed % 3]!);
    const bounds = boundGraph(made, knownOf(made, weights, X_MOST, emptyLemmas(gramOf)));
    const x = made.inputs.find(({ name }) => name === "x")!;
    let states: Record<string, NDArray> = Object.fromEntries(
      made.states.map(({ name, entry: { type } }) => [
        name,
        arrayOf("fp16", type.shape, new Float64Array(sizeOf(type.shape))),
      ]),
    );
    expect(bounds.growing).toEqual([]);
    for (const start of [0, 2, 4, 1, 3, 0, 2, 4]) {
      const values = { ...fedOf(decoder, made, start, SIZE), x: rowsOf(x, weights, random), ...states };
      const run = evaluateAll(made, { values, weight: contentsOf(weights) as never });
      const found = outside(made, bounds.regions, run);
      expect(found, `seed ${seed}`).toBeTypeOf("number");
      looked += found as number;
      states = Object.fromEntries(made.states.map(({ name, exit }) => [name, run.get(exit)!]));
    }
  }
  expect(looked).toBeGreaterThan(SEEDS * 1000);
});
