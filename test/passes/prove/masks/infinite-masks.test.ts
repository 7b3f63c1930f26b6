/** Masks that are −∞ where rows are hidden: what that does to the numbers is followed, or the pair is not proven. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GraphError } from "../../../../src/dsl/error.ts";
import { type Graph, graph } from "../../../../src/dsl/graph.ts";
import {
  add,
  cast,
  clip,
  exp,
  log,
  matmul,
  maximum,
  mul,
  real_div,
  reduce_max,
  reduce_sum,
  relu,
  softmax,
  sub,
} from "../../../../src/dsl/ops/index.ts";
import type { GivenRoles } from "../../../../src/dsl/role.ts";
import { constant, input, state, type Tensor } from "../../../../src/dsl/tensor.ts";
import type { Shape } from "../../../../src/dsl/type.ts";
import { type ProvenPair, provenPair } from "../../../../src/passes/prove/program/pair.ts";
import { prove } from "../../../../src/passes/prove/prove.ts";
import { bottomlessValues, maskedValues, newKeeper } from "../../../../src/passes/prove/refute/keeper.ts";
import { mismatch } from "../../../../src/passes/prove/refute/mismatch.ts";
import { bothRunner, runWhereDefined, sampleOf } from "../../../../src/passes/prove/refute/sample.ts";
import type { Proven } from "../../../../src/passes/prove/report/verdict.ts";
import { drawsOf } from "../../../support/prove/pairs/draw.ts";
import { FAMILIES } from "../../../support/prove/pairs/judge.ts";
import { summary } from "../../../support/prove/prove.ts";

type Value = Tensor<Shape, "fp16">;
const S = 5;
const CLOSED: GivenRoles = new Map([
  ["attn_mask", { facts: { kind: "mask", closed: Number.NEGATIVE_INFINITY }, source: "option" }],
]);

/** Attention over rows that x writes at the slots of its write mask; `how` makes weights of scores and mask. */
function attention(
  how: (scores: Value, mask: Value, tokens: number) => Tensor,
  shown?: (s: Value, m: Value) => Tensor,
) {
  return (tokens: number): Graph => {
    const x = input("x", [tokens, 4]) as Value;
    const mask = input("attn_mask", [tokens, S]) as Value;
    const write = input("kv_write_mask", [S, tokens]) as Value;
    const K = state("K", [S, 4]) as Value;
    const written = reduce_sum(write, { axes: [1], keep_dims: true });
    const next = add(mul(K, add(mul(written, -1), 1)), matmul(write, x)) as Value;
    const scores = matmul(x, next, { transpose_y: true }) as Value;
    const y = matmul(how(scores, mask, tokens) as Value, next);
    const more = shown ? { shown: shown(scores, mask) } : {};
    return graph({
      name: `attention_t${tokens}`,
      inputs: [x, mask, write],
      outputs: { y, ...more },
      states: [[K, next]],
    });
  };
}

const soft = (x: Tensor): Tensor => softmax(x as Value, { axis: 1 });
const spelled = (x: Value): Tensor => {
  const e = exp(sub(x, reduce_max(x, { axes: [1], keep_dims: true })) as Value);
  return real_div(e, reduce_sum(e, { axes: [1], keep_dims: true }));
};

const verdictOf = (of: (tokens: number) => Graph) => prove(of(2), of(1), { roles: CLOSED, budget: 20 });

describe("is followed", () => {
  test.each<[what: string, how: Parameters<typeof attention>[0]]>([
    ["added to scores", (s, m) => soft(add(s, m))],
    ["in a softmax that is spelled out", (s, m) => spelled(add(s, m) as Value)],
    ["without a maximum", (s, m) => exp(add(s, m) as Value)],
    ["scaled after it was added", (s, m) => soft(mul(add(s, m), 0.125))],
    ["scaled before", (s, m) => soft(add(s, mul(m, 0.5)))],
    ["added twice", (s, m) => soft(add(add(s, m), m))],
    [
      "added in fp32",
      (s, m) => cast(soft(add(cast(s, { dtype: "fp32" }), cast(m, { dtype: "fp32" }))) as never, { dtype: "fp16" }),
    ],
    ["clipped far down, as torch's masks are", (s, m) => soft(add(s, maximum(m, -10000)))],
  ])("%s", (_, how) => {
    const verdict = verdictOf(attention(how));
    expect(summary(verdict)).toBe("PROVEN (exact)");
    const said = new Map(verdict.preconditions.map(({ id, says }) => [id, says]));
    expect(said.get("P7")).toContain("but of attn_mask,");
    expect(verdict).toMatchObject({ attacked: { witness: { tokens: 2 } } });
    expect(JSON.parse(JSON.stringify(verdict.roles))).toContainEqual(expect.objectContaining({ closed: "-inf" }));
  });

  test("no bound is asked of scores, unless a number that is finite masks out", () => {
    expect(verdictOf(attention((s, m) => soft(add(s, m))))).not.toHaveProperty("gapBound");
    expect(verdictOf(attention((s, m) => soft(add(s, maximum(m, -10000)))))).toHaveProperty("gapBound");
  });
});

test("a constant of −∞ is none that a host feeds: P7 says that every value is finite", () => {
  const shut = constant([0, 0, 0, 0, Number.NEGATIVE_INFINITY], [1, S]) as Value;
  const of = attention((s, m) => soft(add(add(s, m), shut)));
  expect(summary(prove(of(2), of(1), { budget: 20 }))).toBe("NOT PROVEN");
});

describe("is not proven", () => {
  test.each<[what: string, how: Parameters<typeof attention>[0], shown?: Parameters<typeof attention>[1]]>([
    ["times 0, which is NaN", (s, m) => soft(add(s, mul(m, 0)))],
    ["less itself, which is NaN", (s, m) => soft(add(s, sub(m, m)))],
    ["turned round, which is +Inf", (s, m) => soft(sub(s, mul(m, -1)))],
    [
      "less its own row's least, which is NaN",
      (s, m) => soft(sub(add(s, m), reduce_sum(add(s, m) as Value, { axes: [1], keep_dims: true }))),
    ],
    ["clipped to what a score may be", (s, m) => soft(clip(add(s, m) as Value, { alpha: -4, beta: 4 }))],
    ["clipped by relu", (s, m) => soft(relu(add(s, m) as Value))],
    ["scaled to nothing by a number below fp16's", (s, m) => soft(add(s, mul(exp(m), -10)))],
    ["shown as a result", (s, m) => soft(add(s, m)), (s, m) => add(s, m)],
    [
      "where no row is seen",
      (s, m) => soft(add(add(s, m), log(mul(reduce_sum(s, { axes: [1], keep_dims: true }), 0) as Value))),
    ],
  ])("%s", (_, how, shown) => {
    expect(summary(verdictOf(attention(how, shown)))).not.toMatch(/^PROVEN/);
  });

  test("what is false is refuted with −∞ in the input", () => {
    const other = attention((s, m, T) => soft(add(T > 1 ? mul(s, 2) : s, m)));
    expect(summary(verdictOf(other))).toBe("REFUTED");
  });
});

test.each([1, 2])(
  "what is NaN wherever the mask shuts a row is not proven for %d tokens, whichever rows are seen",
  (T) => {
    const of = (tokens: number, times: number) => {
      const [x, k] = [input("x", [tokens, 4]), input("k", [S, 4])];
      const mask = input("attn_mask", [tokens, S]) as Value;
      const weights = soft(add(matmul(x, k, { transpose_y: true }), mask)) as Value;
      const y = matmul(times === 1 ? weights : (add(weights, mul(mask, times)) as Value), k);
      return graph({ name: `shut_t${tokens}_${times}`, inputs: [x, k, mask], outputs: { y } });
    };
    const judged = (times: number) => summary(prove(of(T, times), of(1, 1), { roles: CLOSED, budget: 20 }));
    expect([judged(1), judged(0)]).toEqual(["PROVEN (exact)", "NOT PROVEN"]);
  },
);

/** Whether a run of both graphs says something, and what differs. */
function told(pair: ProvenPair, seed: number, { level, gapBound = Number.POSITIVE_INFINITY }: Proven) {
  const masked = maskedValues(pair);
  const keeper = newKeeper(gapBound, masked, gapBound, bottomlessValues(pair, masked));
  const precision = level === "exact" ? "fp16" : "fp64";
  const results = runWhereDefined(() => bothRunner(pair, precision)(sampleOf(pair, seed, {}), keeper.see));
  const kept = results !== undefined && keeper.broken() === undefined;
  return { kept, differs: kept && mismatch(pair, results, precision) !== undefined };
}

const RUNS = Number(process.env.INFINITE_RUNS ?? 30);

test("random cores that are proven are equal wherever no number is NaN", () => {
  let [proven, kept] = [0, 0];
  for (const draw of fc.sample(drawsOf("masked"), { numRuns: RUNS, seed: Number(process.env.INFINITE_SEED ?? 7) })) {
    const build = (T: number, side: "block" | "step") => FAMILIES.masked!(draw, T, side);
    try {
      const [block, step] = [build(draw.tokens, "block"), build(1, "step")];
      const name = block.inputs.find((x) => /mask$/.test(x.name ?? "") && x.name !== "kv_write_mask")!;
      if (name.type.dtype === "bool") continue;
      const roles: GivenRoles = new Map([
        [name.name!, { facts: { kind: "mask", closed: Number.NEGATIVE_INFINITY }, source: "option" }],
      ]);
      const verdict = prove(block, step, { roles, secondOpinion: false, counterexample: false, corollaries: false });
      if (verdict.verdict !== "PROVEN") continue;
      proven++;
      const pair = provenPair(block, step, { given: roles });
      for (let seed = 1; seed <= 8; seed++) {
        const run = told(pair, seed, verdict);
        if (run.kept) kept++;
        expect([draw, run.differs]).toEqual([draw, false]);
      }
    } catch (error) {
      if (!(error instanceof GraphError)) throw error;
    }
  }
  expect(proven).toBeGreaterThan(RUNS / 30);
  expect(kept).toBeGreaterThan(proven / 4);
  if (process.env.INFINITE_RUNS) console.log({ proven, kept });
});
