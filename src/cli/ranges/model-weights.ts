/** What of a model is in no layer's bounds: its embedding, the rows that its norms give, and the sums of its head. */
import { embeddingSource } from "../../build/embedding.ts";
import { fp16Value } from "../../dsl/number.ts";
import type { TensorType } from "../../dsl/type.ts";
import type { WeightSource } from "../../dsl/weight-source.ts";
import type { Decoder } from "../../models/decoder.ts";
import { tensorName, wholeName } from "../../models/tensor-names.ts";
import { MARGIN } from "../../passes/ranges/limits.ts";
import type { WeightStore } from "../../weights/store.ts";

const HALF = Float64Array.from({ length: 65536 }, (_, bits) => fp16Value(bits));

/** Numbers of a weight as fp16 bits, in order. */
async function eachOf(store: WeightStore, source: WeightSource, type: TensorType, see: (bits: number) => void) {
  for await (const chunk of store.stream(source, type)) {
    const bits = new Uint16Array(chunk.buffer, chunk.byteOffset, chunk.byteLength / 2);
    for (const half of bits) see(half);
  }
}

/** The embedding's numbers by how large and how fine they are: fp16 has the bits of x · 2^−k unless they reach below 2^−24. */
export async function embeddedSizes({ exponents: _, ...decoder }: Decoder, store: WeightStore) {
  const { vocab, hiddenSize } = decoder;
  const counts = new Float64Array(65536);
  const type = { dtype: "fp16", shape: [vocab, hiddenSize] } as const;
  await eachOf(store, embeddingSource(decoder), type, (half) => counts[half]!++);
  const seen = Array.from(counts, (count, bits) => ({ count, x: HALF[bits]! })).filter(({ count }) => count > 0);
  const most = seen.reduce((largest, { x }) => (Math.abs(x) > largest || Number.isNaN(x) ? Math.abs(x) : largest), 0);
  return {
    most,
    elements: vocab * hiddenSize,
    inexactAt: (k: number): number =>
      seen.reduce((sum, { count, x }) => (Number.isInteger(x * 2 ** (24 - k)) ? sum : sum + count), 0),
  };
}

/** What an element of a normed hidden row, and what the sum of a logit is at most, with `MARGIN` in them. */
export async function endBounds(decoder: Decoder, store: WeightStore) {
  const { hiddenSize: d, vocab, layers, gain, tiedHead } = decoder;
  const radius = MARGIN * Math.sqrt(d);
  const gainOf = async (tensor: string): Promise<readonly number[]> => {
    const factors: number[] = [];
    const add = gain === "one_plus" ? 1 : 0;
    await eachOf(store, { from: "checkpoint", tensor }, { dtype: "fp16", shape: [d] }, (half) => {
      factors.push(HALF[half]! + add);
    });
    return factors;
  };
  const last = await gainOf(wholeName(decoder, "finalNorm"));
  const normed = [Math.max(...last.map(Math.abs))];
  for (let layer = 0; layer < layers; layer++)
    for (const part of ["attn_norm", "mlp_norm"] as const)
      normed.push(Math.max(...(await gainOf(tensorName(decoder, layer, part))).map(Math.abs)));
  let [at, squares, most] = [0, 0, 0];
  const head = {
    from: "checkpoint",
    tensor: wholeName(decoder, tiedHead ? "embedding" : "head"),
    rows: [0, vocab],
  } as const;
  await eachOf(store, head, { dtype: "fp16", shape: [vocab, d] }, (half) => {
    squares += (HALF[half]! * last[at]!) ** 2;
    if (++at < d) return;
    // What is no number is larger than any.
    if (!(squares <= most)) most = squares;
    [at, squares] = [0, 0];
  });
  return { normed: radius * Math.max(...normed), logits: radius * Math.sqrt(most) };
}
