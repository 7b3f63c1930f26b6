/** What a checkpoint holds, against what its configuration, or somebody's code, takes for granted. */
import type { Checkpoint, Incident, Variant, Word } from "../incident.ts";
import { book, commit, either } from "./small.ts";

/** A small Qwen 3: split projections, queries and keys normed. */
const CONFIG = {
  model_type: "qwen3",
  hidden_size: 32,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 32,
  intermediate_size: 32,
  num_hidden_layers: 1,
  vocab_size: 16,
  max_position_embeddings: 4096,
  tie_word_embeddings: true,
};

const checked = (command: "check" | "ranges", checkpoint: Partial<Checkpoint>): readonly Word[] => [
  command,
  { kind: "checkpoint", name: "checkpoint", checkpoint: { config: CONFIG, ...checkpoint } },
];

const named = (part: string) => `model.layers.0.${part}.weight`;

/** As it is stored by those who fuse the feed-forward's matrices under other names. */
const OTHER_KEYS = {
  [named("mlp.gate_proj")]: null,
  [named("mlp.w1")]: [32, 32],
} as const;

/** Incidents of checkpoints. */
export const checkpoints: readonly Incident[] = [
  {
    id: "I-15",
    happened: "matrices were looked for under names that the checkpoint does not have",
    sources: [commit("videlalvaro/ane-book", "5e9284d")],
    replay: {
      line: (variant) => checked("check", { tensors: either(variant, OTHER_KEYS, {}) }),
      caught: { by: "refusal", says: [named("mlp.gate_proj"), "is missing"] },
      standsFor: "a matrix of a feed-forward in place of those of experts",
    },
  },
  {
    id: "I-16",
    happened: "the checkpoint has half as many query heads as was taken for granted",
    sources: [book("experiment 30")],
    replay: {
      line: (variant) => checked("check", { tensors: either(variant, { [named("self_attn.q_proj")]: [32, 32] }, {}) }),
      caught: { by: "refusal", says: [named("self_attn.q_proj"), "has shape [32,32]", "asks for [128,32]"] },
    },
  },
  {
    id: "I-18",
    happened:
      "a tensor of the checkpoint was never read: its place was taken by a default of 1, and another was left out",
    sources: [commit("videlalvaro/ane-book", "54486d5")],
    replay: {
      line: (variant) => checked("check", { tensors: either(variant, { [named("mlp.expert_bias")]: [32] }, {}) }),
      caught: { by: "refusal", says: [named("mlp.expert_bias"), "nothing would read it"] },
      standsFor: "a tensor of a layer; of one outside of the layers there is a note, and no refusal",
    },
  },
  {
    id: "I-32",
    happened: "the norm of queries held √d as well, and the scores overflowed from 64 rows on",
    sources: [commit("john-rocky/CoreML-LLM", "6918fd3")],
    replay: {
      line: (variant) => checked("ranges", { filled: gains(variant) }),
      caught: { by: "range", quantity: "score" },
    },
  },
];

/** Gains of the norms of queries and keys. */
const gains = (variant: Variant) => ({
  [named("self_attn.q_norm")]: either(variant, 64, 1),
  [named("self_attn.k_norm")]: either(variant, 64, 1),
});
