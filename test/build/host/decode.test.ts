/** Decoding over a made-up model: speculative says what greedy says, and every call keeps to the cache and the block. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Speaker, saidTheSame, speakGreedily, speakSpeculatively } from "../../../src/build/host/decode.ts";
import { draftOf } from "../../../src/build/host/ngram.ts";

const VOCAB = 5;

/** What follows depends on every token before, which the cache must hold; repeats often enough for drafts to be accepted. */
function madeUp(block: number, maxSeq: number, seed: number) {
  const cache: number[] = [];
  const calls: (readonly [tokens: number, at: number])[] = [];
  const answered: number[] = [];
  const speaker: Speaker = {
    block,
    maxSeq,
    follow(tokens, at, unasked = 0) {
      expect(tokens.length).toBeGreaterThan(0);
      expect(tokens.length).toBeLessThanOrEqual(block);
      expect(at + tokens.length).toBeLessThanOrEqual(maxSeq);
      expect(at).toBeLessThanOrEqual(cache.length);
      calls.push([tokens.length, at]);
      const follows = tokens.map((token, t) => {
        cache.length = at + t;
        cache.push(token);
        const sum = cache.reduce((total, x, k) => total + x * (k + 1) * seed, 0);
        return cache.length % 3 === 0 ? sum % VOCAB : cache[cache.length - 2]! % VOCAB;
      });
      answered.push(follows.slice(unasked).length);
      return follows.slice(unasked);
    },
  };
  return { speaker, calls, answered };
}

const token = fc.integer({ min: 0, max: VOCAB - 1 });
const cases = fc.record({
  prompt: fc.array(token, { minLength: 1, maxLength: 12 }),
  most: fc.integer({ min: 1, max: 20 }),
  block: fc.integer({ min: 1, max: 5 }),
  room: fc.integer({ min: 0, max: 3 }),
  seed: fc.integer({ min: 1, max: 50 }),
  stops: fc.array(token, { maxLength: 1 }),
});

describe("decoding", () => {
  test("with drafts says the same as without, in no more calls", () => {
    let accepted = 0;
    fc.assert(
      fc.property(cases, ({ prompt, most, block, room, seed, stops }) => {
        const maxSeq = prompt.length + most + room;
        const of = () => madeUp(block, maxSeq, seed).speaker;
        const speech = { prompt, most, stops };
        const single = speakGreedily(of(), speech, 1);
        const greedy = speakGreedily(of(), speech);
        const drafted = speakSpeculatively(of(), speech);
        expect(greedy.tokens).toEqual(single.tokens);
        expect(drafted.tokens).toEqual(single.tokens);
        expect(drafted.calls).toBeLessThanOrEqual(greedy.calls);
        expect(drafted.accepted).toBeLessThanOrEqual(drafted.drafted);
        expect(single.tokens.length).toBeLessThanOrEqual(most);
        // It ends early at a stop alone, and says nothing behind one.
        expect(single.tokens.slice(0, -1).some((x) => stops.includes(x))).toBe(false);
        if (single.tokens.length < most) expect(stops).toContain(single.tokens.at(-1));
        accepted += drafted.accepted;
      }),
    );
    expect(accepted).toBeGreaterThan(0);
  });

  test("goes on after other speech on the same cache", () => {
    const { speaker } = madeUp(4, 40, 7);
    const first = speakSpeculatively(speaker, { prompt: [1, 2, 3, 1, 2], most: 10, stops: [] });
    speakSpeculatively(speaker, { prompt: [4, 4], most: 10, stops: [] });
    expect(speakSpeculatively(speaker, { prompt: [1, 2, 3, 1, 2], most: 10, stops: [] })).toEqual(first);
  });

  test("takes the prompt in blocks, and asks what follows its last token alone", () => {
    const { speaker, calls, answered } = madeUp(4, 40, 7);
    speakGreedily(speaker, { prompt: [1, 2, 3, 4, 0, 1], most: 1, stops: [] });
    expect(calls).toEqual([
      [4, 0],
      [2, 4],
    ]);
    expect(answered).toEqual([0, 1]);
  });

  test("asks what follows every token of a draft", () => {
    const { speaker, calls, answered } = madeUp(4, 40, 7);
    const { drafted } = speakSpeculatively(speaker, { prompt: [1, 2, 3, 1, 2], most: 10, stops: [] });
    expect(drafted).toBeGreaterThan(0);
    expect(answered.slice(0, 2)).toEqual([0, 1]);
    expect(answered.slice(2)).toEqual(calls.slice(2).map(([tokens]) => tokens));
  });

  test.each([
    [{ prompt: [], most: 1 }, "no tokens"],
    [{ prompt: [1], most: 0 }, "nothing is asked for"],
    [{ prompt: [1, 2], most: 9 }, "more than the cache's 10 rows"],
  ])("of %j is refused", (speech, words) => {
    const { speaker, calls } = madeUp(4, 10, 1);
    expect(() => speakGreedily(speaker, { ...speech, stops: [] })).toThrow(words);
    expect(calls).toEqual([]);
  });
});

describe("a comparison of two ways", () => {
  const speech = { prompt: [1, 2, 3], most: 4, stops: [] };
  /** A model whose blocks say something else from their second token on. */
  const lying = (): Speaker => {
    const { speaker } = madeUp(4, 40, 7);
    return {
      ...speaker,
      follow: (tokens, at, unasked) =>
        speaker
          .follow(tokens, at)
          .map((x, t) => (t === 0 ? x : (x + 1) % VOCAB))
          .slice(unasked),
    };
  };

  test("is no where a block is not its steps, and yes where it is", () => {
    const of = (make: () => Speaker) => [speakGreedily(make(), speech), speakGreedily(make(), speech, 1)] as const;
    expect(saidTheSame(...of(lying))).toBe(false);
    expect(saidTheSame(...of(() => madeUp(4, 40, 7).speaker))).toBe(true);
  });

  test("is no where one said more", () => {
    const spoken = speakGreedily(madeUp(4, 40, 7).speaker, speech);
    expect(saidTheSame(spoken, { ...spoken, tokens: [...spoken.tokens, 0] })).toBe(false);
  });

  test("is refused where no call took a block", () => {
    const single = speakGreedily(madeUp(4, 40, 7).speaker, speech, 1);
    expect(single.blocks).toBe(0);
    expect(() => saidTheSame(single, single)).toThrow("compares nothing");
  });
});

describe("a draft", () => {
  test.each<[readonly number[], number, readonly number[]]>([
    [[1, 2, 3, 9, 1, 2], 3, [3, 9, 1]],
    [[1, 2, 3, 9, 1, 2], 1, [3]],
    [[1, 2, 5, 1, 2, 6, 1, 2], 2, [6, 1]],
    [[7, 1, 2, 5, 8, 1, 2, 6, 7, 1, 2], 1, [5]],
    [[1, 2, 3, 4], 3, []],
    [[1, 1], 3, []],
    [[1, 1, 1], 3, [1]],
    [[], 3, []],
    [[1, 2, 3, 1, 2], 0, []],
  ])("behind %j of at most %i tokens is %j", (tokens, most, draft) => {
    expect(draftOf(tokens, most)).toEqual(draft);
  });
});
