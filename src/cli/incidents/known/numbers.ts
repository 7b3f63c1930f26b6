/** Numbers that leave fp16, or the engine's accumulator. */
import { type Graph, graph } from "../../../dsl/graph.ts";
import { fp16Bits } from "../../../dsl/number.ts";
import { abs, add, clip, constexpr_blockwise_shift_scale, conv, matmul, mul, relu } from "../../../dsl/ops/index.ts";
import { constant, input, named, state } from "../../../dsl/tensor.ts";
import type { RawArray } from "../../../passes/kernels/raw.ts";
import type { Incident, Word } from "../incident.ts";
import { blended, book, either, filled, givingY, pkg, study, type Value, within } from "./small.ts";

const ROWS = 16;

/** A sum over all rows that a token sees, of which each adds up to so much: finite for a few of them. */
function summedRows(tokens: number, most: number): Graph {
  const x = input("x", [1, 1, tokens, 2], "fp16", { role: { kind: "rows", tokenAxis: 2 } });
  const mask = input("attn_mask", [1, 1, tokens, ROWS]);
  const slot = input("kv_write_mask", [1, 1, ROWS, tokens]);
  const cache: Value = state("v_state", [1, 1, ROWS, 2]);
  const V = blended(cache, abs(x), slot);
  const hidden = mul(matmul(relu(add(mask, 1)), clip(V, { alpha: 0, beta: 1 })), most);
  return graph({ name: "sum", inputs: [x, mask, slot], states: [[cache, V]], outputs: { hidden } });
}

const WIDTH = 64;

/** A sum over all channels of x · w, with w in the weights or partly behind the sum. */
function summed(weight: number, behind: number): Graph {
  const x = input("x", [1, WIDTH, 1, 1]);
  const sum = named("sum", conv(x, filled([1, WIDTH, 1, 1], weight)));
  return givingY(mul(sum, behind), x);
}

/** The same by int8 codes, each of them this one, with a scale that makes the sum small. */
function quantisedSum(code: number): Graph {
  const x = input("x", [1, WIDTH, 1, 1]);
  const codes = constant(new Array<number>(WIDTH).fill(code), [1, WIDTH, 1, 1], "int8");
  const W = constexpr_blockwise_shift_scale(codes, filled([1, 1, 1, 1], 2 ** -8)) as Value;
  return givingY(mul(named("sum", conv(x, W)), 0.5), x);
}

/** A constant with which nothing is meant to be computed. */
function marked(marker: number): Graph {
  const x = input("x", [1, 4, 1, 1]);
  return givingY(add(x, constant([0, 0, marker, 0], [1, 4, 1, 1])), x);
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
        const most = either(variant, 16384, 1);
        return ["parity", pkg("block", summedRows(2, most)), pkg("step", summedRows(1, most))];
      },
      caught: { by: "not finite" },
      standsFor: "a sum that grows with every row of the cache: what made the NaN there is not told",
    },
  },
  {
    id: "M-14",
    happened: "sums that fp16 holds stick at infinity in the engine's accumulator from 32768 on",
    sources: [study("notes/numerics.md"), within("sbryngelson/ANEForge", "docs/developer/numerics.md")],
    replay: {
      line: (variant) => onEngine(either(variant, summed(4, 1), summed(1, 4)), 200),
      caught: { by: "engine", value: "sum", counts: "overflowed" },
    },
  },
  {
    id: "M-15",
    happened:
      "int8 weights overflow the accumulator where their scale is multiplied in behind the sum, though the result is small",
    sources: [study("notes/numerics.md"), within("Anemll/anemll-forge", "ANE_DELTANET_NUMERICS.md")],
    replay: {
      line: (variant) => onEngine(quantisedSum(either(variant, 100, 10)), 10),
      caught: { by: "engine", value: "sum", counts: "behind" },
      standsFor: "the reading with the scale behind the sum: which of both a device has is not on record",
    },
  },
  {
    id: "M-16",
    happened: "products below 2⁻¹⁶ vanish in the engine's accumulator, and fp16 keeps them",
    sources: [study("notes/numerics.md")],
    replay: {
      line: (variant) => onEngine(either(variant, summed(2 ** -10, 1), summed(1, 2 ** -10)), 2 ** -10),
      caught: { by: "engine", value: "sum", counts: "lost" },
    },
  },
  {
    id: "M-23",
    happened: "NaN as a marker is a large number to the engine, or an infinity",
    sources: [study("notes/numerics.md")],
    replay: {
      line: (variant) => ["check", pkg("marked", marked(either(variant, Number.NaN, -1)))],
      caught: { by: "rule", rule: "not-finite" },
    },
  },
];
