/**
 * The typed form of each op's call. A shape rule yields a shape or a message; the message then stands in for the type
 * of the argument, so that the editor shows it there. The rule that counts is the op's `infer`, made at run time.
 */
import type { Arg } from "../op.ts";
import type { Tensor } from "../tensor.ts";
import type { DType, Shape } from "../type.ts";
import type { BinaryShape, Broadcast, CommonDType } from "./broadcast.ts";
import type { AsShape, Check, Operand, OperandShape } from "./dim.ts";
import type { ExpandShape, ReshapeShape, SqueezeShape, TileShape, TransposeShape } from "./layout.ts";
import type {
  ConcatShape,
  FirstDType,
  GatherShape,
  SliceIndexShape,
  SliceSizeShape,
  SplitResult,
  StackShape,
} from "./pieces.ts";
import type { ConvShape, LinearShape, MatmulShape } from "./product.ts";
import type { ReduceShape } from "./reduce.ts";

/** Same shape, same dtype. */
export type Elementwise = <S extends Shape, D extends DType>(x: Tensor<S, D>) => Tensor<S, D>;

/** Two operands, broadcast; one of them may be a literal. */
export type Binary<Op extends string> = <const X extends Operand, const Y extends Operand>(
  x: X,
  y: Y & Check<BinaryShape<Op, X, Y>>,
) => Tensor<AsShape<BinaryShape<Op, X, Y>>, CommonDType<X, Y> & DType>;

/** As `Binary`, with truth values for result. */
export type Compare<Op extends string> = <const X extends Operand, const Y extends Operand>(
  x: X,
  y: Y & Check<BinaryShape<Op, X, Y>>,
) => Tensor<AsShape<BinaryShape<Op, X, Y>>, "bool">;

export type Connective<Op extends string> = <A extends Shape, B extends Shape>(
  x: Tensor<A, "bool">,
  y: Tensor<B, "bool"> & Check<Broadcast<Op, A, B>>,
) => Tensor<AsShape<Broadcast<Op, A, B>>, "bool">;

export type Select = <C extends Shape, const X extends Operand, const Y extends Operand>(
  cond: Tensor<C, "bool">,
  a: X,
  b: Y & Check<BinaryShape<"select", X, Y>> & Check<Choice<C, BinaryShape<"select", X, Y>>>,
) => Tensor<AsShape<BinaryShape<"select", X, Y>>, CommonDType<X, Y> & DType>;
type Choice<C extends Shape, R> = R extends Shape ? Broadcast<"select", C, R> : R;

export type Matmul = <
  A extends Shape,
  B extends Shape,
  D extends DType,
  const TX extends boolean = false,
  const TY extends boolean = false,
>(
  x: Tensor<A, D>,
  y: Tensor<B, NoInfer<D>> & Check<MatmulShape<A, B, TX, TY>>,
  options?: { transpose_x?: TX; transpose_y?: TY },
) => Tensor<AsShape<MatmulShape<A, B, TX, TY>>, D>;

export type Linear = <A extends Shape, W extends Shape, D extends DType, E extends DType>(
  x: Tensor<A, D>,
  weight: Tensor<W, E> & Check<LinearShape<A, W>>,
  options?: { bias?: Tensor },
) => Tensor<AsShape<LinearShape<A, W>>, D>;

/** Options that change the shape of conv's result; without them a kernel of size 1 keeps every spatial size. */
interface ConvOptions {
  bias?: Tensor;
  strides?: readonly number[];
  pad_type?: "valid" | "same" | "same_lower" | "custom";
  pad?: readonly number[];
  dilations?: readonly number[];
  groups?: number;
}
export type Conv = <
  A extends Shape,
  W extends Shape,
  D extends DType,
  E extends DType,
  const O extends ConvOptions = { bias?: Tensor },
>(
  x: Tensor<A, D>,
  weight: Tensor<W, E> & Check<ConvShape<A, W, PlainConv<O>>>,
  options?: O,
) => Tensor<AsShape<ConvShape<A, W, PlainConv<O>>>, D>;
type PlainConv<O> = keyof O extends "bias" ? true : false;

export type Reshape = <A extends Shape, D extends DType, const S extends Shape>(
  x: Tensor<A, D> & Check<ReshapeShape<A, S>>,
  options: { shape: S },
) => Tensor<AsShape<ReshapeShape<A, S>>, D>;

export type Transpose = <A extends Shape, D extends DType, const P extends Shape>(
  x: Tensor<A, D> & Check<TransposeShape<A, P>>,
  options: { perm: P },
) => Tensor<AsShape<TransposeShape<A, P>>, D>;

export type ExpandDims = <A extends Shape, D extends DType, const X extends Shape>(
  x: Tensor<A, D>,
  options: { axes: X },
) => Tensor<AsShape<ExpandShape<A, X>>, D>;

export type Squeeze = <A extends Shape, D extends DType, const X extends Shape>(
  x: Tensor<A, D> & Check<SqueezeShape<A, X>>,
  options: { axes: X },
) => Tensor<AsShape<SqueezeShape<A, X>>, D>;

export type Tile = <A extends Shape, D extends DType, const R extends Shape>(
  x: Tensor<A, D> & Check<TileShape<A, R>>,
  options: { reps: R },
) => Tensor<AsShape<TileShape<A, R>>, D>;

export type Concat = <const Ts extends readonly Tensor[], const X extends number>(
  values: Ts & Check<ConcatShape<Ts, X>>,
  options: { axis: X; interleave?: boolean },
) => Tensor<AsShape<ConcatShape<Ts, X>>, FirstDType<Ts>>;

export type Stack = <const Ts extends readonly Tensor[], const X extends number>(
  values: Ts,
  options: { axis: X },
) => Tensor<AsShape<StackShape<Ts, X>>, FirstDType<Ts>>;

export type Split = <A extends Shape, D extends DType, const Sizes extends Shape, const X extends number>(
  x: Tensor<A, D> & Check<SplitResult<A, D, Sizes, X>>,
  options: { split_sizes: Sizes; axis: X },
) => SplitResult<A, D, Sizes, X> extends infer R extends readonly Tensor[] ? R : readonly Tensor<Shape, D>[];

export type SliceBySize = <A extends Shape, D extends DType, const B extends Arg, const S extends Arg>(
  x: Tensor<A, D> & Check<SliceSizeShape<A, B, S>>,
  begin: B,
  size: S,
) => Tensor<AsShape<SliceSizeShape<A, B, S>>, D>;

export type Gather = <A extends Shape, D extends DType, const I extends Operand, const X extends number = 0>(
  x: Tensor<A, D>,
  indices: I,
  options?: { axis?: X; batch_dims?: number; validate_indices?: boolean },
) => Tensor<AsShape<GatherShape<A, OperandShape<I>, X>>, D>;

export type Reduce = <
  A extends Shape,
  D extends DType,
  const X extends Shape | undefined = undefined,
  const K extends boolean = false,
>(
  x: Tensor<A, D>,
  options?: { axes?: X; keep_dims?: K },
) => Tensor<AsShape<ReduceShape<A, X, K>>, D>;

export type SliceByIndex = <A extends Shape, D extends DType, const B extends Arg, const E extends Arg>(
  x: Tensor<A, D> & Check<SliceIndexShape<A, B, E>>,
  begin: B,
  end: E,
) => Tensor<AsShape<SliceIndexShape<A, B, E>>, D>;
