/** What the readers of quantised folders are given, and what they make of it. */
import type { ReadableTensor } from "../convert/rectangle.ts";
import type { SafetensorsEntry, SafetensorsFile } from "../safetensors/file.ts";

/** A tensor in one of a folder's files. */
export interface Held {
  readonly file: SafetensorsFile;
  readonly entry: SafetensorsEntry;
}

/** The tensors of a folder by the names in its files. */
export type HeldTensors = ReadonlyMap<string, Held>;

/** A quantised tensor as numbers; each is computed when it is read. */
export interface Quantised extends ReadableTensor {
  /** How the file stores it. */
  readonly encoding: string;
}

/** A folder's quantised tensors. */
export interface QuantisedTensors {
  /** What the folder is, for its card: "FP8 in blocks of 128×128". */
  readonly what: string;
  /** By the names in the files. */
  readonly tensors: ReadonlyMap<string, Quantised>;
  /** Tensors beside those, which hold their scales and are no weights themselves. */
  readonly parts: ReadonlySet<string>;
  /** Tensors that no weight is made of, and which the model in fp16 has no use for. */
  readonly unneeded: ReadonlySet<string>;
}

/** A JSON object that was parsed and is not understood yet. */
export type Json = Readonly<Record<string, unknown>>;

/** The value as an object; undefined where it is another thing. */
export const objectOf = (value: unknown): Json | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : undefined;

/** A tensor as messages name it: its file, name, dtype and shape. */
export const seen = ({ file, entry: { name, dtype, shape } }: Held): string =>
  `${file.path}: tensor "${name}" is ${dtype} [${shape.join(",")}]`;

/** What the weights are, for the card: every way of storing them once, in the order of their number. */
export function storedAs(ways: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const way of ways) counts.set(way, (counts.get(way) ?? 0) + 1);
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([way]) => way)
    .join(" and ");
}
