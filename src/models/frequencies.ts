/** RoPE's angle steps in fp64, under each scaling (formulas as in transformers, modeling_rope_utils.py). */
import { wholeGiven } from "../dsl/given/values.ts";
import type { Llama3Scaling, LongRopeScaling, RopeScaling, RopeTable, YarnScaling } from "./decoder.ts";
import { turnedDimsGiven } from "./given.ts";
import { factorsOf, listOf } from "./rope-list.ts";

/** What the angles of a table of rows depend on. */
export interface TurnedDims extends RopeTable {
  readonly rotaryDims: number;
}

/**
 * What a token's position turns pair j by: 1 / theta^(2j / rotaryDims), scaled. LongRoPE's list of factors is chosen
 * once, by the user or by max_seq, and so the same for the whole sequence: a row is then a function of its position alone, in
 * a block as in single steps.
 * @throws UserError that names the field of the table which is none
 */
export function inverseFrequencies(table: TurnedDims, maxSeq: number): Float64Array {
  const { rope, ropeTheta, rotaryDims } = turnedDimsGiven(table);
  wholeGiven(maxSeq, "max_seq", 1);
  const scaled = scaling(rope, { ropeTheta, rotaryDims, maxSeq });
  return Float64Array.from({ length: rotaryDims / 2 }, (_, j) => scaled(ropeTheta ** ((2 * j) / rotaryDims), j));
}

/** Factor of cos and sin. */
export const attentionFactorOf = ({ rope }: Pick<RopeTable, "rope">): number =>
  "attentionFactor" in rope ? rope.attentionFactor : 1;

/** The frequency of pair j from the inverse of its unscaled one. */
type Scaled = (wave: number, j: number) => number;

interface Sizes {
  readonly ropeTheta: number;
  readonly rotaryDims: number;
  readonly maxSeq: number;
}

function scaling(rope: RopeScaling, sizes: Sizes): Scaled {
  switch (rope.type) {
    case "default":
      return (wave) => 1 / wave;
    case "linear":
      return (wave) => 1 / (rope.factor * wave);
    case "divided":
      return (wave, j) => 1 / (rope.divisors[j]! * wave);
    case "llama3":
      return llama3(rope);
    case "yarn":
      return yarn(rope, sizes);
    case "longrope":
      return longRope(rope, sizes);
  }
}

const longRope = (rope: LongRopeScaling, { maxSeq }: Sizes): Scaled => {
  const factor = factorsOf(rope, listOf(rope, maxSeq));
  return (wave, j) => 1 / (factor[j]! * wave);
};

/** Frequencies whose turn takes long against the original context are divided, those between in proportion. */
function llama3({ factor, lowFreqFactor: low, highFreqFactor: high, originalMaxPositions }: Llama3Scaling): Scaled {
  return (wave) => {
    const turns = originalMaxPositions / (2 * Math.PI * wave);
    if (turns < low) return 1 / (wave * factor);
    if (turns > high) return 1 / wave;
    return blend(1 / (wave * factor), 1 / wave, (turns - low) / (high - low));
  };
}

/** A ramp over the pairs, between those that turn `betaFast` and `betaSlow` times within the original context. */
function yarn(rope: YarnScaling, { ropeTheta, rotaryDims }: Sizes): Scaled {
  const { factor, betaFast, betaSlow, truncate, originalMaxPositions } = rope;
  const pairAt = (turns: number): number =>
    (rotaryDims * Math.log(originalMaxPositions / (turns * 2 * Math.PI))) / (2 * Math.log(ropeTheta));
  const [first, last] = [pairAt(betaFast), pairAt(betaSlow)];
  const from = Math.max(truncate ? Math.floor(first) : first, 0);
  const end = Math.min(truncate ? Math.ceil(last) : last, rotaryDims - 1);
  // A ramp of no length would divide by zero.
  const to = from === end ? end + 0.001 : end;
  return (wave, j) => blend(1 / wave, 1 / (factor * wave), Math.min(Math.max((j - from) / (to - from), 0), 1));
}

const blend = (a: number, b: number, share: number): number => a * (1 - share) + b * share;
