/** Divide a tensor into consecutive parts along one axis. */
import { attr } from "../attr.ts";
import { op } from "../op.ts";
import type { Split } from "../shapes/signatures.ts";

/** x in consecutive parts along `axis`: split_sizes, or num_splits equal ones. */
export const split = op<Split>("split")({
  doc: "zₙ = the n-th part of x along `axis`, of size split_sizes[n]; num_splits stands for that many equal sizes",
  operands: { x: { dtypes: ["fp16", "fp32", "int32", "bool"] } },
  attrs: { split_sizes: attr("int32[]"), axis: attr("axis") },
  rounds: false,
  traits: ["moves"],
  shorthand({ num_splits, ...given }, { x }) {
    if (num_splits === undefined || given.split_sizes !== undefined) return { ...given };
    const size = x.shape.at(given.axis as number);
    const [count, each] = [num_splits as number, Number(size) / (num_splits as number)];
    if (!Number.isInteger(count) || count < 1 || (size !== undefined && !Number.isInteger(each)))
      return `num_splits ${num_splits} does not divide axis ${given.axis} of size ${size}`;
    return { ...given, split_sizes: new Array<number>(count).fill(each) };
  },
  parts: (_, { split_sizes }) => split_sizes.length,
  infer({ x }, { split_sizes, axis }, part) {
    const total = split_sizes.reduce((sum, n) => sum + n, 0);
    if (total !== x.shape[axis])
      return `split_sizes [${split_sizes.join(",")}] add up to ${total}, axis ${axis} has size ${x.shape[axis]}`;
    return { dtype: x.dtype, shape: x.shape.with(axis, split_sizes[part]!) };
  },
  element: (m, { x }, { split_sizes, axis }, { part }) => {
    const begin = m.index(split_sizes.slice(0, part).reduce((sum, n) => sum + n, 0));
    return (ix) => x.at(...ix.with(axis, m.plus(begin, ix[axis]!)));
  },
});
