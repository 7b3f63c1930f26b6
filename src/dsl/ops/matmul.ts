/** Batched matrix product over the last two axes. */
import type { Index } from "../algebra.ts";
import { attr } from "../attr.ts";
import { op } from "../op.ts";
import type { Tensor } from "../tensor.ts";
import { broadcast, NUMBERS } from "../type.ts";

export const matmul = op<(x: Tensor, y: Tensor, options?: { transpose_x?: boolean; transpose_y?: boolean }) => Tensor>(
  "matmul",
)({
  doc: "z[…,i,j] = Σₖ x[…,i,k] · y[…,k,j]; transpose_x and transpose_y swap the last two axes first",
  operands: { x: { dtypes: NUMBERS }, y: { dtypes: NUMBERS, like: "x" } },
  attrs: { transpose_x: attr("bool", false), transpose_y: attr("bool", false) },
  infer({ x, y }, { transpose_x, transpose_y }) {
    if (x.shape.length < 2 || y.shape.length < 2) return "needs matrices: both operands must have rank 2 or more";
    const [i, k] = lastTwo(x.shape, transpose_x);
    const [k2, j] = lastTwo(y.shape, transpose_y);
    if (k !== k2) return `inner sizes differ: ${k} and ${k2}`;
    const batch = broadcast(x.shape.slice(0, -2), y.shape.slice(0, -2));
    return batch ? { dtype: x.dtype, shape: [...batch, i, j] } : "batch axes do not broadcast";
  },
  element: (m, { x, y }, { transpose_x, transpose_y }) => {
    const [, size] = lastTwo(x.shape, transpose_x);
    return (ix) => {
      const [i, j] = ix.slice(-2) as [Index, Index];
      const batchOf = (shape: readonly number[]) =>
        shape.slice(0, -2).map((n, axis) => (n === 1 ? m.index(0) : ix[ix.length - shape.length + axis]!));
      const [bx, by] = [batchOf(x.shape), batchOf(y.shape)];
      return m.sum(size, (k) =>
        m.mul(transpose_x ? x.at(...bx, k, i) : x.at(...bx, i, k), transpose_y ? y.at(...by, j, k) : y.at(...by, k, j)),
      );
    };
  },
});

function lastTwo(shape: readonly number[], swapped: boolean): readonly [number, number] {
  const [rows, columns] = shape.slice(-2) as [number, number];
  return swapped ? [columns, rows] : [rows, columns];
}
