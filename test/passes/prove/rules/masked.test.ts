/** Rules about masked-out entries: what is left out of a maximum, what underflows, and the bound that P8 has to promise. */
import { describe, expect, test } from "vitest";
import { constant } from "../../../../src/passes/prove/logic/indices.ts";
import { rationalOf, raw } from "../../../../src/passes/prove/logic/make.ts";
import { rational } from "../../../../src/passes/prove/logic/rational.ts";
import type { Mode } from "../../../../src/passes/prove/logic/setting.ts";
import type { Head, Term } from "../../../../src/passes/prove/logic/terms.ts";
import * as scalar from "../../../../src/passes/prove/reading/scalar.ts";
import { MAX_DROP } from "../../../../src/passes/prove/rules/masked.ts";
import { ask, speak, told } from "../../../support/prove/asked.ts";
import type { Language } from "../../../support/prove/near/language.ts";
import { termValue } from "../../../support/prove/term-value.ts";

const MAX: Head = { kind: "max" };
const EXP: Head = { kind: "unary", fn: "exp" };
const NOT = "not on this condition";
type Make = (l: Language) => Term;

describe("what is left out of a maximum", () => {
  test.each<readonly [says: string, pair: (l: Language) => readonly [Term, Term], gap: number]>([
    ["beside a score: it may fall as the other one rises", ({ max, low, x, y }) => [max(x, low(y)), x], 4999],
    ["whichever stands first", ({ max, low, x, y }) => [max(low(y), x), x], 4999],
    ["beside a number", ({ max, low, n, y }) => [max(n(3), low(y)), n(3)], 10_002],
    ["beside two numbers: the larger is the floor", ({ max, low, n, y }) => [max(n(7), n(3), low(y)), n(7)], 10_006],
    [
      "beside a number and a score: the score is",
      ({ max, low, n, x, y }) => [max(n(3), x, low(y)), max(n(3), x)],
      4999,
    ],
    ["two of them", ({ max, low, x, y, z }) => [max(low(y), x, low(z)), x], 4999],
    ["one with two scores in it", ({ max, low, add, x, y, z }) => [max(x, low(add(y, z))), x], 4999],
    ["one with a bias", ({ max, low, add, n, x, y }) => [max(x, add(low(y), n(4000))), x], 2999],
    ["a number as low stays", ({ max, n, x, low, y }) => [max(x, n(-5000), low(y)), max(x, n(-5000))], 4999],
  ])("%s", (_, pair, gap) => {
    const l = speak();
    const [found, left] = pair(l);
    expect(found === left).toBe(true);
    expect(l.c.record.gap).toBe(gap);
    expect([...l.c.record.used.keys()]).toEqual(["P4", "P8"]);
  });

  test.each<readonly [says: string, rule: string, head: Head, args: (l: Language) => readonly Term[], answer: string]>([
    ["two masked-out entries alone", "max-drop", MAX, ({ low, x, y }) => [low(x), low(y)], "not on this condition"],
    ["a score and a low number", "max-drop", MAX, ({ n, x }) => [x, n(-5000)], "another form"],
    ["two scores", "max-drop", MAX, ({ x, y }) => [x, y], "another form"],
    ["a minimum", "max-drop", { kind: "min" }, ({ low, x, y }) => [x, low(y)], "another form"],
    ["a low number as floor", "max-drop", MAX, ({ low, n, y }) => [n(-5000), low(y)], "not on this condition"],
    ["an entry that is not far", "max-drop", MAX, ({ mul, low, n, x, y }) => [x, mul(low(y), n(2 ** -10))], NOT],
    [
      "a selection that is not far",
      "max-drop",
      MAX,
      (l) => [l.x, choice(l, (t) => l.mul(l.low(t), l.n(2 ** -10)))],
      NOT,
    ],
    ["a sum of selections", "max-drop", MAX, (l) => [l.x, l.of("sum", (k) => choice(l, l.low, k))], "another form"],
    ["a minimum of selections", "max-drop", MAX, (l) => [l.x, l.of("min", (k) => choice(l, l.low, k))], "another form"],
    ["a maximum of scores", "max-drop", MAX, (l) => [l.x, l.of("max", (k) => k)], "another form"],
    ["a maximum of sums", "max-drop", MAX, (l) => [l.x, l.of("max", (k) => l.add(k, l.y))], "another form"],
    [
      "a maximum of open selections",
      "max-drop",
      MAX,
      (l) => [l.x, l.of("max", (k) => choice(l, (t) => t, k))],
      "another form",
    ],
    ["an open selection", "max-drop", MAX, (l) => [l.x, choice(l, (t) => t)], "another form"],
    ["exp of a score", "exp-underflow", EXP, ({ x }) => [x], "another form"],
    ["a masked-out entry itself", "exp-underflow", { kind: "neg" }, ({ low, x }) => [low(x)], "another form"],
    ["tanh of an entry", "exp-underflow", { kind: "unary", fn: "tanh" }, ({ low, x }) => [low(x)], NOT],
    ["exp of what is not far", "exp-underflow", EXP, ({ mul, low, n, x }) => [mul(low(x), n(2 ** -7))], NOT],
  ])("%s: no", (_, rule, head, args, answer) => {
    const l = speak();
    expect(told(ask(l.c, rule, head, ...args(l)))).toBe(answer);
    expect(l.c.record.gap).toBe(Number.POSITIVE_INFINITY);
  });
});

test("where nothing is visible the first would stand for all, did the rule not ask", () => {
  const l = speak();
  const without = (...args: readonly Term[]): Term => MAX_DROP.match(l.c, args, MAX)!.result();
  expect(without(l.low(l.x), l.low(l.y)) === l.low(l.x)).toBe(true);
  expect(without(l.low(l.y), l.low(l.x), l.low(l.z)) === l.low(l.y)).toBe(true);
  expect(l.c.record.gap).toBe(Number.POSITIVE_INFINITY);
});

describe("an argument of which one branch is masked out", () => {
  const shut: Readonly<Record<string, Make>> = {
    "a selection": (l) => choice(l, l.low),
    "a selection of two scores": (l) => l.select(open(l), l.y, l.low(l.z)),
    "a maximum of selections": (l) => l.of("max", (k) => choice(l, l.low, k)),
    "a maximum of selections of one masked-out entry": (l) => l.of("max", (k) => l.select(open(l), k, l.low(l.y))),
  };
  test.each(Object.entries(shut))("%s: what shuts it is left out, the value stays", (_, make) => {
    const l = speak();
    const before = raw(l.c, MAX, [l.x, make(l)]);
    const after = l.max(l.x, make(l));
    expect(after === before).toBe(false);
    expect(l.c.record.counts.get("max-drop")).toBe(1);
    for (const entry of [0, -10_000])
      for (const x of [-20, 3, 20]) {
        const world = {
          leaf: (leaf: { of: string; name?: string }, place: readonly number[]) =>
            leaf.of === "mask" ? entry : leaf.of === "state" ? (place[0]! - 1) * 8 : leaf.name === "x" ? x : 7,
        };
        expect(termValue(after, world as never)).toBe(termValue(before, world as never));
      }
  });

  test("block and step may shut it by different low numbers", () => {
    const l = speak();
    const by = (shutBy: number): Term => l.max(l.x, l.select(open(l), l.y, l.add(l.y, l.n(shutBy))));
    expect(by(-10_000) === by(-20_000)).toBe(true);
    expect(by(-10_000) === by(-1)).toBe(false);
  });

  test("the other arguments may stand before it or after it", () => {
    const l = speak();
    const [s, dropped] = [choice(l, l.low), "max-drop"];
    for (const args of [
      [l.x, s],
      [s, l.x],
      [l.x, s, l.z],
      [l.low(l.z), l.x, s],
    ]) {
      const before = l.c.record.counts.get(dropped) ?? 0;
      expect(numbersOf(l.max(...args))).not.toContain(-10_000);
      expect(l.c.record.counts.get(dropped)).toBe(before + 1);
    }
  });
});

describe.each<Mode>(["exact", "reals"])("exp of a masked-out entry, %s", (mode) => {
  test("is the number 0", () => {
    const l = speak({ mode });
    const zero = l.fn("exp", l.low(l.x));
    expect(rationalOf(zero)).toEqual(mode === "reals" ? rational(0n) : undefined);
    expect(zero === l.n(0)).toBe(true);
    expect(l.add(l.y, zero) === l.y).toBe(true);
    expect([...l.c.record.used.keys()]).toEqual(["P8"]);
  });

  test("the least bound of all counts", () => {
    const l = speak({ mode });
    const bounds = [0, 5000, 2000].map((bias) => {
      l.fn("exp", scalar.add(l.c, l.low(l.x), l.n(bias)));
      return l.c.record.gap;
    });
    expect(bounds.map((b) => Math.round(b / 100))).toEqual([99, 49, 49]);
  });
});

test("a bound below 16 is not asked for, 16 is", () => {
  // k · (x − 10000) stays at or below −104 for |x| ≤ B: B = 10000 − 104 / k.
  const at = (bound: number): readonly [answer: string, gap: number] => {
    const l = speak();
    const t = l.mul(l.low(l.x), l.n(Math.fround(104 / (10_000 - bound))));
    return [told(ask(l.c, "exp-underflow", EXP, t)), l.c.record.gap];
  };
  expect([at(16.5), at(15.5)]).toEqual([
    ["fires", 16],
    [NOT, Number.POSITIVE_INFINITY],
  ]);
});

/** Whether an entry of the mask is 0. */
function open(l: Language): Term {
  const leaf = { of: "mask", name: "mask", dtype: "fp16" } as const;
  const entry = raw(l.c, { kind: "leaf", leaf }, [], [constant(l.c.store.indices, 0)]);
  return raw(l.c, { kind: "compare", how: "equal" }, [l.n(0), entry]);
}
/** The number where the mask is open, f of it where it is shut. */
function choice(l: Language, f: (t: Term) => Term, t: Term = l.y): Term {
  return raw(l.c, { kind: "select" }, [open(l), t, f(t)]);
}
/** All numbers that stand in a term. */
function numbersOf(t: Term): readonly number[] {
  const own = t.kind === "num" ? [t.value] : [];
  return [...own, ...t.args.flatMap(numbersOf), ...(t.kind === "app" ? numbersOf(t.lam.body) : [])];
}
