/** Faults of offsets: a bias, a position or a begin that is one further. */
import { type Faults, type Feeds, join, op, table_, type Value, W } from "./fault.ts";

const one = (bad: boolean): number => (bad ? 1 : 0);
/** A cache of one row more than tokens may have, so that row + 1 is a row of it. */
const longer = (f: Feeds, name = "K"): Value => {
  f.mask();
  return f.state(name, [6, 4]);
};
const column = (f: Feeds, i: Value): Value => op.reshape(op.cast(i, { dtype: "fp16" }), { shape: [f.tokens, 1] });
const later = (at: Value, bad: boolean): Value => (bad ? op.add(at, 1) : at);
const begin = (row: Value): Value => join([row, table_([0], [1], "int32")], 0);
const end = (row: Value): Value => join([row, table_([4], [1], "int32")], 0);

export const OFFSET: Faults = {
  "a bias of one": { make: ({ x }, bad) => op.add(x, one(bad)) },
  "a bias of 2⁻¹⁰": { make: ({ x }, bad) => op.add(op.tanh(x), bad ? 2 ** -10 : 0) },
  "another bias": { make: ({ x }, bad) => op.add(x, bad ? 0.5 : 0.25) },
  "a bias under exp": { make: ({ x }, bad) => op.exp(op.add(x, one(bad))) },
  "an epsilon more": { make: ({ x }, bad) => op.rsqrt(op.add(op.square(x), bad ? 0.5 : 0.25)) },
  "a whole number one up": {
    make: ({ x }, bad) => {
      const whole = op.cast(op.mul(x, 5), { dtype: "int32" });
      return op.cast(bad ? op.add(whole, 1) : whole, { dtype: "fp16" });
    },
  },
  "a position as a number": { make: (f, bad) => op.mul(f.x, column(f, later(f.at, bad))) },
  "a position twice": { make: (f, bad) => op.mul(f.x, column(f, bad ? op.mul(f.at, 2) : f.at)) },
  "a row of a weight table": {
    make: (f, bad) => {
      longer(f);
      return op.mul(f.x, op.gather(W("table", [6, 4]), later(f.at, bad), { axis: 0 }));
    },
  },
  "a row of a constant table": {
    make: (f, bad) => {
      longer(f);
      const entries = table_([3, 1, 4, 1.5, 9, 2], [6, 1]);
      return op.mul(f.x, op.gather(entries, later(f.at, bad), { axis: 0 }));
    },
  },
  "a cache row written": {
    make: (f, bad) => ({ K: op.scatter(longer(f), later(f.at, bad), f.x, { axis: 0, mode: "update" }) }),
  },
  "a cache row doubled": {
    make: (f, bad) => {
      f.mask();
      const row = bad ? op.mul(f.at, 2) : f.at;
      return { K: op.scatter(f.state("K", [9, 4]), row, f.x, { axis: 0, mode: "update" }), y: f.x };
    },
  },
  "a cache row read": {
    make: (f, bad) => {
      const K = op.scatter(longer(f), f.at, f.x, { axis: 0, mode: "update" });
      return { K, y: op.gather(K, later(f.at, bad), { axis: 0 }) };
    },
  },
  "where a slice of the cache begins": {
    make: (f, bad) => {
      const from = later(f.first, bad);
      return { K: op.slice_update(longer(f), f.x, begin(from), end(op.add(from, f.tokens))), y: f.x };
    },
  },
  "where a range of positions begins": {
    make: (f, bad) => {
      const counting = table_(
        Array.from({ length: f.tokens }, (_, t) => t + one(bad)),
        [f.tokens],
        "int32",
      );
      return { K: op.scatter(longer(f), op.add(f.first, counting), f.x, { axis: 0, mode: "update" }), y: f.x };
    },
  },
  "rows of a weight": { make: ({ x }, bad) => op.linear(x, W("w", [4, 4], { rows: bad ? [1, 5] : [0, 4] })) },
  "how far a position sees": {
    make: (f, bad) => {
      longer(f);
      const cells = table_([0, 1, 2, 3, 4, 5], [1, 6], "int32");
      const seen = op.less(cells, op.reshape(later(f.at, bad), { shape: [f.tokens, 1] }));
      return op.mul(f.rows("r", 6), op.cast(seen, { dtype: "fp16" }));
    },
  },
};
