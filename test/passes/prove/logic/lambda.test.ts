/** Reductions with a bound variable: closed, opened and moved they keep their value, and equal ones share one body. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as ix from "../../../../src/passes/prove/logic/indices.ts";
import { type App, close, instantiate, reapply, substitute } from "../../../../src/passes/prove/logic/lambda.ts";
import { num, raw } from "../../../../src/passes/prove/logic/make.ts";
import type { Reduction, Term } from "../../../../src/passes/prove/logic/terms.ts";
import { add, mul, rebuild, unary } from "../../../../src/passes/prove/reading/scalar.ts";
import { attempt, termValue, type World } from "../../../support/prove/term-value.ts";

const c = attempt();
const s = c.store.indices;
const N = 4;
const [v, u] = [ix.variable(s, "v", N), ix.variable(s, "u", 3)];
const atom = v.atoms[0]!;
const K = (...at: readonly ix.Ix[]): Term =>
  raw(c, { kind: "leaf", leaf: { of: "state", name: "K", dtype: "fp16" } }, [], at);
const over = (body: Term, reduction: Reduction = "sum"): App =>
  close(c, reduction, { kind: "interval", n: N }, atom, body) as App;

/** Every leaf a number of its own, by its place. */
const world = (at: Readonly<Record<string, number>>): World => ({
  leaf: (_, place) => Math.round(100 * Math.sin(place.reduce((sum, i, k) => sum + (k + 1.7) * (i + 1), 1))) / 8,
  at,
});

describe("one body", () => {
  test("for places that differ in what is outside", () => {
    const [a, b] = [over(K(u, v)), over(K(ix.constant(s, 2), v))];
    expect(substitute(c, a, (x) => (x === u.atoms[0] ? ix.constant(s, 2) : undefined), rebuild)).toBe(b);
    expect(over(K(ix.shift(s, u, 1), v)).lam).toBe(a.lam);
  });

  test("whatever the variable was called", () => {
    const t = ix.variable(s, "t", N);
    const other = close(c, "sum", { kind: "interval", n: N }, t.atoms[0]!, K(u, t));
    expect(other).toBe(over(K(u, v)));
  });

  test("not for another reduction, range, place or body", () => {
    const long = ix.variable(s, "v", N + 1);
    const longer = close(c, "sum", { kind: "interval", n: N + 1 }, long.atoms[0]!, K(u, long)) as App;
    const bodies = [
      over(K(u, v)),
      over(K(u, v), "max"),
      over(K(u, v), "min"),
      longer,
      over(K(v, u)),
      over(K(v, v)),
      over(K(u, ix.times(s, v, 2))),
      over(K(u, ix.shift(s, v, 1))),
      over(K(ix.plus(s, u, v), v)),
      over(mul(c, K(u, v), K(v, u))),
      over(unary(c, "exp", K(u, v))),
      close(c, "sum", { kind: "other rows", size: N }, ix.rest(s, "v", N).atoms[0]!, K(u, ix.rest(s, "v", N))) as App,
    ];
    expect(new Set(bodies.map(({ lam }) => lam)).size).toBe(bodies.length);
  });

  test("what does not depend on the variable stands outside, once", () => {
    const outer = unary(c, "exp", K(u, u));
    const { args, lam } = over(mul(c, outer, add(c, outer, K(u, v))));
    expect(args).toEqual([outer]);
    expect(lam.body.free.map((a) => a.kind).sort()).toEqual(["bound", "param"]);
  });
});

describe("a moved reduction is the one that is closed at the new place", () => {
  const t = ix.variable(s, "t", 3);
  test.each<readonly [string, Term, ix.Ix]>([
    ["at a number", K(u, v), ix.constant(s, 2)],
    ["at another variable", K(ix.plus(s, u, v), u), t],
    ["where a quotient comes apart", K(ix.div(s, ix.plus(s, u, v), 2)), ix.times(s, t, 2)],
    ["where a remainder does", K(ix.mod(s, ix.plus(s, u, v), 2), u), ix.shift(s, ix.times(s, t, 4), 2)],
    ["where two alike change their order", mul(c, K(t, v), K(u, v)), ix.shift(s, t, 1)],
    ["… and the other way", mul(c, K(u, v), K(ix.shift(s, t, 1), v)), t],
    ["where two parameters become one", mul(c, K(u, v), unary(c, "exp", K(t, v))), t],
  ])("%s", (_, body, place) => {
    const to = (x: ix.Atom) => (x === u.atoms[0] ? place : undefined);
    expect(substitute(c, over(body), to, rebuild)).toBe(over(substitute(c, body, to, rebuild)));
  });
});

test("so is one around another whose body has a quotient of what is moved", () => {
  const [t, w] = [ix.variable(s, "t", 3), ix.variable(s, "w", 5)];
  const around = (body: Term): Term =>
    close(c, "sum", { kind: "interval", n: 5 }, w.atoms[0]!, mul(c, over(body), K(w, w)));
  const body = K(ix.div(s, ix.plus(s, u, v), 2), w);
  const to = (x: ix.Atom) => (x === u.atoms[0] ? ix.times(s, t, 2) : undefined);
  expect(substitute(c, around(body), to, rebuild)).toBe(around(substitute(c, body, to, rebuild)));
});

test("the outer variable of an inner sum stays the outer one", () => {
  const inner = over(K(u, v));
  const w = ix.variable(s, "w", 3);
  const outer = close(c, "sum", { kind: "interval", n: 3 }, u.atoms[0]!, mul(c, inner, K(u, w))) as App;
  const direct = [0, 1, 2].map((a) => termValue(inner, world({ u: a })) * termValue(K(u, w), world({ u: a, w: 1 })));
  expect(termValue(outer, world({ w: 1 }))).toBeCloseTo(
    direct.reduce((x, y) => x + y),
    3,
  );
});

const place: fc.Arbitrary<ix.Ix> = fc
  .record({
    a: fc.integer({ min: 0, max: 2 }),
    b: fc.integer({ min: 0, max: 2 }),
    n: fc.integer({ min: 0, max: 2 }),
    d: fc.integer({ min: 1, max: 3 }),
  })
  .map(({ a, b, n, d }) => ix.div(s, ix.shift(s, ix.plus(s, ix.times(s, v, a), ix.times(s, u, b)), n), d));
const body: fc.Arbitrary<Term> = fc.letrec<{ t: Term }>((tie) => ({
  t: fc.oneof(
    { depthSize: "small" },
    fc.tuple(place, place).map((at) => K(...at)),
    fc.constantFrom(0.5, -2, 3).map((x) => num(c, x)),
    fc.tuple(tie("t"), tie("t")).map(([a, b]) => add(c, a, b)),
    fc.tuple(tie("t"), tie("t")).map(([a, b]) => mul(c, a, b)),
    tie("t").map((a) => unary(c, "tanh", a)),
  ),
})).t;

test("random bodies keep their value when they are closed, opened and moved", () => {
  const property = fc.property(body, fc.constantFrom<Reduction>("sum", "max", "min"), (t, reduction) => {
    const app = over(t, reduction);
    if (app.kind !== "app") return;
    for (const at of [0, 1, 2]) {
      const values = Array.from({ length: N }, (_, k) => termValue(t, world({ u: at, v: k })));
      const whole = reduction === "sum" ? values.reduce((a, b) => Math.fround(a + b)) : Math[reduction](...values);
      expect(termValue(app, world({ u: at }))).toBeCloseTo(whole, 2);
      const to = (x: ix.Atom) => (x === u.atoms[0] ? ix.constant(s, at) : undefined);
      const moved = substitute(c, app, to, rebuild);
      expect(termValue(moved, world({}))).toBeCloseTo(whole, 2);
    }
    const t2 = ix.times(s, ix.variable(s, "t", 2), 2);
    const moved = substitute(c, app, (x) => (x === u.atoms[0] ? t2 : undefined), rebuild);
    expect(termValue(moved, world({ t: 1 }))).toBeCloseTo(termValue(app, world({ u: 2 })), 2);
    for (let k = 0; k < N; k++) {
      const opened = instantiate(c, app, ix.constant(s, k), rebuild);
      expect(termValue(opened, world({ u: 1 }))).toBeCloseTo(termValue(t, world({ u: 1, v: k })), 2);
    }
    expect(instantiate(c, app, v, rebuild)).toBe(t);
    expect(reapply(c, app, app.args, app.ix, rebuild)).toBe(app);
  });
  fc.assert(property, { numRuns: 300, seed: 4711 });
});
