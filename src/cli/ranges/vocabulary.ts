/** The embedding, the last norm and the head of a checkpoint: the largest elements of the first two, the largest row of the head. */
import { embeddingSource } from "../../build/embedding.ts";
import type { Decoder } from "../../models/decoder.ts";
import { wholeName } from "../../models/tensor-names.ts";
import { HALF } from "../../passes/kernels/code/runtime.ts";
import { MARGIN, ROUNDING } from "../../passes/ranges/limits.ts";
import { largestMagnitude, largestOf, type Matrix, scaled } from "../../passes/ranges/matrix.ts";
import type { Ends } from "../../passes/ranges/network.ts";
import type { OpenWeights } from "../../weights/open.ts";
import type { WeightStore } from "../../weights/store.ts";
import type { Io } from "../terminal/io.ts";
import { readGain } from "./layer-weights.ts";

/** Streams them once. @throws UserError for what the weights refuse */
export async function endsOf(decoder: Decoder, store: OpenWeights, io: Io): Promise<Ends> {
  const { hiddenSize, embeddingMultiplier, tiedHead } = decoder;
  const progress = io.progress("bounding the vocabulary");
  const gain = await readGain(decoder, store, wholeName(decoder, "finalNorm"), hiddenSize);
  const rows = async (part: "embedding" | "head") =>
    largestRows(decoder, store, { tensor: wholeName(decoder, part), gain, update: progress.update });
  try {
    const embedding = await rows("embedding");
    // A checkpoint may be without its head, which no layer reads.
    const hasHead = tiedHead || store.tensors.has(wholeName(decoder, "head"));
    const { lengths } = tiedHead || !hasHead ? embedding : await rows("head");
    const radius = ROUNDING * MARGIN * Math.sqrt(hiddenSize);
    const { value, at } = embedding.element;
    // The product with the multiplier is rounded to fp16.
    const factor = embeddingMultiplier === 1 ? 1 : Math.abs(embeddingMultiplier) * (1 + 2 ** -11);
    return {
      embedded: { value: value * factor, at },
      normed: scaled(largestMagnitude(gain), radius),
      ...(hasHead ? { logits: largestOf(lengths.map((x) => radius * x)) } : {}),
    };
  } finally {
    progress.end();
  }
}

interface Rows {
  readonly tensor: string;
  /** What the columns are stretched by before a row's length is taken. */
  readonly gain: Matrix["data"];
  update(done: number, all: number): void;
}

async function largestRows({ vocab, hiddenSize: d }: Decoder, store: WeightStore, { tensor, gain, update }: Rows) {
  const squares = gain.map((x) => x * x);
  const [lengths, elements] = [new Float64Array(vocab), new Float64Array(vocab)];
  const source = { from: "checkpoint", tensor, rows: [0, vocab] } as const;
  let [row, column] = [0, 0];
  for await (const chunk of store.stream(source, { dtype: "fp16", shape: [vocab, d] })) {
    const bits = new Uint16Array(chunk.buffer, chunk.byteOffset, chunk.byteLength / 2);
    for (let k = 0; k < bits.length; ) {
      const end = Math.min(bits.length, k + d - column);
      let [sum, most] = [lengths[row]!, elements[row]!];
      for (; k < end; k++, column++) {
        const x = Math.abs(HALF[bits[k]!]!);
        sum += x * x * squares[column]!;
        if (x > most) most = x;
      }
      // What is not a number is larger than any.
      [lengths[row], elements[row]] = [sum, Number.isNaN(sum) ? sum : most];
      if (column === d) [row, column] = [row + 1, 0];
    }
    update(row, vocab);
  }
  return { lengths: lengths.map(Math.sqrt), element: largestOf(elements) };
}

/** Elements of the embedding that lose bits at 2^−k: fp16 has those of x · 2^−k unless they reach below 2^−24. @throws UserError for what the weights refuse */
export async function inexactElements(
  { exponents: _, ...decoder }: Decoder,
  store: WeightStore,
  k: number,
): Promise<number> {
  let count = 0;
  const type = { dtype: "fp16", shape: [decoder.vocab, decoder.hiddenSize] } as const;
  for await (const chunk of store.stream(embeddingSource(decoder), type)) {
    const bits = new Uint16Array(chunk.buffer, chunk.byteOffset, chunk.byteLength / 2);
    for (const half of bits) if (!Number.isInteger(HALF[half]! * 2 ** (24 - k))) count++;
  }
  return count;
}
