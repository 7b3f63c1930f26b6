/** A finding and an input name one value: the finding's where it differs on the input, else the first that does. */
import { describe, expect, test } from "vitest";
import { schedule } from "../../../../src/dsl/graph.ts";
import { nowhere } from "../../../../src/dsl/site.ts";
import type { ExplainAt } from "../../../../src/passes/prove/refute/finding.ts";
import { pinpoint } from "../../../../src/passes/prove/refute/pinpoint.ts";
import { as, parted as counterexample, finding, type Make, nothing, off, plus } from "../../../support/prove/parted.ts";

/** `a` is x, in the block with `first` added; `b` is twice that, in the block with `second` added; y is the sum of both. */
const two =
  (first: Readonly<Record<number, number>>, second: Readonly<Record<number, number>>): Make =>
  ({ x, tokens }) => {
    const block = tokens > 1;
    const a = as("a", plus(x, off([tokens, 4], block ? first : {})));
    const b = as("b", plus(plus(x, x), off([tokens, 4], block ? second : {})));
    return { y: plus(a, b) };
  };

describe("where the value of the finding differs on the input", () => {
  test("it stays, without its hint, though an earlier one differs too", () => {
    const given = counterexample(two({ 1: 5 }, { 6: 7 }));
    const shown = pinpoint(finding("b"), given, nothing);
    const { hint: _, ...told } = finding("b");
    expect(shown.finding).toEqual(told);
    expect(shown.counterexample).toEqual({
      ...given,
      value: { name: "b", index: [1, 2], token: 1, block: 9, step: 2 },
    });
  });

  test("the first place is told, and what no other value says is not asked", () => {
    const asked: string[] = [];
    const shown = pinpoint(finding("a"), counterexample(two({ 3: 5, 9: 6 }, {})), (name) => {
      asked.push(name);
      return undefined;
    });
    expect(shown.counterexample.value).toEqual({ name: "a", index: [0, 3], token: 0, block: 6, step: 1 });
    expect(asked).toEqual([]);
  });
});

describe("where it does not", () => {
  const given = counterexample(two({}, { 6: 7 }));
  const terms = finding("b", { where: "token 1, at [1, i1]", block: "x", step: "z" });
  const explained: ExplainAt = (name) => (name === "b" ? terms : undefined);
  const { site } = schedule(given.pair.block).find((x) => x.name === "b")!;
  const place = { value: "b", where: "token 1, at [1, 2]", op: "add" };

  test("the first value that does is told of by its terms", () => {
    const { hint: _, ...told } = terms;
    expect(pinpoint(finding("a"), given, explained).finding).toEqual(told);
    expect(pinpoint(finding("a"), given, explained).counterexample.value).toMatchObject({ name: "b", index: [1, 2] });
  });

  test("or by its place where the terms say nothing", () => {
    const shown = pinpoint(finding("a"), given, nothing).finding;
    expect(shown).toEqual({ ...place, site });
    expect(pinpoint(finding("another"), given, nothing).finding).toEqual(shown);
  });

  const reason = { code: "strided slice" } as const;
  const noTerms: ExplainAt = () => ({ ...terms, reason: { code: "missing state", name: "k" } });

  test("with why there were no terms of the finding's, where that is known", () => {
    const elsewhere = { ...nowhere };
    for (const explainAt of [nothing, noTerms]) {
      const told = pinpoint(finding("a", { reason, site: elsewhere }), given, explainAt).finding;
      expect(told).toEqual({ ...place, reason, site: elsewhere });
      expect(told.site).toBe(elsewhere);
    }
    expect(pinpoint(finding("a", { reason, site: elsewhere }), given, explained).finding.block).toBe("x");
  });

  test("never with why there were none of its own", () => {
    expect(pinpoint(finding("a"), given, noTerms).finding).not.toHaveProperty("reason");
  });

  test("named values come before the results, and results where no named one differs", () => {
    const both = counterexample(two({ 0: 1 }, { 0: 1 }));
    expect(pinpoint(finding("z"), both, nothing).finding.value).toBe("a");
    const result = counterexample((f) => ({ y: plus(f.x, off([f.tokens, 4], f.tokens > 1 ? { 4: 3 } : {})) }));
    expect(pinpoint(finding("z"), result, nothing).counterexample.value).toMatchObject({ token: 1, index: [1, 0] });
  });

  test("nothing is added where no value differs", () => {
    const equal = counterexample(two({}, {}));
    const { hint: _, ...told } = finding("y");
    expect(pinpoint(finding("y"), equal, nothing)).toEqual({ finding: told, counterexample: equal });
  });
});

test("a place where a value is not finite tells nothing", () => {
  const over =
    (graph: "block" | "step"): Make =>
    ({ x, tokens }) => {
      const large = off([tokens, 4], tokens > 1 === (graph === "block") ? { 0: 60000 } : {});
      const last = off([tokens, 4], tokens > 1 ? { 5: 3 } : {});
      return { y: as("h", plus(plus(plus(large, large), x), last)) };
    };
  for (const graph of ["block", "step"] as const)
    expect(pinpoint(finding("h"), counterexample(over(graph)), nothing).counterexample.value).toEqual({
      name: "h",
      index: [1, 1],
      token: 1,
      block: 4,
      step: 1,
    });
});
