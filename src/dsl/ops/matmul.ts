/** Matrix products: batched over leading axes, and with a constant weight. */
import type { Index } from "../algebra.ts";
import { attr } from "../attr.ts";
import { op } from "../op.ts";
import type { Linear, Matmul } from "../shapes/signatures.ts";
import { broadcast, NUMBERS, sameShape } from "../type.ts";

/** x [..., i, k] times y [..., k, j], leading axes broadcast; transpose_x and transpose_y swap the last two first. */
export const matmul = op<Matmul>("matmul")({
  doc: "z[…,i,j] = Σₖ x[…,i,k] · y[…,k,j]; transpose_x and transpose_y swap the last two axes first",
  operands: { x: { dtypes: NUMBERS }, y: { dtypes: NUMBERS, like: "x" } },
  attrs: { transpose_x: attr("bool", false), transpose_y: attr("bool", false) },
  traits: ["contracts", "product", "projects", "attention"],
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

/** x [..., k] times weight [o, k] transposed, plus bias [o]; weight and bias must be constant. */
export const linear = op<Linear>("linear")({
  doc: "y[…,o] = Σₖ x[…,k] · weight[o,k] + bias[o]",
  operands: {
    x: { dtypes: NUMBERS },
    weight: { dtypes: NUMBERS, like: "x", constant: true },
    bias: { dtypes: NUMBERS, like: "x", constant: true, optional: true },
  },
  attrs: {},
  traits: ["contracts", "product", "projects"],
  infer({ x, weight, bias }) {
    const [outputs, inputs] = weight.shape;
    if (weight.shape.length !== 2) return `weight must have rank 2, not ${weight.shape.length}`;
    if (x.shape.length === 0) return "x must have rank 1 or more";
    if (x.shape.at(-1) !== inputs) return `the last axis of x is ${x.shape.at(-1)}, weight takes ${inputs}`;
    if (bias && !sameShape(bias.shape, [outputs!])) return `bias is [${bias.shape.join(",")}], not [${outputs}]`;
    return { dtype: x.dtype, shape: x.shape.with(-1, outputs!) };
  },
  element:
    (m, { x, weight, bias }) =>
    (ix) => {
      const o = ix.at(-1)!;
      const product = m.sum(weight.shape[1]!, (k) => m.mul(x.at(...ix.with(-1, k)), weight.at(o, k)));
      return bias ? m.add(product, bias.at(o)) : product;
    },
});
