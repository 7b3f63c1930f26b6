/** RoPE by halves and by neighbours, element by element, on either axis and in either form; norms of heads, one or all. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { graph } from "../../src/dsl/graph.ts";
import { input } from "../../src/dsl/tensor.ts";
import { type RopeOptions, rope } from "../../src/models/blocks/rope.ts";
import { decoderLayers } from "../../src/models/layers.ts";
import { evaluate } from "../../src/passes/interpret/evaluate.ts";
import { randomArray, randomCall, run, SMALL } from "../support/phi/phi.ts";

const [HEADS, T] = [2, 3];

/** What dims turn together: the first and the second of pair j, of so many. */
const PAIRS: Readonly<
  Record<NonNullable<RopeOptions["pairs"]>, (j: number, pairs: number) => readonly [number, number]>
> = {
  halves: (j, pairs) => [j, j + pairs],
  neighbours: (j) => [2 * j, 2 * j + 1],
};

const options = fc.record({
  which: fc.constantFrom("halves" as const, "neighbours" as const),
  form: fc.constantFrom("halves" as const, "rotate_half" as const),
  axis: fc.constantFrom(2, 3),
  pairs: fc.integer({ min: 1, max: 3 }),
  rest: fc.integer({ min: 0, max: 2 }),
});

test("a pair (a, b) becomes (a·cos − b·sin, b·cos + a·sin), other dims stay", () => {
  const property = fc.property(options, fc.nat(), ({ which, form, axis, pairs, rest }, seed) => {
    const dim = 2 * pairs + rest;
    const shape = axis === 3 ? [1, HEADS, T, dim] : [1, HEADS, dim, T];
    const rows = axis === 3 ? [T, pairs] : [pairs, T];
    const [x, cos, sin] = [input("x", shape), input("cos", rows), input("sin", rows)];
    const y = rope(x, cos, sin, { axis, form, pairs: which });
    const values = { x: randomArray(shape, seed), cos: randomArray(rows, seed + 1), sin: randomArray(rows, seed + 2) };
    const built = graph({ name: "rope", inputs: [x, cos, sin], outputs: { y } });
    const turned = evaluate(built, { values }, { precision: "fp64" }).outputs.y!.data;
    const at = (h: number, t: number, i: number) => h * T * dim + (axis === 3 ? t * dim + i : i * T + t);
    const expected = Float64Array.from(values.x.data);
    for (let h = 0; h < HEADS; h++)
      for (let t = 0; t < T; t++)
        for (let j = 0; j < pairs; j++) {
          const [first, second] = PAIRS[which](j, pairs).map((i) => at(h, t, i)) as [number, number];
          const [a, b] = [values.x.data[first]!, values.x.data[second]!];
          const place = axis === 3 ? t * pairs + j : j * T + t;
          const [c, s] = [values.cos.data[place]!, values.sin.data[place]!];
          expected[first] = a * c - b * s;
          expected[second] = b * c + a * s;
        }
    for (const [i, value] of expected.entries()) expect(turned[i]).toBeCloseTo(value, 12);
  });
  fc.assert(property, { numRuns: 60 });
});

test("of a single head, the norm of each and the norm of all are one", () => {
  const single = { ...SMALL, heads: 1, kvHeads: 1 };
  const size = { tokens: 2, maxSeq: 5 };
  const [one, all, none] = (["per_head", "whole", "none"] as const).map((qkNorm) => {
    const config = { ...single, qkNorm };
    const built = decoderLayers(config, size);
    return [...run(built, randomCall(built, config, 1, 3)).outputs.hidden!.data];
  });
  expect(one).toEqual(all);
  expect(one).not.toEqual(none);
});

test("what is added to the row is scaled", () => {
  const size = { tokens: 2, maxSeq: 5 };
  const addedBy = (residualMultiplier: number) => {
    const config = { ...SMALL, residualMultiplier };
    const built = decoderLayers(config, size);
    const call = { ...randomCall(built, config, 1, 3), precision: "fp64" as const };
    return { x: call.x.data, hidden: run(built, call).outputs.hidden!.data };
  };
  const [nothing, little] = [addedBy(0), addedBy(2 ** -10)];
  expect([...nothing.hidden]).toEqual([...nothing.x]);
  expect([...little.hidden]).not.toEqual([...little.x]);
  const most = Math.max(...little.hidden.map((value, i) => Math.abs(value - little.x[i]!)));
  expect(most).toBeLessThan(2 ** -7);
});
