/** Roots, sizes and other functions over the reals: what is equal is one term, with the value of both. */
import { test } from "vitest";
import { raw } from "../../../../src/passes/prove/logic/make.ts";
import { expectLaw, type Law } from "../../../support/prove/reals-language.ts";

/** Under a root only what is positive in the first two worlds. */
const ROOTS: readonly Law[] = [
  ["a root squared", ({ mul, sqrt, x }) => mul(sqrt(x), sqrt(x)), ({ x }) => x, (x) => x],
  ["one over a root", ({ div, n, sqrt, x }) => div(n(1), sqrt(x)), ({ rsqrt, x }) => rsqrt(x), (x) => x ** -0.5],
  ["a root of a square", ({ mul, sqrt, x }) => sqrt(mul(x, x)), ({ abs, x }) => abs(x), (x) => Math.abs(x)],
  [
    "… of a fourth power",
    ({ pow, sqrt, x }) => sqrt(pow(x, 4)),
    ({ mul, abs, x }) => mul(abs(x), abs(x)),
    (x) => x * x,
  ],
  [
    "… of a positive",
    ({ exp, mul, sqrt, x, y }) => sqrt(mul(exp(x), exp(x), y)),
    ({ exp, mul, sqrt, x, y }) => mul(exp(x), sqrt(y)),
    (x, y) => Math.exp(x) * Math.sqrt(y),
  ],
  [
    "… of what may not be",
    ({ mul, sqrt, x, y }) => sqrt(mul(x, y)),
    ({ mul, sqrt, x, y }) => sqrt(mul(y, x)),
    (x, y) => Math.sqrt(x * y),
  ],
  [
    "… of a square number",
    ({ mul, n, sqrt, x }) => sqrt(mul(n(4), x)),
    ({ mul, n, sqrt, x }) => mul(n(2), sqrt(x)),
    (x) => 2 * Math.sqrt(x),
  ],
  [
    "… of a quotient",
    ({ div, n, sqrt, x }) => sqrt(div(x, n(9))),
    ({ mul, third, sqrt, x }) => mul(third, sqrt(x)),
    (x) => Math.sqrt(x) / 3,
  ],
  [
    "one over it",
    ({ mul, n, rsqrt, x }) => rsqrt(mul(n(4), x)),
    ({ div, n, rsqrt, x }) => div(rsqrt(x), n(2)),
    (x) => 0.5 / Math.sqrt(x),
  ],
  ["a root of a number", ({ n, sqrt }) => sqrt(n(9)), ({ n }) => n(3), () => 3],
  ["… of 0", ({ n, sqrt }) => sqrt(n(0)), ({ n }) => n(0), () => 0],
  ["… of 2, twice", ({ mul, n, sqrt }) => mul(sqrt(n(2)), sqrt(n(2))), ({ n }) => n(2), () => 2],
  [
    "… of 2 and of 3, twice",
    ({ mul, n, sqrt }) => mul(mul(sqrt(n(2)), sqrt(n(3))), mul(sqrt(n(2)), sqrt(n(3)))),
    ({ n }) => n(6),
    () => 6,
  ],
  [
    "… of a negative number of times",
    ({ mul, n, sqrt, x }) => sqrt(mul(n(-4), x)),
    ({ mul, n, neg, sqrt, x }) => mul(n(2), sqrt(neg(x))),
    (x) => 2 * Math.sqrt(-x),
  ],
  [
    "… beside others",
    ({ mul, n, sqrt, x }) => mul(sqrt(n(2)), x, sqrt(n(2))),
    ({ twice, x }) => twice(x),
    (x) => 2 * x,
  ],
  ["one over it, twice", ({ mul, n, rsqrt }) => mul(rsqrt(n(2)), rsqrt(n(2))), ({ n }) => n(0.5), () => 0.5],
  [
    "a root of 2 times its root",
    ({ mul, n, sqrt }) => sqrt(mul(n(2), sqrt(n(2)))),
    ({ mul, n, sqrt }) => mul(sqrt(n(2)), sqrt(sqrt(n(2)))),
    () => 2 ** 0.75,
  ],
  [
    "a root of a factor that is none",
    ({ mul, n, sqrt, x }) => sqrt(mul(n(2), x)),
    ({ add, sqrt, x }) => sqrt(add(x, x)),
    (x) => Math.sqrt(2 * x),
  ],
  [
    "the power 3/2",
    ({ mul, n, pow, x }) => pow(mul(n(4), x), 1.5),
    ({ mul, n, pow, x }) => mul(n(8), pow(x, 1.5)),
    (x) => 8 * x ** 1.5,
  ],
  [
    "the power −3/2",
    ({ mul, n, pow, x }) => pow(mul(n(4), x), -1.5),
    ({ div, n, pow, x }) => div(pow(x, -1.5), n(8)),
    (x) => x ** -1.5 / 8,
  ],
  [
    "a sign under it",
    ({ mul, n, sqrt, sub, x, y }) => sqrt(mul(n(-4), sub(y, x))),
    ({ mul, n, sqrt, sub, x, y }) => mul(n(2), sqrt(sub(x, y))),
    (x, y) => 2 * Math.sqrt(x - y),
  ],
  ["a size", ({ abs, mul, n, x }) => abs(mul(n(-2), x)), ({ abs, twice, x }) => twice(abs(x)), (x) => 2 * Math.abs(x)],
  ["… of a square", ({ abs, mul, x }) => abs(mul(x, x)), ({ mul, x }) => mul(x, x), (x) => x * x],
  ["… of a cube", ({ abs, pow, x }) => abs(pow(x, 3)), ({ abs, pow, x }) => pow(abs(x), 3), (x) => Math.abs(x) ** 3],
  [
    "… of a positive factor",
    ({ abs, exp, mul, x, y }) => abs(mul(exp(x), y)),
    ({ abs, exp, mul, x, y }) => mul(abs(y), exp(x)),
    (x, y) => Math.exp(x) * Math.abs(y),
  ],
  ["… of a size", ({ abs, x }) => abs(abs(x)), ({ abs, x }) => abs(x), (x) => Math.abs(x)],
  [
    "another function",
    ({ exp, x }) => exp(x),
    ({ c, x }) => raw(c, { kind: "unary", fn: "exp" }, [x]),
    (x) => Math.exp(x),
  ],
];

test.each(ROOTS)("%s", (_, ...law) => expectLaw(...law));
