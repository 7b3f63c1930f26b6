/** What stands in the body of a closed reduction and what outside; and that a moved one is the one closed at its place. */
import { describe, expect, test } from "vitest";
import * as ix from "../../../../src/passes/prove/logic/indices.ts";
import { type App, close, instantiate, reapply, substitute } from "../../../../src/passes/prove/logic/lambda.ts";
import { indexTerm, num, raw } from "../../../../src/passes/prove/logic/make.ts";
import type { Range, Reduction, Term } from "../../../../src/passes/prove/logic/terms.ts";
import { add, div, maximum, mul, rebuild, unary } from "../../../../src/passes/prove/reading/scalar.ts";
import { attempt } from "../../../support/prove/term-value.ts";

const c = attempt();
const s = c.store.indices;
const N = 4;
const [v, u, t, other] = [
  ix.variable(s, "v", N),
  ix.variable(s, "u", 3),
  ix.variable(s, "t", 3),
  ix.rest(s, "v", N),
] as const;
const row = ix.row(s, 0, 7);
const two = ix.constant(s, 2);

const K = (...at: readonly ix.Ix[]): Term =>
  raw(c, { kind: "leaf", leaf: { of: "state", name: "K", dtype: "fp16" } }, [], at);
const exp = (x: Term): Term => unary(c, "exp", x);
const over = (body: Term, reduction: Reduction = "sum", range: Range = { kind: "interval", n: N }): App =>
  close(c, reduction, range, (range.kind === "interval" ? v : other).atoms[0]!, body) as App;
const overRows = (body: Term): App => over(body, "sum", { kind: "other rows", size: N });
const put = (at: ix.Ix) => (x: ix.Atom) => (x === u.atoms[0] ? at : undefined);

describe("a place in the body", () => {
  const sum = (...parts: readonly ix.Ix[]) => parts.reduce((a, b) => ix.plus(s, a, b));
  const half = (i: ix.Ix) => ix.div(s, i, 2);

  test.each<readonly [says: string, place: ix.Ix, inside: string, outside: readonly ix.Ix[]]>([
    ["has the bound variable for v", v, "b", []],
    ["… as often", ix.times(s, v, 3), "3·b", []],
    ["… with its range", ix.div(s, v, 3), "(b div 3)", []],
    ["… and no other", ix.mod(s, v, 4), "b", []],
    ["keeps a number", two, "2", []],
    ["… beside v", ix.shift(s, v, 2), "b+2", []],
    ["keeps a row", row, "w0", []],
    ["… with a number", ix.shift(s, row, 1), "w0+1", []],
    ["… beside v", sum(row, v), "b+w0", []],
    ["has a parameter for another variable", u, "p0", [u]],
    ["… and all that is added to it", sum(u, t, two), "p0", [sum(u, t, two)]],
    ["… a row too", sum(u, row), "p0", [sum(u, row)]],
    ["… beside v", sum(ix.times(s, v, 2), ix.times(s, u, 3), t, two), "2·b+p0", [sum(ix.times(s, u, 3), t, two)]],
    ["… a quotient of it", sum(v, half(u)), "b+p0", [half(u)]],
    ["has one in a quotient", half(sum(v, u)), "(b+p0 div 2)", [u]],
    ["… and its multiple", ix.times(s, half(sum(v, u)), 3), "3·(b+p0 div 2)", [u]],
    ["… and the same beside it", sum(half(sum(v, u)), u), "p0+(b+p0 div 2)", [u]],
    ["… and another", sum(half(sum(v, u)), t), "p1+(b+p0 div 2)", [u, t]],
  ])("%s", (_, place, inside, outside) => {
    // The first place puts v into every body.
    const { lam, ix: params, free } = over(K(v, place));
    expect(lam.body.ix.map(withoutOrder)).toEqual(["b", inside].map(inOrder));
    expect(params).toEqual(outside);
    expect(free.includes(v.atoms[0]!)).toBe(false);
  });

  test("numbers stay, terms go", () => {
    const body = (x: number) => mul(c, exp(K(u, u)), mul(c, num(c, x), exp(K(v, v))));
    const [a, b] = [over(body(2)), over(body(3))];
    expect([a.args, b.args]).toEqual([[exp(K(u, u))], [exp(K(u, u))]]);
    expect(a.lam).not.toBe(b.lam);
  });

  test("what is taken out keeps its dtype", () => {
    const dtypeOver = (x: Term) => over(maximum(c, [x, K(v, v)]), "max").dtype;
    expect(dtypeOver(K(u, u))).toBe("fp16");
    expect(dtypeOver(exp(K(u, u)))).toBe(undefined);
  });

  test("a body by itself keeps its holes when its indices are replaced", () => {
    const { lam } = over(div(c, exp(K(u, u)), K(t, v)));
    const p = lam.body.free.find((a) => a.kind === "param");
    const at = substitute(c, lam.body, (a) => (a === p ? two : undefined), rebuild);
    expect(at).toBe(over(div(c, exp(K(u, u)), K(two, v))).lam.body);
  });
});

describe("an opened reduction is its body at that place", () => {
  test.each<readonly [says: string, body: (k: ix.Ix) => Term]>([
    ["with what was outside", (k) => mul(c, exp(K(u, u)), add(c, K(t, t), K(u, k)))],
    ["with parameters in quotients", (k) => K(ix.div(s, ix.plus(s, k, u), 2), ix.div(s, ix.plus(s, k, t), 3))],
    ["with a reduction inside", (k) => mul(c, inner(k), exp(K(k, u)))],
    ["with rows", (k) => K(row, ix.plus(s, row, k), u)],
  ])("%s", (_, body) => {
    const app = over(body(v));
    for (const k of [ix.constant(s, 0), two, t, ix.shift(s, u, 1)])
      expect(instantiate(c, app, k, rebuild)).toBe(body(k));
  });
});

describe("a moved reduction is the one that is closed at the new place", () => {
  const [a, b] = [exp(K(u, u)), exp(K(t, t))];
  const twins = mul(c, K(ix.times(s, t, 2), v), K(t, v));

  test.each<readonly [says: string, body: Term, place: ix.Ix]>([
    ["where a parameter becomes a number, beside another", K(u, t, v), two],
    ["where it becomes a row", K(u, v), row],
    ["where it becomes another parameter", K(u, t, v), t],
    ["where two that are outside become one", div(c, a, add(c, b, K(v, v))), t],
    ["… and the indices stay", div(c, a, mul(c, b, twins)), t],
    ["where one becomes a number", mul(c, exp(indexTerm(c, u)), exp(K(v, v))), ix.constant(s, 0)],
    ["… beside another", div(c, exp(indexTerm(c, u)), add(c, b, K(v, v))), ix.constant(s, 0)],
    ["where one gets a dtype", div(c, K(v, v), mul(c, indexTerm(c, u), K(u, u))), ix.constant(s, 1)],
    ["… beside another", div(c, b, add(c, K(v, v), mul(c, indexTerm(c, u), K(u, u)))), ix.constant(s, 1)],
    ["where nothing simplifies", div(c, a, add(c, b, K(u, v))), ix.shift(s, t, 1)],
    ["where nothing changes", mul(c, b, twins), two],
  ])("%s", (_, body, place) => {
    const app = over(body);
    expect(substitute(c, app, put(place), rebuild)).toBe(over(substitute(c, body, put(place), rebuild)));
    expect(reapply(c, app, app.args, app.ix, rebuild)).toBe(app);
  });

  test("over other rows too", () => {
    const body = mul(c, K(ix.div(s, ix.plus(s, u, other), 2)), a);
    const even = ix.times(s, t, 2);
    const moved = substitute(c, overRows(body), put(even), rebuild) as App;
    expect(moved).toBe(overRows(substitute(c, body, put(even), rebuild)));
    expect(moved.lam.over).toEqual({ kind: "other rows", size: N });
  });
});

describe("nothing is made twice, or for nothing", () => {
  const never: typeof rebuild = () => {
    throw new Error("rebuilt");
  };
  const [a, b] = [exp(K(u, u)), exp(K(t, t))];

  test.each<readonly [says: string, body: Term, args: readonly Term[], at: readonly ix.Ix[]]>([
    ["another parameter", K(u, v), [], [t]],
    ["two that change places", K(u, t, v), [], [t, u]],
    ["another term from outside", div(c, a, K(v, v)), [b], []],
    ["two of them", div(c, a, add(c, K(v, v), b)), [b, a], []],
    ["both", div(c, a, K(v, t)), [b], [ix.shift(s, u, 1)]],
  ])("a body is not opened for %s", (_, body, args, at) => {
    const app = over(body);
    expect(reapply(c, app, args, at, never)).toBe(raw(c, { kind: "app", lam: app.lam }, args, at));
  });

  test("a body is opened once at a place, and moved once to others", () => {
    const app = over(K(ix.div(s, ix.plus(s, u, v), 2)));
    expect(instantiate(c, app, two, rebuild)).toBe(instantiate(c, app, two, never));
    expect(reapply(c, app, [], [two], rebuild)).toBe(reapply(c, app, [], [two], never));
    expect(() => instantiate(c, app, ix.constant(s, 3), never)).toThrow("rebuilt");
  });

  test("a term without the variable is not rebuilt", () => {
    expect(substitute(c, add(c, b, K(t, v)), put(two), never)).toBe(add(c, b, K(t, v)));
    expect(() => substitute(c, add(c, a, K(t, v)), put(two), never)).toThrow("rebuilt");
  });

  test("a part that stands in many places is rebuilt once", () => {
    const made: Term[] = [];
    const counting: typeof rebuild = (...like) => {
      made.push(like[1]);
      return rebuild(...like);
    };
    // As a tree it has 2^40 leaves.
    const deep = (x: Term) => Array.from({ length: 40 }).reduce<Term>((y) => div(c, y, exp(y)), x);
    const app = over(deep(K(u, v)));
    expect(app.free.map((x) => x.label)).toEqual(["u"]);
    expect(substitute(c, deep(K(u, v)), put(two), counting)).toBe(deep(K(two, v)));
    expect(made.length).toBe(81);
    expect(instantiate(c, app, two, rebuild)).toBe(deep(K(u, two)));
  });
});

function inner(k: ix.Ix): Term {
  const w = ix.variable(s, "w", 3);
  return close(c, "sum", { kind: "interval", n: 3 }, w.atoms[0]!, K(k, ix.plus(s, w, u)));
}

/** Which atom of a body is older depends on what was closed before. */
const withoutOrder = (i: ix.Ix): string => inOrder(ix.showIx(i));
const inOrder = (text: string): string => text.replaceAll(/[()]/g, "").split(/[+ ]/).sort().join(" ");
