/** The fast executor on Phi layers: equal to the reference in every spelling, and a block equal to its single steps. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { blockPositions } from "../../../src/models/host.ts";
import { decoderLayers } from "../../../src/models/layers.ts";
import type { Accumulate } from "../../../src/passes/kernels/accumulate.ts";
import { type RawArray, toNDArray } from "../../../src/passes/kernels/raw.ts";
import { type Plan, planOf } from "../../../src/passes/run/plan.ts";
import { type Executor, prepare } from "../../../src/passes/run/run.ts";
import { streamOf } from "../../support/kernels.ts";
import { fastIsTheReference } from "../../support/phi/executor.ts";
import { type Call, feedsOf, randomCall, SMALL, weightsOf } from "../../support/phi/phi.ts";

type Raws = Readonly<Record<string, RawArray>>;

fastIsTheReference(1, 4711);

/** The tokens of a call one by one; hidden rows [d] of each, and the states at the end. */
function runSteps(executor: Executor, step: Plan, call: Call) {
  let states: Raws = call.states;
  const rows = call.positions.map((position, t) => {
    const T = call.positions.length;
    const x = { ...call.x, shape: [1, call.config.hiddenSize, 1, 1], data: call.x.data.filter((_, i) => i % T === t) };
    const result = executor.run(step, { ...feedsOf(step.graph, { ...call, x, positions: [position] }), ...states });
    states = result.states;
    return toNDArray(result.outputs.hidden!).data;
  });
  return { rows, states };
}

async function checkBlock(seed: number, tokens: number, accumulate?: Accumulate): Promise<void> {
  const sizes = { ...SMALL, hiddenSize: 64, headDim: 16, rotaryDims: 12, ffnSize: 88 };
  const factors = { shortFactor: [1, 1.5, 2, 3, 4, 5], longFactor: [1, 2, 3, 4, 5, 6] };
  const config = { ...sizes, rope: { ...SMALL.rope, ...factors } as typeof SMALL.rope };
  const options = accumulate ? { accumulate } : {};
  const [block, step] = [tokens, 1].map((n) => planOf(decoderLayers(config, { tokens: n, maxSeq: 40 }), options));
  const executor = await prepare([block!, step!], streamOf(weightsOf(config, seed)));
  let states: Raws | undefined;
  for (let start = 3; start + tokens <= 40; start += tokens) {
    const call = randomCall(block!.graph, config, start, seed + start);
    const from = {
      ...call,
      positions: blockPositions(start, tokens, 40),
      states: (states ?? call.states) as Call["states"],
    };
    const whole = executor.run(block!, { ...feedsOf(block!.graph, from), ...from.states });
    const single = runSteps(executor, step!, from);
    const hidden = toNDArray(whole.outputs.hidden!).data;
    for (const [t, row] of single.rows.entries()) expect(hidden.filter((_, i) => i % tokens === t)).toEqual(row);
    expect(single.states).toEqual(whole.states);
    states = whole.states;
  }
}

test("a block of T tokens gives the bits of T single tokens, block after block", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), fc.integer({ min: 2, max: 6 }), (seed, tokens) => checkBlock(seed, tokens)),
    { numRuns: 5 },
  );
});

test("so it does with fp16 partial sums of one chunk size", async () => {
  await checkBlock(5, 4, { dtype: "fp16", chunk: 16 });
});
