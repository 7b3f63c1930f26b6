/** Numbers that leave fp16, or the engine's accumulator. */
import { type Graph, graph } from "../../../dsl/graph.ts";
import { fp16Bits } from "../../../dsl/number.ts";
import { add, conv, mul } from "../../../dsl/ops/index.ts";
import { input, named, state } from "../../../dsl/tensor.ts";
import type { RawArray } from "../../../passes/kernels/raw.ts";
import type { Incident, Word } from "../incident.ts";
import { book, either, filled, givingY, pkg, study, type Value, within } from "./small.ts";

/** A state that each call multiplies before it adds its row; the product in this order or the other. */
function chained(factor: number, order: "before" | "behind"): Graph {
  const x = input("x", [1, 1, 1, 32]);
  const before: Value = state("s", [1, 1, 1, 32]);
  const after = add(order === "before" ? mul(factor, before) : mul(before, factor), x);
  return graph({ name: "chained", inputs: [x], states: [[before, after]], outputs: { hidden: mul(x, 0.5) } });
}

const WIDTH = 64;

/** A sum over all channels of x · w, with w in the weights or partly behind the sum. */
function summed(weight: number, behind: number): Graph {
  const x = input("x", [1, WIDTH, 1, 1]);
  const sum = named("sum", conv(x, filled([1, WIDTH, 1, 1], weight)));
  return givingY(mul(sum, behind), x);
}

/** Every element of x. */
function fed(x: number): Word {
  const data = Uint16Array.from({ length: WIDTH }, () => fp16Bits(x));
  return {
    kind: "arrays",
    name: "x.safetensors",
    arrays: { x: { dtype: "fp16", shape: [1, WIDTH, 1, 1], data } as RawArray },
  };
}

const onEngine = (of: Graph, x: number): readonly Word[] => [
  "run",
  pkg("model", of),
  "--inputs",
  fed(x),
  "--arithmetic",
  "engine",
];

/** Incidents of numbers. */
export const numbers: readonly Incident[] = [
  {
    id: "I-09",
    happened: "a model of 1.5 billion parameters gave zeros, then good rows, then NaN from the third forward pass on",
    sources: [book("ANE_SCALING_FINDINGS")],
    replay: {
      line(variant) {
        const factor = either(variant, 64, 0.5);
        return ["parity", pkg("block", chained(factor, "before")), pkg("step", chained(factor, "behind"))];
      },
      caught: { by: "not finite" },
      standsFor: "a state that grows with every call: what made the NaN there is not told",
    },
  },
  {
    id: "M-14",
    happened: "sums that fp16 holds stick at infinity in the engine's accumulator from 32768 on",
    sources: [study("notes on arithmetic"), within("sbryngelson/ANEForge", "docs, numerics")],
    replay: {
      line: (variant) => onEngine(either(variant, summed(4, 1), summed(1, 4)), 200),
      caught: { by: "engine", value: "sum", counts: "overflowed" },
    },
  },
  {
    id: "M-16",
    happened: "products below 2⁻¹⁶ vanish in the engine's accumulator, and fp16 keeps them",
    sources: [study("notes on arithmetic")],
    replay: {
      line: (variant) => onEngine(either(variant, summed(2 ** -10, 1), summed(1, 2 ** -10)), 2 ** -10),
      caught: { by: "engine", value: "sum", counts: "lost" },
    },
  },
];
