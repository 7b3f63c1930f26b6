import fc from "fast-check";
import { expect, test } from "vitest";
import { printParity } from "../../../src/cli/parity-text.ts";
import type { Graph } from "../../../src/dsl/graph.ts";
import { roundFp16 } from "../../../src/dsl/number.ts";
import { streamBase, tagOfName, uniformAt } from "../../../src/dsl/random.ts";
import type { WeightSource } from "../../../src/dsl/tensor.ts";
import { sizeOf, type TensorType } from "../../../src/dsl/type.ts";
import { SPELLINGS } from "../../../src/models/blocks/spelling.ts";
import { PHI4_MINI, type PhiConfig } from "../../../src/models/config.ts";
import { type PhiOptions, phiLayers } from "../../../src/models/phi.ts";
import { arrayOf, type NDArray } from "../../../src/passes/interpret/array.ts";
import { evaluate } from "../../../src/passes/interpret/evaluate.ts";
import { toNDArray } from "../../../src/passes/kernels/raw.ts";
import { parity, type Run } from "../../../src/passes/parity/parity.ts";
import { usualSequence } from "../../../src/passes/parity/sequence.ts";
import { mutants } from "../../support/phi/mutants.ts";

const SMALL: PhiConfig = {
  ...PHI4_MINI,
  hiddenSize: 8,
  heads: 4,
  kvHeads: 2,
  headDim: 4,
  rotaryDims: 2,
  ffnSize: 12,
  layers: 1,
  rope: { ...PHI4_MINI.rope, shortFactor: [1], longFactor: [1] },
};

/** The same weight whatever graph asks: the whole matrix by name, then its rows. */
const weights =
  (seed: number) =>
  (source: WeightSource, type: TensorType): NDArray => {
    if (source.from !== "checkpoint") throw new Error("no checkpoint weight");
    const width = sizeOf(type.shape) / (source.rows ? source.rows[1] - source.rows[0] : 1);
    const base = streamBase(seed, tagOfName(source.tensor));
    const begin = source.rows ? source.rows[0] * width : 0;
    const isNorm = source.tensor.includes("norm");
    const data = Array.from({ length: sizeOf(type.shape) }, (_, i) => {
      const u = uniformAt(base, begin + i);
      return roundFp16(isNorm ? 1 + u / 2 : u);
    });
    return arrayOf("fp16", type.shape, data);
  };

const runner =
  (graph: Graph, seed: number): Run =>
  (values) => {
    const arrays = Object.fromEntries(Object.entries(values).map(([name, x]) => [name, toNDArray(x)]));
    return evaluate(graph, { values: arrays, weight: weights(seed) });
  };

const pairOf = (block: Graph, step: Graph, seed: number) => ({
  block,
  step,
  runBlock: runner(block, seed),
  runStep: runner(step, seed),
});

test("the usual sequence rejects, scatters, pads and reaches the last row", () => {
  const calls = usualSequence(4, 64, { scattered: true, padded: true });
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

test("block and steps agree bit for bit over the usual sequence, whatever the sizes and the spelling", async () => {
  const choice = <K extends keyof typeof SPELLINGS>(key: K) => fc.constantFrom(...SPELLINGS[key]);
  const spelling = fc.record({
    qkv: choice("qkv"),
    projection: choice("projection"),
    write: choice("write"),
    gqa: choice("gqa"),
    scale: choice("scale"),
    softmax: choice("softmax"),
    rope: choice("rope"),
    gateUp: choice("gateUp"),
    transposes: choice("transposes"),
    norm: choice("norm"),
  });
  const sizes = fc.record({
    kvHeads: fc.integer({ min: 1, max: 2 }),
    group: fc.integer({ min: 1, max: 3 }),
    half: fc.integer({ min: 1, max: 2 }),
  });
  await fc.assert(
    fc.asyncProperty(
      spelling,
      sizes,
      fc.integer({ min: 1, max: 5 }),
      fc.nat(),
      async (how, { kvHeads, group, half }, tokens, seed) => {
        const config = {
          ...SMALL,
          kvHeads,
          heads: kvHeads * group,
          headDim: half * 4,
          rotaryDims: half * 2,
          hiddenSize: kvHeads * group * half * 4,
          rope: { type: "default" },
        } as const;
        const build = (t: number) => phiLayers(config, { tokens: t, maxSeq: 24 }, how as PhiOptions);
        const report = await parity(pairOf(build(tokens), build(1), seed), { seed, config });
        expect(report.calls.length).toBeGreaterThan(2);
        return report.equal;
      },
    ),
    { numRuns: 12 },
  );
});

for (const name of Object.keys(mutants)) {
  test(`a fault that the field shipped is caught: ${name}`, async () => {
    const size = { tokens: 3, maxSeq: 16 };
    const block = mutants[name]!(SMALL, size, {});
    const step = phiLayers(SMALL, { ...size, tokens: 1 });
    const report = await parity(pairOf(block, step, 5), { seed: 5, config: SMALL });
    expect(report.equal).toBe(false);
  });
}

test("the flattened heads shrink to two tokens, and the report of that case names the token that went wrong", async () => {
  const run = (tokens: number, kvHeads: number, seed: number) => {
    const config = { ...SMALL, kvHeads, heads: kvHeads * 2, hiddenSize: kvHeads * 8 };
    const size = { tokens, maxSeq: 2 * tokens };
    const block = mutants.layout!(config, size, {});
    const step = phiLayers(config, { ...size, tokens: 1 });
    return parity(pairOf(block, step, seed), { seed, config });
  };
  const draws = [fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 3 }), fc.nat({ max: 9 })] as const;
  const property = fc.asyncProperty(...draws, async (...draw) => (await run(...draw)).equal);
  const found = await fc.check(property, { numRuns: 20, seed: 7 });
  // With one token there is nothing to mix up; two tokens, one KV head and the first seed are enough.
  expect(found.counterexample).toEqual([2, 1, 0]);
  const text = printParity(await run(2, 1, 0), { name: "flattened heads", weights: "generated", seconds: 0 });
  expect(text).toMatch(/^0 first block +hidden\[0\] +0 +differ /m);
  expect(text).toMatch(/^0 first block +layers_0_k_state +equal/m);
  expect(text).toMatch(/^DIFFERS: \d+ of \d+ tokens, 0 states/m);
});
