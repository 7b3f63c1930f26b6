/** Every architecture whose config.json is read. */
import { GEMMA2, GEMMA3 } from "./gemma.ts";
import { LLAMA, MISTRAL, PHI3, SMOLLM3 } from "./llama.ts";
import { QWEN2, QWEN3 } from "./qwen.ts";
import type { ArchitectureReader } from "./reader.ts";

/** By `model_type`. */
export const READERS: ReadonlyMap<string, ArchitectureReader> = new Map(
  [PHI3, LLAMA, MISTRAL, QWEN2, QWEN3, SMOLLM3, GEMMA2, GEMMA3].map((reader) => [reader.architecture, reader]),
);
