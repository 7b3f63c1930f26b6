/** What did not hold: the first pair that differs, whether a mask has a part in it, and which of several failures is told. */
import { describe, expect, test } from "vitest";
import { nowhere } from "../../../src/dsl/site.ts";
import { attempt, type Failure, together } from "../../../src/passes/prove/failure.ts";
import type { Segment } from "../../../src/passes/prove/program/segments.ts";
import type { Finding } from "../../../src/passes/prove/refute/finding.ts";
import { type Fault, type Feeds, op, pairOf, W } from "../../support/prove/corpus/fault.ts";
import { programs, programsOf } from "../../support/prove/programs.ts";

describe("an attempt at some results", () => {
  const make = (f: Feeds) => ({
    u: op.tanh(f.x),
    v: op.mul(f.x, f.tokens),
    w: op.mul(f.x, f.tokens + 1),
    K: f.state("K"),
  });
  const made = programs(make, 2);
  const of = (...names: readonly string[]) => {
    const sums = { compared: 10 };
    const failure = attempt(made.p, made.pair, segment(names), sums);
    return { failure, compared: sums.compared };
  };
  const segment = (names: readonly string[]): Segment => ({
    pairs: names.map(made.result),
    signature: "",
    rows: new Set(),
    reads: [],
  });

  test("counts all places up to the first that differs", () => {
    expect(of()).toEqual({ failure: undefined, compared: 10 });
    expect(of("u", "K")).toEqual({ failure: undefined, compared: 13 });
    const { failure, compared } = of("u", "v", "w", "K");
    expect([failure?.pair.name, compared]).toEqual(["v", 13]);
    expect(of("w", "v").failure?.pair).toBe(made.result("w"));
  });

  test("tells of the value that differs, or of another by its name", () => {
    const failure = of("v").failure!;
    expect(failure.explain()).toMatchObject({ value: "v", where: "token 0, at [0, i1]", op: "mul" });
    expect(failure.explainAt("w")).toMatchObject({ value: "w", op: "mul" });
    expect([failure.explainAt("u"), failure.explainAt("none")]).toEqual([undefined, undefined]);
  });
});

describe("a mask has a part", () => {
  const scores = (f: Feeds) => op.mul(op.reshape(f.x, { shape: [1, 1, f.tokens, 4] }), W("w", [1]));
  const row = (f: Feeds) => op.reduce_sum(f.mask(), { axes: [3], keep_dims: true });
  const both = (f: Feeds) => op.mul(scores(f), row(f));
  const atRunTime = (f: Feeds) => op.gather(W("w", [8, 4]), op.cast(f.x, { dtype: "int32" }), { axis: 0 });

  test.each<readonly [says: string, fault: Fault, expected: boolean]>([
    ["where an entry stands in both terms", { make: both, step: (f) => op.mul(both(f), 2) }, true],
    ["in the block's alone", { make: both, step: scores }, true],
    ["in the step's alone", { make: scores, step: both }, true],
    ["not where it stands in neither", { make: scores, step: (f) => op.mul(scores(f), 2) }, false],
    ["where no term could be made, perhaps", { make: atRunTime }, true],
  ])("%s", (_, fault, expected) => {
    const { p, pair, result } = programsOf(pairOf(fault, 2, false));
    const failure = attempt(
      p,
      pair,
      { pairs: [result("y")], signature: "", rows: new Set(), reads: [] },
      { compared: 0 },
    );
    expect(failure?.masked).toBe(expected);
  });
});

describe("several failures of one pair", () => {
  const { result } = programs((f) => ({ y: f.x, z: f.z }), 2);
  const finding = (value: string, text: string, hint?: string): Finding => ({
    value,
    where: text,
    op: "mul",
    site: nowhere,
    ...(hint === undefined ? {} : { hint }),
  });
  const failed = (told: Finding, more: Partial<Failure> = {}): Failure => ({
    pair: result("y"),
    masked: false,
    explain: () => told,
    explainAt: () => undefined,
    ...more,
  });
  const told = (...all: readonly Finding[]) => together(all.map((one) => failed(one))).explain();

  test("are of the first one's pair", () => {
    const other = failed(finding("z", ""), { pair: result("z") });
    expect(together([failed(finding("y", "")), other]).pair).toBe(result("y"));
  });

  test("have a mask in them where one has", () => {
    const masked = (...all: readonly boolean[]) =>
      together(all.map((x) => failed(finding("y", ""), { masked: x }))).masked;
    expect([masked(false, false), masked(false, true), masked(true, false), masked(true, true)]).toEqual([
      false,
      true,
      true,
      true,
    ]);
  });

  test("are told by the first, the exact one, with what would close the last, where both part at one value", () => {
    expect(
      told(finding("a", "exact", "no"), finding("a", "between", "no"), finding("a", "reals", "yes")),
    ).toStrictEqual(finding("a", "exact", "yes"));
    expect(told(finding("a", "exact", "no"), finding("a", "reals"))).toStrictEqual(finding("a", "exact"));
  });

  test("are told by the last where that parts at another value: what is more than a rounding", () => {
    expect(told(finding("a", "exact", "no"), finding("b", "reals", "yes"))).toStrictEqual(finding("b", "reals", "yes"));
  });

  test("tell of a named value what the first that can tell says", () => {
    const at = (name: string, text: string): Partial<Failure> => ({
      explainAt: (asked) => (asked === name ? finding(name, text) : undefined),
    });
    const one = together([
      failed(finding("y", "")),
      failed(finding("y", ""), at("a", "second")),
      failed(finding("y", ""), at("a", "third")),
      failed(finding("y", ""), at("b", "fourth")),
    ]);
    expect([one.explainAt("a")?.where, one.explainAt("b")?.where, one.explainAt("c")]).toEqual([
      "second",
      "fourth",
      undefined,
    ]);
  });
});
