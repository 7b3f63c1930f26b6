/** Exact equality of types, for assertions that the compiler checks. */
import type { Tensor } from "../../../src/dsl/tensor.ts";

export type Equal<A, B> = (<X>() => X extends A ? 1 : 2) extends <X>() => X extends B ? 1 : 2 ? true : false;

/** Compiles only for `true`. */
export function yes<_ extends true>(): void {}

/** The shape of a tensor as a plain tuple. */
export type ShapeOf<T> = T extends Tensor<infer S> ? [...S] : never;

/** Compiles only when the tensor has exactly this shape. */
export function shape<_Expected extends readonly number[]>() {
  return <T extends Tensor>(_tensor: T, ..._wrong: Equal<ShapeOf<T>, _Expected> extends true ? [] : [ShapeOf<T>]) => {};
}
