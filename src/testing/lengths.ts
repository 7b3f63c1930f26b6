/** Arbitraries of what varies between calls and between layers: accepted lengths, sizes, spellings. */
import fc from "fast-check";
import { optionsGiven, shown, wholeGiven } from "../dsl/given/values.ts";
import type { Size } from "../dsl/model.ts";
import { UserError } from "../dsl/user-error.ts";
import { DEFAULT_SPELLING, SPELLINGS, type Spelling } from "../models/blocks/spelling.ts";

/** The blocks that lengths are drawn for. */
export interface BlockSizes {
  /** T. */
  readonly tokens: number;
  /** Rows of the KV cache, which end a sequence. */
  readonly maxSeq: number;
  /** Most calls of a sequence; 6 when absent. */
  readonly calls?: number;
}

/**
 * How many of its T tokens each call of a sequence keeps, from 0 (all rejected) to T; a sequence has one call or more, and each of its blocks
 * fits the cache behind the tokens that were kept before. Shrinks to fewer calls, and to calls that keep all.
 * @throws UserError where no block fits
 */
export function acceptedLengths(sizes: BlockSizes): fc.Arbitrary<readonly number[]> {
  const given = optionsGiven(sizes, "acceptedLengths", ["tokens", "maxSeq", "calls"]);
  const [tokens, maxSeq] = [wholeGiven(given.tokens, "tokens", 1), wholeGiven(given.maxSeq, "maxSeq", 1)];
  const calls = wholeGiven(given.calls ?? 6, "calls", 1);
  if (tokens > maxSeq) throw new UserError(`a block of ${tokens} tokens does not fit a cache of ${maxSeq} rows`);
  const rejected = fc.integer({ min: 0, max: tokens });
  const sequence = fc.array(rejected, { minLength: 1, maxLength: calls, size: "max" });
  return sequence.map((all) =>
    fitting(
      all.map((n) => tokens - n),
      tokens,
      maxSeq,
    ),
  );
}

/** The calls whose blocks fit; the first always does. */
function fitting(accepted: readonly number[], tokens: number, maxSeq: number): readonly number[] {
  let next = 0;
  const end = accepted.findIndex((kept) => {
    const fits = next + tokens <= maxSeq;
    next += kept;
    return !fits;
  });
  return end < 0 ? accepted : accepted.slice(0, end);
}

/** The range of T, and of cache rows beyond it. */
export interface SizeOptions {
  /** 4 when absent. */
  readonly mostTokens?: number;
  /** How many more rows than T the cache has at most; 8 when absent. */
  readonly mostRowsBeyond?: number;
}

/** T from 2 and a cache of T + 1 rows or more, as a model function receives them. Shrinks to the smallest. */
export function sizes(options: SizeOptions = {}): fc.Arbitrary<Size> {
  const given = optionsGiven(options, "sizes", ["mostTokens", "mostRowsBeyond"]);
  const most = wholeGiven(given.mostTokens ?? 4, "mostTokens", 2);
  const beyond = wholeGiven(given.mostRowsBeyond ?? 8, "mostRowsBeyond", 1);
  return fc
    .record({ tokens: fc.integer({ min: 2, max: most }), rows: fc.integer({ min: 1, max: beyond }) })
    .map(({ tokens, rows }) => ({ tokens, maxSeq: tokens + rows }));
}

/**
 * Spellings of the same layer, as `decoderLayers` takes them: all equal over the reals. With `questions` these alone vary, and every other has
 * its first answer. Shrinks to the first answers. @throws UserError for what is no question, or no questions at all
 */
export function spellings(questions?: readonly (keyof Spelling)[]): fc.Arbitrary<Spelling> {
  const all = Object.keys(SPELLINGS) as (keyof Spelling)[];
  if (questions !== undefined && (!Array.isArray(questions) || questions.length === 0))
    throw new UserError(`questions must be a list of some, not ${shown(questions)}`, `they are ${all.join(", ")}`);
  // A list may hold undefined itself.
  const stray = (questions ?? []).findIndex((name) => !all.includes(name));
  if (stray >= 0)
    throw new UserError(`there is no question ${shown(questions?.[stray])} of spelling`, `they are ${all.join(", ")}`);
  const asked = ((questions as typeof all | undefined) ?? all).map((name) => [
    name,
    fc.constantFrom<string>(...SPELLINGS[name]),
  ]);
  const answers = fc.record(Object.fromEntries(asked) as Record<string, fc.Arbitrary<string>>);
  return answers.map((chosen) => ({ ...DEFAULT_SPELLING, ...chosen }) as Spelling);
}
