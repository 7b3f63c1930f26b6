/** Shapes of element-wise ops: right-aligned broadcasting of two operands. */
import type { Tensor } from "../tensor.ts";
import type { DType, Shape } from "../type.ts";
import type { Better, Fits, Operand, OperandShape, Show, ShowDim, Unranked } from "./dim.ts";

/** The common shape of A and B, or what is wrong. */
export type Broadcast<Op extends string, A extends Shape, B extends Shape> = true extends Unranked<A> | Unranked<B>
  ? Shape
  : Zip<A, B> extends infer R extends readonly unknown[]
    ? R[number] extends number
      ? R
      : `${Op}: cannot broadcast ${Show<A>} with ${Show<B>}: ${R[number] & string}`
    : never;

/** Pairs sizes from the right; a clash stands in the tuple as text. */
export type Zip<A extends Shape, B extends Shape, R extends readonly unknown[] = readonly []> = A extends readonly [
  ...infer As extends Shape,
  infer M,
]
  ? B extends readonly [...infer Bs extends Shape, infer N]
    ? Zip<As, Bs, readonly [Pair<M, N>, ...R]>
    : readonly [...A, ...R]
  : readonly [...B, ...R];

type Pair<M, N> = M extends 1
  ? N
  : N extends 1
    ? M
    : Fits<M, N> extends true
      ? Better<M, N>
      : `${ShowDim<M>} against ${ShowDim<N>}`;

/** The dtype of two operands of which one may be a literal, or what is wrong. */
export type CommonDType<X, Y> =
  X extends Tensor<Shape, infer D>
    ? Y extends Tensor<Shape, infer E>
      ? [E] extends [D]
        ? E
        : [D] extends [E]
          ? D
          : ClashOf<D, E>
      : D
    : Y extends Tensor<Shape, infer E>
      ? E
      : DType;

type ClashOf<D extends string, E extends string> = { readonly clash: `dtypes differ: x is ${D}, y is ${E}` };

/** Shape of `op(x, y)`, or what is wrong with it. */
export type BinaryShape<Op extends string, X extends Operand, Y extends Operand> =
  CommonDType<X, Y> extends { readonly clash: infer Text extends string }
    ? `${Op}: ${Text}`
    : Broadcast<Op, OperandShape<X>, OperandShape<Y>>;
