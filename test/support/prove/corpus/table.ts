/** Faults of constant tables of one length that differ in one entry: floats, ints, runs, counters, places. */
import { type Fault, type Faults, op, part, table_ } from "./fault.ts";

const LONG = Array.from({ length: 20 }, (_, k) => ((7 * k) % 11) + 0.5);

/** Rows of as many numbers times one table or another. */
const factors = (good: readonly number[], wrong: readonly number[]): Fault => ({
  make: (f, bad) => op.mul(f.rows("r", good.length), table_(bad ? wrong : good, [1, good.length])),
});

/** The same with tables of int32, added as numbers. */
const counts = (good: readonly number[], wrong: readonly number[]): Fault => ({
  make: (f, bad) => {
    const entries = op.cast(table_(bad ? wrong : good, [1, good.length], "int32"), { dtype: "fp16" });
    return op.mul(f.rows("r", good.length), entries);
  },
});

/** Channels gathered by one table of places or another. */
const places = (good: readonly number[], wrong: readonly number[]): Fault => ({
  make: (f, bad) => op.gather(f.rows("r", 20), table_(bad ? wrong : good, [good.length], "int32"), { axis: 1 }),
});

export const TABLE: Faults = {
  "last of four floats": factors([0.5, 1.5, 0.25, 3.25], [0.5, 1.5, 0.25, 3.5]),
  "first of four floats": factors([0.5, 1.5, 0.25, 3.25], [0.75, 1.5, 0.25, 3.25]),
  "uniform but for one": factors([2, 2, 2, 2], [2, 2, 3, 2]),
  "uniform but for the last": factors([2, 2, 2, 2], [2, 2, 2, 3]),
  "another uniform number": factors([2, 2, 2, 2], [3, 3, 3, 3]),
  "one of twenty floats": factors(LONG, LONG.with(13, 0.125)),
  "last of twenty floats": factors(LONG, LONG.with(19, 0.125)),
  "two of twenty floats swapped": factors(LONG, LONG.with(3, LONG[4]!).with(4, LONG[3]!)),
  "one sign of twenty": factors(LONG, LONG.with(7, -LONG[7]!)),
  "twenty equal floats but for one": factors(
    Array.from(LONG, () => 2),
    Array.from(LONG, (_, k) => (k === 10 ? 2.5 : 2)),
  ),
  "a run that ends one earlier": {
    ...factors([1, 1, 1, 2, 2, 2], [1, 1, 2, 2, 2, 2]),
    gap: "within a run the table is read as if it had to be cut again",
  },
  "the least bit of an fp16": factors([1, 0.5, 0.25, 2], [1 + 2 ** -10, 0.5, 0.25, 2]),
  "last of a counting table": counts([0, 1, 2, 3], [0, 1, 2, 4]),
  "a counting table that begins at one": counts([0, 1, 2, 3], [1, 2, 3, 4]),
  "a counter's outer step": counts([0, 1, 10, 11, 20, 21], [0, 1, 10, 11, 20, 22]),
  "a counter's period": counts([0, 1, 2, 10, 11, 12], [0, 1, 10, 11, 20, 21]),
  "one of many ints": counts([5, 2, 9, 4, 7, 1], [5, 2, 9, 4, 8, 1]),
  "last of places": places([3, 0, 7, 12], [3, 0, 7, 13]),
  "places that count, but for one": places([4, 5, 6, 7], [4, 5, 6, 8]),
  "a square table transposed": {
    make: (f, bad) => {
      const square = table_([1, 2, 3, 4, 5, 6, 7, 8, 9], [3, 3]);
      return op.matmul(f.rows("r", 3), bad ? op.transpose(square, { perm: [1, 0] }) : square);
    },
  },
  "read at a cache row": {
    make: (f, bad) => {
      f.mask();
      const rows = table_([1, 2, bad ? 3.5 : 3, 4, 5], [5, 1]);
      return op.mul(part(f.x, 1, 0), op.gather(rows, f.at, { axis: 0 }));
    },
  },
};
