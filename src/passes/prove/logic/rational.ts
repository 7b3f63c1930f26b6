/** Exact rationals, for the constants of a proof over the reals. */

/** n / d in lowest terms. */
export interface Rational {
  readonly n: bigint;
  /** Positive, and coprime to n. */
  readonly d: bigint;
}

/** n / d; d is not 0. */
export function rational(n: bigint, d = 1n): Rational {
  if (d === 0n) throw new Error(`${n}/0 is no rational`);
  if (d < 0n) return rational(-n, -d);
  const g = gcd(n < 0n ? -n : n, d);
  return { n: n / g, d: d / g };
}

const gcd = (a: bigint, b: bigint): bigint => (b === 0n ? a : gcd(b, a % b));

/** The exact value of a finite double. */
export function fromNumber(x: number): Rational {
  let [mantissa, shift] = [x, 0n];
  while (!Number.isInteger(mantissa)) {
    mantissa *= 2;
    shift++;
  }
  return rational(BigInt(mantissa), 1n << shift);
}

/** 0. */
export const ZERO = rational(0n);
/** 1. */
export const ONE = rational(1n);
/** 1/2. */
export const HALF = rational(1n, 2n);

/** a + b. */
export const addQ = (a: Rational, b: Rational): Rational => rational(a.n * b.d + b.n * a.d, a.d * b.d);
/** a · b. */
export const mulQ = (a: Rational, b: Rational): Rational => rational(a.n * b.n, a.d * b.d);
/** 1 / a; a is not 0. */
export const invQ = (a: Rational): Rational => rational(a.d, a.n);
/** −a. */
export const negQ = (a: Rational): Rational => ({ n: -a.n, d: a.d });
/** |a|. */
export const absQ = (a: Rational): Rational => (a.n < 0n ? negQ(a) : a);
/** a = 0. */
export const isZero = (a: Rational): boolean => a.n === 0n;
/** a = 1. */
export const isOne = (a: Rational): boolean => a.n === 1n && a.d === 1n;

/** a < b. */
export const lessQ = (a: Rational, b: Rational): boolean => a.n * b.d < b.n * a.d;

/** `n/d`, also where d is 1. */
export const showQ = (a: Rational): string => `${a.n}/${a.d}`;

/** The nearest double, or the next one to it below 2⁻¹⁰²² (two roundings); never 0 for a rational that is not 0. */
export function toNumber(a: Rational): number {
  if (a.n === 0n) return 0;
  const size = (x: bigint): number => x.toString(2).length;
  const n = a.n < 0n ? -a.n : a.n;
  // A quotient of at least 64 bits, the last of which says whether there are more.
  const shift = BigInt(Math.max(0, 65 + size(a.d) - size(n)));
  const quotient = (n << shift) / a.d;
  const more = quotient * a.d === n << shift ? 0n : 1n;
  const most = shift > 1000n ? 1000n : shift;
  const x = Number(quotient | more) / 2 ** Number(most) / 2 ** Number(shift - most);
  return (a.n < 0n ? -1 : 1) * (x === 0 ? Number.MIN_VALUE : x);
}

/** a to an integer power. */
export function powQ(a: Rational, e: bigint): Rational {
  return e < 0n ? powQ(invQ(a), -e) : { n: a.n ** e, d: a.d ** e };
}

/** √a where it is rational. */
export function sqrtQ(a: Rational): Rational | undefined {
  const [n, d] = [rootOf(a.n), rootOf(a.d)];
  return n === undefined || d === undefined ? undefined : rational(n, d);
}

/** The power of two whose square divides a and leaves 1 or 2, but for odd factors; a is not 0. */
export function twoUnderRoot(a: Rational): Rational {
  const halves = twosIn(a.n) - twosIn(a.d);
  return powQ(rational(2n), BigInt(Math.floor(halves / 2)));
}

/** How often 2 divides x, which is not 0. */
function twosIn(x: bigint): number {
  const bits = (x < 0n ? -x : x).toString(2);
  return bits.length - 1 - bits.lastIndexOf("1");
}

function rootOf(x: bigint): bigint | undefined {
  if (x < 0n) return undefined;
  if (x < 2n) return x;
  let r = 1n << BigInt((x.toString(2).length + 1) >> 1);
  for (let next = (r + x / r) >> 1n; next < r; next = (r + x / r) >> 1n) r = next;
  return r * r === x ? r : undefined;
}
