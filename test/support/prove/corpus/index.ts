/** Faults of indices: off by one, swapped axes, a wrong stride, a wrong begin, a wrong group. */
import { type Faults, join, op, part, split, table_ } from "./fault.ts";

const grid = [2, 3] as const;

export const INDEX: Faults = {
  "slice begins one later": { make: ({ x }, bad) => part(x, 1, bad ? 1 : 0, 2) },
  "last element left for the one before": { make: ({ x }, bad) => part(x, 1, bad ? 2 : 3) },
  "even channels for odd": {
    make: ({ x, tokens }, bad) => op.slice_by_index(x, [0, bad ? 1 : 0], [tokens, 4], { stride: [1, 2] }),
  },
  "a stride of three for two": {
    make: ({ x, tokens }, bad) => op.slice_by_index(x, [0, 0], [tokens, 4], { stride: [1, bad ? 3 : 2] }),
  },
  "axes of one size swapped": {
    make: (f, bad) => op.transpose(f.rows("g", 3, 3), { perm: bad ? [0, 2, 1] : [0, 1, 2] }),
  },
  "reshaped where it should be transposed": {
    make: (f, bad) => {
      const g = f.rows("g", ...grid);
      return bad ? op.reshape(g, { shape: [f.tokens, 3, 2] }) : op.transpose(g, { perm: [0, 2, 1] });
    },
  },
  "heads flattened without their permutation": {
    make: (f, bad) => {
      const g = f.rows("g", ...grid);
      return op.reshape(bad ? op.transpose(g, { perm: [0, 2, 1] }) : g, { shape: [f.tokens, 6] });
    },
  },
  "tokens flattened into heads": {
    make: (f, bad) => {
      const flat = op.reshape(f.rows("g", ...grid), { shape: bad ? [2, f.tokens, 3] : [f.tokens, 2, 3] });
      return bad ? op.transpose(flat, { perm: [1, 0, 2] }) : flat;
    },
  },
  "gathered by another index": {
    make: ({ x }, bad) => op.gather(x, table_([0, bad ? 1 : 2], [2], "int32"), { axis: 1 }),
  },
  "gathered along an axis by another index": {
    make: (f, bad) =>
      op.gather_along_axis(f.x, op.tile(table_([3, 0, bad ? 1 : 2, 1], [1, 4], "int32"), { reps: [f.tokens, 1] }), {
        axis: 1,
      }),
  },
  "the other half of a split": { make: ({ x }, bad) => split(x, { split_sizes: [2, 2], axis: 1 })[bad ? 1 : 0]! },
  "a neighbour's piece of a split": {
    make: ({ x }, bad) => split(x, { split_sizes: [1, 1, 2], axis: 1 })[bad ? 1 : 0]!,
  },
  "halves rotated as pairs": {
    make: ({ x, tokens }, bad) => {
      const [a, b] = bad
        ? [0, 1].map((k) => op.slice_by_index(x, [0, k], [tokens, 4], { stride: [1, 2] }))
        : split(x, { split_sizes: [2, 2], axis: 1 });
      return op.sub(a, b);
    },
  },
  "a head reads the group beside its own": {
    make: (f, bad) =>
      op.gather(f.rows("g", ...grid), table_(bad ? [0, 1, 0, 1] : [0, 0, 1, 1], [4], "int32"), { axis: 1 }),
  },
  "heads repeated as a whole for one by one": {
    make: (f, bad) => {
      const g = f.rows("g", ...grid);
      if (bad) return op.tile(g, { reps: [1, 2, 1] });
      const each = op.tile(op.reshape(g, { shape: [f.tokens, 2, 1, 3] }), { reps: [1, 1, 2, 1] });
      return op.reshape(each, { shape: [f.tokens, 4, 3] });
    },
  },
  "the diagonal beside the main one": {
    make: (f, bad) => {
      const g = op.reshape(f.rows("g", 3, 3), { shape: [f.tokens, 9] });
      return op.gather(g, table_(bad ? [1, 5, 6] : [0, 4, 8], [3], "int32"), { axis: 1 });
    },
  },
  "a loop over channels takes one twice": {
    make: ({ x }, bad) =>
      join(
        [0, 1, 2, 3].map((k) => op.exp(part(x, 1, bad && k === 3 ? 2 : k))),
        1,
      ),
    step: ({ x }) => op.exp(x),
  },
};
