/** Shapes of the ops that rearrange: reshape, transpose, expand_dims, squeeze, tile. */
import type { Shape } from "../type.ts";
import type { Product, Times } from "./arithmetic.ts";
import type { AllDigits, AxisOf, FromKey, Key, Keys, Show, ShowDim, Unranked, Vague } from "./dim.ts";

/**
 * Shape of reshape(x, shape), or what is wrong. Sizes on both sides cancel first, by name too; what is left must be
 * numbers with the same product. A size of -1 is worked out at run time.
 */
export type ReshapeShape<A extends Shape, S extends Shape> = true extends Unranked<A> | Unranked<S>
  ? S
  : "-1" extends Keys<S>[number]
    ? { readonly [I in keyof S]: S[I] extends -1 ? number : S[I] }
    : Left<Keys<A>, Keys<S>> extends infer L extends Rest
      ? Unsure<L> extends true
        ? S
        : AllDigits<[...L[0], ...L[1]]> extends true
          ? [Product<L[0]>, Product<L[1]>] extends [infer M extends string, infer N extends string]
            ? M extends N
              ? S
              : `reshape: ${Show<A>} has not as many elements as ${Show<S>}: ${M} against ${N} where they differ`
            : never
          : `reshape: ${Show<A>} and ${Show<S>} do not share the size ${Exclude<[...L[0], ...L[1]][number], `${number}`>}`
      : never;

type Rest = readonly [left: readonly string[], right: readonly string[]];

/** A list that still holds a size known only at run time proves nothing. */
type Unsure<L extends Rest> = string extends [...L[0], ...L[1]][number] ? true : false;

/** What is left of both lists when equal sizes and ones are struck out. */
type Left<
  A extends readonly unknown[],
  B extends readonly unknown[],
  Kept extends readonly string[] = [],
> = A extends readonly [infer M extends string, ...infer As]
  ? M extends "1"
    ? Left<As, B, Kept>
    : Strike<M, B> extends infer Bs extends readonly unknown[]
      ? Left<As, Bs, Kept>
      : Left<As, B, [...Kept, M]>
  : readonly [Kept, NotOne<B>];

/** B without its first M; false when there is none. */
type Strike<M, B extends readonly unknown[], Seen extends readonly unknown[] = []> = string extends M
  ? false
  : B extends readonly [infer N, ...infer Bs]
    ? [M, N] extends [N, M]
      ? [...Seen, ...Bs]
      : Strike<M, Bs, [...Seen, N]>
    : false;

type NotOne<B extends readonly unknown[], Out extends readonly string[] = []> = B extends readonly [
  infer N extends string,
  ...infer Bs,
]
  ? NotOne<Bs, N extends "1" ? Out : [...Out, N]>
  : Out;

/** Shape of transpose(x, perm), or what is wrong. */
export type TransposeShape<A extends Shape, P extends Shape> = true extends Unranked<A> | Vague<P>
  ? Shape
  : [P["length"], Indices<A>] extends [A["length"], AxisOf<A, P[number]>]
    ? { readonly [I in keyof P]: AxisOf<A, P[I]> extends infer K extends keyof A ? A[K] : never }
    : `transpose: perm ${Show<P>} is not a permutation of the axes of ${Show<A>}`;

/** "0" | "1" | … of a tuple. */
type Indices<A extends Shape> = Exclude<keyof A, keyof Shape>;

/** Shape of expand_dims(x, axes); axes count in the result. */
export type ExpandShape<A extends Shape, Axes extends Shape> = true extends Unranked<A> | Vague<Axes>
  ? Shape
  : Insert<A, AxisOf<readonly [...A, ...Axes], Axes[number]>, [...A, ...Axes]["length"]>;

type Insert<A extends Shape, Keys, Rank, Done extends Shape = readonly []> = Done["length"] extends Rank
  ? Done
  : `${Done["length"]}` extends Keys
    ? Insert<A, Keys, Rank, readonly [...Done, 1]>
    : A extends readonly [infer N extends number, ...infer As extends Shape]
      ? Insert<As, Keys, Rank, readonly [...Done, N]>
      : Shape;

/** Shape of squeeze(x, axes), or what is wrong. */
export type SqueezeShape<A extends Shape, Axes extends Shape> = true extends Unranked<A> | Vague<Axes>
  ? Shape
  : Drop<A, AxisOf<A, Axes[number]>> extends infer R extends readonly unknown[]
    ? R[number] extends number
      ? R
      : `squeeze: ${Show<A>} has size ${R[number] & string} on a squeezed axis`
    : never;

/** The shape without the axes of the given keys; one that is not 1 stays as text. */
type Drop<
  A extends Shape,
  Keys,
  Done extends readonly unknown[] = readonly [],
  Seen extends readonly unknown[] = [],
> = A extends readonly [infer N, ...infer As extends Shape]
  ? `${Seen["length"]}` extends Keys
    ? Drop<As, Keys, "1" extends Key<N> ? Done : readonly [...Done, ShowDim<N>], [...Seen, N]>
    : Drop<As, Keys, readonly [...Done, N], [...Seen, N]>
  : Done;

/** Shape of tile(x, reps), or what is wrong. */
export type TileShape<A extends Shape, R extends Shape> = true extends Unranked<A> | Unranked<R>
  ? Shape
  : A["length"] extends R["length"]
    ? { readonly [I in keyof A]: Tiled<A[I], I extends keyof R ? R[I] : never> }
    : `tile: reps ${Show<R>} must have one number for each axis of ${Show<A>}`;

type Tiled<N, R> = R extends 1
  ? N
  : N extends 1
    ? R
    : AllDigits<[Key<N>, Key<R>]> extends true
      ? FromKey<Times<Key<N>, Key<R>>>
      : number;
