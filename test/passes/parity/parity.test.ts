/** Parity over sequences: the usual calls, right layers that agree, faults that are caught and told apart. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { printParity } from "../../../src/cli/verdict/parity-text.ts";
import { twinsOf } from "../../../src/dsl/host/twins.ts";
import { decoderLayers } from "../../../src/models/layers.ts";
import { feed } from "../../../src/passes/parity/feeds.ts";
import { parity } from "../../../src/passes/parity/parity.ts";
import { recordable } from "../../../src/passes/parity/record/record.ts";
import { usualSequence } from "../../../src/passes/parity/sequence.ts";
import { blockEqualsSteps, pairOf, SMALL } from "../../support/parity.ts";
import { mutants } from "../../support/phi/mutants.ts";

test("the usual sequence rejects, scatters, pads and reaches the last row", () => {
  const calls = usualSequence(4, 64, { scattered: true, padded: true, rejecting: true });
  expect(
    calls.map(({ label, rows, accepted }) => `${label}: ${rows.map((r) => r ?? "-").join(" ")} keep ${accepted}`),
  ).toEqual([
    "first block: 0 1 2 3 keep 4",
    "next block: 4 5 6 7 keep 4",
    "partly filled block: 8 - - - keep 0",
    "3 of 4 rejected: 8 9 10 11 keep 1",
    "over stale rows: 9 10 11 12 keep 4",
    "one rejected: 13 14 15 16 keep 3",
    "over one stale row: 16 17 18 19 keep 4",
    "scattered rows: 26 24 22 20 keep 4",
    "last block that fits: 60 61 62 63 keep 4",
  ]);
});

blockEqualsSteps(4, 4711);

for (const name of Object.keys(mutants)) {
  test(`a fault that the field shipped is caught: ${name}`, async () => {
    const size = { tokens: 3, maxSeq: 16 };
    const block = mutants[name]!(SMALL, size, {});
    const step = decoderLayers(SMALL, { ...size, tokens: 1 });
    const report = await parity(pairOf(block, step, 5), { seed: 5, config: SMALL });
    expect(report.equal).toBe(false);
  });
}

test("the flattened heads shrink to two tokens, and the report of that case names the token that went wrong", async () => {
  const run = (tokens: number, kvHeads: number, seed: number) => {
    const config = { ...SMALL, kvHeads, heads: kvHeads * 2, hiddenSize: kvHeads * 8 };
    const size = { tokens, maxSeq: 2 * tokens };
    const block = mutants.layout!(config, size, {});
    const step = decoderLayers(config, { ...size, tokens: 1 });
    return parity(pairOf(block, step, seed), { seed, config });
  };
  const draws = [fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 3 }), fc.nat({ max: 9 })] as const;
  const property = fc.asyncProperty(...draws, async (...draw) => (await run(...draw)).equal);
  const found = await fc.check(property, { numRuns: 20, seed: 7 });
  // With one token there is nothing to mix up; two tokens, one KV head and the first seed are enough.
  expect(found.counterexample).toEqual([2, 1, 0]);
  const text = printParity(await run(2, 1, 0), {
    name: "flattened heads",
    weights: "generated",
    seconds: 0,
    explain: true,
  });
  expect(text).toMatch(/^0 first block +hidden\[0\] +0 +differ /m);
  expect(text).toMatch(/^0 first block +layers_0_k_state +equal/m);
  expect(text).toMatch(/^DIFFERS: \d+ of \d+ tokens, 0 states/m);
});

test("the order of the inputs does not matter", async () => {
  const size = { tokens: 3, maxSeq: 16 };
  const [block, step] = [decoderLayers(SMALL, size), decoderLayers(SMALL, { ...size, tokens: 1 })];
  const turned = { ...step, inputs: step.inputs.toReversed() };
  const reports = [step, turned].map((one) => parity(pairOf(block, one, 5), { seed: 5, config: SMALL }));
  const [straight, reversed] = await Promise.all(reports);
  expect(reversed).toEqual(straight);
  expect(straight!.equal).toBe(true);
});

test.each([
  ["blend", "scatter", false],
  ["scatter", "blend", false],
  ["slice_update", "select", true],
  ["blend", "slice_update", false],
] as const)("cache rows by %s in the block, by %s in the steps", async (write, other, contiguous) => {
  const size = { tokens: 3, maxSeq: 24 };
  const [block, step] = [
    decoderLayers(SMALL, size, { write }),
    decoderLayers(SMALL, { ...size, tokens: 1 }, { write: other }),
  ];
  const report = await parity(pairOf(block, step, 5), { seed: 5, config: SMALL });
  expect(report.equal).toBe(true);
  const labels = report.calls.map(({ call }) => call.label);
  // A position cannot say that a column is dead, and that of a first token not that rows are scattered.
  expect(labels).not.toContain("partly filled block");
  expect(labels.includes("scattered rows")).toBe(!contiguous);
});

test("a pair whose states do not match is refused before anything is run", async () => {
  const size = { tokens: 3, maxSeq: 16 };
  const [block, step] = [decoderLayers(SMALL, size), decoderLayers(SMALL, { ...size, tokens: 1 })];
  const pair = pairOf(block, { ...step, states: step.states.slice(1) }, 5);
  await expect(parity(pair)).rejects.toThrow(/^state "layers_0_k_state" of \S+ is missing in \S+$/);
});

test("RoPE rows that are drawn depend on the position alone, hidden rows on the token", () => {
  const block = decoderLayers(SMALL, { tokens: 2, maxSeq: 16 });
  const { roles } = twinsOf(block, decoderLayers(SMALL, { tokens: 1, maxSeq: 16 }));
  const fed = (stream: number) =>
    feed(block, { seed: 5, roles, maxSeq: 16 }, { rows: [7, 3], committed: new Set(), stream });
  for (const name of ["rope_cos", "rope_sin", "attn_mask", "kv_write_mask"]) expect(fed(0)[name]).toEqual(fed(9)[name]);
  expect(fed(0).rope_cos).not.toEqual(fed(0).rope_sin);
  expect(fed(0).x).not.toEqual(fed(9).x);
});

test("graphs that are fed in different ways are not recorded", () => {
  const block = decoderLayers(SMALL, { tokens: 3, maxSeq: 24 });
  const step = decoderLayers(SMALL, { tokens: 1, maxSeq: 24 }, { write: "scatter" });
  expect(() => recordable({ block, step })).toThrow('have the input "kv_write_mask" in only one of them');
});
