/** The fast executor on Phi layers against the reference, a property that both suites run. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decoderLayers } from "../../../src/models/layers.ts";
import { engineOps } from "../../../src/passes/engine/run-op.ts";
import { type EvaluateOptions, evaluate } from "../../../src/passes/interpret/evaluate.ts";
import type { Arithmetic } from "../../../src/passes/kernels/arithmetic.ts";
import { toNDArray } from "../../../src/passes/kernels/raw.ts";
import { planOf } from "../../../src/passes/run/plan.ts";
import { prepare } from "../../../src/passes/run/run.ts";
import { differences, streamOf } from "../kernels.ts";
import { feedsOf, ONE_CHANGE, randomCall, SMALL, spellingName, weightsOf } from "./phi.ts";

const MAX_SEQ = 16;

const howOf = (precision: Arithmetic): EvaluateOptions =>
  precision === "engine" ? { runOp: engineOps() } : { precision };

/** Every spelling on the fast executor gives the bits of the reference interpreter, `runs` times at drawn sizes. */
export function fastIsTheReference(runs: number, seed: number): void {
  describe.each(ONE_CHANGE.map((spelling) => [spellingName(spelling), spelling] as const))("%s", (_, spelling) => {
    test.each(["fp16", "fp64", "engine"] as const)("equals the reference in %s", async (precision) => {
      await fc.assert(
        fc.asyncProperty(fc.integer(), fc.integer({ min: 1, max: 4 }), async (drawn, tokens) => {
          const graph = decoderLayers(SMALL, { tokens, maxSeq: MAX_SEQ }, spelling);
          const call = randomCall(graph, SMALL, Math.abs(drawn) % (MAX_SEQ - tokens), drawn);
          const weight = weightsOf(SMALL, drawn);
          const plan = planOf(graph, { precision });
          const values = { ...feedsOf(graph, call), ...call.states };
          const executor = await prepare([plan], streamOf(weight));
          const fast = executor.run(plan, values);
          const expected = evaluate(graph, { values, weight }, howOf(precision));
          for (const [name, x] of Object.entries({ ...expected.outputs, ...expected.states })) {
            const actual = toNDArray({ ...fast.outputs, ...fast.states }[name]!);
            expect(differences(actual, x), name).toEqual([]);
          }
        }),
        { numRuns: runs, seed },
      );
    });
  });
}
