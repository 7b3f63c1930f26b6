/** Greedy decoding over a model that takes blocks: token by token, or with drafts that a block verifies. */
import { UserError } from "../../dsl/user-error.ts";
import { draftOf } from "./ngram.ts";

/** A model with a cache: it says greedily what follows each token of a block. */
export interface Speaker {
  /** Tokens that one call takes at most. */
  readonly block: number;
  readonly maxSeq: number;
  /**
   * Writes the tokens' rows into the cache from row `at` on; rows from there on are forgotten.
   * @returns what follows each of them, without the first `unasked`, which costs the heads nothing
   */
  follow(tokens: readonly number[], at: number, unasked?: number): readonly number[];
}

/** What to say. */
export interface Speech {
  readonly prompt: readonly number[];
  readonly most: number;
  /** Ids behind which nothing follows; the first of them is said too. */
  readonly stops: readonly number[];
  /** Told of each token as it is said; an exception stops. */
  onToken?(token: number): void;
}

/** What was said, and how. */
export interface Spoken {
  readonly tokens: readonly number[];
  /** Calls of the model for it, those of the prompt among them, and how many of them took more than one token. */
  readonly calls: number;
  readonly blocks: number;
  /** Tokens that were drafted, and those of them that the model would have said. */
  readonly drafted: number;
  readonly accepted: number;
}

/** One token a call; the prompt too where `block` is 1. @throws UserError for a speech that is too long for the cache, or empty */
export const speakGreedily = (speaker: Speaker, speech: Speech, block = speaker.block): Spoken =>
  speak(speaker, speech, { block, drafts: () => [] });

/** A block a call: the last token and a draft. It says what greedy decoding says, as far as a block is its steps. */
export const speakSpeculatively = (speaker: Speaker, speech: Speech): Spoken =>
  speak(speaker, speech, { block: speaker.block, drafts: draftOf });

/**
 * Whether two ways of decoding said the same tokens.
 * @throws UserError where neither took a block: then one was held against itself
 */
export function saidTheSame(spoken: Spoken, single: Spoken): boolean {
  if (spoken.blocks + single.blocks === 0)
    throw new UserError(
      "--check compares nothing: no call took more than one token",
      "give a longer prompt or --speculative, to a build for more than one token",
    );
  return spoken.tokens.length === single.tokens.length && spoken.tokens.every((token, k) => token === single.tokens[k]);
}

interface Manner {
  /** Tokens of the prompt that go into a call. */
  readonly block: number;
  drafts(tokens: readonly number[], most: number): readonly number[];
}

function speak(speaker: Speaker, speech: Speech, { block, drafts }: Manner): Spoken {
  const { prompt, most, stops, onToken } = speech;
  checkSpeech(speech, speaker.maxSeq);
  const tokens = [...prompt];
  let [calls, blocks, drafted, accepted, said] = [0, 0, 0, 0, false];
  const follow = (block: readonly number[], at: number, unasked = 0): readonly number[] => {
    calls++;
    if (block.length > 1) blocks++;
    return speaker.follow(block, at, unasked);
  };
  const say = (token: number): boolean => {
    tokens.push(token);
    onToken?.(token);
    said = stops.includes(token) || tokens.length === prompt.length + most;
    return said;
  };
  let next: number | undefined;
  for (let at = 0; at < prompt.length; at += block)
    [next] = follow(prompt.slice(at, at + block), at, Math.min(block, prompt.length - 1 - at));
  say(next!);
  while (!said) {
    // The last token has no row yet; a draft must leave room for what follows it.
    const left = prompt.length + most - tokens.length;
    const draft = drafts(tokens, Math.min(speaker.block, left) - 1);
    const follows = follow([tokens.at(-1)!, ...draft], tokens.length - 1);
    drafted += draft.length;
    for (const [k, token] of follows.entries()) {
      if (k > 0) accepted++;
      if (say(token) || token !== draft[k]) break;
    }
  }
  return { tokens: tokens.slice(prompt.length), calls, blocks, drafted, accepted };
}

function checkSpeech({ prompt, most }: Speech, maxSeq: number): void {
  if (prompt.length === 0) throw new UserError("the prompt has no tokens");
  if (most < 1) throw new UserError("nothing is asked for: --max-new is 0");
  if (prompt.length + most > maxSeq)
    throw new UserError(
      `a prompt of ${prompt.length} tokens and ${most} new ones are more than the cache's ${maxSeq} rows`,
      "give fewer --max-new, or build with a larger --max-seq",
    );
}
