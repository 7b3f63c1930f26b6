/** Graphs too large for the prover's own runs are attacked with calls, and weights, of their own; a contradiction is dumped. */

import { readdirSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { expect, test } from "vitest";
import { dumpContradiction } from "../../../../src/cli/verdict/contradicted.ts";
import { printVerdict } from "../../../../src/cli/verdict/prove-text.ts";
import { type Graph, graph } from "../../../../src/dsl/graph.ts";
import { add, linear } from "../../../../src/dsl/ops/index.ts";
import { constant, input, type Tensor, weight } from "../../../../src/dsl/tensor.ts";
import type { Shape } from "../../../../src/dsl/type.ts";
import { sizeOf } from "../../../../src/dsl/type.ts";
import { prove } from "../../../../src/passes/prove/prove.ts";
import type { ProofContradicted } from "../../../../src/passes/prove/refute/contradicted.ts";
import type { OwnRuns } from "../../../../src/passes/prove/refute/sample.ts";
import { bookWithout } from "../../../support/prove/broken.ts";
import { DUALS } from "../../../support/prove/duals.ts";
import { contradictionBy } from "../../../support/prove/thrown.ts";

type Value = Tensor<Shape, "fp16">;
const WIDE = 12_000;

/** A layer of 144 million weights: none of them is ever made. */
function wide(tokens: number): Graph {
  const x = input("x", [tokens, WIDE]) as Value;
  const bias = constant([1], [1], "fp16") as unknown as Value;
  const zeros = weight("bias", [WIDE]) as Value;
  const y = add(linear(x, weight("w", [WIDE, WIDE]) as Value, { bias: zeros }), bias);
  return graph({ name: `wide_t${tokens}`, inputs: [x], outputs: { y } });
}

/** Calls whose rows are `row` of the token's row of x. */
const calls = (row: (tokens: number, first: number) => number): OwnRuns & { readonly made: string[] } => {
  const made: string[] = [];
  return {
    made,
    call(g, precision, { x }, see) {
      const y = g.outputs.y!;
      const tokens = x!.shape[0]!;
      made.push(`${precision} ${tokens}`);
      const data = Float64Array.from({ length: sizeOf(y.type.shape) }, () => row(tokens, x!.data[0]!));
      see?.(y, { ...y.type, data });
      return { outputs: { y: { ...y.type, data } }, states: {} };
    },
  };
};

test("without calls the graphs are not run, and the verdict says so", () => {
  const verdict = prove(wide(2), wide(1));
  expect(verdict.verdict === "PROVEN" && verdict.attacked).toBe(undefined);
  expect(printVerdict(verdict)).toContain("not run: the graphs are too large");
});

test("with calls block and steps are run at their size", () => {
  const ownRuns = calls(() => 1);
  const verdict = prove(wide(2), wide(1), { ownRuns });
  expect(ownRuns.made).toEqual(["fp16 2", "fp16 1", "fp16 1", "fp16 2", "fp16 1", "fp16 1"]);
  expect(verdict).toMatchObject({
    attacked: { runs: 2, met: 2, small: false, witness: { weights: "own", tokens: 2 } },
  });
  expect(printVerdict(verdict).replaceAll(/\s+/g, " ")).toContain("with the weights that they hold: no difference");
});

test("values that are never finite are no witness", () => {
  const verdict = prove(wide(2), wide(1), { ownRuns: calls(() => Number.NaN) });
  expect(verdict).toMatchObject({ verdict: "NOT PROVEN", finding: { reason: { code: "vacuous" } } });
});

test("a difference is a fault of the prover; inputs and cache are written down, weights are not", async () => {
  const error = contradictionBy(() => prove(wide(2), wide(1), { ownRuns: calls((tokens) => tokens) }));
  expect(error.against).toMatchObject({ by: "run", found: { weights: "own" } });
  expect(await dumped(error)).toEqual(["block.inputs.safetensors", "state.safetensors", ...steps(2)]);
});

test("graphs that the prover runs itself are written down whole", async () => {
  const { block, step } = DUALS["max-zero"] ?? Object.values(DUALS)[0]!;
  const name = Object.keys(DUALS).find((key) => DUALS[key]!.block === block)!;
  const error = contradictionBy(() => prove(block, step, { rules: bookWithout(name), counterexample: false }));
  expect((await dumped(error)).slice(0, 2)).toEqual(["block.inputs.safetensors", "block.mlpackage"]);
});

test("no other error leaves anything", async () => {
  expect(await dumpContradiction(new Error("no"))).toBe(undefined);
});

const steps = (tokens: number) => Array.from({ length: tokens }, (_, t) => `step${t}.inputs.safetensors`);

async function dumped(error: ProofContradicted): Promise<readonly string[]> {
  const folder = (await dumpContradiction(error))!;
  try {
    return readdirSync(folder).sort();
  } finally {
    rmSync(dirname(folder), { recursive: true });
  }
}

/** Block and step with other constants, which no proof equates. */
const parted = (tokens: number): Graph => {
  const { inputs, outputs } = wide(tokens);
  const other = constant([2], [1], "fp16") as unknown as Value;
  return graph({ name: "parted", inputs, outputs: { y: tokens === 1 ? add(outputs.y as Value, other) : outputs.y! } });
};

test("a difference that such calls show refutes, with the weights that are held and as it was found", () => {
  const ownRuns = calls((tokens) => tokens);
  const verdict = prove(parted(2), parted(1), { ownRuns, secondOpinion: false });
  if (verdict.verdict !== "REFUTED") throw new Error(verdict.verdict);
  const { weights, mismatch, found, sample } = verdict.counterexample;
  expect({ weights, block: mismatch.block, step: mismatch.step }).toEqual({ weights: "own", block: 2, step: 1 });
  expect(found).toBe(sample);
  expect([...sample.arrays.keys()]).toEqual(["input x"]);
  expect(printVerdict(verdict)).toContain("cache rows, run with the weights that they hold");
});

test("where they show none, or in bits alone, nothing is refuted", () => {
  const verdict = (ownRuns: OwnRuns) => prove(parted(2), parted(1), { ownRuns, secondOpinion: false });
  const same = verdict(calls(() => 1));
  expect(same).toMatchObject({ verdict: "NOT PROVEN" });
  expect(printVerdict(same)).toContain("searched: no difference found on 2 inputs with the weights that they hold");
  const inBits = calls((tokens) => tokens);
  const inReals = calls(() => 1);
  const call: OwnRuns["call"] = (g, precision, ...rest) =>
    (precision === "fp16" ? inBits : inReals).call(g, precision, ...rest);
  expect(verdict({ call }).verdict).toBe("NOT PROVEN");
});
