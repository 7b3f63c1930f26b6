/** Small GGUF checkpoints in tests: the keys that a converter writes, and tensors that count. */
import { join } from "node:path";
import { fp16Value } from "../../../src/dsl/number.ts";
import type { Shape } from "../../../src/dsl/type.ts";
import { type GgufCheckpoint, openGgufCheckpoint } from "../../../src/weights/gguf/checkpoint.ts";
import { folderOf } from "../cli.ts";
import { ggufBytes, type RawInfo, type RawValue, string, whole } from "./gguf-files.ts";

export const f32 = (x: number): RawValue => [6, new Uint8Array(Float32Array.of(x).buffer)];

/** An F32 tensor. */
export const tensorOf = (name: string, dims: readonly number[], numbers: readonly number[]): RawInfo => ({
  name,
  dims,
  type: 0,
  data: new Uint8Array(Float32Array.from(numbers).buffer),
});

/** The elements 0, 1, 2, … */
export const tensor = (name: string, dims: readonly number[]): RawInfo =>
  tensorOf(
    name,
    dims,
    Array.from({ length: dims.reduce((n, size) => n * size, 1) }, (_, i) => i),
  );

export type Values = Readonly<Record<string, RawValue>>;

/** The keys of a model of this architecture: 2 heads of 4, 1 of keys and values. */
export const valuesOf = (architecture: string, more: Values = {}): Values => ({
  "general.architecture": string(architecture),
  ...Object.fromEntries(
    Object.entries({
      embedding_length: whole(8),
      "attention.head_count": whole(2),
      "attention.head_count_kv": whole(1),
      feed_forward_length: whole(6),
      block_count: whole(1),
      context_length: whole(131072),
      "attention.layer_norm_rms_epsilon": f32(1e-5),
      "rope.freq_base": f32(10000),
      ...more,
    }).map(([key, value]) => [`${architecture}.${key}`, value]),
  ),
});

export const PHI: Values = valuesOf("phi3", {
  "rope.dimension_count": whole(2),
  "attention.sliding_window": whole(0),
});
export const EMBEDDING = tensor("token_embd.weight", [8, 3]);

/** What a file with LongRoPE has beside `PHI`. */
export const LONG: Values = {
  "phi3.rope.scaling.original_context_length": whole(4096),
  "phi3.rope.scaling.attn_factor": f32(Math.sqrt(1 + Math.log(32) / Math.log(4096))),
};
export const FACTORS: readonly [short: RawInfo, long: RawInfo] = [
  tensorOf("rope_factors_short.weight", [1], [1]),
  tensorOf("rope_factors_long.weight", [1], [2.5]),
];

/** The checkpoint in a file of its own. */
export const open = (values: Values, tensors: readonly RawInfo[]): Promise<GgufCheckpoint> =>
  openGgufCheckpoint(join(folderOf({ "m.gguf": ggufBytes({ metadata: Object.entries(values), tensors }) }), "m.gguf"));

/** Rows of a tensor as the fp16 stream has them, [rows, ...size] of it. */
export async function read(
  { stream }: GgufCheckpoint,
  name: string,
  size: Shape,
  part: readonly [number, number],
): Promise<readonly number[]> {
  const found: number[] = [];
  const type = { dtype: "fp16", shape: [part[1] - part[0], ...size] } as const;
  for await (const chunk of stream({ from: "checkpoint", tensor: name, rows: part }, type))
    found.push(...Array.from(new Uint16Array(chunk.slice().buffer), fp16Value));
  return found;
}
