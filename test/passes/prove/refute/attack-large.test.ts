/** The attack on graphs that are too large for the prover's own runs; and, as they show it, what is fed. */
import { describe, expect, test } from "vitest";
import { type ProvenPair, provenPair } from "../../../../src/passes/prove/program/pair.ts";
import { attack, type Claim } from "../../../../src/passes/prove/refute/attack.ts";
import type { OwnRuns } from "../../../../src/passes/prove/refute/sample.ts";
import { type Fault, op, pairOf, S, W } from "../../../support/prove/corpus/fault.ts";

const EXACT: Claim = { level: "exact", gap: Number.POSITIVE_INFINITY, contiguous: false, seed: 1 };
const pair = (make: Fault["make"]): ProvenPair => {
  const { block, step } = pairOf({ make }, 2, false);
  return provenPair(block, step);
};
const tanh = pair(({ x }) => op.tanh!(x));

describe("graphs that are too large for the prover's own runs", () => {
  const large = pair((f) => {
    const touched = [f.rows("x", 64), f.at, f.mask(), f.state("k", [S, 64])];
    expect(touched).toHaveLength(4);
    return op.matmul!(f.rows("q", 4800, 1), W("w", [1, 1]));
  });
  const calls = (row: number) => {
    const fed: Parameters<OwnRuns["call"]>[2][] = [];
    const call: OwnRuns["call"] = ({ outputs, states }, _, values, see) => {
      if (values.x!.shape[0] === 2) fed.push(values);
      const y = { ...outputs.y!.type, data: new Float64Array(values.x!.shape[0]! * 4800).fill(row) };
      see?.(outputs.y!, y);
      return { outputs: { y }, states: Object.fromEntries(states.map(({ name }) => [name, values[name]!])) };
    };
    return { fed, call };
  };

  test("are run by calls of their own, twice, or not at all", () => {
    expect(attack(large, EXACT)).toBe(undefined);
    const own = calls(1);
    expect(attack(large, EXACT, own)).toMatchObject({ runs: 2, met: 2, witness: { weights: "own" } });
    expect(own.fed).toHaveLength(2);
  });

  test("over the reals once, and again where rounding decided", () => {
    const reals: Claim = { ...EXACT, level: "reals" };
    const own = calls(1);
    expect(attack(large, reals, own)).toMatchObject({ runs: 1, met: 1, witness: { weights: "own" } });
    expect(own.fed).toHaveLength(1);
    // Rows of block and steps that the largest number of the run may part.
    const nearly: OwnRuns["call"] = (graph, precision, values, see) => {
      const { outputs, states } = own.call(graph, precision, values, see);
      const factor = values.x!.shape[0] === 2 ? 1 : 1 + 1e-8;
      const y = { ...outputs.y!, data: outputs.y!.data.map((x) => factor * x) };
      see?.(graph.inputs[0]!, { ...graph.inputs[0]!.type, data: Float64Array.of(1e3) });
      return { outputs: { y }, states };
    };
    expect(attack(large, reals, { call: nearly })).toMatchObject({ runs: 2, met: 0 });
  });

  test("others need no such calls", () => {
    const own = calls(1);
    expect(attack(tanh, EXACT, own)).toMatchObject({ runs: 8, witness: { weights: "random" } });
    expect(own.fed).toEqual([]);
  });

  /** What was fed where no run counts: all styles, in order. */
  const fedTo = (contiguous: boolean) => {
    const own = calls(Number.NaN);
    expect(attack(large, { ...EXACT, contiguous }, own)).toStrictEqual({ runs: 8, met: 0, unmet: "matmul is NaN" });
    return own.fed.map((values) => {
      const size = (name: string) => values[name]!.data.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
      const rows = Array.from(values.position!.data) as [number, number];
      const open = Array.from(values.attn_mask!.data).filter((x) => x === 0).length;
      return { scale: size("x"), stale: size("k"), rows, open };
    });
  };

  test.each([true, false])(
    "the inputs lie at the ends of what the preconditions allow; rows in order: %s",
    (contiguous) => {
      const fed = fedTo(contiguous);
      for (const [k, scale] of [0.5, 2, 2, 2, 12, 40, 1 / 16, 1 / 256].entries()) {
        expect(fed[k]!.scale).toBeGreaterThan(0.9 * scale);
        expect(fed[k]!.scale).toBeLessThanOrEqual(scale);
      }
      for (const [k, stale] of [0.5, 2, 30, 2, 12, 200, 1 / 16, 1 / 256].entries()) {
        expect(fed[k]!.stale).toBeGreaterThan(0.9 * stale);
        expect(fed[k]!.stale).toBeLessThanOrEqual(stale);
      }
      // The first token sees its own row and those of no token, the second all of them: 9 of 10; or 1 and 2, or 1 and 1.
      expect([2, 4].map((k) => fed[k]!.open)).toEqual([9, 9]);
      for (const k of [3, 5, 7]) expect(fed[k]!.open).toBeLessThanOrEqual(3);
      expect([2, 4, 5].map((k) => fed[k]!.rows)).toEqual([
        [3, 4],
        [0, 1],
        [3, 4],
      ]);
      const others = [0, 1, 3, 6, 7].map((k) => fed[k]!.rows[1] - fed[k]!.rows[0]);
      if (contiguous) expect(others).toEqual([1, 1, 1, 1, 1]);
      else {
        expect(others[2]).toBeLessThan(0);
        expect(new Set(others).size).toBeGreaterThan(1);
      }
    },
  );
});
