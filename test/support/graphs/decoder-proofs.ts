/** That a block of layers is its steps, proven and run: of a decoder in a spelling, and of random ones. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { NormForm } from "../../../src/models/blocks/norm.ts";
import { SPELLINGS, type Spelling } from "../../../src/models/blocks/spelling.ts";
import type { Decoder } from "../../../src/models/decoder.ts";
import { decoderLayers, type LayerOptions } from "../../../src/models/layers.ts";
import { prove } from "../../../src/passes/prove/prove.ts";
import { randomCall, run, runSteps } from "../phi/phi.ts";
import { summary } from "../prove/prove.ts";
import { randomDecoders } from "./decoders.ts";

/** Cache rows of these tests: more than the windows, and than the tokens. */
const maxSeq = 7;

const pairOf = (decoder: Decoder, tokens: number, options: LayerOptions) => ({
  block: decoderLayers(decoder, { tokens, maxSeq }, options),
  step: decoderLayers(decoder, { tokens: 1, maxSeq }, options),
});

/** Forms of RMSNorm that are right for every finite row; in the others the square of a small one is 0, and so is eps. */
const SAFE: readonly NormForm[] = ["hybrid", "max"];

/** Equal bits of hidden rows and caches, the sign of zero aside; finite where the norm is. */
export function expectSameRuns(decoder: Decoder, tokens: number, options: LayerOptions): void {
  const { block, step } = pairOf(decoder, tokens, options);
  const call = randomCall(block, decoder, 3, 11);
  const [whole, steps] = [run(block, call), runSteps(step, call)];
  const bits = ({ outputs, states }: typeof whole) =>
    [outputs.hidden!, ...Object.values(states)].map(({ data }) => [...data].map((x) => x + 0));
  if (SAFE.includes(options.norm ?? "hybrid")) expect(bits(whole).flat().every(Number.isFinite)).toBe(true);
  expect(bits(whole)).toEqual(bits(steps));
}

/** The verdict on a block and its step, which may be spelled otherwise. */
export const verdictOn = (decoder: Decoder, tokens: number, options: LayerOptions, other = options): string => {
  const { block } = pairOf(decoder, tokens, options);
  const { step } = pairOf(decoder, tokens, other);
  return summary(prove(block, step, { counterexample: false, secondOpinion: false, corollaries: false }));
};

const spellings: fc.Arbitrary<Spelling> = fc.record(
  Object.fromEntries(Object.entries(SPELLINGS).map(([key, values]) => [key, fc.constantFrom(...values)])),
) as unknown as fc.Arbitrary<Spelling>;

/** Random records in random spellings. */
export function randomRecords(runs: number, seed: number): void {
  test(`${runs} random records in random spellings (seed ${seed}): proven, and the same bits`, {
    timeout: 3_600_000,
  }, () => {
    const property = fc.property(randomDecoders, spellings, fc.constantFrom(2, 3), (decoder, how, tokens) => {
      expect(verdictOn(decoder, tokens, { ...how, count: 2 })).toMatch(/^PROVEN/);
      expectSameRuns(decoder, tokens, { ...how, count: 2 });
    });
    fc.assert(property, { numRuns: runs, seed });
  });
}
