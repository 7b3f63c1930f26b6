/**
 * Whose bits are on record, op by op: a list of what is known. An op that stands in none of them is open, whatever it is made of,
 * since a device may run it as one task that rounds once, or by a table of its own.
 */
import { type OpDef, operandsOf, type Tensor } from "../../dsl/tensor.ts";
import { has } from "../../dsl/traits.ts";
import { type DType, isFloat, type TensorType } from "../../dsl/type.ts";
import { codeScales, hasNoZeroPoint, hasPlainScales, takesCodes } from "./codes.ts";
import type { Knowledge } from "./estimate.ts";

/** What the record has of an op, functions of one number (functions.ts) and products aside. */
export interface Recorded {
  readonly level: Knowledge;
  /** What is not on record of it; absent where it is exact, or where its own steps tell. */
  readonly why?: string;
  /** Where the bounds come from, beside those of its steps: any of its operands may be chosen, or either neighbour. */
  readonly bounds?: "any operand" | "neighbours";
}

/** Source: the table of docs/engine-arithmetic.md; relu and sign are done without a table (K, f3_lut_m6: exact). */
const ELEMENTWISE: ReadonlySet<string> = new Set(["add", "sub", "mul", "maximum", "minimum", "relu", "sign"]);

/** Moves elements beside the ops that have the trait: where to may be a number of run time, what is moved keeps its bits. */
const MOVING: ReadonlySet<string> = new Set(
  "pad reverse_sequence space_to_batch slice_update fill_like gather gather_along_axis gather_nd".split(" "),
);

/** With bounds that hold for every order of their sums, and for a quotient by the reciprocal's table (the same table). */
const SUMMING: ReadonlySet<string> = new Set(
  "real_div reduce_sum reduce_mean reduce_sum_square reduce_l1_norm reduce_l2_norm softmax layer_norm instance_norm l2_norm".split(
    " ",
  ),
);

/** Give one of their operands' numbers, or whether something holds. */
const CHOOSING: ReadonlySet<string> = new Set(
  "select reduce_max reduce_min less less_equal greater greater_equal equal not_equal".split(" "),
);

const EXACT: Recorded = { level: "exact" };

/** What the record has of an op. */
export function recordedOf(def: OpDef, type: TensorType): Recorded {
  const dtypes = [type, ...operandsOf(def).map((x) => x.type)].map(({ dtype }) => dtype);
  if (has(def, "moves") || has(def, "constexpr") || MOVING.has(def.op)) return EXACT;
  if (def.op === "cast") return ofCast(operandsOf(def)[0]!.type.dtype, type.dtype);
  if (!dtypes.some(isFloat)) return EXACT;
  if (takesCodes(def)) return { level: "open", why: `${def.op} of codes: on record are convolutions of them alone` };
  if (dtypes.includes("fp32")) return { level: "open", why: `${def.op} of fp32 is not on record` };
  if (ELEMENTWISE.has(def.op)) return EXACT;
  if (def.op === "dequantize" && hasPlainScales(def) && hasNoZeroPoint(def)) return EXACT;
  if (SUMMING.has(def.op)) return { level: "bounded" };
  if (CHOOSING.has(def.op))
    return { level: "bounded", why: `${def.op}: how it chooses is not on record`, bounds: "any operand" };
  return { level: "open", why: `${def.op}: its arithmetic is not on record` };
}

/** Types all of whose numbers a float type has. */
const HELD: Readonly<Partial<Record<DType, readonly DType[]>>> = {
  fp16: ["fp16", "bool", "int8", "uint8"],
  fp32: ["fp32", "fp16", "bool", "int8", "uint8", "int16", "uint16"],
};

function ofCast(from: DType, to: DType): Recorded {
  if (from === to || HELD[to]?.includes(from) || !(isFloat(from) || isFloat(to))) return EXACT;
  const why = "cast: how it rounds is not on record";
  return to === "fp16" ? { level: "bounded", why, bounds: "neighbours" } : { level: "open", why };
}

/**
 * Products whose bits are not on record. Convolutions were measured with kernels of 1; wider ones may go by Winograd's method or in
 * passes. Of weights with scales it is not known whether these are multiplied in before the sum or after it.
 */
export function hasOtherArithmetic(def: OpDef): boolean {
  if (codeScales(def)) return false;
  if (takesCodes(def)) return true;
  if (operandsOf(def).some(isUnpacked)) return true;
  const { weight } = def.operands;
  if (!weight || Array.isArray(weight)) return false;
  return def.op === "conv" && (weight as Tensor).type.shape.slice(2).some((n) => n !== 1);
}

/** Whether a value is made of codes, be it moved or cut since. */
function isUnpacked({ def }: Tensor): boolean {
  if (def.kind !== "op") return false;
  return has(def, "constexpr") || (has(def, "moves") && operandsOf(def).some(isUnpacked));
}
