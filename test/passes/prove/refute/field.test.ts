/** A reading over a prime field: numbers add and multiply there as they do, what a mask shuts stays shut. */
import { expect, test } from "vitest";
import { CLOSED, type FieldReading } from "../../../../src/passes/prove/refute/field.ts";
import { asked, elementOf, fresh, made, P, U, V } from "../../../support/prove/in-field.ts";

const NUMBERS = [
  0,
  1,
  -1,
  0.125,
  -63.875,
  64,
  3.5,
  1000.25,
  -2.75,
  2 ** -24,
  2 ** 26,
  123456789,
  -(2 ** 55),
  3 * 2 ** 70,
];

test.each(NUMBERS)("%d is the fraction that it is, in the field", (x) => {
  expect(made((m) => m.num(x))).toBe(elementOf(x));
});

test("sums, differences, products and quotients are those of fractions", () => {
  const small = NUMBERS.filter((x) => Math.abs(x) < 100);
  for (const x of small)
    for (const y of small) {
      const of = (ask: (m: FieldReading, a: number, b: number) => number) => asked((m) => ask(m, m.num(x), m.num(y)));
      expect([x, y, of((m, a, b) => m.add(a, b))]).toEqual([x, y, [elementOf(x + y), true]]);
      expect([x, y, of((m, a, b) => m.sub(a, b))]).toEqual([x, y, [elementOf(x - y), true]]);
      expect([x, y, of((m, a, b) => m.mul(a, b))]).toEqual([x, y, [elementOf(x * y), true]]);
      if (y !== 0) expect(made((m) => m.mul(m.div(m.num(x), m.num(y)), m.num(y)))).toBe(elementOf(x));
    }
});

test("elements that are not known add and multiply alike", () => {
  const m = fresh();
  const big = (x: number) => ((x % P) + P) % P;
  expect(m.add(U, V)).toBe(big(U + V));
  expect(m.add(P - 1, U)).toBe(U - 1);
  expect(m.sub(U, V)).toBe(big(U - V));
  expect(m.mul(U, V)).toBe(Number((BigInt(U) * BigInt(V)) % BigInt(P)));
  expect(m.mul(m.div(U, V), V)).toBe(U);
  expect([m.sub(0, 0), m.sub(U, U), m.isSure()]).toEqual([0, 0, true]);
});

test("what is no number is three elements, none of them a small number", () => {
  const m = fresh();
  const found = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN].map(m.num);
  expect(new Set([...found, 0, 1, P - 1]).size).toBe(6);
  for (const x of found) expect(x).toBeLessThan(P);
});

test.each<readonly [string, (m: FieldReading) => number, number, boolean]>([
  ["shut + 0", (m) => m.add(CLOSED, 0), CLOSED, true],
  ["0 + shut", (m) => m.add(0, CLOSED), CLOSED, true],
  ["shut + 5", (m) => m.add(CLOSED, 5), CLOSED, false],
  ["5 + shut", (m) => m.add(5, CLOSED), CLOSED, false],
  ["shut + a score", (m) => m.add(CLOSED, U), CLOSED, true],
  ["a score + shut", (m) => m.add(U, CLOSED), CLOSED, true],
  ["shut + shut", (m) => m.add(CLOSED, CLOSED), CLOSED, false],
  ["0 − shut", (m) => m.sub(0, CLOSED), CLOSED, false],
  ["shut · 0", (m) => m.mul(CLOSED, 0), 0, true],
  ["0 · shut", (m) => m.mul(0, CLOSED), 0, true],
  ["shut · 2", (m) => m.mul(CLOSED, 2), CLOSED, true],
  ["½ · shut", (m) => m.mul(m.num(0.5), CLOSED), CLOSED, true],
  ["shut · −1", (m) => m.mul(CLOSED, m.num(-1)), CLOSED, false],
  ["shut · a score", (m) => m.mul(CLOSED, U), CLOSED, false],
  ["shut / 2", (m) => m.div(CLOSED, 2), CLOSED, true],
  ["a score / shut", (m) => m.div(U, CLOSED), 0, false],
  ["shut ^ 2", (m) => m.pow(CLOSED, 2), 0, false],
  ["2 ^ shut", (m) => m.pow(2, CLOSED), 0, false],
  ["−1000 + a score", (m) => m.add(m.num(-1000), U), CLOSED, false],
  ["a score + −1000", (m) => m.add(U, m.num(-1000)), CLOSED, false],
  ["1000 + a score", (m) => m.add(m.num(1000), U), U + 1000, false],
  ["a score + 1000", (m) => m.add(P - 1, m.add(U, m.num(1000))), U + 999, false],
  ["−999 + a score", (m) => m.add(m.num(-999), U), U - 999, true],
  ["999 + a score", (m) => m.add(m.num(999), U), U + 999, true],
  ["1000 + −5", (m) => m.add(m.num(1000), m.num(-5)), 995, true],
  ["exp of what is shut", (m) => m.unary("exp", CLOSED), 0, true],
  ["exp of −1000", (m) => m.unary("exp", m.num(-1000)), 0, true],
  ["exp of 0", (m) => m.unary("exp", 0), 1, true],
  ["|−3|", (m) => m.unary("abs", m.num(-3)), 3, true],
  ["|3|", (m) => m.unary("abs", 3), 3, true],
  ["|0|", (m) => m.unary("abs", 0), 0, true],
  ["the larger of shut and a score", (m) => m.maximum(CLOSED, U), U, true],
  ["the larger of a score and shut", (m) => m.maximum(U, CLOSED), U, true],
  ["the larger of shut and −999", (m) => m.maximum(CLOSED, m.num(-999)), P - 999, true],
  ["the larger of shut and −1000", (m) => m.maximum(CLOSED, m.num(-1000)), CLOSED, false],
  ["the larger of −1000 and shut", (m) => m.maximum(m.num(-1000), CLOSED), CLOSED, false],
  ["the larger of shut and shut", (m) => m.maximum(CLOSED, CLOSED), CLOSED, true],
  ["the larger of −1000 and −2000", (m) => m.maximum(m.num(-1000), m.num(-2000)), P - 1000, true],
  ["the larger of −1000 and a score", (m) => m.maximum(m.num(-1000), U), U, true],
  ["the larger of a score and 5", (m) => m.maximum(U, 5), U, true],
  ["the larger of 5 and a score", (m) => m.maximum(5, U), U, true],
  ["the larger of 2 and 3", (m) => m.maximum(2, 3), 3, true],
  ["the larger of 3 and 2", (m) => m.maximum(3, 2), 3, true],
  ["the smaller of −2 and 3", (m) => m.minimum(m.num(-2), 3), P - 2, true],
  ["the smaller of 3 and −2", (m) => m.minimum(3, m.num(-2)), P - 2, true],
  ["the smaller of −999 and 3", (m) => m.minimum(m.num(-999), 3), P - 999, true],
  ["the smaller of −1000 and 3", (m) => m.minimum(m.num(-1000), 3), CLOSED, false],
  ["the smaller of a score and shut", (m) => m.minimum(U, CLOSED), CLOSED, false],
  ["the largest of 3, 5, 4", (m) => m.max(3, (k) => [3, 5, 4, 9][k]!), 5, true],
  ["the smallest of 3, 2, 4", (m) => m.min(3, (k) => [3, 2, 4, 1][k]!), 2, true],
  ["the sum of 3, 2, 4", (m) => m.sum(3, (k) => [3, 2, 4, 1][k]!), 9, true],
  ["an index", (m) => m.scalar(m.plus(m.index(3), m.times(2, 5))), 13, true],
])("%s", (_, ask, value, sure) => {
  expect(asked(ask)).toEqual([value, sure]);
});

test("exp turns sums into products, and no number but a far one into 0", () => {
  const m = fresh();
  for (const [a, b] of [
    [1, 2],
    [40, 23],
    [U, V],
  ] as const)
    expect(m.unary("exp", m.add(a, b))).toBe(m.mul(m.unary("exp", a), m.unary("exp", b)));
  expect(m.unary("exp", m.num(-999))).not.toBe(0);
  expect(m.unary("exp", 1)).not.toBe(1);
});

test("every other function is one of its own, the same at every call", () => {
  const fns = ["exp", "log", "sqrt", "rsqrt", "tanh", "erf", "sin", "cos", "abs"] as const;
  const of = (seed: number, at: number) => {
    const m = fresh(seed);
    return [...fns.map((f) => m.unary(f, at)), m.pow(at, 2), m.pow(2, at), m.pow(at, 3)];
  };
  expect(of(1, U)).toEqual(of(1, U));
  expect(new Set([...of(1, U), ...of(1, V), ...of(2, U)]).size).toBe(36);
  const shut = fns.filter((f) => f !== "exp").map((f) => asked((m) => m.unary(f, CLOSED)));
  expect([new Set(shut.map(([value]) => value)).size, shut.some(([, sure]) => sure)]).toEqual([8, false]);
  const powers = [0, 1, 2, 3].flatMap((i) => [0, 1, 2, 3].map((j) => fresh().pow(U + i, V + j)));
  expect(new Set(powers).size).toBe(16);
});

test("the size of what is not known does not tell its sign", () => {
  const m = fresh();
  for (const x of [U, P - 100, P - V]) expect(m.unary("abs", m.sub(0, x))).toBe(m.unary("abs", x));
  expect(m.unary("abs", U)).not.toBe(m.unary("abs", V));
});
