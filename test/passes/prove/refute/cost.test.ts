/** What a run of both graphs costs, and from where on that is too much. */
import { expect, test } from "vitest";
import { costOf, isLarge } from "../../../../src/passes/prove/refute/cost.ts";
import { op, pairOf, W } from "../../../support/prove/corpus/fault.ts";

test.each<readonly [string, number, ReturnType<typeof pairOf>]>([
  ["no op costs nothing", 0, pairOf({ make: ({ x }) => x }, 2, false)],
  ["an element costs 4, in both graphs", 4 * (8 + 4), pairOf({ make: ({ x }) => op.add!(x, W("w", [4])) }, 2, false)],
  [
    "two ops cost both",
    4 * (8 + 4 + 2 + 1),
    pairOf({ make: ({ x }) => op.reduce_sum!(op.exp!(x), { axes: [1] }) }, 2, false),
  ],
  [
    "a product costs a row each",
    7 * (3 * 5 + 5),
    pairOf({ make: (f) => op.matmul!(f.rows("q", 7), W("w", [7, 5])) }, 3, false),
  ],
])("%s", (_, cost, graphs) => {
  expect(costOf(graphs)).toBe(cost);
});

test("graphs are large above 2·10⁸ operations for the block and all its steps", () => {
  const graphs = pairOf({ make: (f) => op.exp!(f.shared("s", [1_250_000])) }, 1, false);
  expect(costOf(graphs)).toBe(1e7);
  expect([18, 19, 20].map((tokens) => isLarge(graphs, tokens))).toEqual([false, false, true]);
});
