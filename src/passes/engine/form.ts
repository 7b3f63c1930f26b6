/** How the engine runs an op: which of its units, if any of them. */
import { type OpDef, operandsOf } from "../../dsl/tensor.ts";
import { has } from "../../dsl/traits.ts";
import type { TensorType } from "../../dsl/type.ts";

/** `reference`: without fp16 operands and results it is not the engine that runs it, or nothing is rounded. */
export type Form = "moves" | "reference" | "product" | "function" | "codes" | "meaning";

/** The form of an op; `isFunction` tells the ops that are a function of one number (functions.ts). */
export function formOf(def: OpDef, type: TensorType, isFunction: (op: string) => boolean): Form {
  const half = type.dtype === "fp16" || operandsOf(def).some((x) => x.type.dtype === "fp16");
  if (has(def, "moves")) return "moves";
  if (!half || has(def, "constexpr")) return "reference";
  if (has(def, "product")) return "product";
  if (def.op === "quantize") return "codes";
  return isFunction(def.op) ? "function" : "meaning";
}
