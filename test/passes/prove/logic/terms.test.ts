/** Interned terms: one object for one structure, whatever the hashes; the skeleton knows no names of variables. */
import { describe, expect, test } from "vitest";
import { newBuckets } from "../../../../src/passes/prove/logic/buckets.ts";
import * as ix from "../../../../src/passes/prove/logic/indices.ts";
import { rational } from "../../../../src/passes/prove/logic/rational.ts";
import {
  type Head,
  intern,
  internLam,
  newStore,
  type Range,
  type Reduction,
  type Store,
  type Term,
} from "../../../../src/passes/prove/logic/terms.ts";

/** A table of one bucket: every hash is the same. */
class OneBucket<X> extends Map<number, X> {
  override get(): X | undefined {
    return super.get(0);
  }
  override set(_: number, items: X): this {
    return super.set(0, items);
  }
}
const stores: readonly (readonly [string, () => Store])[] = [
  ["as they are", newStore],
  ["where all hashes collide", () => ({ ...newStore(), terms: { ...newBuckets(), items: new OneBucket() } })],
];

const input = (name: string): Head => ({ kind: "leaf", leaf: { of: "input", name, dtype: "fp16" } });
const q = (n: number, d = 1) => rational(BigInt(n), BigInt(d));
const interval = (n: number): Range => ({ kind: "interval", n });

/** Heads that are all different. */
const HEADS: readonly Head[] = [
  { kind: "num", value: 1 },
  { kind: "num", value: 2 },
  { kind: "num", value: Number.NaN },
  { kind: "num", value: 1 / 3, exact: q(1, 3) },
  { kind: "num", value: 1 / 3, exact: rational(10n ** 30n, 3n * 10n ** 30n + 1n) },
  input("x"),
  input("y"),
  { kind: "leaf", leaf: { of: "input", name: "x", dtype: "fp32" } },
  { kind: "index" },
  { kind: "rows", size: 8, ring: false },
  { kind: "rows", size: 16, ring: false },
  { kind: "rows", size: 8, ring: true },
  { kind: "pieces", lengths: [1, 2] },
  { kind: "pieces", lengths: [12] },
  { kind: "pieces", lengths: [2, 1] },
  { kind: "hole", place: 0 },
  { kind: "hole", place: 1 },
  { kind: "hole", place: 0, dtype: "fp16" },
  { kind: "hole", place: 0, dtype: "fp32" },
  ...(["add", "neg", "mul", "div", "max", "min", "pow"] as const).map((kind): Head => ({ kind })),
  { kind: "own", name: "sorted" },
  { kind: "own", name: "cumsum" },
  { kind: "unary", fn: "exp" },
  { kind: "unary", fn: "tanh" },
  { kind: "compare", how: "less" },
  { kind: "compare", how: "equal" },
  { kind: "select" },
  { kind: "round", to: "fp16" },
  { kind: "round", to: "fp32" },
  { kind: "linear", constant: q(1), coefs: [q(2)] },
  { kind: "linear", constant: q(2), coefs: [q(1)] },
  { kind: "linear", constant: q(1), coefs: [q(3)] },
  { kind: "linear", constant: q(1), coefs: [q(2, 3)] },
  { kind: "product", exponents: [q(1, 2), q(3)] },
  { kind: "product", exponents: [q(3), q(1, 2)] },
  { kind: "product", exponents: [q(1), q(3)] },
];

/** Terms that are all different: every head, over no children, and over arguments and places that are permuted. */
function build(s: Store): readonly Term[] {
  const [i, j] = ["i", "j"].map((label) => ix.variable(s.indices, label, 4)) as [ix.Ix, ix.Ix];
  const [x, y, max] = [intern(s, input("x"), [], [i]), intern(s, input("y"), [], [i]), { kind: "max" } as const];
  const lam = internLam(s, "sum", interval(4), intern(s, input("K"), [], [ix.bound(s.indices, 4)]));
  const heads = [...HEADS, { kind: "app", lam } as const].filter((h) => !["neg", "compare", "app"].includes(h.kind));
  return [
    ...heads.map((head) => intern(s, head)),
    ...[[x], [x, x], [x, y], [y, x], [y, y], [x, y, x]].map((args) => intern(s, max, args)),
    ...[[i, j], [j, i], [i, i], [j], [i, j, i]].map((places) => intern(s, input("K"), [], places)),
    ...[[i], [j]].map((places) => intern(s, { kind: "app", lam }, [], places)),
    ...HEADS.filter((h) => h.kind === "compare" || h.kind === "neg").map((head) => intern(s, head, [x, y])),
  ];
}

describe.each(stores)("terms %s", (_, make) => {
  test("are one object for one structure, and another for another", () => {
    const s = make();
    const terms = build(s);
    expect(new Set(terms).size).toBe(terms.length);
    const count = s.terms.size;
    expect(build(s).every((t, k) => t === terms[k])).toBe(true);
    expect(s.terms.size).toBe(count);
  });

  test("may be made from a term with other children", () => {
    const s = make();
    const [x, y] = [intern(s, input("x")), intern(s, input("y"))];
    const sum = intern(s, { kind: "add" }, [x, y]);
    expect(intern(s, sum, [y, x])).toBe(intern(s, { kind: "add" }, [y, x]));
    expect(intern(s, sum, [x, y])).toBe(sum);
    expect(intern(s, intern(s, { kind: "mul" }, [x, y]), [x, y])).not.toBe(sum);
  });
});

test("terms are numbered in the order in which they were made", () => {
  const s = newStore();
  const made = [intern(s, input("x")), intern(s, input("y")), intern(s, { kind: "add" })];
  expect(made.map(({ id }) => id)).toEqual([0, 1, 2]);
});

describe("what a term depends on", () => {
  const s = newStore();
  const [i, j, k] = ["i", "j", "k"].map((label) => ix.variable(s.indices, label, 4)) as [ix.Ix, ix.Ix, ix.Ix];
  const at = (...places: readonly ix.Ix[]): Term => intern(s, input("K"), [], places);
  const of = (...args: readonly Term[]): Term => intern(s, { kind: "max" }, args);
  test.each<readonly [string, Term, string]>([
    ["nothing", at(), ""],
    ["a number", at(ix.constant(s.indices, 1)), ""],
    ["a place", at(j), "j"],
    ["two places in any order", at(k, i), "i k"],
    ["a place of two", at(ix.plus(s.indices, k, i)), "i k"],
    ["one place twice", at(i, i), "i"],
    ["a place within the other", at(ix.plus(s.indices, i, j), j), "i j"],
    ["a place beyond the other", at(j, ix.plus(s.indices, i, j)), "i j"],
    ["places that overlap", at(ix.plus(s.indices, j, k), ix.plus(s.indices, i, k)), "i j k"],
    ["arguments", of(at(k), at(i), at(k)), "i k"],
    ["an argument, and one without", of(at(), at(j), at()), "j"],
    ["arguments and places", intern(s, { kind: "rows", size: 8, ring: false }, [at(k)], [j, i]), "i j k"],
  ])("%s", (_, t, labels) => {
    expect(t.free.map(({ label }) => label).join(" ")).toBe(labels);
  });
});

describe("a skeleton", () => {
  /** The skeletons of structures that all differ, in a store where `before` other bodies were made. */
  const skeletons = (before: number, names: readonly [string, string]): readonly number[] => {
    const s = newStore();
    const [i, j] = names.map((label) => ix.variable(s.indices, label, 4)) as [ix.Ix, ix.Ix];
    const at = (name: string, ...places: readonly ix.Ix[]): Term => intern(s, input(name), [], places);
    const app = (body: Term, n = 4, reduction: Reduction = "sum"): Term =>
      intern(s, { kind: "app", lam: internLam(s, reduction, interval(n), body) }, [], [i]);
    for (let n = 0; n < before; n++) app(at("other", ix.constant(s.indices, n)));
    const b = ix.bound(s.indices, 4);
    const others = internLam(s, "sum", { kind: "other rows", size: 4 }, at("K", b));
    const more = internLam(s, "sum", { kind: "other rows", size: 5 }, at("K", b));
    const terms = [
      ...HEADS.filter((h) => !["neg", "compare"].includes(h.kind)).map((head) => intern(s, head)),
      intern(s, { kind: "max" }, [at("x", i), at("y", j)]),
      intern(s, { kind: "max" }, [at("y", i), at("x", j)]),
      intern(s, { kind: "max" }, [at("x", i), at("x", j)]),
      intern(s, { kind: "max" }, [at("x", i)]),
      app(at("K", b)),
      app(at("K", b), 5),
      app(at("L", b)),
      intern(s, { kind: "app", lam: others }, [], [i]),
      intern(s, { kind: "app", lam: more }, [], [i]),
      intern(s, { kind: "app", lam: others }, [at("x", i)], [i]),
    ];
    return terms.map(({ skeleton }) => skeleton);
  };

  test("is that of the structure", () => {
    const found = skeletons(0, ["i", "j"]);
    expect(new Set(found).size).toBe(found.length);
  });

  test("does not depend on names, on places, or on what was made before", () => {
    expect(skeletons(3, ["v", "u"])).toEqual(skeletons(0, ["i", "j"]));
    const s = newStore();
    const [at0, at1] = [0, 1].map((n) => intern(s, input("K"), [], [ix.constant(s.indices, n)])) as [Term, Term];
    expect(at0).not.toBe(at1);
    expect(at0.skeleton).toBe(at1.skeleton);
  });
});

test("a body is one for one reduction, range and term", () => {
  const s = newStore();
  const [x, y] = [intern(s, input("x")), intern(s, input("y"))];
  const make = () => [
    internLam(s, "sum", interval(4), x),
    internLam(s, "max", interval(4), x),
    internLam(s, "sum", interval(5), x),
    internLam(s, "sum", { kind: "other rows", size: 4 }, x),
    internLam(s, "sum", { kind: "other rows", size: 5 }, x),
    internLam(s, "sum", interval(4), y),
  ];
  const lams = make();
  expect(new Set(lams).size).toBe(lams.length);
  expect(make().every((lam, k) => lam === lams[k])).toBe(true);
  expect(lams.map(({ id }) => id)).toEqual([0, 1, 2, 3, 4, 5]);
  expect(lams[3]).toMatchObject({ reduction: "sum", over: { kind: "other rows", size: 4 }, body: x, unsettled: false });
});
