/** What is asked before a verdict is told: on which graphs, and what of the answers is held against a proof. */

import { describe, expect, test } from "vitest";
import type { Graphs } from "../../../../src/dsl/host/twins.ts";
import type { Mode } from "../../../../src/passes/prove/logic/setting.ts";
import { provenPair } from "../../../../src/passes/prove/program/pair.ts";
import { PRIMES } from "../../../../src/passes/prove/refute/fingerprint.ts";
import { newOpinions, type OpinionOptions } from "../../../../src/passes/prove/refute/opinions.ts";
import { type Fault, type Feeds, op, pairOf, table_, W } from "../../../support/prove/corpus/fault.ts";
import { contradictionBy } from "../../../support/prove/thrown.ts";

const EXACT = { level: "exact", gap: Number.POSITIVE_INFINITY, contiguous: false } as const;

const graphsOf = (make: Fault["make"], step = make, tokens = 2): Graphs =>
  pairOf({ make, step: (f) => step(f, false) }, tokens, false);
const asked = ({ block, step }: Graphs, options: OpinionOptions = {}) => newOpinions(provenPair(block, step), options);

const SAME = graphsOf(({ x }) => op.tanh!(x));
const WRONG = graphsOf(
  ({ x }) => op.tanh!(x),
  ({ x }) => op.add!(op.tanh!(x), table_([0, 1, 0, 0], [4])),
);
/** A second one is asked where the first tells them apart. */
const equal = [{ prime: PRIMES[0], equal: true }];
const apart = PRIMES.map((prime) => ({ prime, equal: false, at: "y, element 1" }));

describe("two prime fields", () => {
  test("agree on equal graphs, whatever was proven", () => {
    for (const level of ["exact", "reals", undefined] as const)
      expect(asked(SAME).fields(claim(level))).toStrictEqual({ secondOpinion: equal });
  });

  test("that tell graphs apart contradict an exact proof, and no other", () => {
    for (const level of ["reals", undefined] as const)
      expect(asked(WRONG).fields(claim(level))).toStrictEqual({ secondOpinion: apart });
    const error = contradictionBy(() => asked(WRONG, { seed: 4 }).fields(claim("exact")));
    const found = apart.map((told) => ({ ...told, sure: true }));
    expect(error.against).toStrictEqual({ by: "fields", seed: 4, found });
    expect(error.message).toContain("a proof (exact)");
  });

  test("do not where they do not follow all", () => {
    const minus = table_([-1], [1], "int32");
    const spelled = graphsOf(
      ({ x }) => op.mul!(x, op.cast!(minus, { dtype: "fp16" })),
      ({ x }) => op.mul!(x, -1),
    );
    expect(
      asked(spelled)
        .fields(claim("exact"))
        .secondOpinion!.map(({ equal }) => equal),
    ).toEqual([false, false]);
  });

  test("nor where one of them does not tell them apart", () => {
    const of = (factor: number) => (f: Feeds) =>
      op.mul!(op.cast!(f.x, { dtype: "fp32" }), table_([factor], [1], "fp32"));
    // 2²⁶ is 5 in the first and 27 in the second.
    const told = (factor: number) =>
      asked(graphsOf(of(2 ** 26), of(factor)))
        .fields(claim("exact"))
        .secondOpinion!.map(({ equal }) => equal);
    expect([told(27), told(5)]).toEqual([[false, true], [true]]);
  });

  test("say nothing where an op is not defined", () => {
    const outside = graphsOf(({ at, x }) => op.add!(op.gather!(W("w", [1, 4]), at, { axis: 0 }), x));
    expect(asked(outside).fields(claim("exact"))).toStrictEqual({});
  });

  test("round constants as the graphs do, unless the proof is over the reals", () => {
    const spelled = graphsOf(
      ({ x }) => op.mul!(x, op.cast!(table_([0.1], [1], "fp32"), { dtype: "fp16" })),
      ({ x }) => op.mul!(x, table_([0.1], [1])),
    );
    const told = (["exact", "reals", undefined] as const).map(
      (level) => asked(spelled).fields(claim(level)).secondOpinion![0]!.equal,
    );
    expect(told).toEqual([true, false, true]);
  });

  test("are asked up to 300 000 operations", () => {
    // A column of 316 times a number is reckoned as 316² a token, and 36 numbers more as 144.
    const graphs = (more: number) =>
      graphsOf((f) => ({ y: op.matmul!(f.rows("q", 316, 1), W("w", [1, 1])), z: op.tanh!(f.rows("r", more)) }));
    expect(asked(graphs(36)).fields(claim("exact"))).toEqual({ secondOpinion: equal });
    expect(asked(graphs(37)).fields(claim("exact"))).toStrictEqual({});
  });
});

describe("the attack", () => {
  test("is told with what was run", () => {
    expect(asked(SAME).attacked(EXACT)).toMatchObject({
      runs: 8,
      met: 8,
      small: false,
      witness: { seed: 1, tokens: 2 },
    });
    expect(asked(SAME, { seed: 7 }).attacked(EXACT)).toMatchObject({ witness: { seed: 7 } });
  });

  test("throws what it finds", () => {
    const pair = provenPair(WRONG.block, WRONG.step);
    const error = contradictionBy(() => newOpinions(pair, { seed: 4 }).attacked({ ...EXACT, level: "reals" }));
    expect([error.pair, error.against]).toEqual([
      pair,
      expect.objectContaining({ by: "run", found: expect.objectContaining({ seed: 4 }) }),
    ]);
    expect(error.message).toContain("a proof (reals)");
  });

  test("is on graphs at their own sizes up to a million operations", () => {
    const small = (tokens: number) => graphsOf(({ x }) => op.tanh!(x), undefined, tokens);
    // An element is reckoned as 4 in the block and 4 in its one step, and both runs are counted.
    const graphs = (elements: number) => graphsOf((f) => op.tanh!(f.rows("q", elements)), undefined, 1);
    const isSmall = (elements: number) => asked(graphs(elements), { small }).attacked(EXACT)!.small;
    expect([isSmall(62_500), isSmall(62_501)]).toEqual([false, true]);
  });

  test("says nothing of graphs that are too large", () => {
    const large = graphsOf((f) => op.matmul!(f.rows("q", 4800, 1), W("w", [1, 1])));
    expect(asked(large).attacked(EXACT)).toBe(undefined);
  });
});

describe("small graphs of the same model", () => {
  const small = (made: number[], make: Fault["make"]) => (tokens: number) => {
    made.push(tokens);
    return graphsOf(make, make, tokens);
  };
  test("are built once, of two tokens at the most, when they are asked for", () => {
    for (const [tokens, most] of [
      [1, 1],
      [2, 2],
      [3, 2],
    ] as const) {
      const made: number[] = [];
      const large = ({ rows }: Feeds) => op.matmul!(rows("q", 1100, 1), W("w", [1, 1]));
      const opinions = asked(graphsOf(large, undefined, tokens), { small: small(made, ({ x }) => op.tanh!(x)) });
      expect(made).toEqual([]);
      expect(opinions.attacked(EXACT)).toMatchObject({ small: true, witness: { tokens: most } });
      expect(opinions.fields(claim("exact"))).toEqual({ secondOpinion: equal });
      expect(made).toEqual([most]);
    }
  });

  test("are run in place of the others, with what is known of these", () => {
    const opinions = asked(WRONG, { small: small([], ({ x }) => op.tanh!(x)) });
    expect(opinions.fields(claim("exact"))).toEqual({ secondOpinion: equal });
    const placed: string[] = [];
    const placeOf = (source: { from: string }) => {
      placed.push(source.from);
      return { base: "w", offset: 0 };
    };
    const pair = provenPair(SAME.block, SAME.step, { placeOf });
    newOpinions(pair, { small: small([], ({ x }) => op.mul!(x, W("w", [4]))) }).fields(claim("exact"));
    expect(new Set(placed)).toEqual(new Set(["checkpoint"]));
  });
});

/** Scattered rows will do; without a level nothing was proven. */
function claim(level?: Mode): { readonly level?: Mode; readonly contiguous: boolean } {
  return { ...(level === undefined ? {} : { level }), contiguous: false };
}

describe("small graphs that are another model's", () => {
  const small = () => WRONG;
  const asking = (isClaimed: boolean) =>
    newOpinions(provenPair(SAME.block, SAME.step), { small }, (graphs, level) => {
      expect([graphs.block, level]).toEqual([WRONG.block, "exact"]);
      return isClaimed;
    });

  test("contradict nothing: the pair itself is asked", () => {
    expect(asking(false).fields(claim("exact"))).toStrictEqual({ secondOpinion: equal });
  });

  test("and contradict a proof where the same is claimed of them, as the pair itself does in any case", () => {
    expect(contradictionBy(() => asking(true).fields(claim("exact"))).pair.block).toBe(WRONG.block);
    const wrong = newOpinions(provenPair(WRONG.block, WRONG.step), {}, () => false);
    expect(contradictionBy(() => wrong.fields(claim("exact"))).pair.block).toBe(WRONG.block);
    expect(contradictionBy(() => wrong.attacked(EXACT)).pair.block).toBe(WRONG.block);
  });
});
