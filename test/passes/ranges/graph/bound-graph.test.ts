/** Bounds of authors' graphs: no value passes them, whatever the inputs are, and what is not understood is not bounded. */
import { describe, expect, test } from "vitest";
import attention from "../../../../examples/attention.ts";
import { type Graph, graph, schedule } from "../../../../src/dsl/graph.ts";
import { roundFp16 } from "../../../../src/dsl/number.ts";
import * as o from "../../../../src/dsl/ops/index.ts";
import { constant, input, state, type Tensor, weight } from "../../../../src/dsl/tensor.ts";
import { isFloat, sizeOf } from "../../../../src/dsl/type.ts";
import { arrayOf, type NDArray } from "../../../../src/passes/interpret/array.ts";
import { evaluateAll } from "../../../../src/passes/interpret/evaluate.ts";
import { boundGraph, boundGraphs, type Known, regionsOf } from "../../../../src/passes/ranges/graph/bound-graph.ts";
import { type GraphBounds, keeps } from "../../../../src/passes/ranges/graph/judged.ts";
import {
  evenly,
  type Lengths,
  magnitudes,
  type Region,
  stridesAlong,
} from "../../../../src/passes/ranges/graph/region.ts";
import { exampleOf, type Random, randomFrom } from "../../../support/ops/examples.ts";

const EXAMPLES = 40;

/** Weights by their tensor, so that bounds and runs have the same. */
const contentsOf = (seed: number, x: Tensor, scale = 1): Float32Array => {
  const random = randomFrom(seed + JSON.stringify(x.def).length * 31);
  return Float32Array.from({ length: sizeOf(x.type.shape) }, () => roundFp16((2 * random() - 1) * scale));
};

const ballOf = (shape: readonly number[], axis: number, p: 1 | 2, most: number): Lengths => {
  const { outer, inner } = stridesAlong(shape, axis);
  return { p, axis, most: new Float64Array(outer * inner).fill(most) };
};

/** The first value that lies outside what is known of it; looked at are values up to the first that fp16 may not hold. */
function outside(made: Graph, regions: ReadonlyMap<Tensor, Region>, values: ReadonlyMap<Tensor, NDArray>) {
  let looked = 0;
  for (const value of schedule(made)) {
    if (!isFloat(value.type.dtype)) continue;
    const [{ low, high }, { data }] = [regions.get(value)!, values.get(value)!];
    const at = data.findIndex((x, k) => !(x >= low[k]! && x <= high[k]!));
    if (at >= 0) return { looked, value, at, is: data[at], low: low[at], high: high[at] };
    looked += data.length;
    if (magnitudes(regions.get(value)!).some((x) => !(x < 65504))) break;
  }
  return { looked };
}

describe("of every op", () => {
  test.each([...o.opTable.keys()])("%s", (name) => {
    for (let seed = 0; seed < EXAMPLES; seed++) {
      const example = exampleOf(name, randomFrom(1000 * seed + 7));
      const known: Known = {
        masks: new Set(),
        weight: (x) => contentsOf(seed, x),
        input(x) {
          const { data } = example.inputs[x.name!]!;
          return evenly(x.type.shape, Math.min(...data), Math.max(...data));
        },
      };
      const regions = regionsOf(example.graph, known, new Map());
      const values = evaluateAll(example.graph, { values: example.inputs });
      expect(outside(example.graph, regions, values), `seed ${seed}`).not.toHaveProperty("value");
    }
  });
});

const SIZE = { tokens: 2, maxSeq: 8 };
const X_MOST = 3;

/** Inputs of the attention example, random or with few large elements, and the write mask at rows of their own. */
function inputsOf(made: Graph, random: Random): Record<string, NDArray> {
  const first = Math.floor(random() * (SIZE.maxSeq - SIZE.tokens));
  const sparse = random() < 0.5;
  return Object.fromEntries(
    made.inputs.map(({ name = "", type: { shape } }) => {
      const size = sizeOf(shape);
      const rows = (k: number): number =>
        name === "kv_write_mask"
          ? Number(Math.floor(k / SIZE.tokens) === first + (k % SIZE.tokens))
          : name === "attn_mask"
            ? random() < 0.5
              ? 0
              : -10000
            : sparse && random() < 0.9
              ? 0
              : roundFp16((2 * random() - 1) * X_MOST);
      return [
        name,
        arrayOf(
          "fp16",
          shape,
          Float64Array.from({ length: size }, (_, k) => rows(k)),
        ),
      ];
    }),
  );
}

const knownOf = (scale: number): Known => ({
  masks: new Set(),
  weight: (x) => contentsOf(3, x, scale),
  input(x) {
    const { shape } = x.type;
    if (x.name === "attn_mask") return evenly(shape, -10000, 0);
    if (x.name === "kv_write_mask")
      return { ...evenly(shape, 0, 1), lengths: [ballOf(shape, 2, 1, 1), ballOf(shape, 3, 1, 1)] };
    return evenly(shape, -X_MOST, X_MOST);
  },
});

describe("of attention over a cache", () => {
  const made = attention(SIZE) as Graph;
  const known = knownOf(0.5);
  const { values: bounds, growing, regions } = boundGraph(made, known);
  const calls = 12;

  test("the caches do not grow, and everything is bounded", () => {
    expect(growing).toEqual([]);
    expect(bounds.every(({ most }) => Number.isFinite(most))).toBe(true);
  });

  test("no value of calls one after another passes its bound", () => {
    const random = randomFrom(11);
    let states: Record<string, NDArray> = Object.fromEntries(
      made.states.map(({ name, entry: { type } }) => [
        name,
        arrayOf("fp16", type.shape, new Float64Array(sizeOf(type.shape))),
      ]),
    );
    let looked = 0;
    for (let call = 0; call < calls; call++) {
      const weightOf = (source: unknown, type: { shape: readonly number[] }): NDArray => {
        const x = schedule(made).find(({ def }) => def.kind === "weight" && def.source === source)!;
        return arrayOf("fp16", type.shape, Float64Array.from(known.weight(x)));
      };
      const run = evaluateAll(made, { values: { ...inputsOf(made, random), ...states }, weight: weightOf as never });
      const found = outside(made, regions, run);
      expect(found).not.toHaveProperty("value");
      looked += found.looked;
      states = Object.fromEntries(made.states.map(({ name, exit }) => [name, run.get(exit)!]));
    }
    expect(looked).toBeGreaterThan(calls * 1000);
  });
});

describe("what a bound is of", () => {
  const x = input("x", [1, 4, 1, 1]);
  const W = weight("w", [2, 4, 1, 1]);
  const known = (region: Region, numbers: readonly number[]): Known => ({
    masks: new Set(),
    input: () => region,
    weight: () => Float32Array.from(numbers),
  });
  const ofProduct = (region: Region) =>
    boundGraph(
      graph({ name: "g", inputs: [x], outputs: { y: o.conv(x, W) } }),
      known(region, [3, 4, 0, 0, 1, 1, 1, 1]),
    ).values.find(({ kind }) => kind === "accumulator")!;

  test("Σ|w| · max|x| of a row, or ‖w‖₂ · ‖x‖₂ where rows have a length", () => {
    expect(ofProduct(evenly([1, 4, 1, 1], -10, 10)).most).toBeCloseTo(70, 0);
    const ball = { ...evenly([1, 4, 1, 1], -10, 10), lengths: [ballOf([1, 4, 1, 1], 1, 2, 10)] };
    expect(ofProduct(ball)).toMatchObject({ at: 0 });
    expect(ofProduct(ball).most).toBeCloseTo(50, 0);
  });
  test("an op that is not understood bounds nothing behind it", () => {
    const made = graph({ name: "g", inputs: [x], outputs: { y: o.mul(o.erf(x), 2) } });
    const { values } = boundGraph(made, known(evenly([1, 4, 1, 1], -1, 1), []));
    expect(values.map((one) => [keeps(one), (one.unknown?.def as { op: string } | undefined)?.op])).toEqual([
      [false, "erf"],
      [false, "erf"],
    ]);
  });
  test("a state that is added to grows", () => {
    const before = state("s", [1, 4, 1, 1]);
    const after = o.add(before, x);
    const made = graph({ name: "g", inputs: [x], states: [[before, after]], outputs: { y: o.mul(after, 2) } });
    expect(boundGraph(made, known(evenly([1, 4, 1, 1], -1, 1), [])).growing).toEqual(["s"]);
  });
  test("a state that grows late, behind one that grows, is not bounded by what it began with", () => {
    const [a, b] = [state("a", [1, 4, 1, 1]), state("b", [1, 4, 1, 1])];
    const late = o.maximum(o.sub(a, 100), 0);
    const y = o.mul(b, 2);
    const states = [
      [a, o.add(a, x)],
      [b, late],
    ] as const;
    const made = graph({ name: "g", inputs: [x], states, outputs: { y } });
    const { growing, regions } = boundGraph(made, known(evenly([1, 4, 1, 1], -1, 1), []));
    expect(growing).toEqual(["a", "b"]);
    expect(Math.max(...regions.get(y)!.high)).toBe(Number.POSITIVE_INFINITY);
  });
  test("and so is a constant", () => {
    const held = constant([1, Number.NaN], [2], "fp16");
    const made = graph({ name: "g", inputs: [x], outputs: { y: o.reshape(held, { shape: [2, 1] }), z: o.mul(x, 2) } });
    const { values } = boundGraph(made, known(evenly([1, 4, 1, 1], -1, 1), []));
    expect(values.map((one) => [one.value.def.kind, keeps(one)])).toContainEqual(["const", false]);
  });
  test("a cache that several graphs write is as large as the largest of them leaves it", () => {
    const writes = (factor: number) => {
      const s = state("s", [1, 4, 1, 1]);
      return graph({ name: "g", inputs: [x], states: [[s, o.mul(x, factor)]], outputs: { y: o.mul(s, 2) } });
    };
    const given = known(evenly([1, 4, 1, 1], -1, 1), []);
    const [wide, narrow] = [writes(5), writes(1)];
    const mostOf = ({ values }: GraphBounds): number => Math.round(Math.max(...values.map(({ most }) => most)));
    expect(mostOf(boundGraph(narrow, given))).toBe(2);
    for (const all of [
      [wide, narrow],
      [narrow, wide],
    ])
      expect(boundGraphs(all.map((one) => ({ graph: one, known: given }))).map(mostOf)).toEqual([10, 10]);
  });
  test("a cache that one graph alone lets grow is not bounded in the others either", () => {
    const [kept, grown] = [state("s", [1, 4, 1, 1]), state("s", [1, 4, 1, 1])];
    const reads = graph({ name: "r", inputs: [x], states: [[kept, o.identity(kept)]], outputs: { y: o.mul(kept, 2) } });
    const adds = graph({ name: "a", inputs: [x], states: [[grown, o.add(grown, x)]], outputs: { y: o.mul(x, 2) } });
    const found = boundGraphs(
      [reads, adds].map((one) => ({ graph: one, known: known(evenly([1, 4, 1, 1], -1, 1), []) })),
    );
    expect(found.map(({ growing }) => growing)).toEqual([["s"], ["s"]]);
    expect(found[0]!.values.map(keeps)).toEqual([false]);
  });
  test("a row that has elements twice is longer than the row they are of", () => {
    const ball = { ...evenly([1, 4, 1, 1], -10, 10), lengths: [ballOf([1, 4, 1, 1], 1, 2, 10)] };
    const ones = weight("ones", [1, 8, 1, 1]);
    const made = graph({ name: "g", inputs: [x], outputs: { y: o.conv(o.tile(x, { reps: [1, 2, 1, 1] }), ones) } });
    const { most } = boundGraph(made, known(ball, new Array(8).fill(1))).values.at(-1)!;
    // All of x is 5: their sum is 40.
    expect(most).toBeGreaterThanOrEqual(40);
  });
  test("scores are what a mask is added to, moved or not, and a mask that is used otherwise tells of none", () => {
    const mask = input("mask", [1, 1, 4, 1]);
    const moved = o.reshape(x, { shape: [1, 1, 4, 1] });
    const of = (y: Tensor) => {
      const made = graph({ name: "g", inputs: [x, mask], outputs: { y } });
      return boundGraph(made, { ...known(evenly([1, 4, 1, 1], -5000, 5000), []), masks: new Set([mask]) });
    };
    const added = of(o.add(moved, o.reshape(mask, { shape: [1, 1, 4, 1] })));
    expect(added.values.filter(({ kind }) => kind === "score")).toMatchObject([
      { value: moved, most: 5000, limit: 4948 },
    ]);
    expect(added.unscored).toEqual([]);
    expect(of(o.mul(moved, mask)).unscored).toHaveLength(1);
  });
  test.each([Number.NaN, Number.POSITIVE_INFINITY])(
    "a weight that is %f leaves nothing bounded, beside zeros too",
    (bad) => {
      const gain = weight("g", [1, 4, 1, 1]);
      for (const y of [o.mul(x, gain), o.maximum(x, gain), o.add(x, gain), o.conv(x, gain)] as readonly Tensor[])
        for (const region of [evenly([1, 4, 1, 1], 0, 0), evenly([1, 4, 1, 1], -1, 1)]) {
          const made = graph({ name: "g", inputs: [x], outputs: { y } });
          const { values } = boundGraph(made, known(region, [1, bad, 1, 1]));
          expect(values.map(keeps)).toEqual([false, false]);
        }
    },
  );
  test("a weight that is no number is told where it is only moved, too", () => {
    const gain = weight("g", [1, 4, 1, 1]);
    const made = graph({ name: "g", inputs: [x], outputs: { y: o.reshape(gain, { shape: [4] }), z: o.mul(x, 2) } });
    const valuesOf = (numbers: readonly number[]) =>
      boundGraph(made, known(evenly([1, 4, 1, 1], -1, 1), numbers)).values;
    expect(valuesOf([1, 2, 3, 4]).map(keeps)).toEqual([true]);
    expect(
      valuesOf([1, Number.NaN, 3, 4]).map(({ value, ...one }) => [value.def.kind, keeps(one as never)]),
    ).toContainEqual(["weight", false]);
  });
  test("a sum inside an op has to be held too: of a mean, of squares in layer_norm, of the weights of softmax", () => {
    const wide = input("x", [1, 4096, 1, 1]);
    const sumsOf = (y: Tensor, region: Region) =>
      boundGraph(graph({ name: "g", inputs: [wide], outputs: { y } }), known(region, [])).values.filter(
        ({ kind }) => kind === "sum",
      );
    const mean = o.reduce_mean(o.square(wide), { axes: [1], keep_dims: true });
    const spelled = o.reduce_mean(o.mul(wide, wide), { axes: [1], keep_dims: true });
    for (const y of [mean, spelled]) {
      // 4096 · 64², of which the mean is 4096.
      const [of64] = sumsOf(y, evenly(wide.type.shape, -64, 64));
      expect([of64!.limit, keeps(of64!)]).toEqual([65504, false]);
      expect(of64!.most / 2 ** 24).toBeCloseTo(1, 2);
      expect(sumsOf(y, evenly(wide.type.shape, -3.9, 3.9)).map(keeps)).toEqual([true]);
      const ball = { ...evenly(wide.type.shape, -64, 64), lengths: [ballOf(wide.type.shape, 1, 2, 64)] };
      const [ofBall] = sumsOf(y, ball);
      expect([keeps(ofBall!), Math.round(ofBall!.most / 64)]).toEqual([true, 64]);
    }
    const layer = o.layer_norm(wide, { axes: [1] });
    // An element may be twice as far from the mean as it is large.
    expect(sumsOf(layer, evenly(wide.type.shape, -2.5, 2.5)).map(keeps)).toEqual([false]);
    expect(sumsOf(layer, evenly(wide.type.shape, -1.9, 1.9)).map(keeps)).toEqual([true]);
    expect(sumsOf(o.softmax(wide, { axis: 1 }), evenly(wide.type.shape, -64, 64))).toMatchObject([
      { most: 4096 * 1.02 },
    ]);
  });
  test("what is no norm is not taken for one", () => {
    const mean = o.reduce_mean(o.square(o.mul(x, 2)), { axes: [1], keep_dims: true });
    const right = o.reduce_mean(o.square(x), { axes: [1], keep_dims: true });
    const ofNorm = (root: Tensor) => {
      const made = graph({ name: "g", inputs: [x], outputs: { y: o.mul(x, root as never) as Tensor } });
      return boundGraph(made, known(evenly([1, 4, 1, 1], -100, 100), [])).values.at(-1)!.most;
    };
    expect(ofNorm(o.rsqrt(right, { epsilon: 1e-3 }))).toBeLessThan(2.1);
    expect(ofNorm(o.rsqrt(mean, { epsilon: 1e-3 }))).toBeGreaterThan(100);
    // With an axis before those of the row, which is then another one.
    const shifted = ofNorm(o.rsqrt(o.add(right, constant([1], [1, 1, 1, 1, 1])) as Tensor));
    expect(shifted).toBeGreaterThan(2);
  });

  test("a norm whose root may be 0 in fp16 is none: a small row would be divided by it", () => {
    const largest = (axes: readonly number[], floor: number) =>
      o.maximum(o.reduce_max(o.abs(x), { axes, keep_dims: true }), floor);
    const root = (z: Tensor, eps: Tensor | number) =>
      o.sqrt(o.add(o.reduce_mean(o.square(z), { axes: [1], keep_dims: true }), eps as Tensor));
    const plain = (eps: number) => o.real_div(x, root(x, eps));
    const byLargest = (eps: number, floor = 2 ** -10, axes: readonly number[] = [1]) => {
      const m = largest(axes, floor);
      return o.real_div(x, o.mul(root(o.real_div(x, m), o.real_div(o.real_div(eps, m), m)), m));
    };
    const isBall = (y: Tensor) => {
      const made = graph({ name: "g", inputs: [x], outputs: { y } });
      return boundGraph(made, known(evenly([1, 4, 1, 1], -100, 100), [])).values.at(-1)!.most < 2.1;
    };
    expect([plain(1e-5), byLargest(1e-5), byLargest(1e-7)].map(isBall)).toEqual([true, true, true]);
    // fp16 has no 1e-12; where the floor is small, or of rows together, the root times it is 0; what grows is 0 at the floor.
    expect([plain(1e-12), byLargest(1e-12), byLargest(1e-5, 2 ** -24)].map(isBall)).toEqual([false, false, false]);
    const growing = largest([1], 2 ** -10);
    const rising = o.mul(root(o.real_div(x, growing), o.mul(growing, 1e-5)), growing);
    expect(isBall(o.real_div(x, rising))).toBe(false);
    const tiny = arrayOf("fp16", [1, 4, 1, 1], Float64Array.of(1e-4, 1e-4, 1e-4, 1e-4).map(roundFp16));
    for (const [y, finite] of [
      [plain(1e-12), false],
      [plain(1e-5), true],
    ] as const) {
      const values = evaluateAll(graph({ name: "g", inputs: [x], outputs: { y } }), { values: { x: tiny } });
      expect(Number.isFinite(values.get(y)!.data[0]), "as it is run").toBe(finite);
    }
  });
});
