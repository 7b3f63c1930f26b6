/** The types that a file declares, held against those that are inferred. */
import { show, type TensorType } from "../../../dsl/type.ts";
import type { MilDim, MilNamed, MilType } from "../../mil/records.ts";
import { refuse, type Where } from "../decode/value.ts";

/** @throws UserError unless the declared type is the inferred one; an open size matches any. */
export function checkDeclared({ name, type }: MilNamed, inferred: TensorType, where: Where): void {
  const agrees = type.kind === "tensor" && type.dtype === inferred.dtype && matches(type.shape, inferred.shape);
  if (!agrees)
    throw refuse(where, `declares "${name}" as ${showMilType(type)}; its operands make it ${show(inferred)}`);
}

/** Whether shapes agree where both are known. */
export const matches = (declared: readonly MilDim[], shape: readonly MilDim[]): boolean =>
  declared.length === shape.length && declared.every((n, axis) => n === undefined || n === shape[axis]);

/** `fp16[1,8,?,1]`, or a state of such. */
export function showMilType(type: MilType): string {
  const { dtype, shape } = type.kind === "state" ? type.tensor : type;
  const shown = `${dtype}[${shape.map((n) => n ?? "?").join(",")}]`;
  return type.kind === "state" ? `a state of ${shown}` : shown;
}
