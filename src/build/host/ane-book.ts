/**
 * What the ane-book's runtime says (runtime/phi4_mini_ane.swift: runGeneration, runGenerationSpeculative), its faults with it. They are
 * numbered: W1 hides the earlier rows from a last single token of a prompt, W2 writes behind the cache, W4 overlooks an end.
 */
import type { Speech } from "./decode.ts";
import { draftOf } from "./ngram.ts";

/** Its shards, as that runtime calls them. */
export interface RuntimeCalls {
  /** B, and the numbers of tokens that its shards take. */
  readonly block: number;
  readonly sizes: readonly number[];
  readonly maxSeq: number;
  /** Whether the shards hold their caches as states: it feeds no others. */
  readonly holdsCaches: boolean;
  /** The two ids that it knows as ends. */
  readonly ends: readonly number[];
  /**
   * Calls the shards with so many slots, of which the tokens fill the first; they see the rows from `first` on.
   * @returns what follows each of them, without the first `unasked`
   */
  call(tokens: readonly number[], at: number, slots: number, first: number, unasked?: number): readonly number[];
}

/** A fault that was met. */
export interface MetFault {
  readonly id: "W1" | "W2" | "W4" | "ends" | "sizes" | "caches";
  /** What happened, and what it does to the output. */
  readonly says: string;
}

/** What it says, as far as that is known: behind a write out of bounds, or a call that its packages do not take, nothing is. */
export interface RuntimeSpoken {
  readonly tokens: readonly number[];
  readonly isWhole: boolean;
  readonly met: readonly MetFault[];
}

/** With `--speculative` every call has B slots; without, a single token has a call of its own kind. */
export function speakAsAneBook(runtime: RuntimeCalls, speech: Speech, isSpeculative: boolean): RuntimeSpoken {
  const lacking = lackingSize(runtime, speech, isSpeculative);
  if (lacking !== undefined) return { tokens: [], isWhole: false, met: [lacking] };
  const spoken = isSpeculative ? withDrafts(runtime, speech) : byDefault(runtime, speech);
  return { ...spoken, met: [...spoken.met, ...overlooked(runtime, speech, spoken.tokens)] };
}

/** A call that the packages do not take throws. */
function lackingSize(
  { block, sizes, holdsCaches }: RuntimeCalls,
  { prompt, most }: Speech,
  isSpeculative: boolean,
): MetFault | undefined {
  if (!holdsCaches)
    return {
      id: "caches",
      says: "its packages want caches as inputs, which the runtime does not feed: it ends with an error",
    };
  const single = !isSpeculative && (most > 1 || prompt.length % block === 1 % block);
  const whole = isSpeculative || (block > 1 && prompt.length > 1);
  const lacking = [...(single ? [1] : []), ...(whole ? [block] : [])].find((size) => !sizes.includes(size));
  if (lacking === undefined) return undefined;
  const says = `its packages take blocks of ${sizes.join(", ")} tokens, and the runtime calls them with ${lacking}: it ends with an error`;
  return { id: "sizes", says };
}

function byDefault({ block, ends, call }: RuntimeCalls, { prompt, most }: Speech): RuntimeSpoken {
  const met: MetFault[] = [];
  let next: number | undefined;
  for (let at = 0; at < prompt.length; at += block) {
    const chunk = prompt.slice(at, at + block);
    const isBlind = chunk.length === 1 && block > 1 && at > 0;
    if (isBlind) met.push(hiddenRows(prompt.length, block));
    [next] = call(chunk, at, chunk.length === 1 ? 1 : block, isBlind ? at : 0, unaskedOf(prompt, at, block));
  }
  const tokens = [next!];
  // It looks at every token but the first.
  while (tokens.length < most && (tokens.length === 1 || !ends.includes(tokens.at(-1)!)))
    tokens.push(call([tokens.at(-1)!], prompt.length + tokens.length - 1, 1, 0)[0]!);
  return { tokens, isWhole: true, met };
}

/** Of a block of the prompt, the tokens that are not its very last one: what follows those, the prompt says. */
const unaskedOf = (prompt: readonly number[], at: number, block: number): number =>
  Math.min(block, prompt.length - 1 - at);

const hiddenRows = (length: number, block: number): MetFault => ({
  id: "W1",
  says: `the prompt has ${length} tokens, one more than blocks of ${block}: its last token sees itself alone, so that the first new token and the rows behind it are wrong`,
});

function withDrafts({ block, maxSeq, ends, call }: RuntimeCalls, { prompt, most }: Speech): RuntimeSpoken {
  let next: number | undefined;
  for (let at = 0; at < prompt.length; at += block)
    [next] = call(prompt.slice(at, at + block), at, block, 0, unaskedOf(prompt, at, block));
  const tokens = [next!];
  while (tokens.length < most) {
    const at = prompt.length + tokens.length - 1;
    const history = [...prompt, ...tokens];
    const input = [tokens.at(-1)!, ...draftByToken(history, block - 1)];
    if (at + input.length > maxSeq)
      return { tokens, isWhole: false, met: [outOfBounds(at + input.length - 1, maxSeq)] };
    const follows = call(input, at, block, 0);
    const accepted = follows.findIndex((token, k) => token !== input[k + 1]);
    tokens.push(...follows.slice(0, Math.min(accepted + 1, most - tokens.length)));
    if (ends.includes(tokens.at(-1)!)) break;
  }
  return { tokens, isWhole: true, met: [] };
}

/** One token at a time, each behind those that are drafted already. */
function draftByToken(history: readonly number[], most: number): readonly number[] {
  const draft: number[] = [];
  while (draft.length < most) {
    const [token] = draftOf([...history, ...draft], 1);
    if (token === undefined) break;
    draft.push(token);
  }
  return draft;
}

const outOfBounds = (row: number, maxSeq: number): MetFault => ({
  id: "W2",
  says: `a draft is not shortened at the end of the cache: row ${row} of ${maxSeq} is written out of bounds, and what comes then is undefined`,
});

/** Ends behind which it went on: such as it does not know, and such as it does not look at. */
function overlooked({ ends }: RuntimeCalls, { stops }: Speech, tokens: readonly number[]): readonly MetFault[] {
  const at = tokens.slice(0, -1).findIndex((token) => stops.includes(token));
  if (at < 0) return [];
  const token = tokens[at]!;
  const what = `new token ${at + 1} is the end ${token}, and the runtime goes on`;
  if (!ends.includes(token))
    return [{ id: "ends", says: `${what}: its manifest has room for ${ends.join(" and ")} alone` }];
  const why = at === 0 ? "it never looks at the first token" : "it looks at the last token of a step alone";
  return [{ id: "W4", says: `${what}: ${why}` }];
}
