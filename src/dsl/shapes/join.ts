/** Shapes of the ops that join tensors: concat, stack. */
import type { Tensor } from "../tensor.ts";
import type { DType, Shape } from "../type.ts";
import type { Sum } from "./arithmetic.ts";
import type { AllDigits, AxisOf, Fits, FromKey, Key, Show, SizeAt, Unranked, Vague, With } from "./dim.ts";

type Tensors = readonly Tensor[];
type Shapes = readonly Shape[];

/** The shapes of a list of tensors. */
type ShapesOf<Ts extends Tensors> = { readonly [I in keyof Ts]: Ts[I] extends Tensor<infer S> ? S : never };

/** The dtype of the first tensor of a list. */
export type FirstDType<Ts extends Tensors> = Ts[0] extends Tensor<Shape, infer D> ? D : DType;

/** Shape of concat(values, axis), or what is wrong. */
export type ConcatShape<Ts extends Tensors, Axis extends number> = number extends Ts["length"]
  ? Shape
  : SameDTypes<Ts> extends true
    ? Joined<ShapesOf<Ts>, Axis>
    : `concat: dtypes differ: ${FirstDType<Ts>} and ${Exclude<DTypeOf<Ts[number]>, FirstDType<Ts>>}`;

type DTypeOf<X> = X extends Tensor<Shape, infer D> ? D : never;
type SameDTypes<Ts extends Tensors> = { [I in keyof Ts]: Agree<FirstDType<Ts>, DTypeOf<Ts[I]>> }[number];
type Agree<D, E> = [D] extends [E] ? true : [E] extends [D] ? true : false;

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
