/** Shapes of the ops that take pieces: split, slices, gather. */
import type { Tensor } from "../tensor.ts";
import type { DType, Shape } from "../type.ts";
import type { Minus, Plus, Sum } from "./arithmetic.ts";
import type { AllDigits, AxisOf, FromKey, Key, Keys, Show, ShowDim, SizeAt, Unranked, Vague, With } from "./dim.ts";

/** What is wrong with split(x, sizes, axis), if anything; then the type of its parts. */
type SplitResult<A extends Shape, D extends DType, Sizes extends Shape, Axis extends number> = true extends
  | Unranked<A>
  | Vague<[Axis]>
  ? { readonly [I in keyof Sizes]: Tensor<Shape, D> }
  : [AxisOf<A, Axis>] extends [never]
    ? `split: axis ${Axis} is outside ${Show<A>}`
    : SplitFits<SizeAt<A, Axis>, Sizes> extends true
      ? { readonly [I in keyof Sizes]: Tensor<With<A, AxisOf<A, Axis>, Sizes[I]>, D> }
      : `split: sizes ${Show<Sizes>} add up to ${Sum<Keys<Sizes>>}, axis ${Axis} of ${Show<A>} is ${ShowDim<SizeAt<A, Axis>>}`;

/** Lists of so many parts. */
type PartsOf<T> = {
  readonly 1: readonly [T];
  readonly 2: readonly [T, T];
  readonly 3: readonly [T, T, T];
  readonly 4: readonly [T, T, T, T];
};

/** The same by the options of the call; num_splits gives up to four parts as a tuple, of sizes that are looked at when it is called. */
export type SplitParts<A extends Shape, D extends DType, O> = O extends {
  readonly split_sizes: infer Sizes extends Shape;
  readonly axis: infer Axis extends number;
}
  ? SplitResult<A, D, Sizes, Axis>
  : O extends { readonly num_splits: infer N extends keyof PartsOf<unknown> }
    ? PartsOf<Tensor<Shape, D>>[N]
    : readonly Tensor<Shape, D>[];

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
        ? SizedSlice<A, Begin, Size> extends infer R extends readonly unknown[]
          ? R[number] extends number
            ? R
            : `slice_by_size: ${R[number] & string} of ${Show<A>}`
          : never
        : `slice_by_size: size ${Show<Size>} must have one number for each axis of ${Show<A>}`
  : Unknown<A>;

type Unknown<A extends Shape> = { readonly [I in keyof A]: number };

type SizedSlice<A extends Shape, Begin, Size extends Shape> = {
  readonly [I in keyof A]: I extends keyof Size
    ? SizedAxis<A[I], Begin extends Shape ? (I extends keyof Begin ? Begin[I] : never) : number, Size[I], I>
    : never;
};

/** One axis of a slice by size. */
type SizedAxis<N, B, S, I> =
  AllDigits<[Key<N>, Key<B>, Key<S>]> extends true
    ? S extends -1
      ? FromKey<Minus<Key<N>, Key<B>>>
      : Minus<Key<N>, Plus<Key<B>, Key<S>>> extends "negative"
        ? `${Key<B>}+${Key<S>} runs past axis ${I & string} (${Key<N>})`
        : S
    : S extends -1
      ? number
      : S;

/** Options of the slice ops, one entry an axis: a mask that is true sets aside begin, end or the axis itself. */
export interface SliceOptions {
  readonly stride?: readonly number[];
  readonly begin_mask?: readonly boolean[];
  readonly end_mask?: readonly boolean[];
  readonly squeeze_mask?: readonly boolean[];
}

/** Shape of slice_by_index(x, begin, end), or what is wrong; options are left to the run time. */
export type SliceIndexShape<A extends Shape, Begin, End, Options> = [keyof Options] extends [never]
  ? PlainSlice<A, Begin, End>
  : "squeeze_mask" extends keyof Options
    ? Shape
    : Unknown<A>;

type PlainSlice<A extends Shape, Begin, End> =
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
