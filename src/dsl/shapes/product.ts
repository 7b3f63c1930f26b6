/** Shapes of the ops that multiply and sum: matmul, linear, conv. */
import type { Shape } from "../type.ts";
import type { Zip } from "./broadcast.ts";
import type { Fits, Show, ShowDim, Unranked } from "./dim.ts";

/** Shape of matmul(x, y), or what is wrong. */
export type MatmulShape<A extends Shape, B extends Shape, TX, TY> = true extends Unranked<A> | Unranked<B>
  ? Shape
  : A extends readonly [...infer As extends Shape, infer M, infer N]
    ? B extends readonly [...infer Bs extends Shape, infer P, infer Q]
      ? TX extends true
        ? TY extends true
          ? Multiplied<A, B, As, Bs, N, M, Q, P>
          : Multiplied<A, B, As, Bs, N, M, P, Q>
        : TY extends true
          ? Multiplied<A, B, As, Bs, M, N, Q, P>
          : Multiplied<A, B, As, Bs, M, N, P, Q>
      : "matmul: needs matrices: both operands must have rank 2 or more"
    : "matmul: needs matrices: both operands must have rank 2 or more";

type Multiplied<A extends Shape, B extends Shape, As extends Shape, Bs extends Shape, I, K, K2, J> =
  Fits<K, K2> extends true
    ? Zip<As, Bs> extends infer Batch extends readonly unknown[]
      ? Batch[number] extends number
        ? readonly [...Batch, I, J]
        : `matmul: batch axes of ${Show<A>} and ${Show<B>} do not broadcast: ${Batch[number] & string}`
      : never
    : `matmul: inner sizes differ: ${ShowDim<K>} and ${ShowDim<K2>} in ${Show<A>} x ${Show<B>}`;

/** Shape of linear(x, weight), or what is wrong. */
export type LinearShape<A extends Shape, W extends Shape> =
  Unranked<A> extends true
    ? Shape
    : A extends readonly [...infer As extends Shape, infer N]
      ? W extends readonly [infer O, infer K]
        ? Fits<N, K> extends true
          ? readonly [...As, O]
          : `linear: the last axis of ${Show<A>} is ${ShowDim<N>}, the weight ${Show<W>} takes ${ShowDim<K>}`
        : Shape
      : Shape;

/**
 * Shape of conv(x, weight), or what is wrong. Exact for kernels of size 1 without further options, which keep every
 * spatial size; the spatial sizes of others are left to the run time. `Plain` is false when options are given.
 */
export type ConvShape<A extends Shape, W extends Shape, Plain> = A extends readonly [
  infer N,
  infer C,
  ...infer Space extends Shape,
]
  ? W extends readonly [infer O, infer K, ...infer Kernel extends Shape]
    ? Space["length"] extends Kernel["length"]
      ? Plain extends true
        ? Fits<C, K> extends true
          ? readonly [N, O, ...(Kernel[number] extends 1 ? Space : Unknown<Space>)]
          : `conv: ${Show<A>} has ${ShowDim<C>} channels, the weight ${Show<W>} takes ${ShowDim<K>}`
        : readonly [N, O, ...Unknown<Space>]
      : `conv: the weight ${Show<W>} has another rank than ${Show<A>}`
    : Shape
  : Shape;

type Unknown<S extends Shape> = { readonly [I in keyof S]: number };

/** Shape of scaled_dot_product_attention(query, key, value). */
export type AttentionShape<A extends Shape, V extends Shape> = A extends readonly [...infer As extends Shape, infer _]
  ? V extends readonly [...infer _, infer E extends number]
    ? readonly [...As, E]
    : Shape
  : Shape;
