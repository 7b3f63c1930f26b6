/** An op that takes an axis as it is leaves a cache row along it as it is: its number is not known to lie within the axis. */
import { expect, test } from "vitest";
import { type Feeds, join, op, part, split, table_, type Value } from "../../../support/prove/corpus/fault.ts";
import { verdictOf } from "../../../support/prove/corpus/holds.ts";
import { summary } from "../../../support/prove/prove.ts";

const table = table_(
  Array.from({ length: 20 }, (_, i) => ((7 * i) % 11) + 0.5),
  [5, 4],
);
const rowsOf = (f: Feeds, x: Value) => op.gather(x, f.at);
/** The second channel of x replaced. */
const withChannel = (x: Value, channel: Value) => op.slice_update(x, channel, [0, 1], [x.type.shape[0], 2]);

/** The channels turned round, by an end that lies before them. */
const falling = (x: Value) => op.slice_by_index(x, [0, -1], [x.type.shape[0], -9], { stride: [1, -1] });

test.each<readonly [says: string, all: (x: Value) => Value]>([
  ["tile that repeats no row", (x) => op.tile(x, { reps: [1, 2] })],
  ["tile that repeats nothing", (x) => op.tile(x, { reps: [1, 1] })],
  ["slice_update of a channel of every row", (x) => withChannel(x, part(op.mul(x, 2), 1, 1))],
  ["slice_by_index of every row", (x) => op.slice_by_index(x, [0, 1], [x.type.shape[0], 3])],
  ["slice_by_index of every row, falling past the first channel", (x) => falling(x)],
  ["slice_by_index of every row, falling twice", (x) => falling(falling(x))],
  ["slice_by_size of every row", (x) => op.slice_by_size(x, [0, 1], { size: [x.type.shape[0], 2] })],
  ["split of channels, turned round", (x) => join(split(x, { split_sizes: [1, 3], axis: 1 }).toReversed(), 1)],
])("%s: before or after the rows are read", (_, all) => {
  const verdict = (row: (x: Value) => Value) =>
    summary(verdictOf({ make: (f) => row(rowsOf(f, all(table))), step: (f) => all(rowsOf(f, table)) }, 2, false));
  expect(verdict((x) => x)).toBe("PROVEN (exact)");
  expect(verdict((x) => op.mul(x, -1))).toBe("NOT PROVEN");
});

test("positions that count from the end in an old opset, as a file of it is read, are those that the host feeds", () => {
  const fromFront = (at: Feeds["at"]) => op.select(op.greater_equal(at, 0), at, op.add(at, 5)) as Feeds["at"];
  const verdict = (read: (f: Feeds) => Value) =>
    summary(verdictOf({ make: (f) => op.gather(table, fromFront(f.at)), step: read }, 2, false));
  expect(verdict((f) => op.gather(table, f.at))).toBe("PROVEN (exact)");
  expect(verdict((f) => op.gather(table, op.sub(4, f.at)))).toBe("NOT PROVEN");
});
