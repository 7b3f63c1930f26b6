/** Command lines in tests: run in this process with the output kept, and the checkpoints and graph files they work on. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import { main } from "../../src/cli/main.ts";
import type { Io } from "../../src/cli/terminal/io.ts";
import { safetensorsBytes } from "./weights/weights-files.ts";

export interface Outcome {
  readonly code: number;
  /** Standard output and standard error; the test's folder in them is `…`. */
  readonly out: string;
  readonly err: string;
}

/** Runs `graphc` with these arguments; `interrupted` is asked at every step of a long job. */
export async function graphc(
  argv: readonly string[],
  interrupted: (label: string, done: number) => boolean = () => false,
): Promise<Outcome> {
  const [out, err]: [string[], string[]] = [[], []];
  let begun = "";
  const abort = new AbortController();
  const stopIf = (stop: boolean) => stop && abort.abort("SIGINT");
  const io: Io = {
    out(line) {
      out.push(`${begun}${line}`);
      begun = "";
    },
    part(text) {
      begun += text;
    },
    err: (line) => void err.push(line),
    signal: abort.signal,
    isUnread: () => false,
    progress: (label) => ({ update: (done) => void stopIf(interrupted(label, done)), end() {} }),
  };
  const code = await main(argv, io);
  return { code, out: shortened(out), err: shortened(err) };
}

const shortened = (lines: readonly string[]): string =>
  lines.join("\n").replaceAll(/\/[^ :"]*graphc-cli-[A-Za-z0-9]{6}/g, "…");

/** Holds that the command is refused with exactly this sentence, and that the output folder was not made. */
export async function expectRefusal(argv: readonly string[], sentence: string | RegExp, out?: string): Promise<void> {
  const outcome = await graphc(argv);
  const message = typeof sentence === "string" ? `error: ${sentence}` : expect.stringMatching(sentence);
  expect(outcome).toEqual({ code: 2, out: "", err: message });
  if (out !== undefined) expect(existsSync(out)).toBe(false);
}

/** A folder for one test. */
export function testFolder(): string {
  const path = mkdtempSync(join(tmpdir(), "graphc-cli-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Writes files into a new folder; returns it. */
export function folderOf(files: Readonly<Record<string, string | Uint8Array>>): string {
  const folder = testFolder();
  for (const [name, contents] of Object.entries(files)) writeFileSync(join(folder, name), contents);
  return folder;
}

/** A phi3 configuration of two small layers. */
export const CONFIG: Readonly<Record<string, unknown>> = {
  model_type: "phi3",
  hidden_act: "silu",
  hidden_size: 32,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  head_dim: 32,
  partial_rotary_factor: 0.5,
  intermediate_size: 16,
  num_hidden_layers: 2,
  vocab_size: 8,
  max_position_embeddings: 64,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  rope_scaling: null,
  tie_word_embeddings: true,
};

export interface RawTensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Little-endian bf16, unless the dtype says otherwise. */
  readonly data: Uint8Array;
}

const ONE = 0x3f80;

/** A bf16 tensor whose elements are all 1. */
export function ones(name: string, shape: readonly number[]): RawTensor {
  const data = new Uint16Array(shape.reduce((product, n) => product * n, 1)).fill(ONE);
  return { name, dtype: "BF16", shape, data: new Uint8Array(data.buffer) };
}

const layer = (i: number): readonly RawTensor[] =>
  Object.entries({
    input_layernorm: [32],
    "mlp.down_proj": [32, 16],
    "mlp.gate_up_proj": [32, 32],
    post_attention_layernorm: [32],
    "self_attn.o_proj": [32, 64],
    "self_attn.qkv_proj": [128, 32],
  }).map(([part, shape]) => ones(`model.layers.${i}.${part}.weight`, shape));

/** Every tensor of the model that `CONFIG` describes. */
export const TENSORS: readonly RawTensor[] = [
  ones("model.embed_tokens.weight", [8, 32]),
  ...layer(0),
  ...layer(1),
  ones("model.norm.weight", [32]),
];

/** Entries of a safetensors header, one behind the other. */
export function headerOf(tensors: readonly RawTensor[]): Readonly<Record<string, object>> {
  let end = 0;
  return Object.fromEntries(
    tensors.map(({ name, dtype, shape, data }) => {
      const begin = end;
      end += data.length;
      return [name, { dtype, shape, data_offsets: [begin, end] }];
    }),
  );
}

/** A safetensors file of these tensors, with another header where one is given. */
export const fileOf = (tensors: readonly RawTensor[], header: string = JSON.stringify(headerOf(tensors))): Uint8Array =>
  safetensorsBytes(header, Buffer.concat(tensors.map(({ data }) => data)));

/** A checkpoint folder: the small model, with other files where they are given. */
export const checkpointOf = (files: Readonly<Record<string, string | Uint8Array>> = {}): string =>
  folderOf({ "config.json": JSON.stringify(CONFIG), "model.safetensors": fileOf(TENSORS), ...files });
