/** Values of random graphs: ops called by name, so that an edit may put another op in the place of one. */
import { opTable } from "../../../../src/dsl/ops/index.ts";
import { constant, type Tensor } from "../../../../src/dsl/tensor.ts";
import type { DType } from "../../../../src/dsl/type.ts";

/** A value with the axis that its tokens lie on; without one it is the same for all tokens. */
export interface Value {
  readonly x: Tensor;
  readonly token?: number;
}

type Call = (...given: readonly unknown[]) => Tensor;

/** The op of that MIL name. @throws GraphError as the op does. */
export const call = (name: string, ...given: readonly unknown[]): Tensor =>
  (opTable.get(name) as unknown as Call)(...given);

/** One number, in the dtype of `like`. */
export const numberLike = (like: Tensor, value: number): Tensor => constant([value], [1], like.type.dtype as "fp16");

/** x as that dtype. */
export const castTo = (x: Tensor, dtype: DType): Tensor => (x.type.dtype === dtype ? x : call("cast", x, { dtype }));

export const isTruth = (x: Tensor): boolean => x.type.dtype === "bool";

/** One of a list, by any whole number. */
export const pick = <X>(list: readonly X[], n: number): X => list[n % list.length]!;
