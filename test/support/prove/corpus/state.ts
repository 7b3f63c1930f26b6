/** Faults of states: extra writes, the order of reading and writing, what accumulates or decays. */
import { type Fault, type Faults, type Feeds, op, part, type Value } from "./fault.ts";

const update = (K: Value, f: Feeds, rows: Value): Value => op.scatter(K, f.at, rows, { axis: 0, mode: "update" });
const read = (K: Value, f: Feeds): Value => op.gather(K, f.at, { axis: 0 });
const sum = (x: Value): Value => op.reduce_sum(x, { axes: [0] });
const total = (f: Feeds): Value => f.state("total", [4]);

/** What is done to a cache beside writing the tokens' rows. */
const beside = (edit: (K: Value, f: Feeds) => Value, where: Fault["where"] = "block"): Fault => ({
  make: (f, bad) => {
    const K = update(f.state("K"), f, f.x);
    return { K: bad ? edit(K, f) : K };
  },
  where,
});

export const STATE: Faults = {
  "rows written twice": beside((K, f) => update(K, f, f.z)),
  "rows added on top": beside((K, f) => op.scatter(K, f.at, f.z, { axis: 0, mode: "add" })),
  "the whole cache scaled": beside((K) => op.mul(K, 1.5)),
  "the whole cache scaled at every call": beside((K) => op.mul(K, 0.5), "both"),
  "the cache left as it was": beside((_, f) => f.state("K")),
  "the cache left as it was, by the step": beside((_, f) => f.state("K"), "step"),
  "the cache's first row changed at every call": beside(
    (K) => op.concat([op.mul(part(K, 0, 0), 0.5), part(K, 0, 1, 4)], { axis: 0 }),
    "both",
  ),
  "read before it is written": {
    make: (f, bad) => {
      const [old, K] = [f.state("K"), update(f.state("K"), f, f.x)];
      const all = op.matmul(f.z, bad ? old : K, { transpose_y: true });
      return { K, y: bad ? all : read(K, f) };
    },
    where: "both",
  },
  "the exits of two caches swapped": {
    make: (f, bad) => {
      const [K, L] = [update(f.state("K"), f, f.x), update(f.state("L"), f, f.z)];
      return bad ? { K: L, L: K } : { K, L };
    },
  },
  "the exits of two caches swapped at every call": {
    make: (f, bad) => {
      const [K, L] = [update(f.state("K"), f, f.x), update(f.state("L"), f, f.z)];
      return bad ? { K: L, L: K } : { K, L };
    },
    where: "both",
  },
  "a second cache that is written too": {
    make: (f, bad) => ({ K: update(f.state("K"), f, f.x), L: bad ? update(f.state("L"), f, f.x) : f.state("L") }),
  },
  "an accumulator of the first token alone": {
    make: (f, bad) => ({ total: op.add(total(f), sum(bad ? part(f.x, 0, 0) : f.x)) }),
    twin: "PROVEN (reals)",
  },
  "an accumulator of the largest": {
    make: (f, bad) => ({ total: op.add(total(f), bad ? op.reduce_max(f.x, { axes: [0] }) : sum(f.x)) }),
    twin: "PROVEN (reals)",
  },
  "an accumulator that decays at every call": {
    make: (f, bad) => ({ total: op.add(op.mul(total(f), bad ? 0.5 : 1), sum(f.x)) }),
    where: "both",
    twin: "PROVEN (reals)",
  },
  "a running maximum of one token": {
    make: (f, bad) => ({ total: op.maximum(total(f), op.reduce_max(bad ? part(f.x, 0, 0) : f.x, { axes: [0] })) }),
  },
  "a running maximum that begins anew": {
    make: (f, bad) => ({ total: op.maximum(op.mul(total(f), bad ? 0 : 1), op.reduce_max(f.x, { axes: [0] })) }),
    where: "both",
  },
  "a counter of calls": {
    make: (f, bad) => ({ total: op.add(total(f), bad ? 1 : f.tokens), y: f.x }),
    twin: "PROVEN (reals)",
  },
  "a counter of calls shown": {
    make: (f, bad) => ({ total: total(f), y: bad ? op.add(f.x, total(f)) : f.x }),
    where: "step",
  },
  "a sum of rows in bits": {
    make: (f, bad) => (bad ? { total: op.add(total(f), sum(f.x)), y: f.x } : { total: total(f), y: f.x }),
    where: "both",
    differs: "bits",
  },
};
