/** What rows of the placement record are made of. */
import { constant, input, type Tensor } from "../../../src/dsl/tensor.ts";
import type { DType, Shape } from "../../../src/dsl/type.ts";
import type { OpValue } from "../../../src/passes/lint/lint-rule.ts";

/** One row: an op of a model, and whether the engine takes it. */
export interface Form {
  /** The record's case; behind # which of its ops, where it is not the first. */
  readonly name: string;
  readonly value: OpValue;
  readonly takes: boolean;
}

export const x = (shape: Shape, dtype: DType = "fp16", name = "x"): Tensor => input(name, shape, dtype);
export const weights = (...shape: Shape): Tensor =>
  constant(new Float64Array(shape.reduce((a, n) => a * n, 1)), shape, "fp16");
export const IMAGE: Shape = [1, 64, 32, 32];
export const image = (dtype: DType = "fp16", name = "x"): Tensor => x(IMAGE, dtype, name);

export const form = (name: string, value: Tensor, takes: boolean): Form => ({ name, value: value as OpValue, takes });

/** The ops of one case in the order of the file. */
export const ofCase = (name: string, ...ops: readonly (readonly [value: Tensor, takes: boolean])[]): readonly Form[] =>
  ops.map(([value, takes], n) => form(n === 0 ? name : `${name}#${n}`, value, takes));
