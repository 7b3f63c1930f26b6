/**
 * The architectures that are read from GGUF: what llama.cpp's converter does to their tensors, and what the file does not
 * say since llama.cpp has it in its code (ggml-org/llama.cpp, conversion/*.py and src/models/*.cpp).
 */
import type { Shape } from "../../../dsl/type.ts";
import type { Unsaid } from "./facts.ts";
import type { Fields } from "./fields.ts";
import { gemma2, gemma3 } from "./gemma.ts";

/** One architecture. */
export interface GgufArchitecture {
  /** What Hugging Face calls it. */
  readonly modelType: string;
  /** Whether the two halves of each head's rows of q and k are interleaved. */
  readonly interleaves: boolean;
  /** Whether 1 was added to the gains of norms. */
  readonly addsOne: boolean;
  /** Whether norms stand on both sides of a block. */
  readonly postNorms: boolean;
  /** Whether its layers may have a window. */
  readonly windows: boolean;
  unsaid(f: Fields, shapes: ReadonlyMap<string, Shape>): Unsaid;
}

const PLAIN = { interleaves: false, addsOne: false, postNorms: false, windows: false } as const;
const LLAMA = { ...PLAIN, interleaves: true } as const;
const GEMMA = { addsOne: true, interleaves: false, postNorms: true, windows: true } as const;
const SILU = { hidden_act: "silu" };

const isBiased = (shapes: ReadonlyMap<string, Shape>, part: string): boolean => shapes.has(`blk.0.${part}.bias`);

const llamaFields = (shapes: ReadonlyMap<string, Shape>) => ({
  ...SILU,
  attention_bias: isBiased(shapes, "attn_q"),
  mlp_bias: isBiased(shapes, "ffn_up"),
});

/** By the file's name for them. */
export const ARCHITECTURES: ReadonlyMap<string, GgufArchitecture> = new Map<string, GgufArchitecture>([
  ["phi3", { ...PLAIN, windows: true, modelType: "phi3", unsaid: () => ({ fields: SILU, notes: [] }) }],
  ["llama", { ...LLAMA, modelType: "llama", unsaid: (_, shapes) => ({ fields: llamaFields(shapes), notes: [] }) }],
  [
    "qwen2",
    { ...PLAIN, modelType: "qwen2", unsaid: () => ({ fields: { ...SILU, use_sliding_window: false }, notes: [] }) },
  ],
  [
    "qwen3",
    {
      ...PLAIN,
      modelType: "qwen3",
      unsaid: (_, shapes) => ({
        fields: { ...SILU, use_sliding_window: false, attention_bias: isBiased(shapes, "attn_q") },
        notes: [],
      }),
    },
  ],
  [
    "smollm3",
    {
      ...LLAMA,
      modelType: "smollm3",
      unsaid: (_, shapes) => ({
        fields: { ...llamaFields(shapes), use_sliding_window: false, no_rope_layer_interval: 4 },
        notes: ["which layers RoPE does not turn is not given; as in llama.cpp every 4th"],
      }),
    },
  ],
  ["gemma2", { ...GEMMA, modelType: "gemma2", unsaid: gemma2 }],
  ["gemma3", { ...GEMMA, modelType: "gemma3_text", unsaid: gemma3 }],
]);
