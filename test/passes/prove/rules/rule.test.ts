/** How rules are asked: the first that fires is taken, and what fired is noted with all that it needs to be true. */
import { describe, expect, test } from "vitest";
import type { Head, Term } from "../../../../src/passes/prove/logic/terms.ts";
import { decides, fired, firstOf, hit, makes, type TermRule } from "../../../../src/passes/prove/rules/rule.ts";
import { RULES, rulesOf } from "../../../../src/passes/prove/rules/rule-book.ts";
import { speak } from "../../../support/prove/asked.ts";

const lemma = { arity: 0, left: () => 0, right: () => 0 };
const told = { tag: "exact", says: "", needs: "", lemma } as const;
const ADD: Head = { kind: "add" };

/** A rule that says this of every term. */
const always = (name: string, side: boolean | undefined, result: Term): TermRule => ({
  ...told,
  name,
  match: () =>
    side === undefined
      ? undefined
      : hit(side, () => {
          if (!side) throw new Error("made where the condition does not hold");
          return result;
        }),
});

describe("of several rules", () => {
  test.each<readonly [says: string, sides: readonly (boolean | undefined)[], taken: number | undefined]>([
    ["none", [], undefined],
    ["none of whose form it is", [undefined, undefined], undefined],
    ["none whose condition holds", [false, undefined], undefined],
    ["the first that fires", [true, true], 0],
    ["not one of another form", [undefined, true], 1],
    ["not one whose condition does not hold", [false, undefined, true, true], 2],
  ])("%s", (_, sides, taken) => {
    const { c, n } = speak();
    const rules = sides.map((side, k) => always(`rule ${k}`, side, n(k)));
    expect(firstOf(c, rules, [], ADD)?.kind === "num").toBe(taken !== undefined);
    if (taken !== undefined) expect(firstOf(c, rules, [], ADD) === n(taken)).toBe(true);
    expect([...c.record.counts]).toEqual(taken === undefined ? [] : [[`rule ${taken}`, 2]]);
  });
});

describe("what fired is noted", () => {
  test("how often, and what it needs", () => {
    const { c } = speak();
    const leaning = { ...told, name: "leaning", uses: ["P3", "P7"] as const };
    fired(c, leaning);
    fired(c, leaning);
    fired(c, { ...told, name: "free" });
    expect([...c.record.counts]).toEqual([
      ["leaning", 2],
      ["free", 1],
    ]);
    expect([...c.record.used].map(([id, names]) => [id, names.size])).toEqual([
      ["P3", 0],
      ["P7", 0],
    ]);
  });

  test("a rule that needs nothing leaves no precondition", () => {
    const { c } = speak();
    fired(c, { ...told, name: "free" });
    expect(c.record.used.size).toBe(0);
  });

  test("a decision only where it is taken", () => {
    const { c } = speak();
    const even = { ...told, name: "even", uses: ["P5"] as const, when: (k: number) => k % 2 === 0 };
    expect(decides(c, even, 3)).toBe(false);
    expect([c.record.counts.size, c.record.used.size]).toEqual([0, 0]);
    expect(decides(c, even, 4)).toBe(true);
    expect([[...c.record.counts], [...c.record.used.keys()]]).toEqual([[["even", 1]], ["P5"]]);
  });

  test("what is made, always", () => {
    const { c } = speak();
    const product = { ...told, name: "product", uses: ["P2"] as const, make: (a: number, b: number) => a * b };
    expect(makes(c, product, 3, 4)).toBe(12);
    expect([[...c.record.counts], [...c.record.used.keys()]]).toEqual([[["product", 1]], ["P2"]]);
  });
});

describe("the book", () => {
  test("no two rules have one name", () => {
    const names = rulesOf(RULES).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  test("an attempt goes by the rules that it is given", () => {
    const { c, add, n, x } = speak();
    expect(c.rules).toBe(RULES);
    expect(add(x, n(0)) === x).toBe(true);
    const without = { ...c, rules: { ...RULES, add: [] } };
    expect(firstOf(without, without.rules.add, [x, n(0)], ADD)).toBeUndefined();
  });
});
