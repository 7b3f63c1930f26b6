/** What `prove` is told from outside: places and tables of weights, roles, small graphs, seeds; and how far an attack goes. */
import { describe, expect, test } from "vitest";
import type { Graphs } from "../../../src/dsl/host/twins.ts";
import type { GivenRoles } from "../../../src/dsl/role.ts";
import type { Tensor } from "../../../src/dsl/tensor.ts";
import { type ProveOptions, prove } from "../../../src/passes/prove/prove.ts";
import { ProofContradicted } from "../../../src/passes/prove/refute/contradicted.ts";
import { type Fault, type Feeds, op, pairOf, table_, type Value, W } from "../../support/prove/corpus/fault.ts";
import { summary } from "../../support/prove/prove.ts";

const QUIET = { counterexample: false, secondOpinion: false, corollaries: false } as const;
const ATTACK = { counterexample: false, corollaries: false } as const;
const graphs = (make: Fault["make"], tokens = 2): Graphs => pairOf({ make }, tokens, false);
const judged = (make: Fault["make"], options: ProveOptions = QUIET, tokens = 2) => {
  const { block, step } = graphs(make, tokens);
  return prove(block, step, options);
};

describe("weights", () => {
  const make = (f: Feeds) => op.mul(f.x, W(f.tokens === 1 ? "a" : "b", [4]));
  test("of two names are one where that is said, and only of those", () => {
    const weightIdentity: ProveOptions["weightIdentity"] = (source) =>
      source.from === "checkpoint" && source.tensor !== "c" ? { base: "one", offset: 0 } : undefined;
    expect([summary(judged(make)), summary(judged(make, { ...QUIET, weightIdentity }))]).toEqual([
      "NOT PROVEN",
      "PROVEN (exact)",
    ]);
    const third = (f: Feeds) => op.mul(f.x, W(f.tokens === 1 ? "a" : "c", [4]));
    expect(summary(judged(third, { ...QUIET, weightIdentity }))).toBe("NOT PROVEN");
  });

  test("are numbers where that is said", () => {
    const stored = {
      ...W("w", [4]),
      def: { kind: "weight", source: { from: "package", sha256: "s", file: "f", offset: 0 } },
    } as Tensor as Value;
    const ones = (f: Feeds) => (f.tokens === 1 ? f.x : op.mul(f.x, stored));
    const verdicts = [{}, { tableOf: () => [1, 1, 1, 1] }, { tableOf: () => [1, 1, 1, 2] }].map((known) =>
      summary(judged(ones, { ...QUIET, ...known })),
    );
    expect(verdicts).toEqual(["NOT PROVEN", "PROVEN (exact)", "NOT PROVEN"]);
  });

  test("that are not finite keep every proof from being told", () => {
    const notFinite = { name: "w", count: 2 };
    expect(summary(judged((f) => op.tanh(f.x), { ...QUIET, notFinite }))).toBe("NOT PROVEN");
    expect(judged((f) => op.mul(f.x, 0), { ...QUIET, notFinite })).toMatchObject({
      verdict: "NOT PROVEN",
      finding: { value: "", where: "", op: "", reason: { code: "not finite", name: "w", count: 2 } },
      searched: "P7 is known to be false",
    });
    expect(summary(judged((f) => op.mul(f.x, 0)))).toBe("PROVEN (exact)");
  });
});

test("roles are as they are stated", () => {
  const shared: GivenRoles = new Map([["s", { facts: { kind: "shared" }, source: "option" }]]);
  const whole = (f: Feeds) => op.mul(f.x, f.shared("s", [1]));
  expect(judged(whole, { ...QUIET, roles: shared }).roles.find((x) => x.input === "s")).toMatchObject({
    source: "option",
  });
  expect(judged(whole).roles.find((x) => x.input === "s")).toMatchObject({ source: "shape" });
});

describe("an attack", () => {
  const fine = (f: Feeds) => op.tanh(f.x);
  test("runs the graphs themselves, by the seed that is given", () => {
    expect(judged(fine, ATTACK, 3)).toMatchObject({ attacked: { small: false, witness: { seed: 1, tokens: 3 } } });
    expect(judged(fine, { ...ATTACK, seed: 7 }, 3)).toMatchObject({ attacked: { witness: { seed: 7 } } });
  });

  test.each([
    [3, 2],
    [2, 2],
    [1, 1],
  ])("on a block of %i tokens runs small graphs of %i", (tokens, asked) => {
    const sizes: number[] = [];
    const small = (t: number) => {
      sizes.push(t);
      return graphs(product(3, 2), t);
    };
    expect(judged(product(400, 4), { ...ATTACK, small }, tokens)).toMatchObject({
      attacked: { small: true, witness: { tokens: asked } },
    });
    expect([...new Set(sizes)]).toEqual([asked]);
  });

  test("runs the graphs themselves where they are small enough, so that the witness is one of what was claimed", () => {
    // 1 / (S − 4) is finite at every size but that which is given.
    const by = (f: Feeds, rows: number) => op.real_div(f.x, rows - 4);
    const small = () => graphs((f) => by(f, 3));
    expect(judged((f) => by(f, 4), { ...ATTACK, small })).toMatchObject({
      verdict: "NOT PROVEN",
      finding: { reason: { code: "vacuous" } },
    });
    expect(summary(judged((f) => by(f, 5), { ...ATTACK, small }))).toBe("PROVEN (exact)");
  });

  test("does without sizes that an author's function cannot make", () => {
    const small = (): never => {
      throw new Error("max_seq must be a multiple of 8");
    };
    expect(judged(fine, { ...ATTACK, small }, 3)).toMatchObject({ attacked: { small: false, witness: { tokens: 3 } } });
    const wrong = judged((f) => op.mul(f.x, f.tokens), { small });
    expect(summary(wrong)).toBe("REFUTED");
  });

  test("on small graphs that differ contradicts the proof", () => {
    const wrong = graphs((f) => op.mul(f.x, f.tokens));
    const proof = () => judged(product(400, 4), { ...ATTACK, small: () => wrong });
    expect(proof).toThrow(ProofContradicted);
    expect(proof).toThrow(
      expect.objectContaining({
        against: expect.objectContaining({ by: "run" }),
        pair: expect.objectContaining(wrong),
      }),
    );
  });

  test("keeps rows contiguous where the proof needs it", () => {
    for (const size of [3, 5]) {
      const verdict = judged(fromFirst(product(10 * size, size)), ATTACK);
      const needs = verdict.preconditions.some(({ id }) => id === "P2'");
      expect([summary(verdict), needs]).toEqual(["PROVEN (exact)", true]);
      expect(verdict.secondOpinion?.every(({ equal }) => equal)).toBe(true);
    }
  });

  test("is not made where nobody asks, or where the graphs are too large", () => {
    for (const verdict of [judged(fine, QUIET), judged(product(3000, 3), ATTACK)]) {
      expect(summary(verdict)).toBe("PROVEN (exact)");
      expect(["attacked" in verdict, "secondOpinion" in verdict]).toEqual([false, false]);
    }
  });
});

const counting = (n: number) =>
  table_(
    Array.from({ length: n }, (_, t) => t),
    [n],
    "int32",
  );
/** A cache whose rows are written from the first token's on; beside it is shown what `show` makes. */
const fromFirst = (show: (f: Feeds) => Value) => (f: Feeds) => {
  const first = op.slice_by_index(f.at, [0], [1]);
  const begin = op.concat([first, table_([0], [1], "int32")], { axis: 0 });
  const end = op.concat([op.add(first, table_([f.tokens], [1], "int32")), table_([4], [1], "int32")], { axis: 0 });
  return { K: op.slice_update(f.state("K"), f.x, begin, end), y: show(f) };
};

/** Rows [M] times a weight [K]: M · K numbers a token that cost M each, by the longest axis. */
const product = (m: number, k: number) => (f: Feeds) => op.matmul(f.rows("m", m, 1), W("w", [1, 1, k]));

describe("a search", () => {
  test("keeps rows contiguous, which a proof may need", () => {
    // log(exp(x)) is x over the reals, which is not proven; on scattered rows the states differ.
    const back = (f: Feeds) => (f.tokens === 1 ? op.log(op.exp(f.x)) : f.x);
    expect(summary(judged(fromFirst(back), { ...QUIET, counterexample: true, budget: 0 }))).toBe("NOT PROVEN");
  });

  test("does so too where no attempt came to need it", () => {
    const place = (f: Feeds) => {
      const own =
        f.tokens === 1
          ? f.at
          : op.add(op.tile(op.slice_by_index(f.at, [0], [1]), { reps: [f.tokens] }), counting(f.tokens));
      return op.cast(op.reshape(own, { shape: [f.tokens, 1] }), { dtype: "fp16" });
    };
    const make = (f: Feeds) => ({
      K: f.state("K"),
      y: op.mul(f.x, place(f)),
      z: f.tokens === 1 ? op.log(op.exp(f.x)) : f.x,
    });
    expect(summary(judged(make, { ...QUIET, counterexample: true, budget: 0 }))).toBe("NOT PROVEN");
  });
});
