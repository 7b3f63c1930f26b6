/**
 * Arithmetic of sizes in the type system, on decimal digit strings. Inside, digits run units first and may end in
 * zeros. Results are compared as strings: a number literal beyond 2⁵³ would not survive the way back to a number.
 *
 * A table is read as `K extends keyof T ? T[K] : never`: the form T[K & keyof T] made the checker ten times slower.
 */
import type { ADD, MULADD, SUB } from "./digits.gen.ts";

/** A + B. */
export type Plus<A extends string, B extends string> = Forward<AddUnits<Reverse<A>, Reverse<B>>>;

/** A · B. */
export type Times<A extends string, B extends string> = Forward<MulUnits<Reverse<A>, Reverse<B>>>;

/** A − B, or "negative". */
export type Minus<A extends string, B extends string> = SubUnits<Reverse<A>, Reverse<B>>;

/** The sum of a list; "0" for none. */
export type Sum<Ns extends readonly unknown[], Total extends string = "0"> = Ns extends readonly [
  infer N extends string,
  ...infer Rest,
]
  ? Sum<Rest, Plus<Total, N>>
  : Total;

/** The product of a list; "1" for none. */
export type Product<Ns extends readonly unknown[], Total extends string = "1"> = Ns extends readonly [
  infer N extends string,
  ...infer Rest,
]
  ? Product<Rest, Total extends "1" ? N : Times<Total, N>>
  : Total;

type Reverse<S extends string, Out extends string = ""> = S extends `${infer C}${infer Rest}`
  ? Reverse<Rest, `${C}${Out}`>
  : Out;

type Forward<Units extends string> = Trim<Reverse<Units>>;
type Trim<S extends string> = S extends `0${infer Rest}` ? (Rest extends "" ? "0" : Trim<Rest>) : S;

type AddUnits<
  A extends string,
  B extends string,
  Carry extends string = "0",
  Out extends string = "",
> = A extends `${infer a}${infer As}`
  ? B extends `${infer b}${infer Bs}`
    ? `${a}${b}${Carry}` extends infer K extends keyof ADD
      ? ADD[K] extends `${infer d}${infer c}`
        ? AddUnits<As, Bs, c, `${Out}${d}`>
        : never
      : never
    : AddUnits<A, "0", Carry, Out>
  : B extends ""
    ? `${Out}${Carry}`
    : AddUnits<"0", B, Carry, Out>;

type SubUnits<
  A extends string,
  B extends string,
  Borrow extends string = "0",
  Out extends string = "",
> = A extends `${infer a}${infer As}`
  ? B extends `${infer b}${infer Bs}`
    ? `${a}${b}${Borrow}` extends infer K extends keyof SUB
      ? SUB[K] extends `${infer d}${infer c}`
        ? SubUnits<As, Bs, c, `${Out}${d}`>
        : never
      : never
    : SubUnits<A, "0", Borrow, Out>
  : B extends ""
    ? Borrow extends "1"
      ? "negative"
      : Forward<Out>
    : SubUnits<"0", B, Borrow, Out>;

/** Long multiplication: the last digit of what has been added up is final, the rest carries over. */
type MulUnits<
  A extends string,
  B extends string,
  Rest extends string = "",
  Out extends string = "",
> = B extends `${infer b}${infer Bs}`
  ? AddUnits<Rest, MulDigit<A, b>> extends `${infer d}${infer More}`
    ? MulUnits<A, Bs, More, `${Out}${d}`>
    : never
  : `${Out}${Rest}`;

type MulDigit<
  A extends string,
  B extends string,
  Carry extends string = "0",
  Out extends string = "",
> = A extends `${infer a}${infer As}`
  ? `${a}${B}${Carry}` extends infer K extends keyof MULADD
    ? MULADD[K] extends `${infer d}${infer c}`
      ? MulDigit<As, B, c, `${Out}${d}`>
      : never
    : never
  : `${Out}${Carry}`;
