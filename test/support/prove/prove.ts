/** Small models for the prover's tests. */
import type { Graph } from "../../../src/dsl/graph.ts";
import type { Spelling } from "../../../src/models/blocks/spelling.ts";
import type { PhiSizes } from "../../../src/models/phi.ts";
import { phiLayers } from "../../../src/models/phi.ts";
import type { Verdict } from "../../../src/passes/prove/report/verdict.ts";

/** Sizes that differ from each other. */
export const TINY: PhiSizes = {
  hiddenSize: 10,
  heads: 4,
  kvHeads: 2,
  headDim: 6,
  rotaryDims: 4,
  ffnSize: 7,
  eps: 1e-5,
  layers: 3,
  maxPositions: 64,
};

/** Sizes that coincide with T = 4, with each other, and with the cache of 8 rows. */
export const COINCIDING: PhiSizes = {
  ...TINY,
  hiddenSize: 8,
  heads: 4,
  kvHeads: 4,
  headDim: 8,
  rotaryDims: 8,
  ffnSize: 4,
};

export const TRUE_SIZE: PhiSizes = {
  hiddenSize: 3072,
  heads: 24,
  kvHeads: 8,
  headDim: 128,
  rotaryDims: 96,
  ffnSize: 8192,
  eps: 1e-5,
  layers: 32,
  maxPositions: 131072,
};

export interface Case {
  readonly sizes?: PhiSizes;
  readonly tokens: number;
  readonly maxSeq?: number;
  readonly count?: number;
}

/** A block of one spelling and a step of another. */
export function pairOf(
  { sizes = TINY, tokens, maxSeq = 8, count = 1 }: Case,
  blockSpelling: Partial<Spelling> = {},
  stepSpelling: Partial<Spelling> = {},
): { readonly block: Graph; readonly step: Graph } {
  return {
    block: phiLayers(sizes, { tokens, maxSeq }, { ...blockSpelling, count }),
    step: phiLayers(sizes, { tokens: 1, maxSeq }, { ...stepSpelling, count }),
  };
}

export const summary = (v: Verdict): string => (v.verdict === "PROVEN" ? `PROVEN (${v.level})` : v.verdict);
