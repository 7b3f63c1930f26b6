/** A proof is attacked before it is told: what the attack catches, and what has no witness; corollaries, derived or denied. */
import { describe, expect, test } from "vitest";
import { printVerdict } from "../../../../src/cli/verdict/prove-text.ts";
import { type Graph, graph } from "../../../../src/dsl/graph.ts";
import type { Graphs } from "../../../../src/dsl/host/twins.ts";
import {
  abs,
  add,
  cast,
  exp,
  less,
  matmul,
  mul,
  real_div,
  reduce_sum,
  rsqrt,
  slice_by_index,
  sqrt,
  sub,
  tanh,
} from "../../../../src/dsl/ops/index.ts";
import { constant, input, state, type Tensor, weight } from "../../../../src/dsl/tensor.ts";
import type { Shape } from "../../../../src/dsl/type.ts";
import { finite } from "../../../../src/passes/prove/logic/make.ts";
import { provenPair } from "../../../../src/passes/prove/program/pair.ts";
import { type ProveOptions, prove } from "../../../../src/passes/prove/prove.ts";
import { fingerprint, PRIMES } from "../../../../src/passes/prove/refute/fingerprint.ts";
import { runWhereDefined } from "../../../../src/passes/prove/refute/sample.ts";
import type { Verdict } from "../../../../src/passes/prove/report/verdict.ts";
import { hit, type TermRule } from "../../../../src/passes/prove/rules/rule.ts";
import { RULES } from "../../../../src/passes/prove/rules/rule-book.ts";
import { bookWithout } from "../../../support/prove/broken.ts";
import { DUALS } from "../../../support/prove/duals.ts";
import { pairOf, summary, TRUE_SIZE } from "../../../support/prove/prove.ts";

type Value = Tensor<Shape, "fp16">;

/** What a proof by broken rules comes to when it is attacked. */
function attacked(name: string): string {
  const { block, step } = DUALS[name]!;
  try {
    return summary(prove(block, step, { rules: bookWithout(name), counterexample: false }));
  } catch (error) {
    return (error as Error).name;
  }
}

/** Rules whose broken form proves pairs that differ in bits only, or whose data no sample tells apart. */
test.each(Object.keys(DUALS))("a proof by a broken %s does not get through", (name) => {
  expect(attacked(name)).toBe("ProofContradicted");
});

describe("two prime fields", () => {
  /** What no field sees: roundings, what only a mask's owner opens, and data on which an op is not defined. */
  const UNSEEN = [
    "mask-own-open",
    "round-known",
    "max-drop",
    "lift-mask",
    "real-round",
    "row-contiguous",
    "index-arithmetic",
  ];

  test.each(Object.keys(DUALS))("on what a broken %s proves", (name) => {
    const { block, step } = DUALS[name]!;
    const pair = provenPair(block, step);
    const apart = runWhereDefined(() =>
      PRIMES.every((prime) => !fingerprint(pair, { prime, seed: 1, rounds: true }).equal),
    );
    expect([name, apart ?? false]).toEqual([name, !UNSEEN.includes(name)]);
  });

  test("contradict an exact proof that no run contradicts", () => {
    // Bits differ only next to where fp32 rounds to the other side.
    const wrong: TermRule = {
      ...RULES.add[0]!,
      match: (_, [a, b]) => (finite(b!) === 2 ** -40 ? hit(true, () => a!) : undefined),
    };
    const rules = { ...RULES, add: [wrong, ...RULES.add] };
    const wide = (x: Value): Value => cast(x, { dtype: "fp32" }) as unknown as Value;
    const proof = (options: ProveOptions) =>
      both((x, tokens) => (tokens === 2 ? add(add(wide(x), 1), 2 ** -40) : add(wide(x), 1)) as Value, {
        rules,
        counterexample: false,
        ...options,
      });
    expect(summary(proof({ secondOpinion: false }))).toBe("PROVEN (exact)");
    expect(() => proof({})).toThrow(expect.objectContaining({ against: expect.objectContaining({ by: "fields" }) }));
  });
});

/** One graph as a function of T, on rows [T, 4]. */
const both = (make: (x: Value, tokens: number) => Value, options: ProveOptions = {}): Verdict => {
  const build = (tokens: number): Graph => {
    const x = input("x", [tokens, 4]) as Value;
    return graph({ name: `g${tokens}`, inputs: [x], outputs: { y: make(x, tokens) } });
  };
  return prove(build(2), build(1), options);
};

describe("preconditions that nothing meets", () => {
  test.each<[string, (x: Value) => Value, string]>([
    ["0/0", (x) => real_div(mul(x, 0), mul(x, 0)) as Value, "NaN"],
    ["an overflow that always happens", (x) => mul(add(mul(x, 0), 60000), 2) as Value, "Infinity"],
  ])("%s is not proven, and says what stood in the way", (_, make, value) => {
    const verdict = both(make);
    if (verdict.verdict !== "NOT PROVEN") throw new Error(summary(verdict));
    expect(verdict.finding.reason).toMatchObject({ code: "vacuous", unmet: expect.stringContaining(value) });
  });

  test("x + y − x → y over the reals needs finite values, and one over 0 is no number", () => {
    const back = both((x, tokens) => (tokens === 2 ? sub(add(x, exp(x)), x) : exp(x)) as Value);
    expect([summary(back), back.preconditions.map(({ id }) => id)]).toEqual(["PROVEN (reals)", ["P6", "P7"]]);
    const over = both((x, tokens) => {
      const none = real_div(x, 0) as Value;
      return (tokens === 2 ? add(mul(none, 2), none) : add(none, mul(none, 2))) as Value;
    });
    expect(over.verdict).toBe("NOT PROVEN");
  });

  test("a proof that something meets has a witness", () => {
    const verdict = both((x) => exp(x) as Value);
    if (verdict.verdict !== "PROVEN") throw new Error(summary(verdict));
    expect(verdict.attacked).toMatchObject({ witness: { seed: 1, tokens: 2 } });
    expect(verdict.attacked!.met).toBeGreaterThan(1);
  });
});

test("a comparison that rounding decides is not held against a proof over the reals", () => {
  const verdict = both((x, tokens) => {
    const back = sub(add(x, tanh(x)), tanh(x));
    return cast(less(tokens === 2 ? x : back, x), { dtype: "fp16" }) as Value;
  });
  expect(summary(verdict)).toBe("PROVEN (reals)");
});

test("nor is what rounding leaves of a large number that was added and taken off again", () => {
  const large = mul(constant([60000], [1], "fp32"), constant([60000], [1], "fp32")) as unknown as Value;
  const verdict = both((x, tokens) => {
    const wide = cast(exp(x), { dtype: "fp32" }) as unknown as Value;
    return (tokens === 2 ? sub(add(wide, large), large) : wide) as Value;
  });
  expect(summary(verdict)).toBe("PROVEN (reals)");
});

/** Pairs that are equal bit for bit, though a field may tell them apart. */
const EQUAL: Readonly<Record<string, (x: Value, block: boolean) => unknown>> = {
  "a negative integer as a float": (x, block) =>
    mul(x, block ? (cast(constant([-1], [1], "int32"), { dtype: "fp16" }) as Value) : -1),
  "a float as a negative integer": (x, block) => {
    const two = constant([-2], [1], "fp16");
    const less0 = block
      ? less(cast(two, { dtype: "int32" }), constant([0], [1], "int32"))
      : less(constant([-2], [1], "int32"), constant([0], [1], "int32"));
    return mul(x, cast(less0, { dtype: "fp16" }) as Value);
  },
  "two numbers that add up to a far one": (x, block) =>
    mul(x, block ? (add(constant([-600], [1], "fp16"), constant([-600], [1], "fp16")) as Value) : -1200),
  "a far number and one that brings it near": (x, block) =>
    mul(x, block ? (add(constant([-1000], [1], "fp16"), constant([400], [1], "fp16")) as Value) : -600),
  "a difference turned round": (x, block) => {
    const far = constant([2000, 3000, 5000, 2500], [4], "fp16");
    return block ? sub(x, far) : mul(sub(far, x), -1);
  },
};

test.each(Object.keys(EQUAL))("%s is proven, whatever a field makes of it", (name) => {
  expect(summary(both((x, tokens) => EQUAL[name]!(x, tokens === 2) as Value))).toBe("PROVEN (exact)");
});

test("a root of a number that is 0 over the reals is none, and no fault", () => {
  const verdict = both((x, tokens) => {
    const none = rsqrt(mul(x, 0), { epsilon: 1e-12 }) as Value;
    const zero = rsqrt(sub(add(x, tanh(x)), add(tanh(x), x)), { epsilon: 0 }) as Value;
    return (tokens === 2 ? add(mul(x, 3), mul(zero, none)) : add(add(x, mul(x, 2)), mul(zero, none))) as Value;
  });
  expect(verdict.verdict).toBe("NOT PROVEN");
});

describe("what was run is told as it was", () => {
  test("at small sizes, where the model was built small for it", () => {
    const { block, step } = pairOf({ tokens: 3 });
    const large = pairOf({ tokens: 3, sizes: TRUE_SIZE });
    const quiet = { counterexample: false, corollaries: false };
    const lines = (pair: Graphs, options: ProveOptions) =>
      printVerdict(prove(pair.block, pair.step, { ...quiet, ...options })).replace(/\s+/g, " ");
    const small = (tokens: number) => pairOf({ tokens });
    expect(lines(large, { small })).toContain("2 tokens, at small sizes: no difference");
    for (const options of [{}, { small }]) expect(lines({ block, step }, options)).toContain("3 tokens: no difference");
  });

  test("a field that differs beside a proof over the reals says why that is not held against it", () => {
    const verdict = both((x, tokens) => (tokens === 2 ? sqrt(mul(x, x)) : abs(x)) as Value);
    expect(verdict.secondOpinion?.map(({ equal }) => equal)).toEqual([false, false]);
    expect(printVerdict(verdict)).toMatch(/^PROVEN \(reals\).*not\s+held\s+against\s+the\s+proof/s);
    expect(printVerdict(both((x) => exp(x) as Value))).not.toMatch(/held\s+against/);
  });
});

describe("weights that are known not to be finite", () => {
  const scaled = (x: Value) => sub(add(x, weight("w", [4])), weight("w", [4])) as Value;
  test("are what P7 excludes", () => {
    const verdict = both((x) => mul(scaled(x), 0) as Value, { notFinite: { name: "w", count: 3 } });
    if (verdict.verdict !== "NOT PROVEN") throw new Error(summary(verdict));
    expect(verdict.finding.reason).toEqual({ code: "not finite", name: "w", count: 3 });
  });
});

/** A corollary's yes or no with its reason, by name. */
function corollary(block: Graph, step: Graph, name: string): string {
  const verdict = prove(block, step);
  if (verdict.verdict !== "PROVEN") throw new Error(summary(verdict));
  const found = verdict.corollaries.find((x) => x.name === name)!;
  return found.holds ? "yes" : found.says.replace("not claimed: ", "");
}

describe("corollaries", () => {
  /** A cache written through a write mask; `update` is how. */
  const cached = (update: (K: Value, slot: Value, rows: Value) => Value, read?: (K: Value, x: Value) => Value) => {
    const build = (tokens: number): Graph => {
      const x = input("x", [1, 1, tokens, 4]) as Value;
      const slot = input("kv_write_mask", [1, 1, 6, tokens]) as Value;
      const K = state("k", [1, 1, 6, 4]) as Value;
      const next = update(K, slot, x);
      return graph({
        name: `cache${tokens}`,
        inputs: [x, slot],
        states: [[K, next]],
        outputs: { y: read ? read(next, x) : mul(x, 2) },
      });
    };
    return [build(2), build(1)] as const;
  };
  const kept = (slot: Value) => sub(1, reduce_sum(slot, { axes: [3], keep_dims: true })) as Value;
  const blend = (K: Value, slot: Value, rows: Value) => add(mul(K, kept(slot)), matmul(slot, rows)) as Value;

  test("of the Phi layer all hold", () => {
    const { block, step } = pairOf({ tokens: 3 });
    for (const name of ["acceptPrefix", "rejectedRows", "padding", "positions", "capacity"])
      expect([name, corollary(block, step, name)]).toEqual([name, "yes"]);
  });

  test("a blend erases what a rejected token left", () => {
    for (const name of ["acceptPrefix", "rejectedRows", "padding"])
      expect(corollary(...cached(blend), name)).toBe("yes");
  });

  test("rows that are added to what stands there are denied", () => {
    const pair = cached((K, slot, rows) => add(K, matmul(slot, rows)) as Value);
    expect(corollary(...pair, "acceptPrefix")).toBe("the new row of k depends on what stood in it");
    expect(corollary(...pair, "padding")).toBe("yes");
  });

  test("an accumulator is denied", () => {
    const build = (tokens: number): Graph => {
      const x = input("x", [4, tokens]) as Value;
      const acc = state("acc", [4, 1]) as Value;
      let sum = acc;
      for (let t = 0; t < tokens; t++) sum = add(sum, slice_by_index(x, [0, t], [4, t + 1])) as Value;
      return graph({ name: `acc${tokens}`, inputs: [x], states: [[acc, sum]], outputs: { y: mul(x, 2) } });
    };
    expect(corollary(build(2), build(1), "acceptPrefix")).toBe("a step changes acc beyond the row of its token");
  });

  test("padding that still changes the cache is denied", () => {
    const pair = cached((K, slot, rows) => mul(blend(K, slot, rows), add(mul(kept(slot), 0), 1)) as Value);
    expect(corollary(...pair, "padding")).toBe("yes");
    const fading = cached((K, slot, rows) => {
      const count = reduce_sum(slot, { axes: [2, 3], keep_dims: true }) as Value;
      return add(mul(mul(K, kept(slot)), exp(mul(sub(count, count), 0))), matmul(slot, rows)) as Value;
    });
    expect(corollary(...fading, "padding")).toBe("yes");
  });
});
