/** Terms in short, as a finding shows them. */
import { describe, expect, test } from "vitest";
import * as ix from "../../../../src/passes/prove/logic/indices.ts";
import { raw } from "../../../../src/passes/prove/logic/make.ts";
import { newSetting } from "../../../../src/passes/prove/logic/setting.ts";
import { internLam, type Term } from "../../../../src/passes/prove/logic/terms.ts";
import { showTerm } from "../../../../src/passes/prove/refute/explain.ts";
import { rawTerms } from "../../../support/prove/raw-terms.ts";

const c = newSetting({ mode: "reals", twoValued: false, contiguous: false, column: "one" }, { tokens: 2, lastRow: 4 });
const s = c.store.indices;
const r = rawTerms(c);
const [i, j] = [ix.variable(s, "i", 4), ix.shift(s, ix.variable(s, "j", 3), 1)];
const [x, y, z] = [r.input("x"), r.input("y"), r.input("z")];
const K = r.leaf({ of: "state", name: "K", dtype: "fp16" }, i, j);

describe("a term of each kind", () => {
  test.each<readonly [string, Term]>([
    ["1.5", r.number(1.5)],
    ["x[]", x],
    ["K₀[i, j+1]", K],
    ["j+1", raw(c, { kind: "index" }, [], [j])],
    ["·", r.hole(0)],
    ["-x[]", r.neg(x)],
    ["(x[] + y[])", r.add(x, y)],
    ["(x[] · y[])", r.mul(x, y)],
    ["(x[] / y[])", r.div(x, y)],
    ["x[]", r.round("fp16", x)],
    ["sum{3}(K₀[i, j+1])", r.app("sum", K)],
    ["max{3}(·)", r.app("max", r.hole(0), x)],
    [
      "sum{other rows}(K₀[i, j+1])",
      r.of({ kind: "app", lam: internLam(c.store, "sum", { kind: "other rows", size: 5 }, K) }),
    ],
    ["exp(x[])", r.unary("exp", x)],
    ["less(x[], y[])", r.of({ kind: "compare", how: "less" }, x, y)],
    ["max(x[], y[], z[])", r.max(x, y, z)],
    ["min(x[], y[])", r.min(x, y)],
    ["pow(x[], y[])", r.pow(x, y)],
    ["select(x[], y[], z[])", r.select(x, y, z)],
    ["rows(x[], y[])", r.of({ kind: "rows", size: 8, ring: false }, x, y)],
    ["pieces(x[], y[])", r.of({ kind: "pieces", lengths: [2, 3] }, x, y)],
  ])("%s", (text, term) => {
    expect(showTerm(term)).toBe(text);
  });
});

describe("over the reals", () => {
  test.each<readonly [string, Term]>([
    ["(x[] + y[])", r.linear(0, [1, 1], x, y)],
    ["(x[] + -1·y[])", r.linear(0, [1, -1], x, y)],
    ["(2·x[] + y[] + 3)", r.linear(3, [2, 1], x, y)],
    ["(3/2·x[] + -1/4)", r.linear(-0.25, [1.5], x)],
    ["(11·x[] + 1)", r.linear(1, [11], x)],
    ["(7/16)", r.linear(7 / 16, [])],
    ["x[] · y[]^2", r.product([1, 2], x, y)],
    ["x[]^-1 · y[]^1/2", r.product([-1, 0.5], x, y)],
    ["x[]^11", r.product([11], x)],
  ])("%s", (text, term) => {
    expect(showTerm(term)).toBe(text);
  });
});

describe("what lies deep is left out", () => {
  const deep = (n: number): Term => (n === 0 ? x : r.neg(deep(n - 1)));

  test("below four steps, or as many as are asked for", () => {
    expect(showTerm(deep(4))).toBe("----x[]");
    expect(showTerm(deep(5))).toBe("-----…");
    expect(showTerm(deep(3), 2)).toBe("---…");
    expect(showTerm(x, 0)).toBe("x[]");
    expect(showTerm(r.add(x, r.neg(y)), 0)).toBe("(… + …)");
  });

  test("the body of a reduction lies a step below it", () => {
    const sum = r.app("sum", r.neg(K));
    expect(showTerm(sum, 2)).toBe("sum{3}(-K₀[i, j+1])");
    expect(showTerm(sum, 1)).toBe("sum{3}(-…)");
    expect(showTerm(sum, 0)).toBe("sum{3}(…)");
  });
});
