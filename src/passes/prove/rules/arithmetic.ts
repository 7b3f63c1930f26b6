/** Rules of +, −, ·, / and rounding that hold bit for bit in IEEE arithmetic, up to the sign of zero. */
import { isFloat } from "../../../dsl/type.ts";
import { fits, numberOf } from "../logic/facts.ts";
import { bare, finite, inOrder, is, num, raw } from "../logic/make.ts";
import type { Term } from "../logic/terms.ts";
import type { Context } from "./context.ts";
import { firstOf, hit, type Making, type TermRule } from "./rule.ts";

const NEG = { kind: "neg" } as const;

/** −t in its normal form. */
export const negate = (c: Context, t: Term): Term => firstOf(c, c.rules.neg, [t], NEG) ?? raw(c, NEG, [t]);

/** Rules of −x. */
export const NEGATION: readonly TermRule[] = [
  {
    name: "neg-neg",
    tag: "exact",
    says: "−(−x) → x",
    needs: "there are two signs",
    lemma: { arity: 1, left: (_, x) => -(-x!), right: (_, x) => x! },
    match: (_, [x]) => hit(x!.kind === "neg", () => bare(x!)),
  },
  {
    name: "neg-number",
    tag: "exact",
    on: "num",
    says: "−(a) → the number −a",
    needs: "a is a number",
    lemma: { arity: 1, left: (_, a) => -a!, right: (_, a) => 0 - a! },
    match: (c, [x]) => {
      const value = numberOf(x!);
      return value === undefined ? undefined : hit(true, () => num(c, -value));
    },
  },
];

const signs = (args: readonly Term[]): number => args.filter((t) => t.kind === "neg").length;
/** The number of a pair and the other one. */
function numberAndOther(args: readonly Term[]): readonly [number, Term] | undefined {
  const x = finite(args[0]!);
  if (x !== undefined) return [x, args[1]!];
  const y = finite(args[1]!);
  return y === undefined ? undefined : [y, args[0]!];
}
/** Both numbers of a pair, where both are fp32. */
function twoFp32(args: readonly Term[]): readonly [number, number] | undefined {
  const x = finite(args[0]!);
  if (!isFp32(x)) return undefined;
  const y = finite(args[1]!);
  return isFp32(y) ? [x, y] : undefined;
}

const isFp32 = (x: number | undefined): x is number => x !== undefined && Math.fround(x) === x && Number.isFinite(x);

/** Σ of two fp32 without any rounding (the error term of TwoSum is 0). */
function sumIsExact(a: number, b: number): boolean {
  const sum = a + b;
  const back = sum - a;
  return isFp32(sum) && a - (sum - back) + (b - back) === 0;
}

/** Rules of a + b. */
export const ADDITION: readonly TermRule[] = [
  {
    name: "add-constants",
    tag: "exact",
    on: "num",
    says: "a + b → the number a + b",
    needs: "a, b and a + b are fp32 numbers, the sum exact",
    lemma: {
      arity: 2,
      left: (_, a, b) => Math.fround(a! + b!),
      right: (_, a, b) => a! + b!,
      holds: (a, b) => sumIsExact(a!, b!),
    },
    match: (c, args) => {
      const numbers = twoFp32(args);
      return numbers && hit(sumIsExact(...numbers), () => num(c, numbers[0] + numbers[1]));
    },
  },
  {
    name: "add-zero",
    tag: "exact",
    on: "num",
    says: "x + 0 → x",
    needs: "the constant is 0",
    lemma: { arity: 1, left: (r, x) => r(x! + 0), right: (_, x) => x! },
    match: (_, args) => {
      const pair = numberAndOther(args);
      return pair && hit(pair[0] === 0, () => pair[1]);
    },
  },
  {
    name: "add-opposite",
    tag: "exact",
    on: "neg",
    says: "x + (−y) → 0",
    needs: "x and y are the same term, and finite",
    uses: ["P7"],
    lemma: { arity: 1, left: (r, x) => r(x! - x!), right: () => 0 },
    match: (c, [a, b]) =>
      (a!.kind === "neg") === (b!.kind === "neg") ? undefined : hit(bare(a!) === bare(b!), () => num(c, 0)),
  },
];

/** Rules of a · b. */
export const MULTIPLICATION: readonly TermRule[] = [
  {
    name: "mul-constants",
    tag: "exact",
    on: "num",
    says: "a · b → the number a · b",
    needs: "a, b and a · b are fp32 numbers",
    lemma: {
      arity: 2,
      left: (_, a, b) => Math.fround(a! * b!),
      right: (_, a, b) => a! * b!,
      holds: (a, b) => isFp32(a! * b!),
    },
    match: (c, args) => {
      const numbers = twoFp32(args);
      return numbers && hit(isFp32(numbers[0] * numbers[1]), () => num(c, numbers[0] * numbers[1]));
    },
  },
  {
    name: "mul-zero",
    tag: "exact",
    on: "num",
    says: "0 · x → 0",
    needs: "the constant is 0, and x finite",
    uses: ["P7"],
    lemma: { arity: 1, left: (r, x) => r(0 * x!), right: () => 0 },
    match: (c, args) => {
      const pair = numberAndOther(args);
      return pair && hit(pair[0] === 0, () => num(c, 0));
    },
  },
  {
    name: "mul-one",
    tag: "exact",
    on: "num",
    says: "1 · x → x",
    needs: "the constant is 1",
    lemma: { arity: 1, left: (r, x) => r(1 * x!), right: (_, x) => x! },
    match: (_, args) => {
      const pair = numberAndOther(args);
      return pair && hit(pair[0] === 1, () => pair[1]);
    },
  },
  {
    name: "mul-minus-one",
    tag: "exact",
    on: "num",
    says: "−1 · x → −x",
    needs: "the constant is −1",
    lemma: { arity: 1, left: (r, x) => r(-1 * x!), right: (_, x) => -x! },
    match: (c, args) => {
      const pair = numberAndOther(args);
      return pair && hit(pair[0] === -1, () => negate(c, pair[1]));
    },
  },
  {
    name: "mul-sign",
    tag: "exact",
    on: "neg",
    says: "(−a) · b → −(a · b), (−a) · (−b) → a · b",
    needs: "an odd number of minus signs stays one",
    lemma: { arity: 2, left: (r, a, b) => r(-a! * b!), right: (r, a, b) => -r(a! * b!) },
    match: (c, args) => {
      if (signs(args) === 0) return undefined;
      const product = () => multiplyRaw(c, bare(args[0]!), bare(args[1]!));
      return hit(true, () => (signs(args) === 1 ? negate(c, product()) : product()));
    },
  },
];

const multiplyRaw = (c: Context, a: Term, b: Term): Term => raw(c, { kind: "mul" }, [a, b].sort(inOrder));

/** 2^k whose inverse is an fp32 as well. */
const isPowerOfTwo = (x: number): boolean => {
  const e = Math.log2(Math.abs(x));
  return Number.isInteger(e) && Math.abs(e) <= 100 && Math.abs(x) === 2 ** e;
};

/** Rules of a / b. */
export const DIVISION: readonly TermRule[] = [
  {
    name: "div-by-power",
    tag: "exact",
    on: "num",
    says: "x / 2^k → x · 2^−k",
    needs: "the divisor is a power of two, |k| ≤ 100",
    lemma: { arity: 1, left: (r, x) => r(x! / 8), right: (r, x) => r(x! * 0.125) },
    match: (c, [a, b]) => {
      const by = finite(b!);
      if (by === undefined || by === 0) return undefined;
      return hit(isPowerOfTwo(by), () => timesNumber(c, a!, 1 / by));
    },
  },
  {
    name: "zero-div",
    tag: "exact",
    on: "num",
    says: "0 / x → 0",
    needs: "the dividend is 0, and the quotient finite, so that x is not 0",
    uses: ["P7"],
    lemma: { arity: 1, left: (r, x) => r(0 / x!), right: () => 0, holds: (x) => x !== 0 },
    match: (c, [a]) => (finite(a!) === undefined ? undefined : hit(is(a!, 0), () => num(c, 0))),
  },
  {
    name: "div-sign",
    tag: "exact",
    on: "neg",
    says: "(−a) / b → −(a / b), (−a) / (−b) → a / b",
    needs: "an odd number of minus signs stays one",
    lemma: { arity: 2, left: (r, a, b) => r(-a! / b!), right: (r, a, b) => -r(a! / b!), holds: (_, b) => b !== 0 },
    match: (c, args) => {
      if (signs(args) === 0) return undefined;
      const quotient = () => raw(c, { kind: "div" }, args.map(bare));
      return hit(true, () => (signs(args) === 1 ? negate(c, quotient()) : quotient()));
    },
  },
];

function timesNumber(c: Context, t: Term, factor: number): Term {
  if (t.kind === "neg") return negate(c, timesNumber(c, t.args[0]!, factor));
  if (factor < 0) return negate(c, timesNumber(c, t, -factor));
  return factor === 1 ? t : multiplyRaw(c, t, num(c, factor));
}

/** Rules of roundings and casts. */
export const ROUNDING: readonly TermRule[] = [
  {
    name: "round-known",
    tag: "exact",
    says: "round(d, x) → x",
    needs: "every value of x is of dtype d already",
    lemma: { arity: 1, left: (r, x) => r(x!), right: (_, x) => x! },
    match: (_, [x], head) => (head.kind === "round" ? hit(fits(x!, head.to), () => x!) : undefined),
  },
  {
    name: "round-sign",
    tag: "exact",
    on: "neg",
    says: "round(d, −x) → −round(d, x)",
    needs: "d is a float type, and the minus sign is kept",
    lemma: { arity: 1, left: (r, x) => r(-x!), right: (r, x) => -r(x!) },
    match: (c, [x], head) =>
      head.kind === "round" && x!.kind === "neg"
        ? hit(isFloat(head.to), () => negate(c, raw(c, head, [bare(x!)])))
        : undefined,
  },
];

/** a + b → b + a, a · b → b · a; a difference in which the arguments change places changes its sign. */
export const COMMUTE: Making<[c: Context, difference: Term], Term> = {
  name: "commute",
  tag: "exact",
  says: "a + b → b + a, a · b → b · a, a − b → −(b − a)",
  needs: "the function is + or ·, and a difference that is turned round changes its sign",
  lemma: { arity: 2, left: (r, a, b) => r(a! - b!), right: (r, a, b) => -r(b! - a!) },
  make: negate,
};
