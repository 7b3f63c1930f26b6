/** What the host feeds: masks, positions and tables, in shapes and numbers that the graph takes for granted. */
import type { Graph } from "../../../dsl/graph.ts";
import { fp16Bits } from "../../../dsl/number.ts";
import { add, cast, matmul, mul, scaled_dot_product_attention, softmax } from "../../../dsl/ops/index.ts";
import { constant, input } from "../../../dsl/tensor.ts";
import { sizeOf } from "../../../dsl/type.ts";
import type { RawArray } from "../../../passes/kernels/raw.ts";
import type { Incident, Variant, Word } from "../incident.ts";
import { attention, commit, either, givingY, issue, pkg, SMALL } from "./small.ts";

const _HALF_MOST = 65504;

/** An array of fp16 from a function of its place. */
const array = (shape: readonly number[], at: (i: number) => number): RawArray => ({
  dtype: "fp16",
  shape,
  data: Uint16Array.from({ length: sizeOf(shape) }, (_, i) => fp16Bits(at(i))),
});

/** Scores beside a mask that is a constant of another type. */
function masked(closed: number): Graph {
  const scores = input("scores", [1, 1, 2, 2]);
  const mask = cast(constant([0, closed, 0, 0], [1, 1, 2, 2], "fp32"), { dtype: "fp16" });
  return givingY(softmax(add(scores, mask), { axis: 3 }), scores);
}

/** The inputs of a block of the small layer at the first rows of an empty cache; `seen` says which row a token sees. */
function feeds(seen: (token: number, row: number) => boolean): Word {
  const { tokens: T, maxSeq: S, heads, dim } = SMALL;
  const arrays = {
    x: array([1, heads * dim, T, 1], (i) => (i % 5) - 2),
    attn_mask: array([1, 1, T, S], (i) => (seen(Math.floor(i / S), i % S) ? 0 : -10_000)),
    kv_write_mask: array([1, 1, S, T], (i) => (Math.floor(i / T) === i % T ? 1 : 0)),
  };
  return { kind: "arrays", name: "feeds.safetensors", arrays };
}

const SIZE = { tokens: SMALL.tokens, maxSeq: SMALL.maxSeq };

/** A block on what a host feeds it. */
const runOn = (fed: Word): readonly Word[] => [
  "run",
  pkg("block", attention(SIZE)),
  pkg("step", attention({ ...SIZE, tokens: 1 })),
  "--inputs",
  fed,
];

/** The feeds of a caller with another rank for the mask. */
function feedsOfRank(variant: Variant): Word {
  const right = feeds((token, row) => row <= token);
  if (typeof right === "string" || right.kind !== "arrays" || variant === "mended") return right;
  const { attn_mask: mask, ...others } = right.arrays as Record<string, RawArray>;
  return { ...right, arrays: { ...others, attn_mask: { ...mask!, shape: mask!.shape.slice(2) } as RawArray } };
}

/** Attention in one op, or in its four. */
function attends(fused: boolean): Graph {
  const [Q, K, V] = [input("q", [1, 2, 4, 8]), input("k", [1, 2, 4, 8]), input("v", [1, 2, 4, 8])];
  const spelled = () => matmul(softmax(mul(matmul(Q, K, { transpose_y: true }), 8 ** -0.5), { axis: 3 }), V);
  return givingY(fused ? scaled_dot_product_attention(Q, K, V) : spelled(), Q, K, V);
}

/** Incidents between host and graph. */
export const masks: readonly Incident[] = [
  {
    id: "I-33",
    happened:
      "a mask of fp32's lowest number became −Inf in fp16, and a row that sees nothing made all of the model NaN",
    sources: [issue("apple/coremltools", 2669)],
    replay: {
      line: (variant) => ["check", pkg("masked", masked(either(variant, -3.4028234663852886e38, -10_000)))],
      caught: { by: "rule", rule: "infinite-mask" },
    },
  },
  {
    id: "I-38",
    happened: "caller and model disagreed on the rank of what is fed",
    sources: [commit("john-rocky/CoreML-LLM", "0006f8a")],
    replay: {
      line: (variant) => runOn(feedsOfRank(variant)),
      caught: { by: "refusal", says: ['"attn_mask" is fp16[2,4]', "the graph wants fp16[1,1,2,4]"] },
      standsFor: "a mask in place of the tables of RoPE",
    },
  },
  {
    id: "I-45",
    happened: "position ids and causal mask of a batch prefill were wrong in the host: tokens saw later ones",
    sources: [commit("Anemll/Anemll", "4bfa0b0")],
    replay: {
      line: (variant) => runOn(feeds((token, row) => row <= either(variant, SMALL.tokens - 1, token))),
      caught: { by: "refusal", says: ["attn_mask, row 0", "which a later token of the block writes"] },
    },
  },
  {
    id: "I-49",
    happened: "the fused attention op gives wrong numbers on the engine of iOS 26, and text degrades",
    sources: [issue("pytorch/executorch", 15833), issue("pytorch/executorch", 16057)],
    replay: {
      line: (variant) => ["check", pkg("attends", attends(variant === "faulty"))],
      caught: { by: "rule", rule: "fused-attention" },
    },
  },
];
