/**
 * Sizes as types. A size is a number literal, a `Dim<"T">` that TypeScript knows by name, or plain `number`: known
 * only at run time, fits everything. A rule computes a shape or, when the operands do not fit, a message; `Check`
 * puts the message where the argument's type should be.
 *
 * A function that is itself generic in a size (`<T extends number>`) cannot use the rules: the compiler puts them off.
 * Give it concrete sizes or a `Dim`, or shapes of type `Shape`, which are left to the run-time check.
 */
import type { Tensor } from "../tensor.ts";
import type { Shape } from "../type.ts";
import type { FROM_END } from "./digits.gen.ts";

/** A size as text: "3072", "T", or `string` for one known only at run time. */
export type Key<N> = N extends { readonly dim?: infer Name }
  ? Name & string
  : number extends N
    ? string
    : `${N & number}`;

/** The sizes of a shape as text. */
export type Keys<S extends Shape> = { [I in keyof S]: Key<S[I]> };

/** The size that a text of digits stands for; `number` for a name, and beyond 2⁵³. */
export type FromKey<K> = K extends `${infer N extends number}` ? N : number;

/** Whether every text of the list is a number. */
export type AllDigits<Ks extends readonly unknown[]> = Ks[number] extends `${number}` ? true : false;

/** `[1,24,T,128]`, with `?` for a size known only at run time. */
export type Show<S extends readonly unknown[], Out extends string = ""> = S extends readonly [infer N, ...infer Rest]
  ? Show<Rest, `${Out}${Out extends "" ? "" : ","}${ShowDim<N>}`>
  : `[${Out}]`;

/** One size as an error shows it: its number, its name, or `?` where it is only known at run time. */
export type ShowDim<N> = string extends Key<N> ? "?" : Key<N>;

/** Whether two sizes may be the same one. */
export type Fits<M, N> = Key<M> extends Key<N> ? true : Key<N> extends Key<M> ? true : false;

/** Of two sizes that fit, the one that is known better. */
export type Better<M, N> = string extends Key<M> ? N : M;

/** Whether the rank is unknown: such a shape is left to the run-time check. */
export type Unranked<S extends Shape> = number extends S["length"] ? true : false;

/** Whether a list of attribute numbers is not known in full; a rule that needs them is left to the run-time check. */
export type Vague<S extends Shape> = number extends S["length"] | S[number] ? true : false;

/** The positions of axes, counted from the front, as keys of the tuple; never for one that is outside. */
export type AxisOf<S extends Shape, Axis extends number> = Axis extends number
  ? `${Axis}` extends infer K extends keyof S
    ? K
    : `${S["length"]}:${Axis}` extends infer K extends keyof FROM_END
      ? FROM_END[K]
      : never
  : never;

/** The size of an axis. */
export type SizeAt<S extends Shape, Axis extends number> =
  AxisOf<S, Axis> extends infer K extends keyof S ? S[K] : never;

/** The shape with another size at an axis, given by its key. */
export type With<S extends Shape, AxisKey, N> = { readonly [I in keyof S]: I extends AxisKey ? N : S[I] };

/** Nothing to demand of an argument when the rule found a shape; its message when not. */
export type Check<Result> = [Result] extends [string] ? Result : unknown;

/** The shape that a rule found; unknown when it found a mistake. */
export type AsShape<Result> = Result extends Shape ? Result : Shape;

/** What an op takes where it wants a tensor: numbers become constants. */
export type Operand = Tensor | number | readonly number[];

/** The shape of an operand: a number is a scalar, a list a vector. */
export type OperandShape<X> =
  X extends Tensor<infer S> ? S : X extends readonly unknown[] ? readonly [X["length"]] : readonly [];
