/** Random pairs of graphs, and what must hold of the verdict on each. */
import fc from "fast-check";
import { SPELLINGS, type Spelling } from "../../../src/models/blocks/spelling.ts";
import { PHI4_MINI } from "../../../src/models/config.ts";
import type { Decoder } from "../../../src/models/decoder.ts";
import { decoderLayers } from "../../../src/models/layers.ts";
import { provenPair } from "../../../src/passes/prove/program/pair.ts";
import { prove } from "../../../src/passes/prove/prove.ts";
import { fingerprint, PRIMES } from "../../../src/passes/prove/refute/fingerprint.ts";
import { mismatch } from "../../../src/passes/prove/refute/mismatch.ts";
import { bothRunner, sampleOf } from "../../../src/passes/prove/refute/sample.ts";
import { mutants } from "../phi/mutants.ts";

export interface Draw {
  readonly seed: number;
  readonly tokens: number;
  readonly maxSeq: number;
  readonly sizes: Decoder;
  readonly block: Partial<Spelling>;
  readonly step: Partial<Spelling>;
  /** Fault in the block, or in both graphs. */
  readonly mutant?: string;
  readonly inBoth: boolean;
}

/** Mostly equal spellings with one or two changes; `norm` stays equal, as other forms are not equal over the reals. */
const spelling: fc.Arbitrary<Partial<Spelling>> = fc
  .subarray(
    Object.keys(SPELLINGS).filter((key) => key !== "norm"),
    { maxLength: 3 },
  )
  .chain((keys) =>
    fc.record(Object.fromEntries(keys.map((key) => [key, fc.constantFrom(...SPELLINGS[key as keyof Spelling])]))),
  ) as fc.Arbitrary<Partial<Spelling>>;

/** Small sizes that coincide often: T, heads, KV heads, head_dim, hidden rows and max_seq are mostly 2 or 4. */
const sizes: fc.Arbitrary<Decoder> = fc
  .record({ kvHeads: fc.constantFrom(1, 2), group: fc.constantFrom(1, 2), headDim: fc.constantFrom(4, 6) })
  .map(({ kvHeads, group, headDim }) => ({
    ...PHI4_MINI,
    hiddenSize: 4,
    heads: kvHeads * group,
    kvHeads,
    headDim,
    rotaryDims: 4,
    ffnSize: 2,
    eps: 1e-5,
    layers: 1,
    maxPositions: 64,
  }));

export const draws: fc.Arbitrary<Draw> = fc.record({
  seed: fc.integer({ min: 1, max: 1e6 }),
  tokens: fc.integer({ min: 1, max: 4 }),
  maxSeq: fc.constantFrom(4, 5),
  sizes,
  block: spelling,
  step: spelling,
  mutant: fc.option(fc.constantFrom(...Object.keys(mutants)), { nil: undefined }),
  inBoth: fc.boolean(),
}) as fc.Arbitrary<Draw>;

/**
 * Pairs that are equal and yet not proven, by name: a mask shifted by a row is read at a row of no class; that no row is
 * left over is not something a proof may use; a loop over heads is not re-rolled where the other side scales the mask.
 */
function isKnownGap({ mutant, inBoth, tokens, maxSeq, block, step }: Draw): boolean {
  const looped = [block, step].filter((how) => how.gqa === "loop").length === 1;
  const scaled = [block, step].filter((how) => how.scale === "masked").length === 1;
  return (mutant === "mask_off_by_one" && inBoth) || (mutant !== undefined && tokens === maxSeq) || (looped && scaled);
}

export type Outcome = "exact" | "reals" | "refuted" | "known gap" | "gap";

/** Proves a pair and holds the verdict against the interpreter. @throws Error on a false proof. */
export function check(draw: Draw): Outcome {
  const { seed, tokens, maxSeq, sizes, block, step, mutant, inBoth } = draw;
  const build = (T: number, spelling: Partial<Spelling>, faulty: boolean) => {
    const size = { tokens: T, maxSeq };
    return mutant && faulty ? mutants[mutant]!(sizes, size, spelling) : decoderLayers(sizes, size, spelling);
  };
  const graphs = { block: build(tokens, block, true), step: build(1, step, inBoth) };
  const pair = provenPair(graphs.block, graphs.step);
  // As a user asks for it, but for the shrinking: a refutation has been run in both precisions.
  const verdict = prove(graphs.block, graphs.step, { seed, budget: 0, secondOpinion: false, corollaries: false });
  const runs = { fp16: bothRunner(pair, "fp16"), fp64: bothRunner(pair, "fp64") };
  const differs = (precision: "fp16" | "fp64", k: number) =>
    mismatch(pair, runs[precision](sampleOf(pair, seed + k)), precision);
  if (verdict.verdict === "REFUTED") return "refuted";
  if (verdict.verdict === "NOT PROVEN") {
    if ([4, 5, 6, 7].some((k) => differs("fp64", k))) return "refuted";
    return isKnownGap(draw) ? "known gap" : "gap";
  }
  const wrong = verdict.level === "exact" ? differs("fp16", 0) : differs("fp64", 0);
  if (wrong) throw new Error(`false PROVEN (${verdict.level}): ${JSON.stringify(wrong)}`);
  // Over the reals a field says little: a maximum does not move with a factor there.
  for (const prime of verdict.level === "exact" ? PRIMES : []) {
    const second = fingerprint(pair, { prime, seed, rounds: true });
    if (!second.equal) throw new Error(`PROVEN (${verdict.level}), but the field of ${prime} differs at ${second.at}`);
  }
  return verdict.level;
}
