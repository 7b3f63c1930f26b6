/** Batches that become places, and places that become batches. */
import type { Index } from "../../algebra.ts";
import { op } from "../../op.ts";
import type { Info } from "../../op-spec.ts";
import type { Tensor } from "../../tensor.ts";
import { type DType, FLOATS, type Shape } from "../../type.ts";
import { halves } from "./space.ts";

/** Call of space_to_batch and batch_to_space; the last operand is [2, 2]. */
export type SpaceBatch = <D extends DType>(
  x: Tensor<Shape, D>,
  block_shape: Tensor<Shape, "int32"> | readonly number[],
  amounts: Tensor<Shape, "int32">,
) => Tensor<Shape, D>;

const known = { dtypes: ["int32"], constant: true } as const;

/** Two block sizes, and four amounts at the edges, or what is wrong with them. */
function numbersOf(x: Info, block: Info, amounts: Info): readonly [number[], number[]] | string {
  if (x.shape.length !== 4) return `x must have rank 4, not ${x.shape.length}`;
  const [sizes, edges] = [Array.from(block.values ?? []), Array.from(amounts.values ?? [])];
  if (sizes.length !== 2 || sizes.some((n) => n < 1)) return `block_shape must be two sizes, not [${sizes.join(",")}]`;
  if (amounts.shape.join() !== "2,2" || edges.length !== 4 || edges.some((n) => n < 0))
    return `the amounts at the edges must be [2,2] of 0 or more, not [${amounts.shape.join(",")}] of ${edges.join(",")}`;
  return [sizes, edges];
}

/** Places of a block as batches, x padded with 0 first. */
export const space_to_batch = op<SpaceBatch>("space_to_batch")({
  doc: [
    "y[(i·b₁ + j)·N + n, c, h, w] = x[n, c, h·b₀ + i − paddings[0,0], w·b₁ + j − paddings[1,0]], 0 outside,",
    "b = block_shape, N the batches of x",
  ].join(" "),
  operands: { x: { dtypes: FLOATS }, block_shape: known, paddings: known },
  attrs: {},
  rounds: false,
  infer({ x, block_shape, paddings }) {
    const numbers = numbersOf(x, block_shape, paddings);
    if (typeof numbers === "string") return numbers;
    const [[bh, bw], [top, bottom, left, right]] = numbers as unknown as [
      [number, number],
      [number, number, number, number],
    ];
    const [n, c, h, w] = x.shape as readonly [number, number, number, number];
    const [rows, columns] = [(h + top + bottom) / bh, (w + left + right) / bw];
    if (!Number.isInteger(rows) || !Number.isInteger(columns))
      return `blocks of ${bh} by ${bw} do not divide ${rows * bh} by ${columns * bw} padded places`;
    return { dtype: x.dtype, shape: [n * bh * bw, c, rows, columns] };
  },
  element: (m, { x, block_shape, paddings }) => {
    const [n, , height, width] = x.shape as readonly [number, number, number, number];
    const [bh, bw] = Array.from(block_shape.values!) as [number, number];
    const [top, left] = [paddings.values![0]!, paddings.values![2]!];
    return ([batch, c, h, w]) => {
      const [i, j, own] = m.reindex([batch!], [bh * bw * n], [bh, bw, n]) as readonly [Index, Index, Index];
      const [y, z] = [m.plus(m.times(h!, bh), i), m.plus(m.times(w!, bw), j)];
      const none = () => m.num(0);
      return m.within(
        y,
        m.index(top),
        height,
        1,
        (row) => m.within(z, m.index(left), width, 1, (column) => x.at(own, c!, row, column), none),
        none,
      );
    };
  },
});

/** Batches as places of a block, cropped at the edges. */
export const batch_to_space = op<SpaceBatch>("batch_to_space")({
  doc: [
    "y[n, c, h, w] = x[(i·b₁ + j)·N + n, c, h′, w′] with h + crops[0,0] = h′·b₀ + i and w + crops[1,0] = w′·b₁ + j,",
    "b = block_shape, N the batches of y",
  ].join(" "),
  operands: { x: { dtypes: FLOATS }, block_shape: known, crops: known },
  attrs: {},
  rounds: false,
  traits: ["moves"],
  infer({ x, block_shape, crops }) {
    const numbers = numbersOf(x, block_shape, crops);
    if (typeof numbers === "string") return numbers;
    const [[bh, bw], [top, bottom, left, right]] = numbers as unknown as [
      [number, number],
      [number, number, number, number],
    ];
    const [n, c, h, w] = x.shape as readonly [number, number, number, number];
    if (n % (bh * bw) !== 0) return `blocks of ${bh} by ${bw} do not divide ${n} batches`;
    return { dtype: x.dtype, shape: [n / (bh * bw), c, h * bh - top - bottom, w * bw - left - right] };
  },
  element: (m, { x, block_shape, crops }) => {
    const [batches, , height, width] = x.shape as readonly [number, number, number, number];
    const [bh, bw] = Array.from(block_shape.values!) as [number, number];
    const [top, left] = [crops.values![0]!, crops.values![2]!];
    return ([n, c, h, w]) => {
      const [row, i] = halves(m, m.plus(h!, m.index(top)), height, bh);
      const [column, j] = halves(m, m.plus(w!, m.index(left)), width, bw);
      const from = m.plus(m.times(m.plus(m.times(i, bw), j), batches / (bh * bw)), n!);
      return x.at(from, c!, row, column);
    };
  },
});
