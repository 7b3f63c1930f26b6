/** Shapes of the ops that join and cut: concat, stack, split, slices, gather. */
import type { Tensor } from "../tensor.ts";
import type { DType, Shape } from "../type.ts";
import type { Minus, Plus, Sum } from "./arithmetic.ts";
import type {
  AllDigits,
  AxisOf,
  Fits,
  FromKey,
  Key,
  Keys,
  Show,
  ShowDim,
  SizeAt,
  Unranked,
  Vague,
  With,
} from "./dim.ts";

type Tensors = readonly Tensor[];
type Shapes = readonly Shape[];

/** The shapes of a list of tensors. */
export type ShapesOf<Ts extends Tensors> = { readonly [I in keyof Ts]: Ts[I] extends Tensor<infer S> ? S : never };

/** The dtype of the first tensor of a list. */
export type FirstDType<Ts extends Tensors> = Ts[0] extends Tensor<Shape, infer D> ? D : DType;

/** Shape of concat(values, axis), or what is wrong. */
export type ConcatShape<Ts extends Tensors, Axis extends number> = number extends Ts["length"]
  ? Shape
  : Joined<ShapesOf<Ts>, Axis>;

type Joined<Ss extends Shapes, Axis extends number> = Ss extends readonly [
  infer A extends Shape,
  ...infer Rest extends Shapes,
]
  ? Unranked<A> extends true
    ? Shape
    : Vague<[Axis]> extends true
      ? Shape
      : [AxisOf<A, Axis>] extends [never]
        ? `concat: axis ${Axis} is outside ${Show<A>}`
        : Odd<A, Rest, AxisOf<A, Axis>> extends infer B
          ? B extends Shape
            ? `concat: shapes differ outside axis ${Axis}: ${Show<A>} and ${Show<B>}`
            : With<A, AxisOf<A, Axis>, Total<{ [I in keyof Ss]: Key<SizeAt<Ss[I], Axis>> }>>
          : never
  : Shape;

type Total<Ks extends readonly unknown[]> = AllDigits<Ks> extends true ? FromKey<Sum<Ks>> : number;

/** The first shape that does not go with A outside the axis; undefined when all do. */
type Odd<A extends Shape, Rest extends Shapes, AxisKey> = Rest extends readonly [
  infer B extends Shape,
  ...infer More extends Shapes,
]
  ? Unranked<B> extends true
    ? Odd<A, More, AxisKey>
    : A["length"] extends B["length"]
      ? { [I in keyof A]: I extends AxisKey ? true : I extends keyof B ? Fits<A[I], B[I]> : false }[number] extends true
        ? Odd<A, More, AxisKey>
        : B
      : B
  : undefined;

/** Shape of stack(values, axis). */
export type StackShape<Ts extends Tensors, Axis extends number> = number extends Ts["length"]
  ? Shape
  : Ts[0] extends Tensor<infer A>
    ? InsertAt<A, Axis, Ts["length"]>
    : Shape;

type InsertAt<A extends Shape, Axis extends number, N extends number, Done extends Shape = readonly []> =
  Unranked<A> extends true
    ? Shape
    : AxisOf<readonly [...Done, ...A, N], Axis> extends `${Done["length"]}`
      ? readonly [...Done, N, ...A]
      : A extends readonly [infer M extends number, ...infer As extends Shape]
        ? InsertAt<As, Axis, N, readonly [...Done, M]>
        : Shape;

/** What is wrong with split(x, sizes, axis), if anything; then the type of its parts. */
export type SplitResult<A extends Shape, D extends DType, Sizes extends Shape, Axis extends number> = true extends
  | Unranked<A>
  | Vague<[Axis]>
  ? { readonly [I in keyof Sizes]: Tensor<Shape, D> }
  : [AxisOf<A, Axis>] extends [never]
    ? `split: axis ${Axis} is outside ${Show<A>}`
    : SplitFits<SizeAt<A, Axis>, Sizes> extends true
      ? { readonly [I in keyof Sizes]: Tensor<With<A, AxisOf<A, Axis>, Sizes[I]>, D> }
      : `split: sizes ${Show<Sizes>} add up to ${Sum<Keys<Sizes>>}, axis ${Axis} of ${Show<A>} is ${ShowDim<SizeAt<A, Axis>>}`;

type SplitFits<N, Sizes extends Shape> =
  Unranked<Sizes> extends true
    ? true
    : AllDigits<[Key<N>, ...Keys<Sizes>]> extends true
      ? Key<N> extends Sum<Keys<Sizes>>
        ? true
        : false
      : true;

/** Shape of slice_by_size(x, begin, size), or what is wrong. */
export type SliceSizeShape<A extends Shape, Begin, Size> = Size extends Shape
  ? Unranked<A> extends true
    ? Shape
    : Unranked<Size> extends true
      ? Unknown<A>
      : A["length"] extends Size["length"]
        ? Cuts<A, Begin, Size> extends infer R extends readonly unknown[]
          ? R[number] extends number
            ? R
            : `slice_by_size: ${R[number] & string} of ${Show<A>}`
          : never
        : `slice_by_size: size ${Show<Size>} must have one number for each axis of ${Show<A>}`
  : Unknown<A>;

type Unknown<A extends Shape> = { readonly [I in keyof A]: number };

type Cuts<A extends Shape, Begin, Size extends Shape> = {
  readonly [I in keyof A]: I extends keyof Size
    ? Cut<A[I], Begin extends Shape ? (I extends keyof Begin ? Begin[I] : never) : number, Size[I], I>
    : never;
};

/** One axis of a slice by size. */
type Cut<N, B, S, I> =
  AllDigits<[Key<N>, Key<B>, Key<S>]> extends true
    ? S extends -1
      ? FromKey<Minus<Key<N>, Key<B>>>
      : Minus<Key<N>, Plus<Key<B>, Key<S>>> extends "negative"
        ? `${Key<B>}+${Key<S>} runs past axis ${I & string} (${Key<N>})`
        : S
    : S extends -1
      ? number
      : S;

/** Shape of slice_by_index(x, begin, end) without stride or masks, or what is wrong. */
export type SliceIndexShape<A extends Shape, Begin, End> =
  Unranked<A> extends true
    ? Shape
    : [Begin, End] extends [infer B extends Shape, infer E extends Shape]
      ? Unranked<B> extends true
        ? Unknown<A>
        : Spans<A, B, E> extends infer R extends readonly unknown[]
          ? R[number] extends number
            ? R
            : `slice_by_index: ${R[number] & string} of ${Show<A>}`
          : never
      : Unknown<A>;

type Spans<A extends Shape, B extends Shape, E extends Shape> = {
  readonly [I in keyof A]: I extends keyof B & keyof E ? Span<A[I], Key<B[I]>, Key<E[I]>, I> : number;
};

/** One axis of a slice by index. Names and places counted from the end are left to the run time. */
type Span<N, B extends string, E extends string, I> = B extends "0"
  ? E extends Key<N>
    ? N
    : SpanOf<N, B, E, I>
  : SpanOf<N, B, E, I>;

type SpanOf<N, B extends string, E extends string, I> =
  AllDigits<[Key<N>, B, E]> extends true
    ? B extends `-${string}`
      ? number
      : E extends `-${string}`
        ? number
        : Minus<Key<N>, E> extends "negative"
          ? `end ${E} runs past axis ${I & string} (${Key<N>})`
          : Minus<E, B> extends infer M extends string
            ? M extends "negative" | "0"
              ? `nothing between ${B} and ${E} on axis ${I & string}`
              : FromKey<M>
            : never
    : number;

/** Shape of gather(x, indices, axis): the indices' axes in place of x's axis. */
export type GatherShape<A extends Shape, I extends Shape, Axis extends number> = true extends Unranked<A> | Unranked<I>
  ? Shape
  : Replace<A, I, AxisOf<A, Axis>>;

type Replace<A extends Shape, I extends Shape, AxisKey, Done extends Shape = readonly []> = A extends readonly [
  infer N extends number,
  ...infer As extends Shape,
]
  ? `${Done["length"]}` extends AxisKey
    ? readonly [...Done, ...I, ...As]
    : Replace<As, I, AxisKey, readonly [...Done, N]>
  : Shape;
