/**
 * A reading over a prime field: numbers add and multiply as usual, every function is a keyed random one. What is known of
 * an order (of constants, of what a mask shuts) is followed; the rest is a guess that is the same on both sides. Where even
 * that may fail, the reading says so.
 */
import type { Algebra, Unary } from "../../../dsl/algebra.ts";
import { roundTo } from "../../../dsl/number.ts";
import { MASK_NUMBERS } from "../../../dsl/role.ts";
import { isFloat } from "../../../dsl/type.ts";
import { numericReading } from "../../interpret/reading.ts";
import { FAR } from "../logic/visible.ts";

/** What a mask shuts: no element of the field. */
export const CLOSED = -1;

/** Which field, and which random functions over it. */
export interface FieldOptions {
  readonly prime: number;
  readonly seed: number;
  /** Whether constants are rounded where the graph rounds them; over the reals no float is. */
  readonly rounds: boolean;
}

/** Elements are numbers in [0, prime), or `CLOSED`. */
export type Field = Algebra<number, number>;

/** A reading over a field, and what it could not follow. */
export interface FieldReading extends Field {
  /** Notes that something was met which the field does not follow as numbers go: it may tell equal graphs apart. */
  doubt(): void;
  /** Whether there was nothing of the kind. */
  isSure(): boolean;
}

/** The reading over the field of `prime`. */
export function fieldReading({ prime: p, seed, rounds }: FieldOptions): FieldReading {
  const keyed = (name: string, x: number): number => randomElement(p, seed, hashText(name), x);
  const { of, realOf, note } = newKnown(p, (x) => keyed("number", x));
  let sure = true;
  const doubt = (): void => {
    sure = false;
  };
  const doubted = (a: number): number => {
    doubt();
    return a;
  };
  const negative = (a: number): number => {
    if (a === CLOSED) return doubted(CLOSED);
    const x = realOf(a);
    return note((p - a) % p, x === undefined ? undefined : -x);
  };
  /** What is added to something shut leaves it shut; far numbers beside what is not known are not followed. */
  const add = (a: number, b: number): number => {
    const [x, y] = [realOf(a), realOf(b)];
    if (a === CLOSED || b === CLOSED) return (a === CLOSED ? y : x) ? doubted(CLOSED) : CLOSED;
    if (x !== undefined && y !== undefined) return note((a + b) % p, x + y);
    const far = Math.abs(x ?? y ?? 0) >= -FAR;
    return far ? doubted((x ?? y)! < 0 ? CLOSED : (a + b) % p) : (a + b) % p;
  };
  const mul = (a: number, b: number): number => {
    if (a === CLOSED || b === CLOSED) {
      const factor = realOf(a === CLOSED ? b : a);
      return factor === 0 ? 0 : factor !== undefined && factor > 0 ? CLOSED : doubted(CLOSED);
    }
    const x = realOf(a);
    const y = x === undefined ? undefined : realOf(b);
    return note((a * b) % p, y === undefined ? undefined : x! * y);
  };
  const inverseOf = (b: number): number => {
    if (b === CLOSED) return doubted(0);
    const y = realOf(b);
    return note(inverse(b, p), y ? 1 / y : undefined);
  };
  const ofUnknown = largestBy(realOf, (a) => keyed("max", a));
  const largest = (a: number, b: number): number => {
    // −10000 the number and what is shut by a mask are told apart by their element alone.
    const far = a !== b && (a === CLOSED || b === CLOSED) && (realOf(a === CLOSED ? b : a) ?? 0) <= FAR;
    return far ? doubted(CLOSED) : ofUnknown(a, b);
  };
  const smallest = (a: number, b: number): number =>
    [a, b].some((x) => (realOf(x) ?? 0) <= FAR) ? doubted(CLOSED) : negative(largest(negative(a), negative(b)));
  const unary = (f: Unary, a: number): number => {
    const real = realOf(a);
    if (f === "exp") return (real ?? 0) <= FAR ? 0 : powMod(keyed("e", 0), a, p);
    if (a === CLOSED) return doubted(keyed(f, p));
    if (f !== "abs") return keyed(f, a);
    if (real === undefined) return keyed("abs", Math.min(a, (p - a) % p));
    return real < 0 ? negative(a) : a;
  };
  return {
    ...numericReading("fp64", true),
    doubt,
    isSure: () => sure,
    num: of,
    add,
    sub: (a, b) => add(a, negative(b)),
    mul,
    div: (a, b) => mul(a, inverseOf(b)),
    maximum: largest,
    minimum: smallest,
    pow: (a, b) => (a === CLOSED || b === CLOSED ? doubted(0) : keyed("pow", (a * 31 + b) % p)),
    unary,
    compare: (how, a, b) => {
      const [x, y] = [realOf(a), realOf(b)];
      if (x !== undefined && y !== undefined)
        return Number(how === "less" ? x < y : how === "equal" ? x === y : x <= y);
      if (a === CLOSED || b === CLOSED) doubt();
      if (how === "equal" || a === b) return Number(a === b && how !== "less");
      return keyed("order", (a - b + p) % p) & 1;
    },
    round: (dtype, a) => {
      const real = realOf(a);
      // Integers and truth values are plain numbers outside of float ops.
      if (!isFloat(dtype)) return real === undefined || real < 0 ? doubted(a) : roundTo(dtype, real);
      return rounds && a !== CLOSED && real !== undefined ? of(roundTo(dtype, real)) : a;
    },
    sum: (n, term) => folded(n, term, add),
    // The field has no order: equal rows give equal elements, and that is all that is known.
    sorted: (how, n, at, element) => doubted(numericReading("fp64", true).sorted(how, n, at, element)),
    max: (n, term) => folded(n, term, largest),
    min: (n, term) => folded(n, term, smallest),
  };
}

function folded(n: number, term: (k: number) => number, pick: (a: number, b: number) => number): number {
  let best = term(0);
  for (let k = 1; k < n; k++) best = pick(best, term(k));
  return best;
}

/**
 * The larger of two in an order that the field does not have: what is shut lies below all numbers, these below all that is
 * not known, which lies in the order of `key`.
 */
const largestBy =
  (realOf: (a: number) => number | undefined, key: (a: number) => number) =>
  (a: number, b: number): number => {
    const [x, y] = [realOf(a), realOf(b)];
    if (x !== undefined && y !== undefined) return x < y ? b : a;
    if (x !== undefined || y !== undefined) return x === undefined ? a : b;
    return key(a) < key(b) ? a : b;
  };

/** How far from 0 an eighth is known to be one without having been a constant: rows of masks, places. */
const SMALL = 64;

/** The numbers that elements stand for, where that is known: constants, small fractions, sums and products of them. */
function newKnown(p: number, other: (x: number) => number) {
  const reals = new Map<number, number>();
  const note = (element: number, x: number | undefined): number => {
    if (x !== undefined && !reals.has(element)) reals.set(element, x);
    return element;
  };
  const of = (x: number): number => note(elementOf(x, p, other), x);
  for (let n = -8 * SMALL; n <= 8 * SMALL; n++) of(n / 8);
  return { of, note, realOf: (a: number) => (a === CLOSED ? MASK_NUMBERS.closed : reals.get(a)) };
}

/** A finite number in the field: n·2^k exactly. */
function elementOf(x: number, p: number, other: (x: number) => number): number {
  if (!Number.isFinite(x)) return other(x > 0 ? 1 : x < 0 ? 2 : 3);
  let [n, halves, twos] = [x, 0, 0];
  while (!Number.isInteger(n)) [n, halves] = [n * 2, halves + 1];
  while (!Number.isSafeInteger(n)) [n, twos] = [n / 2, twos + 1];
  const mod = ((n % p) + p) % p;
  if (halves === 0 && twos === 0) return mod;
  return (((mod * powMod(2, twos, p)) % p) * inverse(powMod(2, halves, p), p)) % p;
}

const inverse = (x: number, p: number): number => powMod(x, p - 2, p);

function powMod(base: number, exponent: number, p: number): number {
  let [result, b, e] = [1, base % p, exponent];
  while (e > 0) {
    if (e % 2 === 1) result = (result * b) % p;
    b = (b * b) % p;
    e = Math.floor(e / 2);
  }
  return result;
}

/** A number of a text. */
export function hashText(text: string): number {
  let h = 2166136261;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 16777619);
  return h >>> 0;
}

/** A random element of the field, a function of the four numbers (murmur3's finaliser). */
export function randomElement(p: number, seed: number, name: number, x: number): number {
  let h = (seed * 0x9e3779b1) ^ name;
  for (const part of [x | 0, Math.floor(x / 2 ** 32)]) {
    h = Math.imul(h ^ part, 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    h ^= h >>> 16;
  }
  return 1 + ((h >>> 0) % (p - 1));
}
