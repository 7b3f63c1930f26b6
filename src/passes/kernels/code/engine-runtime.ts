/** What the JavaScript of the engine's reading calls: its elementwise unit on doubles, and its functions. */
import type { Unary } from "../../../dsl/algebra.ts";
import { decoded } from "../../engine/half-away.ts";
import { inverse } from "../../engine/tables.ts";
import { UNARY } from "../../interpret/reading.ts";
import { functionsByOp, functionTable } from "../engine/tables.ts";
import { HALF, halfBits } from "./runtime.ts";

const double = new Float64Array(1);
const words = new Int32Array(double.buffer);
/** Of 2^-14, the least normal fp16, the upper half of the double; and what the exponent fields of double and fp16 differ by. */
const [LEAST_NORMAL, BIASES] = [0x3f100000, (1023 - 15) << 10];

/**
 * Bits of the fp16 nearest to a double, ties away from zero: half of the last place is added and the rest cut off, so that the lower
 * half of the double does not count. NaN becomes 0x7e00.
 */
export function halfAwayBits(x: number): number {
  double[0] = x;
  const high = words[1]!;
  const [sign, magnitude] = [(high >>> 16) & 0x8000, high & 0x7fffffff];
  if (magnitude < LEAST_NORMAL) return sign | Math.floor(Math.abs(x) * 2 ** 24 + 0.5);
  const rounded = ((magnitude + 0x200) >> 10) - BIASES;
  if (rounded < 0x7c00) return sign | rounded;
  return Number.isNaN(x) ? 0x7e00 : sign | 0x7c00;
}

const halfAway = (x: number): number => HALF[halfAwayBits(x)]!;

/** As an operand is taken; only what is not finite is anything else than it is. */
const taken = (x: number): number => (Number.isFinite(x) ? x : decoded(x));

/** A fp16 is looked up; anything else, such as what an infinity is taken for, is computed. */
function unary(f: Unary): (x: number) => number {
  return (x) => {
    if (!functionsByOp().has(f)) return halfAway(UNARY[f](decoded(x)));
    const bits = halfBits(x);
    return HALF[bits] === x ? HALF[functionTable(f, 0).bits[bits]!]! : functionsByOp().get(f)!.at(x, 0).point;
  };
}

/** By the names that the text uses. */
export const engineHelpers = {
  halfAway,
  halfAwayBits,
  engineTaken: taken,
  engineAdd: (a: number, b: number): number => halfAway(taken(a) + taken(b)),
  engineSubtract: (a: number, b: number): number => halfAway(taken(a) + taken(-b)),
  engineMultiply: (a: number, b: number): number => halfAway(taken(a) * taken(b)),
  engineDivide: (a: number, b: number): number => halfAway(taken(a) * taken(inverse(b, 0))),
  enginePower: (a: number, b: number): number => halfAway(a ** b),
  engineMaximum: (a: number, b: number): number => halfAway(Math.max(taken(a), taken(b))),
  engineMinimum: (a: number, b: number): number => halfAway(Math.min(taken(a), taken(b))),
  engineUnary: Object.fromEntries(Object.keys(UNARY).map((f) => [f, unary(f as Unary)])) as Readonly<
    Record<Unary, (x: number) => number>
  >,
} as const;
