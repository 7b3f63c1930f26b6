/**
 * LongRoPE's two lists of factors: which sequences each is right for, and which of them rows are made with. As in
 * transformers (modeling_rope_utils.py, `longrope`): the long one as soon as the sequence is longer than the original context. The keys in
 * a cache were turned by the list of their time, so that the cache is computed anew where a sequence grows past that length.
 */
import { UserError } from "../dsl/user-error.ts";
import { type Decoder, type FactorList, kindOf, type LongRopeScaling, tableOf } from "./decoder.ts";
import { decoderGiven, listGiven } from "./given.ts";

/** A list, and the sequences that it is right for by their length: all the tokens that share a cache. */
export interface ListUse {
  readonly list: FactorList;
  readonly forSequencesFrom: number;
  readonly forSequencesUpTo: number;
}

/** What rows were made with: the list, the sequences that it is right for in a cache of so many rows, and which factors it holds. */
export interface AssumedList extends ListUse {
  /** SHA-256 of the factors as little-endian floats. */
  readonly factorsSHA256: string;
}

/** The rows of a cache, and how many positions its model has. */
interface CacheOf {
  readonly maxSeq: number;
  readonly maxPositions: number;
}

/** The list that rows of a cache of `maxSeq` rows are made with: the chosen one, else that of the longest sequence which it holds. */
export const listOf = ({ list, originalMaxPositions }: LongRopeScaling, maxSeq: number): FactorList =>
  list ?? (maxSeq > originalMaxPositions ? "long" : "short");

/** The divisors of a list, one for each pair of dims. */
export const factorsOf = ({ shortFactor, longFactor }: LongRopeScaling, list: FactorList): readonly number[] =>
  list === "long" ? longFactor : shortFactor;

/** Both lists with what each is right for; the short one alone where no sequence is longer than the original context. */
export function listUses({ originalMaxPositions: n }: LongRopeScaling, maxPositions: number): readonly ListUse[] {
  const uses: readonly ListUse[] = [
    { list: "short", forSequencesFrom: 1, forSequencesUpTo: Math.min(n, maxPositions) },
    { list: "long", forSequencesFrom: n + 1, forSequencesUpTo: maxPositions },
  ];
  return uses.filter(({ forSequencesFrom, forSequencesUpTo }) => forSequencesFrom <= forSequencesUpTo);
}

/** LongRoPE's record, where one of these layers turns by it. */
export function longRopeOf(decoder: Decoder, layers: readonly number[]): LongRopeScaling | undefined {
  if (decoder.rope.type !== "longrope") return undefined;
  const kinds = layers.map((layer) => kindOf(decoder, layer));
  return kinds.some(({ span, turned }) => turned && tableOf(decoder, span) === "main") ? decoder.rope : undefined;
}

/**
 * What rows of a cache of `maxSeq` rows are made with, and the sequences in it which that is right for.
 * @throws UserError where the cache holds none of these.
 */
export function listUse(rope: LongRopeScaling, { maxSeq, maxPositions }: CacheOf): ListUse {
  const list = listOf(rope, maxSeq);
  const use = listUses(rope, Math.min(maxSeq, maxPositions)).find((one) => one.list === list);
  if (use) return use;
  throw new UserError(
    `the ${list} list of factors is for sequences of more than ${rope.originalMaxPositions} tokens, and a cache of ${maxSeq} rows holds none`,
    "raise max_seq or take the short list",
  );
}

/**
 * The decoder with rows made by this list, whatever max_seq says.
 * @throws UserError when its RoPE has no lists, or for what is no decoder or no list.
 */
export function withFactorList(decoder: Decoder, list: FactorList): Decoder {
  const { rope } = decoderGiven(decoder);
  listGiven(list);
  if (rope.type !== "longrope")
    throw new UserError(`RoPE of type "${rope.type}" has no short and no long list of factors; LongRoPE has`);
  return { ...decoder, rope: { ...rope, list } };
}
