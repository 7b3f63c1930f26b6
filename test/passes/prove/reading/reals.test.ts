/** The normal form over the reals: what is equal is one term, with the value of both. */
import { describe, test } from "vitest";
import { expectLaw, type Law } from "../../../support/prove/reals-language.ts";

const SUMS: readonly Law[] = [
  [
    "a sum in any order",
    ({ add, x, y, z }) => add(x, y, z),
    ({ add, x, y, z }) => add(z, y, x),
    (x, y, z) => x + y + z,
  ],
  [
    "… and bracketing",
    ({ add, x, y, z }) => add(x, add(y, z)),
    ({ add, x, y, z }) => add(add(z, x), y),
    (x, y, z) => x + y + z,
  ],
  [
    "a number among them",
    ({ add, n, x, y }) => add(x, n(1), y),
    ({ add, n, x, y }) => add(n(3), add(y, x), n(-2)),
    (x, y) => x + y + 1,
  ],
  ["numbers alone", ({ add, n }) => add(n(1), n(2)), ({ n }) => n(3), () => 3],
  ["like terms", ({ add, x }) => add(x, x), ({ mul, n, x }) => mul(n(2), x), (x) => 2 * x],
  [
    "… with factors",
    ({ add, mul, n, x, y }) => add(mul(n(2), x), y, mul(n(3), x)),
    ({ add, mul, n, x, y }) => add(y, mul(x, n(5))),
    (x, y) => 5 * x + y,
  ],
  [
    "thirds are exact",
    ({ add, mul, third, x }) => add(mul(third, x), mul(third, x), mul(third, x)),
    ({ x }) => x,
    (x) => x,
  ],
  ["what is taken off again", ({ add, sub, x, y }) => sub(add(x, y), y), ({ x }) => x, (x) => x],
  [
    "a factor of sums",
    ({ add, mul, n, x, y }) => mul(n(2), add(x, y)),
    ({ add, mul, n, x, y }) => add(mul(n(2), y), mul(n(2), x)),
    (x, y) => 2 * x + 2 * y,
  ],
  [
    "… and numbers",
    ({ add, mul, n, x }) => mul(n(2), add(x, n(3))),
    ({ add, twice, n, x }) => add(twice(x), n(6)),
    (x) => 2 * x + 6,
  ],
  ["nothing is left", ({ sub, x }) => sub(x, x), ({ n }) => n(0), () => 0],
  ["a number is left", ({ add, sub, n, x }) => sub(add(x, n(3)), x), ({ n }) => n(3), () => 3],
  ["no times", ({ mul, n, x }) => mul(n(0), x), ({ n }) => n(0), () => 0],
  [
    "a shared factor",
    ({ add, mul, x, y, z }) => add(mul(x, y), mul(x, z)),
    ({ add, mul, x, y, z }) => mul(add(z, y), x),
    (x, y, z) => x * (y + z),
  ],
  [
    "… of three",
    ({ add, mul, n, x, y, z }) => add(mul(x, y), mul(x, z), mul(n(3), x)),
    ({ add, mul, n, x, y, z }) => mul(x, add(y, z, n(3))),
    (x, y, z) => x * (y + z + 3),
  ],
  [
    "… and what is over of it",
    ({ add, mul, x, y }) => add(mul(x, x, y), mul(x, y, y)),
    ({ add, mul, x, y }) => mul(x, y, add(x, y)),
    (x, y) => x * y * (x + y),
  ],
  [
    "… a divisor",
    ({ add, div, x, y, z }) => add(div(x, z), div(y, z)),
    ({ add, div, x, y, z }) => div(add(x, y), z),
    (x, y, z) => (x + y) / z,
  ],
  [
    "… of two powers of it",
    ({ add, div, mul, x, y, z }) => add(div(x, z), div(y, mul(z, z))),
    ({ add, div, x, y, z }) => div(add(x, div(y, z)), z),
    (x, y, z) => (x + y / z) / z,
  ],
  [
    "… with numbers before",
    ({ add, mul, n, x, y, z }) => add(mul(n(2), x, y), mul(n(6), x, z)),
    ({ add, mul, n, x, y, z }) => mul(n(2), x, add(y, mul(n(3), z))),
    (x, y, z) => 2 * x * (y + 3 * z),
  ],
];

const PRODUCTS: readonly Law[] = [
  [
    "a product in any order",
    ({ mul, x, y, z }) => mul(x, y, z),
    ({ mul, x, y, z }) => mul(z, y, x),
    (x, y, z) => x * y * z,
  ],
  [
    "… and bracketing",
    ({ mul, x, y, z }) => mul(x, mul(y, z)),
    ({ mul, x, y, z }) => mul(mul(z, x), y),
    (x, y, z) => x * y * z,
  ],
  ["powers", ({ mul, x }) => mul(x, x, x), ({ pow, x }) => pow(x, 3), (x) => x ** 3],
  ["a power of a power", ({ pow, x }) => pow(pow(x, 2), 3), ({ pow, x }) => pow(x, 6), (x) => x ** 6],
  [
    "a power of a product",
    ({ mul, n, pow, x, y }) => pow(mul(n(2), x, y), 2),
    ({ mul, n, pow, x, y }) => mul(n(4), pow(x, 2), pow(y, 2)),
    (x, y) => 4 * x * x * y * y,
  ],
  ["the power 1", ({ pow, x }) => pow(x, 1), ({ x }) => x, (x) => x],
  ["the power 0", ({ pow, x }) => pow(x, 0), ({ n }) => n(1), () => 1],
  ["numbers before it", ({ mul, n, x }) => mul(n(2), mul(n(3), x)), ({ mul, n, x }) => mul(n(6), x), (x) => 6 * x],
  ["numbers alone", ({ mul, n }) => mul(n(2), n(3)), ({ n }) => n(6), () => 6],
  ["a quotient", ({ div, x, y }) => div(x, y), ({ mul, pow, x, y }) => mul(pow(y, -1), x), (x, y) => x / y],
  ["… by a number", ({ div, n, x }) => div(x, n(3)), ({ mul, third, x }) => mul(third, x), (x) => x / 3],
  ["… of it", ({ div, mul, x, y }) => div(mul(x, y), y), ({ x }) => x, (x) => x],
  ["… of a quotient", ({ div, x, y }) => div(x, div(x, y)), ({ y }) => y, (_, y) => y],
  [
    "… twice",
    ({ div, x, y, z }) => div(div(x, y), z),
    ({ div, mul, x, y, z }) => div(x, mul(y, z)),
    (x, y, z) => x / y / z,
  ],
  [
    "a factor of a sum's content",
    ({ add, mul, n, x, y, z }) => mul(add(mul(n(2), x), mul(n(4), y)), z),
    ({ add, mul, n, x, y, z }) => mul(n(2), z, add(x, mul(n(2), y))),
    (x, y, z) => (2 * x + 4 * y) * z,
  ],
  [
    "… its number the largest",
    ({ add, mul, n, x, y }) => mul(add(x, n(4)), y),
    ({ add, div, mul, n, x, y }) => mul(n(4), y, add(div(x, n(4)), n(1))),
    (x, y) => (x + 4) * y,
  ],
  [
    "… a term the largest",
    ({ add, mul, n, x, y }) => mul(add(mul(n(8), x), n(-4)), y),
    ({ add, mul, n, x, y }) => mul(n(4), y, add(mul(n(2), x), n(-1))),
    (x, y) => (8 * x - 4) * y,
  ],
  [
    "… its sign",
    ({ mul, sub, x, y, z }) => mul(sub(x, y), z),
    ({ mul, neg, sub, x, y, z }) => neg(mul(z, sub(y, x))),
    (x, y, z) => (x - y) * z,
  ],
  [
    "… of all its terms",
    ({ add, mul, neg, x, y, z }) => mul(add(neg(x), neg(y)), z),
    ({ add, mul, neg, x, y, z }) => neg(mul(add(x, y), z)),
    (x, y, z) => -(x + y) * z,
  ],
  [
    "a quotient of sums",
    ({ add, div, twice, x, y }) => div(add(twice(x), twice(y)), add(x, y)),
    ({ n }) => n(2),
    () => 2,
  ],
];

describe("sums", () => {
  test.each(SUMS)("%s", (_, ...law) => expectLaw(...law));
});
describe("products", () => {
  test.each(PRODUCTS)("%s", (_, ...law) => expectLaw(...law));
});
