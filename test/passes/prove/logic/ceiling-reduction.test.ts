/** The ceiling of a reduction: that of its body, with what fills its holes. */
import { describe, expect, test } from "vitest";
import { ceiling, ceilingOf } from "../../../../src/passes/prove/logic/ceiling.ts";
import type { Term } from "../../../../src/passes/prove/logic/terms.ts";
import { filling } from "../../../../src/passes/prove/logic/visible.ts";
import { rawTerms } from "../../../support/prove/raw-terms.ts";
import { attempt } from "../../../support/prove/term-value.ts";

const c = attempt();
const { number: n, input, add, neg, mul, max, min, linear, hole, app } = rawTerms(c);
const [a, b, mask] = [input("a"), input("b"), rawTerms(c).mask("m")];
const low = n(-10_000);
/** Two masked-out entries, and one that lies above 0 as far: masked out when it is turned round. */
const [e, f, up] = [add(a, low), add(b, low), add(a, n(10_000))];
const [first, second] = [hole(0), hole(1)];

test.each<readonly [says: string, t: Term, body: Term]>([
  ["the largest element", app("max", add(first, low), a), e],
  ["the smallest", app("min", add(first, low), a), e],
  ["a body without holes", app("max", low), low],
  ["what fills the hole", app("max", first, e), e],
  ["what fills both", app("max", max(first, second), f, add(e, b)), max(f, add(e, b))],
  ["turned round", neg(app("max", first, up)), neg(up)],
  ["of what is turned round", app("max", neg(first), up), neg(up)],
  ["a score beside what fills the hole", app("max", add(first, second), e, b), add(e, b)],
  ["over the reals", app("max", linear(-10_000, [1], first), a), linear(-10_000, [1], a)],
  ["the largest in one", app("max", app("max", first, first), e), e],
  ["in one, by another place", app("max", app("min", first, second), a, e), e],
  ["in one, its places turned", app("max", app("max", add(first, second), second, first), e, b), add(e, b)],
  ["in one in one", app("max", app("min", app("max", neg(first), second), b, first), up), neg(up)],
])("is that of its body: %s", (_, t, body) => {
  expect(ceilingOf(body)).toBeDefined();
  expect([ceilingOf(t), ceilingOf(t)]).toEqual([ceilingOf(body), ceilingOf(body)]);
});

test.each<readonly [says: string, t: Term]>([
  ["a sum of elements", app("sum", add(first, low), a)],
  ["the largest score", app("max", first, a)],
  ["the largest, turned round", neg(app("max", first, e))],
  ["an entry of the mask beside what fills the hole", app("max", add(first, second), e, mask)],
  ["over the reals, of an entry of the mask", app("max", linear(-10_000, [1], first), mask)],
  ["in one, by a place that holds a score", app("max", app("min", first, second), e, a)],
  ["a sum in one", app("max", app("sum", first, first), e)],
])("there is none of %s", (_, t) => {
  expect([ceilingOf(t), ceilingOf(t)]).toEqual([undefined, undefined]);
});

describe("a hole", () => {
  test("is what fills it this time", () => {
    const body = min(add(first, n(3)), b);
    const half = mul(e, n(0.5));
    const at = (t: Term) => ceiling(body, 1, filling([t]));
    expect([e, a, half, e].map(at)).toEqual([e, a, half, e].map((t) => ceilingOf(add(t, n(3)))));
  });

  test("has its sign", () => {
    expect(ceiling(first, -1, filling([e]))).toBeUndefined();
    expect(ceiling(first, -1, filling([up]))).toEqual(ceilingOf(neg(up)));
  });

  test("may be filled with one of the reduction outside", () => {
    expect(ceiling(first, 1, filling([first]))).toBeUndefined();
    expect(ceiling(first, 1, filling([first], filling([e])))).toEqual(ceilingOf(e));
    expect(ceiling(first, 1, filling([second], filling([e, a])))).toBeUndefined();
  });

  test("that nothing fills has none", () => {
    expect([first, add(first, low), neg(first)].map(ceilingOf)).toEqual([undefined, undefined, undefined]);
  });
});

test("what is used twice at every step is looked at once", () => {
  let [sum, largest] = [a, e];
  // The paths from the last to the first are 2^80.
  for (let k = 0; k < 80; k++) [sum, largest] = [add(sum, sum), max(largest, largest)];
  expect([ceilingOf(sum), ceilingOf(largest)]).toEqual([undefined, ceilingOf(e)]);
});
