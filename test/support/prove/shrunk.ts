/** Inputs made small by runs that are made up: they differ as a test says. */
import { expect } from "vitest";
import { graph } from "../../../src/dsl/graph.ts";
import { exp } from "../../../src/dsl/ops/index.ts";
import { input, type Tensor } from "../../../src/dsl/tensor.ts";
import type { Shape } from "../../../src/dsl/type.ts";
import type { Precision } from "../../../src/passes/interpret/reading.ts";
import { type ProvenPair, provenPair } from "../../../src/passes/prove/program/pair.ts";
import type { Sample } from "../../../src/passes/prove/refute/feeds.ts";
import type { BothRuns } from "../../../src/passes/prove/refute/sample.ts";
import { type Counterexample, type Keeping, shrink } from "../../../src/passes/prove/refute/shrink.ts";

/** Numbers by name. */
export type Arrays = Readonly<Record<string, readonly number[]>>;
/** By how much block and step differ on an input; undefined where it does not keep the preconditions. */
export type Apart = (at: (name: string, k: number) => number, arrays: Sample["arrays"]) => number | undefined;

/** Graphs of rows [T, n]; nothing runs them here. */
export function unrun(make: (x: Tensor<Shape, "fp16">) => Tensor, n: number, more: readonly Tensor[] = []): ProvenPair {
  const build = (tokens: number) => {
    const x: Tensor<Shape, "fp16"> = input("x", [tokens, n]);
    const inputs = [x, ...more.slice(tokens > 1 ? 0 : 1, tokens > 1 ? 1 : 2)];
    return graph({ name: `g${tokens}`, inputs, outputs: { y: make(x) } });
  };
  return provenPair(build(2), build(1));
}

/** The input made small, what is left of it, how often it was run, and which stretches were zeroed on trial, in order. */
export function shrunk(
  arrays: Arrays,
  apart: Apart | Readonly<Record<Precision, Apart>>,
  budget?: number,
  pair = unrun((x) => exp(x), 2),
) {
  const sample: Sample = {
    arrays: new Map(Object.entries(arrays).map(([name, data]) => [name, Float64Array.from(data)])),
    rows: [1, 0],
    visible: new Map(),
  };
  const zeroed: string[] = [];
  let [runs, kept] = [0, sample.arrays];
  const runner = (precision: Precision): Keeping => {
    const by = typeof apart === "function" ? apart : apart[precision];
    return ({ arrays: now }) => {
      const d = by((name, k) => now.get(name)![k]!, now);
      if (precision === "fp64") {
        runs++;
        zeroed.push(...[...now].flatMap(([name, data]) => stretchOf(name, kept.get(name)!, data)));
        if (d) kept = now;
      }
      return d === undefined ? undefined : runsApart(pair, d);
    };
  };
  const run = { fp16: runner("fp16"), fp64: runner("fp64") };
  const counterexample: Counterexample = shrink(pair, run, { sample, seed: 7 }, budget);
  // What was given is not written on.
  for (const [name, data] of Object.entries(arrays)) expect([...sample.arrays.get(name)!]).toEqual(data);
  const left = Object.fromEntries([...counterexample.sample.arrays].map(([name, data]) => [name, [...data]]));
  return { counterexample, left, runs, zeroed };
}

/** Results that differ by `d` at the first element of y. */
function runsApart({ block, step }: ProvenPair, d: number): BothRuns {
  const zeros = ({ type }: Tensor) => ({ ...type, data: new Float64Array(type.shape.reduce((a, b) => a * b, 1)) });
  const y = zeros(block.outputs.y!);
  y.data[0] = d;
  const single = () => ({ outputs: { y: zeros(step.outputs.y!) }, states: {} });
  return { block: { outputs: { y }, states: {} }, steps: [single(), single()] };
}

/** From where to where `data` is 0 and `before` was not. */
function stretchOf(name: string, before: Float64Array, data: Float64Array): readonly string[] {
  const places = [...data.keys()].filter((k) => data[k] === 0 && before[k] !== 0);
  return places.length === 0 ? [] : [`${name} ${places[0]}-${places.at(-1)}`];
}
