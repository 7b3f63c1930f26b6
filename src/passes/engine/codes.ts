/**
 * Activations in codes of 8 bits on the engine: rounding to codes, and convolutions of codes by codes, whose sums are whole numbers of 32 bits
 * with the scales behind them (751K/Apple-Neural-Engine-Microarchitecture-Study-M6, data/06_numerics/numerics_i8: M6).
 */
import { type OpDef, operandsOf, type Tensor } from "../../dsl/tensor.ts";
import { has } from "../../dsl/traits.ts";
import { halfAway, wholeAway } from "./half-away.ts";

/** From here on a sum of products of codes is infinite, at any scale. */
const MOST = 2 ** 31;

/** The scales of a convolution of codes by codes: one number for the activations, one or one a row for the weights. */
export interface CodeScales {
  readonly x: Tensor;
  readonly weight: Tensor;
}

/** Whether an operand is made of codes that were computed at run time, be it moved since. */
export const takesCodes = (def: OpDef): boolean => operandsOf(def).some(isOfCodes);

const isOfCodes = ({ def }: Tensor): boolean =>
  def.kind === "op" && (def.op === "dequantize" || (has(def, "moves") && operandsOf(def).some(isOfCodes)));

/**
 * The scales of a convolution in the form that is on record: int8 by int8 with one scale for all activations, none or zeros for zero points, no bias, no
 * padding, and a kernel of one column; undefined for any other op.
 */
export function codeScales(def: OpDef): CodeScales | undefined {
  const { x, weight, bias } = def.operands as Readonly<Record<string, Tensor>>;
  if (def.op !== "conv" || bias || x!.def.kind !== "op" || weight!.def.kind !== "op" || !isPlainConv(def))
    return undefined;
  const [of, by] = [x!.def, weight!.def];
  if (of.op !== "dequantize" || by.op !== "constexpr_blockwise_shift_scale" || by.operands.offset) return undefined;
  const [scale, scales] = [of.operands.scale as Tensor, by.operands.scale as Tensor];
  const isInt8 = [of.operands.input, by.operands.data].every((codes) => (codes as Tensor).type.dtype === "int8");
  const isByRow = scales.type.shape.slice(1).every((n) => n === 1);
  const isHalf = [scale, scales].every(({ type }) => type.dtype === "fp16");
  if (!isInt8 || !isByRow || !isHalf || scale.type.shape.length > 0 || !hasNoZeroPoint(of)) return undefined;
  return { x: scale, weight: scales };
}

function isPlainConv({ attrs, operands }: OpDef): boolean {
  const { shape } = (operands.weight as Tensor).type;
  const each = (key: string, n: number): boolean => (attrs[key] as readonly number[]).every((one) => one === n);
  const isUnpadded = attrs.pad_type === "valid" || (attrs.pad_type === "custom" && each("pad", 0));
  return (
    shape.length === 4 &&
    shape[3] === 1 &&
    attrs.groups === 1 &&
    isUnpadded &&
    each("strides", 1) &&
    each("dilations", 1)
  );
}

/** Whether codes stand for themselves. */
export const hasNoZeroPoint = ({ operands }: OpDef): boolean => {
  const zero = operands.zero_point as Tensor | undefined;
  return zero === undefined || (zero.def.kind === "const" && Array.from(zero.def.data).every((n) => n === 0));
};

/** Whether a scale changes exponents alone, so that every way of computing with it gives the same fp16. */
export const isPlainScale = (scale: number): boolean =>
  scale >= 2 ** -24 && scale <= 2 ** 8 && Number.isInteger(Math.log2(scale));

/** Whether all numbers of a scale are at hand, and plain. */
export const hasPlainScales = ({ operands }: OpDef): boolean => {
  const { def } = operands.scale as Tensor;
  return def.kind === "const" && Array.from(def.data).every(isPlainScale);
};

/** A code, and whether the record says that it is this one. */
export interface Code {
  readonly code: number;
  readonly isKnown: boolean;
}

/**
 * The code of a number. Ties go away from zero (cadamcat/llms-on-apple-neural-engine, articles/03: all fp16 at scale 1, M5 Pro), which was not measured on M4 and M6; of
 * scales that are no powers of two it is not on record how they divide, of zero points and of NaN and ±∞ nothing.
 */
export function codeFor(x: number, scale: number, zero: number, [least, most]: Ends): Code {
  const quotient = halfAway(x / scale);
  const whole = Number.isNaN(quotient) ? 0 : wholeAway(quotient);
  const code = Math.min(Math.max(whole + zero, least), most);
  const isTie = Math.abs(quotient) % 1 === 0.5 && Math.abs(quotient) <= most + 1;
  return { code, isKnown: Number.isFinite(x) && isPlainScale(scale) && zero === 0 && least < 0 && !isTie };
}

/** The least and the largest code. */
export type Ends = readonly [least: number, most: number];

/** The codes of a type. */
export const endsOf = (dtype: string): Ends => (dtype === "int8" ? [-128, 127] : [0, 255]);

/** The code that was made into a number. */
export const codeBehind = (number: number, scale: number): number =>
  Math.min(Math.max(Math.round(number / scale), -128), 127);

/** What leaves the engine for a sum of products of codes, in their order, and whether another order may give something else. */
export function sumOfCodes(
  products: readonly number[],
  scale: number,
): { readonly out: number; readonly mayOverflow: boolean } {
  let [sum, size] = [0, 0];
  for (const product of products) {
    sum = Math.abs(sum + product) >= MOST ? Math.sign(sum + product) * Number.POSITIVE_INFINITY : sum + product;
    size += Math.abs(product);
  }
  return { out: halfAway(sum * scale) + 0, mayOverflow: size >= MOST };
}
