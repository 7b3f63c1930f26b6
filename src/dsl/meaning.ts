/** What an op value means in a reading: the one bridge between declarations and interpreters or provers. */
import type { Algebra, Read } from "./algebra.ts";
import { infoOf, mapOperands } from "./operands.ts";
import { opTable } from "./ops/index.ts";
import type { OpDef, Tensor } from "./tensor.ts";
import type { TensorType } from "./type.ts";

/**
 * The element of an op value at an index, in the reading `m`, rounded to the value's dtype unless the op only moves
 * elements. `read` gives the reading of an operand.
 */
export function meaningOf<S, I>(
  m: Algebra<S, I>,
  def: OpDef,
  type: TensorType,
  read: (operand: Tensor) => Read<S, I>,
): (ix: readonly I[]) => S {
  const { spec } = opTable.get(def.op)!;
  const reads = mapOperands(def.operands, (operand) => Object.assign(infoOf(operand), read(operand)));
  const result = { part: def.part ?? 0, ...type };
  // The declaration is written over opaque scalars and indices: here the reading's own types take their place.
  const element = spec.element(m as never, reads as never, def.attrs as never, result) as unknown as (
    ix: readonly I[],
  ) => S;
  return spec.rounds === false ? element : (ix) => m.round(type.dtype, element(ix));
}
