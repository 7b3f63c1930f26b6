/** A GGUF file as a checkpoint: its metadata as config.json has them, its tensors under Hugging Face's names. */
import type { Shape } from "../../dsl/type.ts";
import { UserError } from "../../dsl/user-error.ts";
import type { StoredTensor } from "../../models/config-tensors.ts";
import type { ReadableTensor } from "../convert/rectangle.ts";
import { fp16Store } from "../fp16-store.ts";
import type { WeightStore } from "../store.ts";
import type { GgufArchitecture } from "./config/architectures.ts";
import { architectureOf, configOfGguf } from "./config/as-config.ts";
import { DIVISORS, ROPE_TENSORS } from "./config/rope.ts";
import { type GgufFile, openGguf } from "./file.ts";
import { huggingFaceName } from "./names.ts";
import { halvesApart, lessOne } from "./rows.ts";

/** An open file; weights stream as fp16, each element rounded once from its fp32 value. */
export interface GgufCheckpoint extends WeightStore {
  /** What config.json said; `readDecoder` understands it. */
  readonly config: unknown;
  readonly configPath: string;
  /** By Hugging Face's names; quantised ones are numbers, F32. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** What llama.cpp's code says and the file does not, a sentence each. */
  readonly notes: readonly string[];
}

/**
 * Opens a file and makes sense of its header.
 * @throws UserError that names the file and the rule it breaks
 */
export async function openGgufCheckpoint(path: string): Promise<GgufCheckpoint> {
  const file = await openGguf(path);
  try {
    const shapes = new Map<string, Shape>([...file.tensors].map(([name, { shape }]) => [name, shape]));
    const longRope = await longRopeOf(file);
    const divisors = file.tensors.has(DIVISORS) ? await numbersOf(file, DIVISORS) : undefined;
    const facts = {
      path,
      metadata: file.metadata,
      shapes,
      ...(longRope ? { longRope } : {}),
      ...(divisors ? { divisors } : {}),
    };
    const { config, notes } = configOfGguf(facts);
    const readable = readableTensors(file, architectureOf(facts), Number(config.head_dim));
    return {
      ...fp16Store((tensor) => {
        const found = readable.get(tensor);
        if (!found) throw new UserError(`${path}: tensor "${tensor}" is missing`);
        return found;
      }),
      config,
      notes,
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

function readableTensors(file: GgufFile, made: GgufArchitecture, headDim: number): ReadonlyMap<string, Encoded> {
  const fused = file.tensors.has("blk.0.attn_qkv.weight") && !file.tensors.has("blk.0.ffn_gate.weight");
  const found = new Map<string, Encoded>();
  for (const tensor of file.tensors.values()) {
    if ([...ROPE_TENSORS, DIVISORS].includes(tensor.name)) continue;
    const name = huggingFaceName(tensor.name, { fused, postNorms: made.postNorms }) ?? tensor.name;
    if (found.has(name)) throw new UserError(`${file.path}: two tensors are what Hugging Face calls "${name}"`);
    found.set(
      name,
      unconverted(file, { ...file.readable(tensor), name, encoding: tensor.encoding.name }, made, headDim),
    );
  }
  return found;
}

/** The tensor as it was before llama.cpp's converter changed its rows or its numbers. */
function unconverted(file: GgufFile, stored: Encoded, made: GgufArchitecture, headDim: number): Encoded {
  if (made.interleaves && /\.(q|k)_proj\.(weight|bias)$/.test(stored.name)) {
    checkHeads(file.path, stored, headDim);
    return { ...stored, ...halvesApart(stored, headDim) };
  }
  if (made.addsOne && /norm\.weight$/.test(stored.name))
    return { ...lessOne(stored), encoding: `${stored.encoding} read less the 1 that its converter added` };
  return stored;
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
