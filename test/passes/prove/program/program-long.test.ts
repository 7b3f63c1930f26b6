/** What is found of block and steps is kept, and a graph may be longer than the stack is deep. */

import { describe, expect, test } from "vitest";
import type { Tensor } from "../../../../src/dsl/tensor.ts";
import { isCases } from "../../../../src/passes/prove/logic/cases.ts";
import * as ix from "../../../../src/passes/prove/logic/indices.ts";
import { isOpaque } from "../../../../src/passes/prove/logic/opaque.ts";
import { element } from "../../../../src/passes/prove/program/program.ts";
import { type Feeds, op, type Value, W } from "../../../support/prove/corpus/fault.ts";
import { programs } from "../../../support/prove/programs.ts";
import { termValue } from "../../../support/prove/term-value.ts";
import { thrownBy } from "../../../support/prove/thrown.ts";

describe("what is found is kept", () => {
  test("a value that is read twice at every level is made once", () => {
    const { p, at } = programs(
      ({ x }) => Array.from({ length: 40 }).reduce<Value>((h) => op.maximum(op.exp(h), h), x),
      2,
    );
    const [y, twin] = [p.block.graph.outputs.y!, p.steps[1]!.graph.outputs.y!];
    const term = element(p, p.block, y, at(1, 2));
    expect(element(p, p.steps[1]!, twin, at(0, 2))).toBe(term);
    expect(element(p, p.block, y, at(1, 3))).not.toBe(term);
  });

  test("a case distinction is thrown each time, and a reason with the value that it is about", () => {
    const inner = (f: Feeds) => op.gather(W("w", [8, 4]), op.cast(f.x, { dtype: "int32" }), { axis: 0 });
    const { p, at, s } = programs((f) => ({ y: op.tanh(op.exp(inner(f))), z: op.tanh(f.x) }), 2);
    const twice = (value: Tensor, place: readonly ix.Ix[]) =>
      [1, 2].map(() => thrownBy(() => element(p, p.block, value, place)));
    for (const found of twice(p.block.graph.outputs.z!, [ix.variable(s, "v", 2), ...at(0)]))
      expect(isCases(found) && found.cases.label).toBe("v");
    for (const found of twice(p.block.graph.outputs.y!, [...at(0), ix.variable(s, "v", 4), ...at(0)])) {
      expect(found).toMatchObject({ opaque: { code: "run-time index" } });
      expect(isOpaque(found) && found.at?.def).toMatchObject({ kind: "op", op: "gather" });
    }
  });
});

describe("a graph longer than the stack is deep", () => {
  const long = (x: Value, n: number): Value =>
    Array.from({ length: n }).reduce<Value>((h, _, k) => op.add(h, k % 2 === 0 ? 1 : -1), x);

  test("has the elements of a short one", () => {
    const { p, at } = programs((f) => op.mul(long(f.x, 400), 0.5), 2);
    expect(element(p, p.steps[1]!, p.steps[1]!.graph.outputs.y!, at(0, 1))).toBe(
      element(p, p.block, p.block.graph.outputs.y!, at(1, 1)),
    );
    expect([p.stretch.nested, p.c.nesting.depth]).toEqual([0, 0]);
  });

  test("keeps the variables of its sums apart", () => {
    const make = (f: Feeds) => {
      const x = f.rows("X", 3, 3);
      const sums = long(op.reduce_sum(x, { axes: [2], keep_dims: true }), 200);
      return op.reduce_sum(op.mul(x, sums), { axes: [1, 2] });
    };
    const { p, at } = programs(make, 2);
    const term = element(p, p.block, p.block.graph.outputs.y!, at(1));
    // Row i holds i, i + 2, i + 4, whose sum is 3i + 6.
    const value = termValue(term, { leaf: (_, [, i, j]) => i! + 2 * j! });
    expect(value).toBe(6 * 6 + 9 * 9 + 12 * 12);
    expect([p.stretch.nested, p.c.nesting.depth]).toEqual([0, 0]);
  });

  test("says what stands in the way at its far end", () => {
    const { p, at, s } = programs((f) => long(f.x, 400), 2);
    const y = p.block.graph.outputs.y!;
    const [v, w] = [ix.variable(s, "v", 2), ix.variable(s, "w", 2)];
    expect(thrownBy(() => element(p, p.block, y, [v, ...at(0)]))).toMatchObject({ cases: { label: "v" } });
    const found = thrownBy(() => element(p, p.block, y, [ix.plus(s, v, w), ...at(0)]));
    expect(found).toMatchObject({ opaque: { code: "token row" }, at: p.block.graph.inputs[0] });
    expect([p.stretch.nested, p.c.nesting.depth]).toEqual([0, 0]);
  });
});
