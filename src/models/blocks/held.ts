/** Values at powers of two, and clips of them. */
import { clip, mul } from "../../dsl/ops/index.ts";
import type { Tensor } from "../../dsl/tensor.ts";
import type { Shape } from "../../dsl/type.ts";

type Value = Tensor<Shape, "fp16">;

/** 2 to a larger power is no number in fp64. */
export const MOST_HELD = 1000;

/** x · 2^−k, by an op where it is one: exact, but for numbers that become subnormal in fp16. */
export const heldAt = (x: Value, k: number): Value => (k === 0 ? x : mul(x, 2 ** -k));

/** What is held at 2^−k, clipped at ±most of full size. */
export const clippedAt = (x: Value, k: number, most: number): Value =>
  clip(x, { alpha: -most * 2 ** -k, beta: most * 2 ** -k });
