/** The long properties of the prover: the long suite runs them in full, the short one a small seeded share. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Graph } from "../../../src/dsl/graph.ts";
import { decoderLayers } from "../../../src/models/layers.ts";
import { prove } from "../../../src/passes/prove/prove.ts";
import { EQUAL_AT_ONE_TOKEN } from "../phi/faults.ts";
import { mutants } from "../phi/mutants.ts";
import { ONE_CHANGE } from "../phi/phi.ts";
import { check, type Draw, draws, type Outcome } from "./fuzz.ts";
import { summary, TINY } from "./prove.ts";

/** A bound on hangs: a property is run at whatever length it is asked for. */
const timeout = 3_600_000;

/** Random pairs: no proof is false, and what is not proven is different, but for gaps. */
export function randomPairs(runs: number, seed: number): void {
  test(`${runs} random pairs (seed ${seed}): no false proof, few gaps`, { timeout }, () => {
    const counts: Record<Outcome, number> = { exact: 0, reals: 0, refuted: 0, "known gap": 0, gap: 0 };
    const gaps: Draw[] = [];
    const property = fc.property(draws, (draw) => {
      const outcome = check(draw);
      counts[outcome]++;
      if (outcome === "gap") gaps.push(draw);
    });
    fc.assert(property, { numRuns: runs, seed, endOnFailure: true });
    console.log(`pairs: ${JSON.stringify(counts)}`);
    // A gap is an equal pair that is not proven: no danger, but no progress either. Each is printed with its seed.
    for (const gap of gaps) console.log(`gap: ${JSON.stringify(gap)}`);
    expect(gaps.length).toBeLessThanOrEqual(Math.ceil(runs / 100));
  });
}

/** Faults × spellings × T; all of it when `runs` is "all". */
export function faultsOnSpellings(runs: number | "all", seed: number): void {
  const product: readonly Draw[] = Object.keys(mutants).flatMap((mutant) =>
    ONE_CHANGE.flatMap((how) =>
      [1, 2, 3, 4].map((tokens) => {
        const shared = { seed, tokens, maxSeq: 6, sizes: TINY, mutant, inBoth: false };
        return { ...shared, block: how, step: how };
      }),
    ),
  );
  const picked = runs === "all" ? product : fc.sample(fc.constantFrom(...product), { numRuns: runs, seed });
  const title = `${picked.length} of ${product.length} faults × spellings × T (seed ${seed})`;
  test(`${title}: a proof only where they are equal`, { timeout }, () => {
    for (const draw of picked) {
      const outcome = check(draw);
      const name = `${draw.mutant} ${JSON.stringify(draw.block)} T=${draw.tokens}`;
      // `check` throws on a proof that the interpreter or a field contradicts. Equal faults need more than one token.
      if (draw.tokens > 1) expect(`${name}: ${outcome}`).toMatch(/refuted|known gap/);
      else expect(`${name}: ${outcome}`).toMatch(/refuted|exact|reals/);
    }
  });
}

/** Planted in both graphs these leave the relation between block and steps as it is. */
const EQUAL_IN_BOTH = [
  "no_keep",
  "rope_sign",
  "rope_first_half_negated",
  "k_unrotated",
  "kv_swapped",
  "wrong_gqa_group",
  "norm_half_channels",
  "residual_skipped",
];

const proof = (block: Graph, step: Graph) =>
  prove(block, step, { counterexample: false, secondOpinion: false, corollaries: false });

/** The verdicts on these faults in the Phi layer: in the block, at these T besides, and in both graphs. */
export function faultsInTheLayer(names: readonly string[], sizes: readonly number[]): void {
  test.each(names)("%s is refuted with a counterexample", (name) => {
    const size = { tokens: 2, maxSeq: 4 };
    const block = mutants[name]!(TINY, size);
    const step = decoderLayers(TINY, { ...size, tokens: 1 });
    const verdict = prove(block, step, { budget: 10, secondOpinion: false, corollaries: false });
    expect(summary(verdict)).toBe("REFUTED");
    if (verdict.verdict === "REFUTED") expect(verdict.counterexample.value?.name).toBe(verdict.finding.value);
  });

  test.each(sizes)("none is proven at T = %i unless it is equal there", (tokens) => {
    for (const name of names) {
      const size = { tokens, maxSeq: 8 };
      const verdict = proof(mutants[name]!(TINY, size), decoderLayers(TINY, { ...size, tokens: 1 }));
      const equal = tokens === 1 && EQUAL_AT_ONE_TOKEN.has(name);
      expect(`${name} ${summary(verdict)}`).toBe(`${name} ${equal ? "PROVEN (exact)" : "NOT PROVEN"}`);
    }
  });

  test.each(names)("%s in both graphs", (name) => {
    const size = { tokens: 2, maxSeq: 6 };
    const both = mutants[name]!;
    const verdict = proof(both(TINY, size), both(TINY, { ...size, tokens: 1 }));
    expect([name, verdict.verdict === "PROVEN"]).toEqual([name, EQUAL_IN_BOTH.includes(name)]);
  });
}
