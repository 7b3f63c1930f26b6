/** What P8 is about in a graph: the scores beside masked-out entries, and no bound where they go ways that are not followed. */
import { describe, expect, test } from "vitest";
import { graph } from "../../../../src/dsl/graph.ts";
import * as o from "../../../../src/dsl/ops/index.ts";
import { input, state, type Tensor, weight } from "../../../../src/dsl/tensor.ts";
import { FAR as FAR_OF_PROOFS } from "../../../../src/passes/prove/logic/visible.ts";
import { boundGraph } from "../../../../src/passes/ranges/graph/bound-graph.ts";
import { FAR, gapOf } from "../../../../src/passes/ranges/graph/gap.ts";
import { evenly } from "../../../../src/passes/ranges/graph/region.ts";

const scores = input("scores", [1, 2, 4, 8]);
const mask = input("mask", [1, 1, 4, 8]);
const masked = o.add(scores, mask);
const top = o.reduce_max(masked, { axes: [3], keep_dims: true });

interface Given {
  readonly open?: number;
  readonly most?: number;
  readonly numbers?: number;
}

const gapIn = (
  y: Tensor,
  { open = 0, most = 50, numbers = 1 }: Given = {},
  states: readonly (readonly [Tensor, Tensor])[] = [],
) => {
  const made = graph({ name: "g", inputs: [scores, mask], states: states as never, outputs: { y } });
  const masks = new Set<Tensor>([mask]);
  const { regions } = boundGraph(made, {
    masks,
    input: ({ type: { shape } }) => (shape[1] === 1 ? evenly(shape, -10000, open) : evenly(shape, -most, most)),
    weight: ({ type: { shape } }) => evenly(shape, numbers, numbers).low,
  });
  return gapOf(made, masks, regions);
};

test("numbers as far away as proofs take for masked-out entries", () => expect(FAR).toBe(-FAR_OF_PROOFS));

describe("the largest score", () => {
  test.each<[string, Tensor]>([
    ["softmax", o.softmax(masked, { axis: 3 })],
    ["softmax of what was moved", o.softmax(o.transpose(masked, { perm: [0, 1, 3, 2] }), { axis: 2 })],
    ["exp below the maximum", o.exp(o.sub(masked, top))],
    ["exp", o.exp(masked)],
    ["the mask first", o.softmax(o.add(mask, scores), { axis: 3 })],
  ])("%s", (_, y) => expect(gapIn(y)).toEqual({ lost: [], most: 50 }));
  test("of two that masks are added to the larger", () => {
    const doubled = o.add(o.mul(scores, 2), mask);
    const { lost, most } = gapIn(o.add(o.softmax(masked, { axis: 3 }), o.softmax(doubled, { axis: 3 })));
    expect([lost, Math.round(most!)]).toEqual([[], 100]);
  });
  test("of a clip that is far away, rounded", () => {
    const clipped = o.clip(scores, { alpha: -4000, beta: 4000 });
    const { lost, most } = gapIn(o.softmax(o.add(clipped, mask), { axis: 3 }), { most: 5000 });
    expect([lost, Math.round(most! / 10)]).toEqual([[], 400]);
  });
  test("of what no mask is added to there is none", () =>
    expect(gapIn(o.softmax(scores, { axis: 3 }))).toEqual({ lost: [] }));
});

describe("of these nothing is known", () => {
  const softmaxOf = (x: Tensor): Tensor => o.softmax(x as never, { axis: 3 });
  test.each<[string, Tensor, Given?]>([
    ["a clip", softmaxOf(o.maximum(masked, -20000))],
    ["a clip of masked scores", softmaxOf(o.clip(masked, { alpha: -20000, beta: 20000 }))],
    ["a clip whose ends are on one side", softmaxOf(o.add(o.clip(scores, { alpha: -20000, beta: -10000 }), mask))],
    ["a scale behind the mask", softmaxOf(o.mul(masked, 0.5))],
    ["a bias behind the mask", softmaxOf(o.add(masked, 3))],
    ["a mask twice", softmaxOf(o.add(masked, mask))],
    ["a mask that is multiplied", softmaxOf(o.add(scores, o.mul(mask, 2)))],
    ["a mask that adds to what it leaves open", softmaxOf(masked), { open: 3 }],
    ["another row's maximum less an entry", o.exp(o.sub(top, masked))],
    ["less another value", o.exp(o.sub(masked, scores))],
    ["a mask of the graph's own", softmaxOf(o.select(o.greater(scores, 0), scores, -10000))],
    [
      "a flag times a far number",
      softmaxOf(o.add(scores, o.mul(o.cast(o.greater(scores, 0), { dtype: "fp16" }), -10000))),
    ],
    ["a stored table of far numbers", softmaxOf(o.add(scores, weight("table", [1, 1, 4, 8]))), { numbers: -10000 }],
  ])("%s", (_, y, given) => expect(gapIn(y, given).lost).not.toEqual([]));
  test("an entry that is kept for the next call", () => {
    const kept = state("s", [1, 2, 4, 8]);
    expect(gapIn(softmaxOf(masked), {}, [[kept, masked]]).lost).toEqual([masked]);
  });
});
