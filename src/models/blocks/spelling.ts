/** The spellings of a decoder layer: the ways people write the same maths. The first of each list is the default. */
import { choiceGiven, fieldsGiven, type Refuse, refuse, shown } from "../../dsl/given/values.ts";
import { NORM_FORMS } from "./norm.ts";

/** Every question with its answers; all of them mean the same over the reals. */
export const SPELLINGS = {
  /** One projection for q, k and v, or three that read its rows. Three matrices of a checkpoint are read as one. */
  qkv: ["fused", "split"],
  /** How y = W x is written: a 1x1 convolution, which is what the Neural Engine runs fastest, or a matrix product. */
  projection: ["conv", "linear", "matmul"],
  /** How rows enter the KV cache. The last three take an int32 input `position` instead of `kv_write_mask`. */
  write: ["blend", "select", "slice_update", "scatter", "scatter_along_axis"],
  /** How query heads meet their KV head: folded into its rows, one KV head after another, or K and V repeated. */
  gqa: ["fold", "loop", "tile"],
  /**
   * Where head_dim^-½ is applied. On the query before the product by default: unscaled scores leave the range of fp16
   * at 65504, scaled ones only at √head_dim times that. Where scores are capped, `masked` is as `scores`.
   */
  scale: ["query", "scores", "masked"],
  softmax: ["fused", "decomposed"],
  /** RoPE on the two halves of the rotated dims, or on the whole with a copy whose halves are swapped. */
  rope: ["halves", "rotate_half"],
  gateUp: ["fused", "split"],
  /** Whether heads become [token, dim] before RoPE or after it. */
  transposes: ["early", "late"],
  norm: NORM_FORMS,
} as const;

/** One choice for each question. */
export type Spelling = { readonly [K in keyof typeof SPELLINGS]: (typeof SPELLINGS)[K][number] };

/** The first answer to every question. */
export const DEFAULT_SPELLING: Spelling = {
  qkv: "fused",
  projection: "conv",
  write: "blend",
  gqa: "fold",
  scale: "query",
  softmax: "fused",
  rope: "halves",
  gateUp: "fused",
  transposes: "early",
  norm: "hybrid",
};

/** Some of a spelling: questions that there are, each with one of its answers. */
export function spellingGiven(value: unknown, what: string, no?: Refuse): Partial<Spelling> {
  for (const [name, answer] of Object.entries(fieldsGiven(value, what, no))) {
    if (!Object.hasOwn(SPELLINGS, name))
      (no ?? refuse)(`${what} has no question ${shown(name)}`, `it may have ${Object.keys(SPELLINGS).join(", ")}`);
    choiceGiven<string>(answer, `${name} of ${what}`, SPELLINGS[name as keyof Spelling], no);
  }
  return value as Partial<Spelling>;
}
