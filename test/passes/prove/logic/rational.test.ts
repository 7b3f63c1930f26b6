/** Rationals: exact, in lowest terms, and in the order of the numbers that they are. */
import fc from "fast-check";
import { expect, test } from "vitest";
import * as Q from "../../../../src/passes/prove/logic/rational.ts";

const whole = fc.bigInt({ min: -1000n, max: 1000n });
const above = fc.bigInt({ min: 1n, max: 1000n });
const rational = fc.tuple(whole, above).map(([n, d]) => Q.rational(n, d));
const notZero = rational.filter((a) => !Q.isZero(a));
const same = (a: Q.Rational, n: bigint, d: bigint): boolean => a.n * d === n * a.d && a.d > 0n;

const holds = <T>(values: fc.Arbitrary<T>, law: (x: T) => boolean) =>
  fc.assert(fc.property(values, law), { numRuns: 500, seed: 4711 });

test("lowest terms, whatever signs and factors it was made with", () => {
  expect([Q.rational(6n, 4n), Q.rational(-6n, -4n), Q.rational(6n, -4n), Q.rational(0n, -7n)].map(Q.showQ)).toEqual([
    "3/2",
    "3/2",
    "-3/2",
    "0/1",
  ]);
  holds(fc.tuple(whole, above, above), ([n, d, k]) => Q.showQ(Q.rational(n * k, d * k)) === Q.showQ(Q.rational(n, d)));
});

test("+, ·, −, 1/x and |x| are those of fractions", () => {
  holds(fc.tuple(rational, rational), ([a, b]) => same(Q.addQ(a, b), a.n * b.d + b.n * a.d, a.d * b.d));
  holds(fc.tuple(rational, rational), ([a, b]) => same(Q.mulQ(a, b), a.n * b.n, a.d * b.d));
  holds(rational, (a) => same(Q.negQ(a), -a.n, a.d) && same(Q.absQ(a), a.n < 0n ? -a.n : a.n, a.d));
  holds(notZero, (a) => Q.isOne(Q.mulQ(a, Q.invQ(a))));
});

test("the order is that of the numbers", () => {
  holds(fc.tuple(rational, rational), ([a, b]) => Q.lessQ(a, b) === a.n * b.d < b.n * a.d);
  expect([Q.lessQ(Q.HALF, Q.ONE), Q.lessQ(Q.ONE, Q.ONE), Q.lessQ(Q.ZERO, Q.negQ(Q.ONE))]).toEqual([true, false, false]);
});

test("every number that a graph can hold, and back", () => {
  holds(fc.double({ min: -3.5e38, max: 3.5e38, noNaN: true }), (x) => Q.toNumber(Q.fromNumber(x)) === x);
  for (const x of [0, 1, -1, 0.1, 1 / 3, 2 ** -149, -(2 ** -24), 65504, 3e38, 2 ** -1022])
    expect(Q.toNumber(Q.fromNumber(x))).toBe(x);
  expect(Q.showQ(Q.fromNumber(0.375))).toBe("3/8");
});

test("a rational that is not 0 is no double 0", () => {
  for (const x of [Number.MAX_VALUE, 2 ** 1000, -(2 ** 970) * 3, Number.MIN_VALUE])
    expect(Q.toNumber(Q.fromNumber(x))).toBe(x);
  // A hair above a tie between two doubles.
  expect(Q.toNumber(Q.rational((2n ** 54n + 2n) * 10n ** 30n + 1n, 10n ** 30n))).toBe(2 ** 54 + 4);
  expect(() => Q.rational(1n, 0n)).toThrow("1/0 is no rational");
  // A tie goes to the even double, also where there is a denominator; what lies beside it does not.
  const half = (n: bigint, more = 0n) => Q.toNumber(Q.rational(n * 2n ** 70n + more, 2n ** 71n));
  expect([half(2n ** 53n + 1n), half(2n ** 53n + 3n)]).toEqual([2 ** 52, 2 ** 52 + 2]);
  expect([half(2n ** 53n + 1n, 1n), half(2n ** 53n + 3n, -1n)]).toEqual([2 ** 52 + 1, 2 ** 52 + 1]);
  expect(Q.toNumber(Q.rational(-(2n ** 54n) - 2n))).toBe(-(2 ** 54));
  const tiny = Q.rational(1n, 10n ** 400n);
  expect([Q.toNumber(tiny), Q.toNumber(Q.negQ(tiny))].map(Math.sign)).toEqual([1, -1]);
  expect([Q.isZero(tiny), Q.isZero(Q.ZERO)]).toEqual([false, true]);
});

test("the numbers with a name are those numbers", () => {
  expect([Q.ZERO, Q.ONE, Q.HALF].map(Q.toNumber)).toEqual([0, 1, 0.5]);
  const ones = [Q.ONE, Q.rational(3n, 3n), Q.HALF, Q.rational(2n), Q.negQ(Q.ONE), Q.ZERO].map(Q.isOne);
  expect(ones).toEqual([true, true, false, false, false, false]);
  expect([Q.ZERO, Q.HALF, Q.negQ(Q.HALF)].map(Q.absQ)).toEqual([Q.ZERO, Q.HALF, Q.HALF]);
});

test("powers and roots", () => {
  expect([0n, 1n, 4n].map((n) => Q.sqrtQ(Q.rational(n)))).toEqual([0n, 1n, 2n].map((n) => Q.rational(n)));
  expect([Q.sqrtQ(Q.rational(4n, 3n)), Q.sqrtQ(Q.rational(3n, 4n)), Q.sqrtQ(Q.rational(-1n))]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  holds(fc.tuple(notZero, fc.integer({ min: -4, max: 4 })), ([a, e]) => {
    let power = Q.ONE;
    for (let k = 0; k < Math.abs(e); k++) power = Q.mulQ(power, e < 0 ? Q.invQ(a) : a);
    return Q.showQ(Q.powQ(a, BigInt(e))) === Q.showQ(power);
  });
  holds(notZero, (a) => Q.showQ(Q.sqrtQ(Q.mulQ(a, a))!) === Q.showQ(Q.absQ(a)));
  for (const a of [Q.rational(2n), Q.rational(1n, 3n), Q.rational(-4n), Q.rational(10n ** 40n + 1n)])
    expect(Q.sqrtQ(a)).toBeUndefined();
  expect(Q.showQ(Q.sqrtQ(Q.rational(10n ** 40n))!)).toBe(`${10n ** 20n}/1`);
});
