/** Reductions: over which elements, in which shape and order, and what is refused. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { schedule } from "../../../src/dsl/graph.ts";
import * as o from "../../../src/dsl/ops/index.ts";
import type { OpDef, Tensor } from "../../../src/dsl/tensor.ts";
import type { Shape } from "../../../src/dsl/type.ts";
import { evaluate } from "../../../src/passes/interpret/evaluate.ts";
import { indicesOf } from "../../support/ops/draw.ts";
import { exampleOf, randomFrom } from "../../support/ops/examples.ts";
import { at, counted, of, refusalOf, resultOf } from "../../support/ops/worked.ts";

const sum = (xs: readonly number[]) => xs.reduce((a, b) => a + b, 0);
const squared = (xs: readonly number[]) => xs.map((x) => x * x);

/** What each reduction makes of a list. */
const OF_A_LIST: Readonly<Record<string, (xs: readonly number[]) => number>> = {
  reduce_sum: sum,
  reduce_mean: (xs) => sum(xs) / xs.length,
  reduce_sum_square: (xs) => sum(squared(xs)),
  reduce_l1_norm: (xs) => sum(xs.map(Math.abs)),
  reduce_log_sum: (xs) => Math.log(sum(xs)),
  reduce_log_sum_exp: (xs) => Math.log(sum(xs.map(Math.exp))),
  reduce_l2_norm: (xs) => Math.hypot(...xs),
  reduce_max: (xs) => Math.max(...xs),
  reduce_min: (xs) => Math.min(...xs),
};

test.each(Object.keys(OF_A_LIST))("%s is that of the elements whose other indices are those of the result", (name) => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const { graph, inputs } = exampleOf(name, randomFrom(seed));
      const value = schedule(graph).find((v) => v.def.kind === "op" && v.def.op === name)!;
      const { axes, keep_dims } = (value.def as OpDef).attrs as { axes: readonly number[]; keep_dims: boolean };
      const [x, y] = [inputs.x0!, evaluate(graph, { values: inputs }, { precision: "fp64" }).outputs.y0!];
      const lists = new Map<string, number[]>();
      for (const ix of indicesOf(x.shape)) {
        const kept = ix.flatMap((i, axis) => (axes.includes(axis) ? (keep_dims ? [0] : []) : [i]));
        lists.set(kept.join(), [...(lists.get(kept.join()) ?? []), at(x, ix)]);
      }
      const whole = x.dtype === "int32" ? Math.trunc : (z: number) => z;
      const expected = [...indicesOf(value.type.shape)].map((ix) => whole(OF_A_LIST[name]!(lists.get(ix.join())!)));
      expect(y.data.length).toBe(expected.length);
      expect(Math.max(...expected.map((z, i) => Math.abs(z - y.data[i]!)))).toBeLessThan(1e-6);
    }),
    { numRuns: 40 },
  );
});

describe("axes", () => {
  const x = counted(2, 2, 2);
  test.each<readonly [axes: readonly number[] | undefined, expected: readonly number[], gone: Shape, kept: Shape]>([
    [[0], [6, 8, 10, 12], [2, 2], [1, 2, 2]],
    [[1], [4, 6, 12, 14], [2, 2], [2, 1, 2]],
    [[2], [3, 7, 11, 15], [2, 2], [2, 2, 1]],
    [[-3], [6, 8, 10, 12], [2, 2], [1, 2, 2]],
    [[0, 2], [14, 22], [2], [1, 2, 1]],
    [[2, 0], [14, 22], [2], [1, 2, 1]],
    [[0, 1], [16, 20], [2], [1, 1, 2]],
    [[1, 2], [10, 26], [2], [2, 1, 1]],
    [undefined, [36], [], [1, 1, 1]],
  ])("%s: they go, or stay with size 1", (axes, expected, gone, kept) => {
    const given = axes ? { axes } : {};
    expect(resultOf(o.reduce_sum(x, given))).toEqual([gone, expected]);
    expect(resultOf(o.reduce_sum(x, { ...given, keep_dims: true }))).toEqual([kept, expected]);
  });

  test("that are all named are the default", () => {
    const attrsOf = (y: Tensor) => (y.def as OpDef).attrs;
    expect(attrsOf(o.reduce_max(x))).toEqual({ axes: [0, 1, 2], keep_dims: false });
  });

  test.each([[o.reduce_sum], [o.reduce_max]])("at least one is named", (reduce) => {
    expect(refusalOf(() => reduce(x, { axes: [] }))).toMatch(/^reduce_\w+: names no axis to reduce$/);
  });
});

test("the order of summation does not depend on the order in which axes are named: the outermost first", () => {
  // 10⁸ swallows a 1 in fp32. By rows both are lost; by columns they would meet in the middle one.
  const x = of([1e8, 1, -1e8, -1e8, 1, 1e8], [2, 3], "fp32");
  expect(resultOf(o.reduce_sum(x, { axes: [0, 1] }))[1]).toEqual([0]);
  expect(resultOf(o.reduce_sum(x, { axes: [1, 0] }))[1]).toEqual([0]);
  expect(resultOf(o.reduce_sum(o.transpose(x, { perm: [1, 0] })))[1]).toEqual([2]);
});
