/** Equal spellings: graphs and packages in both are no difference, and the reference interpreter gives the same bits. */
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Graph, graph, schedule } from "../../../src/dsl/graph.ts";
import { add, mul, reduce_max, reduce_sum, slice_by_index, slice_update, squeeze } from "../../../src/dsl/ops/index.ts";
import { constant, input, named, type Tensor } from "../../../src/dsl/tensor.ts";
import { diffGraphs, sameGraph } from "../../../src/emit/diff/diff.ts";
import { diffPackages } from "../../../src/emit/diff/package.ts";
import { respelled } from "../../../src/emit/diff/respell.ts";
import type { Package } from "../../../src/emit/read/read.ts";
import { lower } from "../../../src/emit/write/lower.ts";
import { arrayOf } from "../../../src/passes/interpret/array.ts";
import { evaluate } from "../../../src/passes/interpret/evaluate.ts";
import { type Draw, drawing } from "../../support/ops/draw.ts";
import { exampleOf, randomFrom } from "../../support/ops/examples.ts";
import { plannedBlobs } from "../../support/read.ts";

const x = input("x", [2, 3, 4, 1]);
const numbers = arrayOf(
  "fp16",
  [2, 3, 4, 1],
  Array.from({ length: 24 }, (_, i) => i / 8 - 1),
);

const graphOf = (y: Tensor): Graph => graph({ name: "g", inputs: [x], outputs: { y: named("y", y) } });
const bitsOf = (g: Graph) => [...evaluate(g, { values: { x: numbers } }).outputs.y!.data];

function packageOf(g: Graph): Package {
  const { model, blobs } = lower(g);
  return { path: "p", modelFile: "m", model, blobs: plannedBlobs(blobs) };
}

const sum = (axes: readonly number[]) => reduce_sum(x, { axes: [...axes] });
const slice = (begin: number[], end: number[], options: Parameters<typeof slice_by_index>[3] = {}) =>
  slice_by_index(x, begin, end, options) as Tensor;
const mask = (...axes: readonly number[]) => [0, 1, 2, 3].map((axis) => axes.includes(axis));
const END = [2, 3, 4, 1];

const equal: readonly (readonly [what: string, one: Tensor, other: Tensor])[] = [
  ["axes of a sum in another order", sum([2, 1]), sum([1, 2])],
  ["axes from the end and from the front", sum([-1, 0]), sum([0, 3])],
  [
    "axes of a squeeze",
    squeeze(slice([0, 0, 0, 0], [1, 3, 4, 1]), { axes: [3, 0] }) as Tensor,
    squeeze(slice([0, 0, 0, 0], [1, 3, 4, 1]), { axes: [0, 3] }) as Tensor,
  ],
  ["a masked begin and a begin of 0", slice([1, 0, 0, 0], END, { begin_mask: mask(0) }), slice([0, 0, 0, 0], END)],
  [
    "two numbers that a begin mask hides",
    slice([1, 0, 0, 0], END, { begin_mask: mask(0) }),
    slice([0, 0, 0, 0], END, { begin_mask: mask(0) }),
  ],
  [
    "two numbers that an end mask hides",
    slice([0, 1, 0, 0], END, { end_mask: mask(1) }),
    slice([0, 1, 0, 0], [2, 2, 4, 1], { end_mask: mask(1) }),
  ],
  [
    "a falling slice whose masks hide both",
    slice([0, 1, 0, 0], [2, 1, 4, 1], { begin_mask: mask(1), end_mask: mask(1), stride: [1, -1, 1, 1] }),
    slice([0, 2, 0, 0], [2, 0, 4, 1], { begin_mask: mask(1), end_mask: mask(1), stride: [1, -1, 1, 1] }),
  ],
  [
    "end and stride of a squeezed axis",
    slice([0, 1, 0, 0], [2, 3, 4, 1], { squeeze_mask: mask(1), stride: [1, 2, 1, 1] }),
    slice([0, 1, 0, 0], [2, 2, 4, 1], { squeeze_mask: mask(1), end_mask: mask(1) }),
  ],
  [
    "a masked begin of a squeezed axis",
    slice([0, 2, 0, 0], END, { squeeze_mask: mask(1), begin_mask: mask(1), stride: [1, -1, 1, 1] }),
    slice([0, 0, 0, 0], END, { squeeze_mask: mask(1) }),
  ],
  ["an update in a masked place", update([1, 0, 0, 0], mask(0)), update([0, 0, 0, 0], mask())],
];

function update(begin: number[], begin_mask: boolean[]): Tensor {
  const rows = constant(
    Array.from({ length: 12 }, (_, i) => i),
    [1, 3, 4, 1],
  );
  return slice_update(x, rows as never, begin, [1, 3, 4, 1], { begin_mask }) as Tensor;
}

const unequal: readonly (readonly [what: string, one: Tensor, other: Tensor])[] = [
  ["other axes", sum([1, 2]), sum([0, 2])],
  ["a begin that no mask hides", slice([1, 0, 0, 0], END), slice([0, 0, 0, 0], END)],
  [
    "a masked begin of a falling slice",
    slice([0, 0, 3, 0], [2, 3, 0, 1], { begin_mask: mask(2), stride: [1, 1, -1, 1] }),
    slice([0, 0, 2, 0], [2, 3, 0, 1], { stride: [1, 1, -1, 1] }),
  ],
  [
    "a squeezed axis at another place",
    slice([0, 1, 0, 0], END, { squeeze_mask: mask(1) }),
    slice([0, 2, 0, 0], END, { squeeze_mask: mask(1) }),
  ],
  [
    "the stride of an axis that is kept",
    slice([0, 0, 0, 0], [2, 3, 2, 1], { stride: [1, 1, 1, 1] }),
    slice([0, 0, 0, 0], [2, 3, 4, 1], { stride: [1, 1, 2, 1] }),
  ],
];

describe("equal", () => {
  test.each(equal)("%s", (_, one, other) => {
    const [a, b] = [graphOf(one), graphOf(other)];
    expect(bitsOf(a)).toEqual(bitsOf(b));
    expect(diffGraphs(a, b)).toEqual([]);
    expect(sameGraph(b, a)).toBe(true);
    expect(diffPackages(packageOf(a), packageOf(b))).toEqual([]);
    expect(diffPackages(packageOf(b), packageOf(a))).toEqual([]);
  });

  test("where another op differs, they are not told", () => {
    const of = (axes: number[], factor: number) => graphOf(mul(reduce_max(x, { axes, keep_dims: true }), factor));
    const [found, ...more] = diffGraphs(of([2, 1], 2), of([1, 2], 3));
    expect(found).toMatchObject({ kind: "changed", changes: [{ what: "contents" }] });
    expect(more).toEqual([]);
  });
});

describe("unequal", () => {
  test.each(unequal)("%s", (_, one, other) => {
    const [a, b] = [graphOf(one), graphOf(other)];
    expect(bitsOf(a)).not.toEqual(bitsOf(b));
    expect(diffGraphs(a, b)).not.toEqual([]);
    expect(diffPackages(packageOf(a), packageOf(b))).not.toEqual([]);
  });
});

/** A slice in which masks, strides and squeezed axes are drawn. */
function anySlice(d: Draw): Tensor {
  const shape = d.shape(1, 4);
  const axes = shape.map((n) => {
    const step = d.pick([1, 1, 2, -1]);
    const begin = d.int(0, n - 1);
    return { step, begin, end: step > 0 ? d.int(begin + 1, n) : d.int(-n - 1, begin - 1) + 0 };
  });
  const flags = () => shape.map(() => d.bool());
  const options = { stride: axes.map((a) => a.step), begin_mask: flags(), end_mask: flags(), squeeze_mask: flags() };
  return slice_by_index(
    d.feed(shape),
    axes.map((a) => a.begin),
    axes.map((a) => a.end),
    options,
  ) as Tensor;
}

test("any slice, sum or squeeze gives the same bits when it is respelt, and is spelt so for good", () => {
  const ops = ["reduce_sum", "reduce_max", "reduce_l2_norm", "squeeze", "slice_by_index", "slice_update"];
  let [changed, ran] = [0, 0];
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 31 - 1 }), fc.constantFrom(...ops, "any"), (seed, op) => {
      const example = op === "any" ? tried(() => exampleOfSlice(seed)) : exampleOf(op, randomFrom(seed));
      if (!example) return;
      const { graph: spelt } = respelled(example.graph);
      const run = (g: Graph) =>
        Object.values(evaluate(g, { values: example.inputs }).outputs).flatMap((y) => [...y.data]);
      expect(run(spelt)).toEqual(run(example.graph));
      expect(schedule(respelled(spelt).graph).map(({ type, def }) => ({ type, def }))).toEqual(
        schedule(spelt).map(({ type, def }) => ({ type, def })),
      );
      ran += 1;
      const attrs = (g: Graph) => schedule(g).map(({ def }) => (def.kind === "op" ? def.attrs : {}));
      changed += Number(!isDeepStrictEqual(attrs(spelt), attrs(example.graph)));
    }),
    { numRuns: 300 },
  );
  expect(ran).toBeGreaterThan(150);
  expect(changed).toBeGreaterThan(30);
});

function exampleOfSlice(seed: number) {
  const draw = drawing(randomFrom(seed));
  const y = anySlice(draw);
  if (y.type.shape.length === 0) return undefined;
  return {
    graph: graph({ name: "slice", inputs: draw.inputs, outputs: { y: add(y, 0) } }),
    inputs: draw.arrays,
  };
}

/** Many draws hold no element. */
function tried<X>(make: () => X): X | undefined {
  try {
    return make();
  } catch (error) {
    if ((error as Error).name === "GraphError") return undefined;
    throw error;
  }
}
