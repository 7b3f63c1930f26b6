/** What would have to be accepted for two terms to count as equal; and a finding without it. */
import { expect, test } from "vitest";
import { nowhere } from "../../../../src/dsl/site.ts";
import { raw } from "../../../../src/passes/prove/logic/make.ts";
import { rational } from "../../../../src/passes/prove/logic/rational.ts";
import { newSetting } from "../../../../src/passes/prove/logic/setting.ts";
import type { Term } from "../../../../src/passes/prove/logic/terms.ts";
import { type Finding, withoutHint } from "../../../../src/passes/prove/refute/finding.ts";
import { hintOf } from "../../../../src/passes/prove/refute/hints.ts";
import { rawTerms } from "../../../support/prove/raw-terms.ts";

const c = newSetting({ mode: "reals", twoValued: false, contiguous: false, column: "one" }, { tokens: 2, lastRow: 4 });
const { number, input, linear, add, product } = rawTerms(c);
const [x, y, z] = [input("x"), input("y"), input("z")];
/** A rational that is no double. */
const third = raw(c, { kind: "num", value: 1 / 3, exact: rational(1n, 3n), near: true }, []);

const CONSTANTS = "differ in their constants only";
test.each<readonly [string, Term, Term, string]>([
  ["two numbers", number(1.5), number(-2), "takes 1.5 and -2 for one number"],
  ["two numbers, one of them 0", number(0), number(1), "takes 0 and 1 for one number"],
  ["the same number on the other side", number(1), number(0), "takes 1 and 0 for one number"],
  ["combinations of the same with other constants", linear(1, [2, 3], x, y), linear(4, [2, 3], x, y), CONSTANTS],
])("%s", (_, a, b, hint) => {
  expect(hintOf(a, b)).toContain(hint);
});

test.each<readonly [string, Term, Term]>([
  ["a number and none", number(1), x],
  ["none and a number", x, number(1)],
  ["a number and a rational that is none", number(1), third],
  ["combinations of others", linear(1, [2, 3], x, y), linear(1, [2, 3], x, z)],
  ["combinations of others, the first of which is another", linear(1, [2, 3], x, y), linear(4, [2, 3], z, y)],
  ["a combination and one of more", linear(1, [2], x), linear(1, [2, 3], x, y)],
  ["a combination and one of fewer", linear(1, [2, 3], x, y), linear(1, [2], x)],
  ["a combination and a sum of the same", linear(1, [1, 1], x, y), add(x, y)],
  ["a sum and a combination of the same", add(x, y), linear(1, [1, 1], x, y)],
  ["products", product([1, 2], x, y), product([2, 1], x, y)],
])("nothing is told of %s", (_, a, b) => {
  expect(hintOf(a, b)).toBe(undefined);
});

test("what is refuted keeps all but its hint", () => {
  const finding: Finding = {
    value: "y",
    where: "token 1, at [1, i1]",
    block: "x",
    step: "z",
    reason: { code: "strided slice" },
    op: "add",
    site: nowhere,
  };
  expect(withoutHint({ ...finding, hint: "a rule" })).toEqual(finding);
  expect("hint" in withoutHint({ ...finding, hint: "a rule" })).toBe(false);
  expect(withoutHint(finding)).toEqual(finding);
});
