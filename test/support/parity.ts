/** Pairs of small Phi layers on the reference interpreter, and the property that both suites hold them to. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Graph } from "../../src/dsl/graph.ts";
import { roundFp16 } from "../../src/dsl/number.ts";
import { streamBase, tagOfName, uniformAt } from "../../src/dsl/random.ts";
import { sizeOf, type TensorType } from "../../src/dsl/type.ts";
import type { WeightSource } from "../../src/dsl/weight-source.ts";
import { SPELLINGS } from "../../src/models/blocks/spelling.ts";
import { PHI4_MINI } from "../../src/models/config.ts";
import type { Decoder } from "../../src/models/decoder.ts";
import { decoderLayers, type LayerOptions } from "../../src/models/layers.ts";
import { arrayOf, type NDArray } from "../../src/passes/interpret/array.ts";
import { evaluate } from "../../src/passes/interpret/evaluate.ts";
import { toNDArray } from "../../src/passes/kernels/raw.ts";
import { parity } from "../../src/passes/parity/parity.ts";
import type { Runner } from "../../src/passes/parity/runner.ts";

/** A Phi layer of a few channels. */
export const SMALL: Decoder = {
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
  (graph: Graph, seed: number): Runner =>
  (values) => {
    const arrays = Object.fromEntries(Object.entries(values).map(([name, x]) => [name, toNDArray(x)]));
    return evaluate(graph, { values: arrays, weight: weights(seed) });
  };

/** A pair on the reference interpreter, with the same weights on both sides. */
export const pairOf = (block: Graph, step: Graph, seed: number) => ({
  block,
  step,
  runBlock: runner(block, seed),
  runStep: runner(step, seed),
});

/** The usual sequence agrees, whatever the sizes and the spelling. */
export function blockEqualsSteps(runs: number, seed: number): void {
  test(`block and steps agree bit for bit over the usual sequence, ${runs} sizes and spellings (seed ${seed})`, async () => {
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
          const build = (t: number) => decoderLayers(config, { tokens: t, maxSeq: 24 }, how as LayerOptions);
          const report = await parity(pairOf(build(tokens), build(1), seed), { seed, config });
          expect(report.calls.length).toBeGreaterThan(2);
          return report.equal;
        },
      ),
      { numRuns: runs, seed },
    );
  });
}
