/** Faults of rows: another token's row, another cache row, any other row of a state, a row of a second cache. */
import { type Faults, type Feeds, join, op, part, rolled, type Value } from "./fault.ts";

const update = (K: Value, at: Value, rows: Value): Value => op.scatter(K, at, rows, { axis: 0, mode: "update" });
const read = (K: Value, at: Value): Value => op.gather(K, at, { axis: 0 });
const all = (f: Feeds, row: Value): Value => op.tile(row, { reps: [f.tokens, 1] });

/** A cache [1, 1, S, 4] written by the one-hot columns of the write mask. */
const byMask = (K: Value, columns: Value, rows: Value, kept = columns): Value =>
  op.add(op.mul(K, op.sub(1, op.reduce_sum(kept, { axes: [3], keep_dims: true }))), op.matmul(columns, rows));
const wide = (f: Feeds): Value => op.reshape(f.x, { shape: [1, 1, f.tokens, 4] });
const cache = (f: Feeds, name = "K"): Value => f.state(name, [1, 1, 5, 4]);

export const ROW: Faults = {
  "the next token's row": { make: ({ x }, bad) => (bad ? rolled(x) : x) },
  "the first token's row for all": { make: (f, bad) => (bad ? all(f, part(f.x, 0, 0)) : f.x) },
  "the last token's row for all": { make: (f, bad) => (bad ? all(f, part(f.x, 0, f.tokens - 1)) : f.x) },
  "the sum of the rows": {
    make: ({ x }, bad) => (bad ? op.add(op.mul(x, 0), op.reduce_sum(x, { axes: [0], keep_dims: true })) : x),
  },
  "the next token's row of the second operand": { make: ({ x, z }, bad) => op.mul(x, bad ? rolled(z) : z) },
  "the next token's row in the last channel": {
    make: ({ x }, bad) => join([part(x, 1, 0, 3), part(bad ? rolled(x) : x, 1, 3)], 1),
  },
  "a maximum over the tokens": {
    make: ({ x }, bad) => op.maximum(x, bad ? op.reduce_max(x, { axes: [0], keep_dims: true }) : x),
  },
  "rows written at each other's place": {
    make: (f, bad) => ({ K: update(f.state("K"), f.at, bad ? rolled(f.x) : f.x) }),
  },
  "only the first token's row written": {
    make: (f, bad) => ({
      K: bad ? update(f.state("K"), part(f.at, 0, 0), part(f.x, 0, 0)) : update(f.state("K"), f.at, f.x),
    }),
  },
  "any other row halved": { make: (f, bad) => ({ K: update(op.mul(f.state("K"), bad ? 0.5 : 1), f.at, f.x) }) },
  "any other row cleared": { make: (f, bad) => ({ K: update(op.mul(f.state("K"), bad ? 0 : 1), f.at, f.x) }) },
  "any other row negated": { make: (f, bad) => ({ K: update(op.mul(f.state("K"), bad ? -1 : 1), f.at, f.x) }) },
  "other rows from a second cache": {
    make: (f, bad) => {
      const [K, L] = [f.state("K"), f.state("L")];
      return { K: update(K, f.at, f.x), L: update(bad ? K : L, f.at, f.z) };
    },
  },
  "a second cache takes the first one's rows": {
    make: (f, bad) => ({ K: update(f.state("K"), f.at, f.x), L: update(f.state("L"), f.at, bad ? f.x : f.z) }),
  },
  "all tokens read the first one's cache row": {
    make: (f, bad) => {
      const K = update(f.state("K"), f.at, f.x);
      return { y: read(K, bad ? op.tile(part(f.at, 0, 0), { reps: [f.tokens] }) : f.at), K };
    },
  },
  "the old cache read for the new": {
    make: (f, bad) => {
      const K = update(f.state("K"), f.at, f.x);
      return { y: read(bad ? f.state("K") : K, f.at), K };
    },
  },
  "columns of the write mask swapped": {
    make: (f, bad) => ({ K: byMask(cache(f), f.write, bad ? rolled(wide(f), 2) : wide(f)), y: f.x }),
  },
  "only the first column's row made free": {
    make: (f, bad) => ({ K: byMask(cache(f), f.write, wide(f), bad ? part(f.write, 3, 0) : f.write), y: f.x }),
  },
  "no row made free": {
    make: (f, bad) => ({ K: byMask(cache(f), f.write, wide(f), bad ? op.mul(f.write, 0) : f.write), y: f.x }),
  },
};
