/**
 * The typed form of each op's call. A shape rule yields a shape or a message; the message then stands in for the type
 * of the argument, so that the editor shows it there. The rule that counts is the op's `infer`, made at run time.
 */
import type { Tensor } from "../tensor.ts";
import type { DType, Shape } from "../type.ts";
import type { BinaryShape, Broadcast, CommonDType } from "./broadcast.ts";
import type { AsShape, Check, Operand, OperandShape } from "./dim.ts";
import type { ConcatShape, FirstDType, StackShape } from "./join.ts";
import type { ExpandShape, ReshapeShape, SqueezeShape, TileShape, TransposeShape } from "./layout.ts";
import type { AttentionShape, ConvShape, LinearShape, MatmulShape } from "./product.ts";
import type { ReduceShape } from "./reduce.ts";
import type { GatherShape, SliceIndexShape, SliceOptions, SliceSizeShape, SplitParts } from "./slice.ts";

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

/** Call of a connective: truth values that broadcast. */
export type Connective<Op extends string> = <A extends Shape, B extends Shape>(
  x: Tensor<A, "bool">,
  y: Tensor<B, "bool"> & Check<Broadcast<Op, A, B>>,
) => Tensor<AsShape<Broadcast<Op, A, B>>, "bool">;

/** Call of select: the shape is that of a and b, and cond must broadcast into it. */
export type Select = <C extends Shape, const X extends Operand, const Y extends Operand>(
  cond: Tensor<C, "bool"> & Check<Choice<C, BinaryShape<"select", X, Y>>>,
  a: X,
  b: Y & Check<BinaryShape<"select", X, Y>>,
) => Tensor<AsShape<BinaryShape<"select", X, Y>>, CommonDType<X, Y> & DType>;
type Choice<C extends Shape, R> = R extends Shape ? Broadcast<"select", C, R> : unknown;

/** Call of matmul: [..., i, k] times [..., k, j], each pair of axes swapped by its flag. */
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

/** Call of linear: x [..., k], weight [o, k]. */
export type Linear = <A extends Shape, W extends Shape, D extends DType>(
  x: Tensor<A, D>,
  weight: Tensor<W, NoInfer<D>> & Check<LinearShape<A, W>>,
  options?: { bias?: Tensor<Shape, NoInfer<D>> },
) => Tensor<AsShape<LinearShape<A, W>>, D>;

/** Call of the fused attention: query [..., t, e], key [..., s, e], value [..., s, v]. */
export type Attention = <A extends Shape, V extends Shape, D extends DType>(
  query: Tensor<A, D>,
  key: Tensor<Shape, NoInfer<D>>,
  value: Tensor<V, NoInfer<D>>,
  options?: { attn_mask?: Tensor },
) => Tensor<AttentionShape<A, V>, D>;

/** Options of conv. All but the bias change the spatial sizes or the channels that the weight must have. */
interface ConvOptions<D extends DType> {
  readonly strides?: readonly number[];
  readonly pad_type?: "valid" | "same" | "same_lower" | "custom";
  readonly pad?: readonly number[];
  readonly dilations?: readonly number[];
  readonly groups?: number;
  readonly bias?: Tensor<Shape, D>;
}
/** Call of conv: sizes are literal where a bias is the only option, else left to the run time. */
export type Conv = <
  A extends Shape,
  W extends Shape,
  D extends DType,
  const O extends ConvOptions<D> = { bias?: never },
>(
  x: Tensor<A, D>,
  weight: Tensor<W, NoInfer<D>> & Check<ConvShape<A, W, Only<O, "bias">>>,
  options?: O,
) => Tensor<AsShape<ConvShape<A, W, Only<O, "bias">>>, D>;

/** Whether an options object has no other keys than these. */
type Only<O, Keys> = keyof O extends Keys ? true : false;

/** Call of reshape: equal numbers of elements, one size may be −1. */
export type Reshape = <A extends Shape, D extends DType, const S extends Shape>(
  x: Tensor<A, D> & Check<ReshapeShape<A, S>>,
  options: { shape: S },
) => Tensor<AsShape<ReshapeShape<A, S>>, D>;

/** Call of transpose: perm names every axis once. */
export type Transpose = <A extends Shape, D extends DType, const P extends Shape>(
  x: Tensor<A, D> & Check<TransposeShape<A, P>>,
  options: { perm: P },
) => Tensor<AsShape<TransposeShape<A, P>>, D>;

/** Call of expand_dims: axes count in the result. */
export type ExpandDims = <A extends Shape, D extends DType, const X extends Shape>(
  x: Tensor<A, D>,
  options: { axes: X },
) => Tensor<ExpandShape<A, X>, D>;

/** Call of squeeze: only axes of size 1. */
export type Squeeze = <A extends Shape, D extends DType, const X extends Shape = Shape>(
  x: Tensor<A, D> & Check<SqueezeShape<A, X>>,
  options?: { axes?: X },
) => Tensor<AsShape<SqueezeShape<A, X>>, D>;

/** Call of tile: one repetition an axis. */
export type Tile = <A extends Shape, D extends DType, const R extends Shape>(
  x: Tensor<A, D> & Check<TileShape<A, R>>,
  options: { reps: R },
) => Tensor<AsShape<TileShape<A, R>>, D>;

/** Call of concat: equal in every axis but the joined one. */
export type Concat = <const Ts extends readonly Tensor[], const X extends number>(
  values: Ts & Check<ConcatShape<Ts, X>>,
  options: { axis: X; interleave?: boolean },
) => Tensor<AsShape<ConcatShape<Ts, X>>, FirstDType<Ts>>;

/** Call of stack: equal shapes; the axis counts in the result. */
export type Stack = <const Ts extends readonly Tensor[], const X extends number>(
  values: Ts,
  options: { axis: X },
) => Tensor<StackShape<Ts, X>, FirstDType<Ts>>;

type SplitOptions = { readonly axis: number } & ({ readonly split_sizes: Shape } | { readonly num_splits: number });
/** Call of split: a tuple of results where split_sizes is a tuple. */
export type Split = <A extends Shape, D extends DType, const O extends SplitOptions>(
  x: Tensor<A, D> & Check<SplitParts<A, D, O>>,
  options: O,
) => SplitParts<A, D, O> extends infer R extends readonly Tensor[] ? R : readonly Tensor<Shape, D>[];

/** A position per axis: numbers, or a run-time tensor. */
type Place = readonly number[] | Tensor<Shape, "int32">;

/** Call of slice_by_index: literal sizes where begin and end are literals and no option is given. */
export type SliceByIndex = <
  A extends Shape,
  D extends DType,
  const B extends Place,
  const E extends Place,
  const O extends SliceOptions = Record<never, never>,
>(
  x: Tensor<A, D> & Check<SliceIndexShape<A, B, E, O>>,
  begin: B,
  end: E,
  options?: O,
) => Tensor<AsShape<SliceIndexShape<A, B, E, O>>, D>;

/** Call of slice_by_size: the size is the result's shape. */
export type SliceBySize = <A extends Shape, D extends DType, const B extends Place, const S extends Shape>(
  x: Tensor<A, D> & Check<SliceSizeShape<A, B, S>>,
  begin: B,
  options: { size: S },
) => Tensor<AsShape<SliceSizeShape<A, B, S>>, D>;

/** Call of gather: the axes of indices take the place of x's axis. */
export type Gather = <
  A extends Shape,
  D extends DType,
  const I extends Operand,
  const X extends number = 0,
  const Batch extends number = 0,
>(
  x: Tensor<A, D>,
  indices: I,
  options?: { axis?: X; batch_dims?: Batch; validate_indices?: boolean },
) => Tensor<Batch extends 0 ? GatherShape<A, OperandShape<I>, X> : Shape, D>;

/** Call of gather_along_axis: the result has the shape of indices. */
export type GatherAlongAxis = <D extends DType, I extends Shape>(
  x: Tensor<Shape, D>,
  indices: Tensor<I>,
  options?: { axis?: number; validate_indices?: boolean },
) => Tensor<I, D>;

/** Call of a reduction: reduced axes become 1 or go. */
export type Reduce = <
  A extends Shape,
  D extends DType,
  const X extends Shape | undefined = undefined,
  const K extends boolean = false,
>(
  x: Tensor<A, D>,
  options?: { axes?: X; keep_dims?: K },
) => Tensor<ReduceShape<A, X, K>, D>;
