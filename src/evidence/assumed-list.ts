/** Which of LongRoPE's lists of factors rows were made with, as the records of a build carry it. */
import { createHash } from "node:crypto";
import { fields, oneOf } from "../files/json-shape.ts";
import type { Decoder } from "../models/decoder.ts";
import { type AssumedList, factorsOf, listUse, longRopeOf } from "../models/rope-list.ts";

/** The shape of the record (`AssumedList`). */
export const ASSUMED_LIST = fields({
  list: oneOf("short", "long"),
  forSequencesFrom: "count",
  forSequencesUpTo: "count",
  factorsSHA256: "string",
});

/**
 * What the rows of these layers are made with in a cache of `maxSeq` rows; undefined where LongRoPE turns none of them.
 * @throws UserError when a list was chosen that is right for no sequence in that cache.
 */
export function assumedList(decoder: Decoder, layers: readonly number[], maxSeq: number): AssumedList | undefined {
  const rope = longRopeOf(decoder, layers);
  if (!rope) return undefined;
  const use = listUse(rope, { maxSeq, maxPositions: decoder.maxPositions });
  return { ...use, factorsSHA256: factorsDigest(factorsOf(rope, use.list)) };
}

/** SHA-256 of factors as little-endian floats, as hex: so a GGUF file, which holds floats, has that of the config.json that it was made from. */
export function factorsDigest(factors: readonly number[]): string {
  const bytes = Buffer.alloc(4 * factors.length);
  for (const [j, factor] of factors.entries()) bytes.writeFloatLE(factor, 4 * j);
  return createHash("sha256").update(bytes).digest("hex");
}

/** What the first of two builds has and the second has not; undefined where both are of one list, or neither is of any. */
export function listConflict(one: Recorded, other: Recorded): string | undefined {
  if (one?.list !== other?.list) return `${nameOf(one)}, not ${nameOf(other)}`;
  return one?.factorsSHA256 === other?.factorsSHA256 ? undefined : `${nameOf(one)} with other factors`;
}

/** Files may hold null in place of nothing. */
type Recorded = AssumedList | null | undefined;

const nameOf = (use: Recorded): string => (use ? `the ${use.list} list` : "no list of factors");
