/** Rules of +, −, ·, / that hold bit for bit in IEEE arithmetic, up to the sign of zero. */

import type { Context } from "../logic/context.ts";
import { bare, inOrder, is, isFiniteNum, num } from "../logic/make.ts";
import { fits, intern, type Term } from "../logic/terms.ts";
import type { Hit, TermRule } from "./rule.ts";

/** Raw construction; callers have already simplified the parts. */
export const raw = (c: Context, kind: Term["kind"], args: readonly Term[], tag = ""): Term =>
  intern(c.store, { kind, args, tag });

export const negate = (c: Context, t: Term): Term =>
  t.kind === "neg" ? t.args[0]! : t.value === undefined ? raw(c, "neg", [t]) : num(c, -t.value);

const hit = (side: boolean, result: () => Term): Hit => ({ side, result });
const signs = (args: readonly Term[]): number => args.filter((t) => t.kind === "neg").length;
/** The constant of a pair and the other one. */
const split = (args: readonly Term[]): readonly [Term, Term] | undefined =>
  isFiniteNum(args[0]!) ? [args[0]!, args[1]!] : isFiniteNum(args[1]!) ? [args[1]!, args[0]!] : undefined;

const isFp32 = (x: number): boolean => Math.fround(x) === x && Number.isFinite(x);
const bothFp32 = (args: readonly Term[]): boolean => args.every((t) => isFiniteNum(t) && isFp32(t.value!));

/** A folded constant. A test that drops the condition of exactness gets whole numbers. */
const folded = (c: Context, rule: string, x: number): number => (c.broken.has(rule) ? Math.trunc(x) : x);

/** Σ of two fp32 without any rounding (the error term of TwoSum is 0). */
function sumIsExact(a: number, b: number): boolean {
  const sum = a + b;
  const back = sum - a;
  return isFp32(sum) && a - (sum - back) + (b - back) === 0;
}

export const ADDITION: readonly TermRule[] = [
  {
    name: "add-constants",
    on: "add",
    tag: "exact",
    says: "a + b → the number a + b",
    needs: "a, b and a + b are fp32 numbers, the sum exact",
    lemma: {
      arity: 2,
      left: (_, a, b) => Math.fround(a! + b!),
      right: (_, a, b) => a! + b!,
      holds: (a, b) => sumIsExact(a!, b!),
    },
    match: (c, args) =>
      isFiniteNum(args[0]!) && isFiniteNum(args[1]!)
        ? hit(bothFp32(args) && sumIsExact(args[0]!.value!, args[1]!.value!), () =>
            num(c, folded(c, "add-constants", args[0]!.value! + args[1]!.value!)),
          )
        : undefined,
  },
  {
    name: "add-zero",
    on: "add",
    tag: "exact",
    says: "x + 0 → x",
    needs: "the constant is 0",
    lemma: { arity: 1, left: (r, x) => r(x! + 0), right: (_, x) => x! },
    match: (_, args) => {
      const pair = split(args);
      return pair && hit(is(pair[0], 0), () => pair[1]);
    },
  },
  {
    name: "add-opposite",
    on: "add",
    tag: "exact",
    says: "x + (−y) → 0",
    needs: "x and y are the same term, and finite",
    uses: ["P7"],
    lemma: { arity: 1, left: (r, x) => r(x! - x!), right: () => 0 },
    match: (c, [a, b]) =>
      (a!.kind === "neg") === (b!.kind === "neg") ? undefined : hit(bare(a!) === bare(b!), () => num(c, 0)),
  },
];

export const MULTIPLICATION: readonly TermRule[] = [
  {
    name: "mul-constants",
    on: "mul",
    tag: "exact",
    says: "a · b → the number a · b",
    needs: "a, b and a · b are fp32 numbers",
    lemma: {
      arity: 2,
      left: (_, a, b) => Math.fround(a! * b!),
      right: (_, a, b) => a! * b!,
      holds: (a, b) => isFp32(a! * b!),
    },
    match: (c, args) =>
      isFiniteNum(args[0]!) && isFiniteNum(args[1]!)
        ? hit(bothFp32(args) && isFp32(args[0]!.value! * args[1]!.value!), () =>
            num(c, folded(c, "mul-constants", args[0]!.value! * args[1]!.value!)),
          )
        : undefined,
  },
  {
    name: "mul-zero",
    on: "mul",
    tag: "exact",
    says: "0 · x → 0",
    needs: "the constant is 0, and x finite",
    uses: ["P7"],
    lemma: { arity: 1, left: (r, x) => r(0 * x!), right: () => 0 },
    match: (c, args) => {
      const pair = split(args);
      return pair && hit(is(pair[0], 0), () => num(c, 0));
    },
  },
  {
    name: "mul-one",
    on: "mul",
    tag: "exact",
    says: "1 · x → x",
    needs: "the constant is 1",
    lemma: { arity: 1, left: (r, x) => r(1 * x!), right: (_, x) => x! },
    match: (_, args) => {
      const pair = split(args);
      return pair && hit(is(pair[0], 1), () => pair[1]);
    },
  },
  {
    name: "mul-minus-one",
    on: "mul",
    tag: "exact",
    says: "−1 · x → −x",
    needs: "the constant is −1",
    lemma: { arity: 1, left: (r, x) => r(-1 * x!), right: (_, x) => -x! },
    match: (c, args) => {
      const pair = split(args);
      return pair && hit(is(pair[0], -1), () => negate(c, pair[1]));
    },
  },
  {
    name: "mul-sign",
    on: "mul",
    tag: "exact",
    says: "(−a) · b → −(a · b), (−a) · (−b) → a · b",
    needs: "an odd number of minus signs stays one",
    lemma: { arity: 2, left: (r, a, b) => r(-a! * b!), right: (r, a, b) => -r(a! * b!) },
    match: (c, args) => {
      if (signs(args) === 0) return undefined;
      const product = () => multiplyRaw(c, bare(args[0]!), bare(args[1]!));
      // Without the condition a minus sign would be dropped.
      if (signs(args) === 1 && !c.broken.has("mul-sign")) return hit(true, () => negate(c, product()));
      return hit(signs(args) === 2, product);
    },
  },
];

const multiplyRaw = (c: Context, a: Term, b: Term): Term => raw(c, "mul", [a, b].sort(inOrder));

/** 2^k whose inverse is an fp32 as well. */
const isPowerOfTwo = (x: number): boolean => {
  const e = Math.log2(Math.abs(x));
  return Number.isInteger(e) && Math.abs(e) <= 100 && Math.abs(x) === 2 ** e;
};

export const DIVISION: readonly TermRule[] = [
  {
    name: "div-by-power",
    on: "div",
    tag: "exact",
    says: "x / 2^k → x · 2^−k",
    needs: "the divisor is a power of two, |k| ≤ 100",
    lemma: { arity: 1, left: (r, x) => r(x! / 8), right: (r, x) => r(x! * 0.125) },
    match: (c, [a, b]) =>
      isFiniteNum(b!) && b!.value !== 0
        ? hit(isPowerOfTwo(b!.value!), () =>
            // Broken, it multiplies by the nearest power of two.
            is(b!, 1) ? a! : timesNumber(c, a!, Math.sign(b!.value!) / 2 ** Math.round(Math.log2(Math.abs(b!.value!)))),
          )
        : undefined,
  },
  {
    name: "zero-div",
    on: "div",
    tag: "exact",
    says: "0 / x → 0",
    needs: "the dividend is 0, and the quotient finite, so that x is not 0",
    uses: ["P7"],
    lemma: { arity: 1, left: (r, x) => r(0 / x!), right: () => 0, holds: (x) => x !== 0 },
    match: (c, [a]) => (isFiniteNum(a!) ? hit(is(a!, 0), () => num(c, 0)) : undefined),
  },
  {
    name: "div-sign",
    on: "div",
    tag: "exact",
    says: "(−a) / b → −(a / b), (−a) / (−b) → a / b",
    needs: "an odd number of minus signs stays one",
    lemma: { arity: 2, left: (r, a, b) => r(-a! / b!), right: (r, a, b) => -r(a! / b!), holds: (_, b) => b !== 0 },
    match: (c, args) => {
      if (signs(args) === 0) return undefined;
      const quotient = () => raw(c, "div", args.map(bare));
      if (signs(args) === 1 && !c.broken.has("div-sign")) return hit(true, () => negate(c, quotient()));
      return hit(signs(args) === 2, quotient);
    },
  },
];

function timesNumber(c: Context, t: Term, factor: number): Term {
  if (t.kind === "neg") return negate(c, timesNumber(c, t.args[0]!, factor));
  if (factor < 0) return negate(c, timesNumber(c, t, -factor));
  return factor === 1 ? t : multiplyRaw(c, t, num(c, factor));
}

export const ROUNDING: readonly TermRule[] = [
  {
    name: "round-known",
    on: "round",
    tag: "exact",
    says: "round(d, x) → x",
    needs: "every value of x is of dtype d already",
    lemma: { arity: 1, left: (r, x) => r(x!), right: (_, x) => x! },
    match: (_, [x], dtype) => hit(fits(x!, dtype as never), () => x!),
  },
  {
    name: "round-sign",
    on: "round",
    tag: "exact",
    says: "round(d, −x) → −round(d, x)",
    needs: "d is a float type, and the minus sign is kept",
    lemma: { arity: 1, left: (r, x) => r(-x!), right: (r, x) => -r(x!) },
    match: (c, [x], dtype) => {
      if (x!.kind !== "neg" || !dtype.startsWith("fp")) return undefined;
      const rounded = () => raw(c, "round", [x!.args[0]!], dtype);
      return c.broken.has("round-sign") ? hit(false, rounded) : hit(true, () => negate(c, rounded()));
    },
  },
];
