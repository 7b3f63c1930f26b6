/** The ane-book's runtime and its faults, over a made-up model whose rows are either seen or not. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type RuntimeCalls, speakAsAneBook } from "../../../src/build/host/ane-book.ts";
import { type Speaker, speakGreedily } from "../../../src/build/host/decode.ts";

const VOCAB = 5;

/** What follows depends on every row that is seen. */
function madeUp(block: number, maxSeq: number, ends: readonly number[], sizes = [1, block]) {
  const cache: number[] = [];
  const call: RuntimeCalls["call"] = (tokens, at, slots, first, unasked) => {
    expect(sizes).toContain(slots);
    expect(at + tokens.length).toBeLessThanOrEqual(maxSeq);
    const follows = tokens.map((token, t) => {
      cache[at + t] = token;
      const seen = cache.slice(first, at + t + 1);
      return (seen.reduce((sum, x, k) => sum + x * (k + 1), 0) + seen.length) % VOCAB;
    });
    return follows.slice(unasked);
  };
  const runtime: RuntimeCalls = { block, sizes, maxSeq, holdsCaches: true, ends, call };
  const speaker: Speaker = {
    block,
    maxSeq,
    follow: (tokens, at, unasked) => call(tokens, at, sizes.at(-1)!, 0, unasked),
  };
  return { runtime, speaker };
}

const cases = fc.record({
  prompt: fc.array(fc.nat(VOCAB - 1), { minLength: 1, maxLength: 10 }),
  most: fc.integer({ min: 1, max: 12 }),
  block: fc.integer({ min: 1, max: 4 }),
  isSpeculative: fc.boolean(),
});

describe("the runtime", () => {
  test("says what is right where it meets no fault", () => {
    let faultless = 0;
    fc.assert(
      fc.property(cases, fc.subarray([0, 1, 2]), ({ prompt, most, block, isSpeculative }, ends) => {
        // Room for a draft that is not shortened.
        const { runtime, speaker } = madeUp(block, prompt.length + most + block, ends);
        const speech = { prompt, most, stops: ends };
        const said = speakAsAneBook(runtime, speech, isSpeculative);
        const isHidden = !isSpeculative && block > 1 && prompt.length > block && prompt.length % block === 1;
        expect(said.met.some(({ id }) => id === "W1")).toBe(isHidden);
        expect(said.isWhole).toBe(true);
        const right = speakGreedily(speaker, speech).tokens;
        if (said.met.length === 0) {
          faultless++;
          expect(said.tokens).toEqual(right);
        } else if (!isHidden) expect(said.tokens.slice(0, right.length)).toEqual(right);
      }),
    );
    expect(faultless).toBeGreaterThan(20);
  });

  test("hides the earlier rows from a last token by itself: W1", () => {
    const { runtime, speaker } = madeUp(4, 20, []);
    const speech = { prompt: [1, 2, 3, 4, 1], most: 4, stops: [] };
    const said = speakAsAneBook(runtime, speech, false);
    expect(said.met).toMatchObject([{ id: "W1" }]);
    expect(said.tokens[0]).toBe(2);
    expect(speakGreedily(speaker, speech).tokens[0]).toBe((1 + 4 + 9 + 16 + 5 + 5) % VOCAB);
    expect(speakAsAneBook(runtime, speech, true).met).toEqual([]);
  });

  test("writes behind the cache at its end: W2", () => {
    const prompt = [2, 2, 2, 2, 2, 2];
    const call: RuntimeCalls["call"] = (tokens, _at, _slots, _first, unasked) => tokens.map(() => 2).slice(unasked);
    const of = (maxSeq: number) =>
      speakAsAneBook(
        { block: 4, sizes: [1, 4], maxSeq, holdsCaches: true, ends: [], call },
        { prompt, most: 4, stops: [] },
        true,
      );
    expect(of(13)).toEqual({ tokens: [2, 2, 2, 2], isWhole: true, met: [] });
    // Its first step begins at row 6 and ends at row 9.
    expect(of(9)).toMatchObject({ tokens: [2], isWhole: false, met: [{ id: "W2" }] });
    expect(of(9).met[0]!.says).toContain("row 9 of 9");
  });

  test("goes on behind an end that is not its step's last, or its first token: W4", () => {
    const follows: RuntimeCalls["call"] = (tokens, _at, _slots, _first, unasked) =>
      tokens.map((token) => (token + 1) % 4).slice(unasked);
    const of = (prompt: readonly number[], most: number, isSpeculative: boolean) =>
      speakAsAneBook(
        { block: 4, sizes: [1, 4], maxSeq: 64, holdsCaches: true, ends: [2], call: follows },
        { prompt, most, stops: [2] },
        isSpeculative,
      );
    const inside = of([0, 1, 2, 3, 0, 1, 2, 3, 0], 6, true);
    expect(inside.tokens).toEqual([1, 2, 3, 0, 1, 2]);
    expect(inside.met).toMatchObject([{ id: "W4", says: expect.stringContaining("the last token of a step alone") }]);
    const first = of([0, 1], 3, false);
    expect(first.tokens).toEqual([2, 3, 0]);
    expect(first.met).toMatchObject([{ id: "W4", says: expect.stringContaining("never looks at the first token") }]);
    expect(of([0, 0], 3, false)).toMatchObject({ tokens: [1, 2], met: [] });
  });

  test("knows two ends", () => {
    const call: RuntimeCalls["call"] = (tokens, _at, _slots, _first, unasked) =>
      tokens.map((token) => token + 1).slice(unasked);
    const runtime: RuntimeCalls = { block: 4, sizes: [1, 4], maxSeq: 64, holdsCaches: true, ends: [9, 8], call };
    const said = speakAsAneBook(runtime, { prompt: [1, 2], most: 4, stops: [9, 8, 4] }, false);
    expect(said).toMatchObject({ tokens: [3, 4, 5, 6], met: [{ id: "ends" }] });
  });

  test("ends with an error where its packages do not take its calls", () => {
    const of = (sizes: readonly number[], isSpeculative: boolean, prompt: readonly number[], most = 2) =>
      speakAsAneBook(madeUp(4, 32, [], [...sizes]).runtime, { prompt, most, stops: [] }, isSpeculative);
    expect(of([4], false, [1, 2])).toMatchObject({ tokens: [], isWhole: false, met: [{ id: "sizes" }] });
    expect(of([4], false, [1, 2, 3, 4], 1).met).toEqual([]);
    expect(of([4], true, [1, 2]).met).toEqual([]);
    expect(of([1], true, [1]).met).toMatchObject([{ id: "sizes" }]);
  });
});

test("packages that want caches as inputs are not run by it: nothing is said, and nothing is the same", () => {
  const call = () => {
    throw new Error("nothing is called");
  };
  const runtime: RuntimeCalls = { block: 4, sizes: [1, 4], maxSeq: 64, holdsCaches: false, ends: [2], call };
  for (const isSpeculative of [false, true]) {
    const { tokens, isWhole, met } = speakAsAneBook(runtime, { prompt: [1, 2], most: 4, stops: [2] }, isSpeculative);
    expect([tokens, isWhole, met.map(({ id }) => id)]).toEqual([[], false, ["caches"]]);
  }
});
