/** Rules over the reals: which pairs of terms become one, which must not, and what all products share. */
import { describe, expect, test } from "vitest";
import { type Rational, rational, showQ } from "../../../../src/passes/prove/logic/rational.ts";
import type { Term } from "../../../../src/passes/prove/logic/terms.ts";
import { sharedPowers } from "../../../../src/passes/prove/rules/reals.ts";
import { RULES } from "../../../../src/passes/prove/rules/rule-book.ts";
import { speak } from "../../../support/prove/asked.ts";
import type { Language } from "../../../support/prove/near/language.ts";

type Pair = readonly [says: string, pair: (l: Language) => readonly [Term, Term]];

describe("become one term", () => {
  test.each<Pair>([
    ["x + x and 2x", ({ add, mul, n, x }) => [add(x, x), mul(n(2), x)]],
    ["3x − 2x and x", ({ sub, mul, n, x }) => [sub(mul(n(3), x), mul(n(2), x)), x]],
    ["x · y − y · x and 0", ({ sub, mul, n, x, y }) => [sub(mul(x, y), mul(y, x)), n(0)]],
    ["x · y + x · z and x · (y + z)", ({ add, mul, x, y, z }) => [add(mul(x, y), mul(x, z)), mul(x, add(y, z))]],
    ["y / x + z / x and (y + z) / x", ({ add, div, x, y, z }) => [add(div(y, x), div(z, x)), div(add(y, z), x)]],
    ["(x · y) / y and x", ({ div, mul, x, y }) => [div(mul(x, y), y), x]],
    ["x / y · y and x", ({ div, mul, x, y }) => [mul(div(x, y), y), x]],
    ["√(x²) and |x|", ({ fn, mul, x }) => [fn("sqrt", mul(x, x)), fn("abs", x)]],
    [
      "√(e² · y), e = exp x, and e · √y",
      (l) => [l.fn("sqrt", l.mul(squareOf(l), l.y)), l.mul(e(l), l.fn("sqrt", l.y))],
    ],
    [
      "fp16 of an fp32 number and that number",
      ({ round, leaf }) => [round("fp16", leaf("w", "fp32")), leaf("w", "fp32")],
    ],
    [
      "Σ (k + 1) and Σ k + 4",
      ({ of, add, n }) => [
        of("sum", (k) => add(k, n(1))),
        add(
          of("sum", (k) => k),
          n(4),
        ),
      ],
    ],
    ["Σ x and 4x", ({ of, mul, n, x }) => [of("sum", () => x), mul(n(4), x)]],
    ["Σ 3 and 12", ({ of, n }) => [of("sum", () => n(3)), n(12)]],
    [
      "Σ x · k and x · Σ k",
      ({ of, mul, x }) => [
        of("sum", (k) => mul(x, k)),
        mul(
          x,
          of("sum", (k) => k),
        ),
      ],
    ],
    [
      "max 2k and 2 · max k",
      ({ of, mul, n }) => [
        of("max", (k) => mul(n(2), k)),
        mul(
          n(2),
          of("max", (k) => k),
        ),
      ],
    ],
    [
      "max e · k and e · max k",
      (l) => [
        l.of("max", (k) => l.mul(e(l), k)),
        l.mul(
          e(l),
          l.of("max", (k) => k),
        ),
      ],
    ],
  ])("%s", (_, pair) => {
    const [a, b] = pair(speak({ mode: "reals" }));
    expect(a === b).toBe(true);
  });
});

describe("stay two terms", () => {
  test.each<Pair>([
    ["√(x²) and x", ({ fn, mul, x }) => [fn("sqrt", mul(x, x)), x]],
    ["int8(w) and w", ({ round, leaf }) => [round("int8", leaf("w")), leaf("w")]],
    [
      "max −2k and −2 · max k",
      ({ of, mul, n }) => [
        of("max", (k) => mul(n(-2), k)),
        mul(
          n(-2),
          of("max", (k) => k),
        ),
      ],
    ],
    [
      "max x · k and x · max k",
      ({ of, mul, x }) => [
        of("max", (k) => mul(x, k)),
        mul(
          x,
          of("max", (k) => k),
        ),
      ],
    ],
    [
      "Σ (k + 1) and Σ k + 1",
      ({ of, add, n }) => [
        of("sum", (k) => add(k, n(1))),
        add(
          of("sum", (k) => k),
          n(1),
        ),
      ],
    ],
    ["x · y + z and x · (y + z)", ({ add, mul, x, y, z }) => [add(mul(x, y), z), mul(x, add(y, z))]],
  ])("%s", (_, pair) => {
    const [a, b] = pair(speak({ mode: "reals" }));
    expect(a === b).toBe(false);
  });
});

test("a constant counts as often as there are summands, where their number is known", () => {
  const { make } = RULES.sumLinear;
  expect(make(rational(4n), rational(3n, 2n))).toEqual(rational(6n));
  expect(make(rational(4n), rational(0n))).toEqual(rational(0n));
  expect(make(undefined, rational(3n))).toBeUndefined();
});

describe("what is cancelled, or leaves a root, must be finite (P7), and nothing else need be", () => {
  test.each<readonly [says: string, make: (l: Language) => Term, leansOn: readonly string[]]>([
    ["x · y / y", ({ div, mul, x, y }) => div(mul(x, y), y), ["P7"]],
    ["x − x", ({ sub, x }) => sub(x, x), ["P7"]],
    ["√(x²)", ({ fn, mul, x }) => fn("sqrt", mul(x, x)), ["P7"]],
    ["x · y + x · z", ({ add, mul, x, y, z }) => add(mul(x, y), mul(x, z)), []],
    ["max 2k", ({ of, mul, n }) => of("max", (k) => mul(n(2), k)), []],
    ["Σ (k + 1)", ({ of, add, n }) => of("sum", (k) => add(k, n(1))), []],
  ])("%s", (_, make, leansOn) => {
    const l = speak({ mode: "reals" });
    make(l);
    expect([...l.c.record.used.keys()]).toEqual(leansOn);
  });
});

describe("what all products share", () => {
  const { x, y } = speak({ mode: "reals" });
  type Exponents = Readonly<Partial<Record<"x" | "y", Rational>>>;
  const [one, two, half] = [rational(1n), rational(2n), rational(1n, 2n)];
  const [inverse, square] = [rational(-1n), rational(-2n)];
  const powers = (e: Exponents) => new Map([...(e.x ? [[x, e.x] as const] : []), ...(e.y ? [[y, e.y] as const] : [])]);

  test.each<readonly [says: string, products: readonly Exponents[], shared: Exponents]>([
    ["of none nothing", [], {}],
    ["of one all", [{ x: two, y: inverse }], { x: two, y: inverse }],
    ["of x² and x³ · y the lower power", [{ x: two }, { x: rational(3n), y: one }], { x: two }],
    ["of x³ · y and x² the same", [{ x: rational(3n), y: one }, { x: two }], { x: two }],
    ["of x² and √x the root", [{ x: two }, { x: half }], { x: half }],
    ["of 1/x and 1/x² what is nearer to 1", [{ x: inverse }, { x: square }], { x: inverse }],
    ["of 1/x² and 1/x the same", [{ x: square }, { x: inverse }], { x: inverse }],
    ["of x and 1/x nothing", [{ x: one }, { x: inverse }], {}],
    ["of 1/x and x nothing", [{ x: inverse }, { x: one }], {}],
    ["of x and y nothing", [{ x: one }, { y: one }], {}],
    ["of x/y and y nothing", [{ x: one, y: inverse }, { y: one }], {}],
    ["of three what is in all", [{ x: two, y: one }, { x: one, y: two }, { y: rational(3n) }], { y: one }],
    ["of three 1/x, the middle one without", [{ x: inverse }, {}, { x: inverse }], {}],
  ])("%s", (_, products, shared) => {
    const shown = (m: ReadonlyMap<Term, Rational>) => [...m].map(([t, q]) => `${t === x ? "x" : "y"}^${showQ(q)}`);
    expect(shown(sharedPowers(products.map(powers)))).toEqual(shown(powers(shared)));
  });
});

const e = ({ fn, x }: Language): Term => fn("exp", x);
const squareOf = (l: Language): Term => l.mul(e(l), e(l));
