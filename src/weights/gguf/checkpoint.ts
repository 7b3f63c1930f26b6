/** A GGUF file as a checkpoint: its metadata as config.json has them, its tensors under Hugging Face's names. */
import type { Shape } from "../../dsl/type.ts";
import { UserError } from "../../dsl/user-error.ts";
import type { StoredTensor } from "../../models/config-tensors.ts";
import { fp16Store } from "../fp16-store.ts";
import type { ReadableTensor } from "../rectangle.ts";
import type { WeightStore } from "../store.ts";
import { configOfGguf } from "./as-config.ts";
import { type GgufFile, openGguf } from "./file.ts";
import { huggingFaceName } from "./names.ts";
import { halvesApart } from "./rows.ts";

/** An open file; weights stream as fp16, each element rounded once from its fp32 value. */
export interface GgufCheckpoint extends WeightStore {
  /** What config.json said; `readDecoder` understands it. */
  readonly config: unknown;
  readonly configPath: string;
  /** By Hugging Face's names; quantised ones are numbers, F32. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

/** Tensors of RoPE, which the configuration holds. */
const ROPE_TENSORS = ["rope_factors_short.weight", "rope_factors_long.weight"] as const;

/**
 * Opens a file and makes sense of its header.
 * @throws UserError that names the file and the rule it breaks
 */
export async function openGgufCheckpoint(path: string): Promise<GgufCheckpoint> {
  const file = await openGguf(path);
  try {
    const shapes = new Map<string, Shape>([...file.tensors].map(([name, { shape }]) => [name, shape]));
    const longRope = await longRopeOf(file);
    const config = configOfGguf({ path, metadata: file.metadata, shapes, ...(longRope ? { longRope } : {}) });
    const readable = readableTensors(file, Number(config.head_dim));
    return {
      ...fp16Store((tensor) => {
        const found = readable.get(tensor);
        if (!found) throw new UserError(`${path}: tensor "${tensor}" is missing`);
        return found;
      }),
      config,
      configPath: path,
      tensors: new Map(
        [...readable].map(([name, { dtype, shape, encoding }]) => [name, { name, dtype, shape, encoding }]),
      ),
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** A tensor, and how the file stores it. */
type Encoded = ReadableTensor & { readonly encoding: string };

function readableTensors(file: GgufFile, headDim: number): ReadonlyMap<string, Encoded> {
  const isLlama = file.metadata.get("general.architecture") === "llama";
  const isFused = file.tensors.has("blk.0.attn_qkv.weight") && !file.tensors.has("blk.0.ffn_gate.weight");
  const entries = [...file.tensors.values()].flatMap((tensor): readonly (readonly [string, Encoded])[] => {
    if (ROPE_TENSORS.some((name) => name === tensor.name)) return [];
    const name = huggingFaceName(tensor.name, isFused) ?? tensor.name;
    const stored = { ...file.readable(tensor), name, encoding: tensor.encoding.name };
    const isTurned = isLlama && /\.(q|k)_proj\.weight$/.test(name);
    if (isTurned) checkHeads(file.path, stored, headDim);
    return [[name, isTurned ? { ...stored, ...halvesApart(stored, headDim) } : stored]];
  });
  return new Map(entries);
}

/** Rows that are put back head by head: of a part of a head the next tensor's would be taken. */
function checkHeads(path: string, { name, shape }: ReadableTensor, headDim: number): void {
  if (Number.isInteger(headDim / 2) && headDim > 0 && shape[0]! % headDim === 0) return;
  throw new UserError(`${path}: tensor "${name}" has ${shape[0]} rows, which are no whole heads of ${headDim}`);
}

async function longRopeOf(file: GgufFile): Promise<{ short: readonly number[]; long: readonly number[] } | undefined> {
  const found = ROPE_TENSORS.filter((name) => file.tensors.has(name));
  if (found.length === 0) return undefined;
  const [short, long] = await Promise.all(ROPE_TENSORS.map((name) => numbersOf(file, name)));
  return { short: short!, long: long! };
}

async function numbersOf(file: GgufFile, name: string): Promise<readonly number[]> {
  const tensor = file.tensors.get(name);
  if (!tensor) throw new UserError(`${file.path}: tensor "${name}" is missing beside its twin`);
  const stored = file.readable(tensor);
  if (stored.dtype !== "F32" || tensor.shape.length !== 1)
    throw new UserError(`${file.path}: tensor "${name}" must be a list of F32 numbers`);
  const numbers = new Float32Array(tensor.shape[0]!);
  await stored.read(new Uint8Array(numbers.buffer), 0);
  return [...numbers];
}
