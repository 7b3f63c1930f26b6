/** Weights in fewer bits: scales where the engine has none, and matrices that nobody meant to be quantised. */
import type { Graph } from "../../../dsl/graph.ts";
import { constexpr_blockwise_shift_scale, constexpr_lut_to_dense, conv, matmul } from "../../../dsl/ops/index.ts";
import { constant, input } from "../../../dsl/tensor.ts";
import type { Incident } from "../incident.ts";
import { book, either, filled, givingY, issue, pkg, type Value } from "./small.ts";

const counting = (n: number, modulus: number): readonly number[] => Array.from({ length: n }, (_, i) => i % modulus);

/** A convolution by int8 codes with a scale for each of `blocks` blocks of its input channels. */
function scaledBy(blocks: number): Graph {
  const x = input("x", [1, 64, 1, 1]);
  const codes = constant(counting(64 * 64, 7), [64, 64, 1, 1], "int8");
  return givingY(conv(x, constexpr_blockwise_shift_scale(codes, filled([64, blocks, 1, 1], 0.01)) as Value), x);
}

/** A convolution by quantised weights, and a product with a small constant matrix, quantised with the rest or left as it was. */
function quantisedAll(also: boolean): Graph {
  const x = input("x", [1, 8, 1, 8]);
  const codes = constant(counting(64, 7), [8, 8, 1, 1], "int8");
  const W = constexpr_blockwise_shift_scale(codes, filled([8, 1, 1, 1], 0.01)) as Value;
  const table = also
    ? constexpr_blockwise_shift_scale(constant(counting(64, 7), [1, 1, 8, 8], "int8"), filled([1, 1, 8, 1], 0.01))
    : constant(
        counting(64, 7).map((k) => k / 100),
        [1, 1, 8, 8],
      );
  return givingY(matmul(conv(x, W), table as Value), x);
}

/** Two convolutions, of which one was left out of the palettising; its weight is as it was, or still divided by its scale. */
function leftOut(divided: boolean): Graph {
  const x = input("x", [1, 4, 1, 1]);
  const numbers = counting(16, 5).map((k) => (k + 1) / 4);
  const indices = constant(counting(16, 16), [4, 4, 1, 1], "uint4");
  const table = constant(
    counting(16, 16).map((k) => k / 16),
    [1, 1, 1, 1, 16, 1],
  );
  const first = conv(x, constexpr_lut_to_dense(indices, table) as Value);
  const second = constant(divided ? numbers.map((w) => w / 4) : numbers, [4, 4, 1, 1]);
  return givingY(conv(first, second), x);
}

/** Incidents of quantisation. */
export const stored: readonly Incident[] = [
  {
    id: "I-07",
    happened: "int4 with a scale for each block of input channels put every convolution on the CPU, without an error",
    sources: [book("research/INT4_SHARD_ANE_BUG.md"), issue("apple/coreai-models", 55)],
    replay: {
      line: (variant) => ["check", pkg("quantised", scaledBy(either(variant, 2, 1)))],
      caught: { by: "rule", rule: "block-scale" },
    },
  },
  {
    id: "I-17",
    happened: "linear_quantize quantised the constant matrices of products beside the weights of the convolutions",
    sources: [book("experiment 31")],
    replay: {
      line: (variant) => ["check", pkg("quantised", quantisedAll(variant === "faulty"))],
      caught: { by: "rule", rule: "quantised-product" },
    },
  },
  {
    id: "I-54",
    happened: "a weight that palettising left out stayed divided by its scale",
    sources: [issue("apple/coremltools", 2777)],
    replay: {
      line: (variant) => ["equal", pkg("palettised", leftOut(variant === "faulty")), pkg("wanted", leftOut(false))],
      caught: { by: "verdict", at: "y" },
    },
  },
];
