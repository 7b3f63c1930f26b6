/** The layer is proven, run over random rejections, run on random feeds, and held to reviewed text. */
import fc from "fast-check";
import { generatedWeights, run } from "graphc";
import { assertEqualOverRejections, assertGoldens, assertProven, feeds } from "graphc/testing";
import { expect, test } from "vitest";
import layer from "../src/layer.ts";

const maxSeq = 16;

test("a block of tokens is proven to equal single tokens, for all weights and inputs", async () => {
  await assertProven({ model: layer, tokens: [2, 3, 4], maxSeq });
});

test("whatever is rejected on the way, every bit is that of single tokens", async () => {
  await assertEqualOverRejections({ model: layer, tokens: 4, maxSeq });
});

test("the hidden rows are finite for what a host feeds", async () => {
  const block = layer({ tokens: 4, maxSeq });
  const weights = generatedWeights(block);
  const fed = feeds({ model: layer, tokens: 4, maxSeq });
  await fc.assert(
    fc.asyncProperty(fed, async ({ block: inputs, states }) => {
      const { outputs } = await run(block, { ...inputs, ...states }, { weights, precision: "fp64" });
      expect(outputs.hidden!.data.every(Number.isFinite)).toBe(true);
    }),
    { numRuns: 20 },
  );
});

// After a change that is meant: npm run golden, and review the diff.
test("the graph and its Core ML program are the reviewed text", () => {
  assertGoldens("golden", { "layer.t4": layer({ tokens: 4, maxSeq }), "layer.t1": layer({ tokens: 1, maxSeq }) });
});
