/**
 * Rotary position embedding by halves (RoFormer, arXiv 2104.09864, in GPT-NeoX's order): dim i of the first half turns
 * with dim i of the second. Dims beyond the rotated ones pass through.
 */
import { add, concat, mul, split, sub } from "../../dsl/ops/index.ts";
import type { Tensor } from "../../dsl/tensor.ts";
import type { Shape } from "../../dsl/type.ts";

type Value = Tensor<Shape, "fp16">;

/** Where the heads' dims lie, and how the turn is written. */
export interface RopeOptions {
  /** The axis of x that holds a head's dims. */
  readonly axis: number;
  /** `halves` writes lo·cos − hi·sin and hi·cos + lo·sin; `rotate_half` writes x·cos + [−hi, lo]·sin. */
  readonly form?: "halves" | "rotate_half";
}

/**
 * Turns the heads of x. `cos` and `sin` have one value per pair of dims on the last axis but `axis`'s place, and
 * broadcast over the heads: [T, pairs] for x [1, heads, T, dim], [pairs, T] for x [1, heads, dim, T].
 */
export function rope<S extends Shape>(
  x: Tensor<S, "fp16">,
  cos: Value,
  sin: Value,
  { axis, form = "halves" }: RopeOptions,
): Tensor<S, "fp16"> {
  const pairs = cos.type.shape[axis - x.type.shape.length + cos.type.shape.length]!;
  const rest = x.type.shape[axis]! - 2 * pairs;
  const [lo, hi, pass] = split(x as Value, { split_sizes: rest > 0 ? [pairs, pairs, rest] : [pairs, pairs], axis });
  const turned = form === "halves" ? byHalves(lo!, hi!, cos, sin) : byRotateHalf(lo!, hi!, cos, sin, axis);
  return concat(pass ? [...turned, pass] : turned, { axis }) as Tensor<S, "fp16">;
}

const byHalves = (lo: Value, hi: Value, cos: Value, sin: Value): readonly Value[] => [
  sub(mul(lo, cos), mul(hi, sin)),
  add(mul(hi, cos), mul(lo, sin)),
];

function byRotateHalf(lo: Value, hi: Value, cos: Value, sin: Value, axis: number): readonly Value[] {
  const both = (a: Value, b: Value): Value => concat([a, b], { axis: axis - lo.type.shape.length });
  const swapped = both(mul(hi, -1), lo);
  return [add(mul(both(lo, hi), both(cos, cos)), mul(swapped, both(sin, sin)))];
}
