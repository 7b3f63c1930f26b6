/** Small models for the prover's tests. */
import type { Graph } from "../../../src/dsl/graph.ts";
import type { Spelling } from "../../../src/models/blocks/spelling.ts";
import { PHI4_MINI } from "../../../src/models/config.ts";
import type { Decoder } from "../../../src/models/decoder.ts";
import { decoderLayers } from "../../../src/models/layers.ts";
import type { Verdict } from "../../../src/passes/prove/report/verdict.ts";

/** Sizes that differ from each other. */
export const TINY: Decoder = {
  ...PHI4_MINI,
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
export const COINCIDING: Decoder = {
  ...TINY,
  hiddenSize: 8,
  heads: 4,
  kvHeads: 4,
  headDim: 8,
  rotaryDims: 8,
  ffnSize: 4,
};

export const TRUE_SIZE: Decoder = PHI4_MINI;

export interface Case {
  readonly sizes?: Decoder;
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
    block: decoderLayers(sizes, { tokens, maxSeq }, { ...blockSpelling, count }),
    step: decoderLayers(sizes, { tokens: 1, maxSeq }, { ...stepSpelling, count }),
  };
}

export const summary = (v: Verdict): string => (v.verdict === "PROVEN" ? `PROVEN (${v.level})` : v.verdict);
