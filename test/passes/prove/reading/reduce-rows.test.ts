/** Reductions over the rows of a cache: the rows of the tokens one by one, then all others. */
import { describe, expect, test } from "vitest";
import * as ix from "../../../../src/passes/prove/logic/indices.ts";
import { close } from "../../../../src/passes/prove/logic/lambda.ts";
import { reduce } from "../../../../src/passes/prove/reading/reduce.ts";
import * as scalar from "../../../../src/passes/prove/reading/scalar.ts";
import { symbolicReading } from "../../../../src/passes/prove/reading/symbolic.ts";
import { tokenRow } from "../../../../src/passes/prove/reading/token-row.ts";
import { type Body, leaf, neg, numberAt, over, slice, value, zero } from "../../../support/prove/bodies.ts";
import { attemptOf, leaned, worldsOf } from "../../../support/prove/told.ts";

describe("over the rows of a cache", () => {
  const row: Body = (c, k) => leaf(c, "K", k);
  const BY_ROW: Readonly<Record<string, Body>> = {
    "the first token's row": slice("w0", 1, (c) => leaf(c, "x"), zero),
    "the second token's, and the others'": slice("w1", 1, (c) => leaf(c, "x"), row),
    "both tokens'": slice(
      "w0",
      1,
      (c) => leaf(c, "x"),
      slice("w1", 1, (c) => leaf(c, "y"), row),
    ),
    "minus signs": slice("w1", 1, (c) => leaf(c, "x"), neg),
    "the same": slice(
      "w1",
      1,
      (c) => leaf(c, "x"),
      (c) => leaf(c, "x"),
    ),
  };
  const all = (["exact", "reals"] as const).flatMap((mode) =>
    Object.keys(BY_ROW).flatMap((name) => (["sum", "max", "min"] as const).map((how) => [mode, how, name] as const)),
  );
  test.each(all)("%s: the %s of %s", (mode, how, name) => {
    const c = attemptOf({ mode });
    const t = reduce(c, how, 5, (k) => BY_ROW[name]!(c, k));
    expect([leaned(c).replace(" P7", ""), [...c.record.rowAxes]]).toEqual(["P2", [5]]);
    for (const { w0, w1 } of worldsOf(c) as readonly { w0: number; w1: number }[]) {
      const [x, y, k] = [numberAt("x", []), numberAt("y", []), (u: number) => numberAt("K", [u])];
      const at = (u: number): number => {
        if (name === "the same") return x;
        if (name === "the first token's row") return u === w0 ? x : 0;
        if (name === "both tokens'") return u === w0 ? x : u === w1 ? y : k(u);
        return u === w1 ? x : name === "minus signs" ? -k(u) : k(u);
      };
      const elements = [0, 1, 2, 3, 4].map(at);
      const expected = how === "sum" ? elements.reduce((a, b) => a + b) : Math[how](...elements);
      expect([value(t, { w0, w1 }), w0, w1]).toEqual([expected, w0, w1]);
    }
  });

  test("each row of a token is a summand, then all others together", () => {
    const [c, t] = over("sum", BY_ROW["both tokens'"]!);
    expect(t.kind).toBe("rows");
    expect(t.args.slice(0, 2)).toEqual([leaf(c, "x"), leaf(c, "y")]);
    const others = t.args[2]!;
    expect(others.kind === "app" && others.lam.over).toEqual({ kind: "other rows", size: 5 });
  });

  test("one row among zeros is the sum; all other rows together are not", () => {
    const [c, t] = over("sum", BY_ROW["the first token's row"]!);
    expect(t).toBe(leaf(c, "x"));
    expect(c.record.counts.get("sum-zero")).toBeUndefined();
    const others = slice("w0", 1, zero, slice("w1", 1, zero, row));
    expect(over("sum", others)[1].kind).toBe("rows");
  });

  test("the same summands in a longer cache are another sum in exact arithmetic, for its order may be another", () => {
    const body = slice(
      "w0",
      1,
      (c) => leaf(c, "x"),
      slice("w1", 1, (c) => leaf(c, "y"), zero),
    );
    const sums = (mode: "exact" | "reals") => {
      const c = attemptOf({ mode });
      return [5, 5, 6].map((size) => reduce(c, "sum", size, (k) => body(c, k)));
    };
    const [five, again, six] = sums("exact");
    expect(again).toBe(five);
    expect(six!.args).toEqual(five!.args);
    expect(six).not.toBe(five);
    const [real, , same] = sums("reals");
    expect(same).toBe(real);
  });

  test("over the reals they are one sum in its normal form", () => {
    const [c, t] = over("sum", BY_ROW["both tokens'"]!, 5, attemptOf({ mode: "reals" }));
    const v = ix.rest(c.store.indices, "v1", 5);
    const others = close(c, "sum", { kind: "other rows", size: 5 }, v.atoms[0]!, row(c, v));
    expect(t).toBe(scalar.add(c, others, scalar.add(c, leaf(c, "y"), leaf(c, "x"))));
  });

  test("may be some of a larger interval", () => {
    const c = attemptOf({ contiguous: true });
    const t = reduce(c, "sum", 5, (k) =>
      symbolicReading(c).within(
        k,
        tokenRow(c, 0),
        2,
        1,
        (rest) => leaf(c, "x", rest),
        () => row(c, k),
      ),
    );
    for (const { w0, w1 } of worldsOf(c) as readonly { w0: number; w1: number }[]) {
      const at = (u: number): number => (u === w0 || u === w1 ? numberAt("x", [u - w0]) : numberAt("K", [u]));
      expect(value(t, { w0, w1 })).toBe([0, 1, 2, 3, 4].map(at).reduce((a, b) => a + b));
    }
  });
});

describe("over a cache of as many rows as there are tokens", () => {
  const both = slice(
    "w0",
    1,
    (c) => leaf(c, "x"),
    slice("w1", 1, (c) => leaf(c, "y"), zero),
  );
  const one = slice("w1", 1, (c) => leaf(c, "y"), zero);
  const none = slice(
    "w0",
    1,
    zero,
    slice("w1", 1, zero, (c, k) => leaf(c, "K", k)),
  );

  test.each([
    ["exact", "sum"],
    ["exact", "max"],
    ["exact", "min"],
    ["reals", "sum"],
    ["reals", "max"],
    ["reals", "min"],
  ] as const)("%s: the %s is of the tokens' rows alone, for this number of rows", (mode, how) => {
    for (const [body, x, y] of [
      [both, numberAt("x", []), numberAt("y", [])],
      [one, 0, numberAt("y", [])],
      [none, 0, 0],
    ] as const) {
      const [c, t] = over(how, body, 2, attemptOf({ mode, lastRow: 1 }));
      expect(value(t)).toBe(how === "sum" ? x + y : Math[how](x, y));
      expect(leaned(c).replace(" P7", "")).toBe("P2 sized");
      expect([...c.record.rowAxes]).toEqual([2]);
    }
  });

  test("one row among zeros is the sum, two are summands in the order of the tokens", () => {
    const [c, t] = over("sum", one, 2);
    expect(t).toBe(leaf(c, "y"));
    const [d, sum] = over("sum", both, 2);
    expect([sum.kind, sum.args]).toEqual(["rows", [leaf(d, "x"), leaf(d, "y")]]);
  });

  test("over the reals they are one sum in its normal form", () => {
    const [c, t] = over("sum", both, 2, attemptOf({ mode: "reals" }));
    expect(t).toBe(scalar.add(c, leaf(c, "y"), leaf(c, "x")));
  });
});
