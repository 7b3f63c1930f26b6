/** The embedding file: fp16 rows, little-endian, one for each token of the vocabulary, without a header. */
import type { WeightSource } from "../dsl/weight-source.ts";
import { writeWhole } from "../files/whole.ts";
import { writeHashed } from "../files/write-hashed.ts";
import type { Decoder } from "../models/decoder.ts";
import { residualOf } from "../models/exponents.ts";
import { wholeName } from "../models/tensor-names.ts";
import type { WeightStore } from "../weights/store.ts";

/** How a file is written. */
export interface WritingOptions {
  onProgress?(done: number, total: number): void;
  readonly signal?: AbortSignal;
}

/** What the rows are: those of the checkpoint, padding behind the vocabulary left out, times the decoder's multiplier, held at its exponent. */
export function embeddingSource(decoder: Decoder): WeightSource {
  const { vocab } = decoder;
  const factor = decoder.embeddingMultiplier * 2 ** -residualOf(decoder);
  const tensor = wholeName(decoder, "embedding");
  const rows = [0, vocab] as const;
  const scaled = { factor, period: 1, count: 1, below: vocab };
  return { from: "checkpoint", tensor, rows, ...(factor === 1 ? {} : { scaled }) };
}

/** Writes the file, whole or not at all; returns its SHA-256 as hex. @throws UserError for what disk or weights refuse */
export async function writeEmbedding(
  decoder: Decoder,
  store: WeightStore,
  path: string,
  { onProgress, signal }: WritingOptions = {},
): Promise<string> {
  const { vocab, hiddenSize } = decoder;
  const total = 2 * vocab * hiddenSize;
  const pieces = store.stream(embeddingSource(decoder), { dtype: "fp16", shape: [vocab, hiddenSize] });
  let sha256 = "";
  await writeWhole(path, async (file) => {
    sha256 = await writeHashed({ pieces, total, shown: path, signal, onProgress }, async () => file);
  });
  return sha256;
}
