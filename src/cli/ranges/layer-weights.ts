/** The matrices of a checkpoint's layer as numbers, fp16 as a package would hold them. */
import { roundFp16 } from "../../dsl/number.ts";
import { type Shape, sizeOf } from "../../dsl/type.ts";
import { type Decoder, kindOf, tableOf } from "../../models/decoder.ts";
import { attentionFactorOf } from "../../models/frequencies.ts";
import { type LayerPart, tensorName } from "../../models/tensor-names.ts";
import { HALF } from "../../passes/kernels/code/runtime.ts";
import type { LayerSizes, LayerWeights, Projection } from "../../passes/ranges/layer.ts";
import type { Matrix } from "../../passes/ranges/matrix.ts";
import type { WeightStore } from "../../weights/store.ts";

/** Reads a layer. Every element is the fp16 that is emitted, but for RoPE's factor, which `build` may multiply into q and k. */
export async function layerWeights(decoder: Decoder, layer: number, store: WeightStore): Promise<LayerWeights> {
  const { heads, kvHeads, headDim, hiddenSize: d, ffnSize, stored, qkNorm } = decoder;
  const [query, key] = [heads * headDim, kvHeads * headDim];
  const read = (part: LayerPart, rows: number, columns: number, from = 0): Promise<Matrix> =>
    readMatrix(store, tensorName(decoder, layer, part), { rows, columns, from });
  const qkv = (part: "q" | "k" | "v", rows: number, from: number): Promise<Matrix> =>
    stored.qkv === "fused" ? read("qkv", rows, d, from) : read(part, rows, d);
  const gated = (part: "gate" | "up", from: number): Promise<Matrix> =>
    stored.gateUp === "fused" ? read("gate_up", ffnSize, d, from) : read(part, ffnSize, d);
  const gain = (part: LayerPart, size: number): Promise<Matrix["data"]> =>
    readGain(decoder, store, tensorName(decoder, layer, part), size);
  const over = (count: number): number => (qkNorm === "whole" ? count * headDim : headDim);
  return {
    sizes: sizesOf(decoder, layer),
    attnNorm: await gain("attn_norm", d),
    q: await qkv("q", query, 0),
    k: await qkv("k", key, query),
    v: await qkv("v", key, query + key),
    output: await read("output", d, query),
    mlpNorm: await gain("mlp_norm", d),
    gate: await gated("gate", 0),
    up: await gated("up", ffnSize),
    down: await read("down", d, ffnSize),
    biases: await biasesOf(decoder, layer, store),
    more: {
      ...(qkNorm === "none"
        ? {}
        : { qNorm: await gain("q_norm", over(heads)), kNorm: await gain("k_norm", over(kvHeads)) }),
      ...(decoder.postNorms
        ? { attnPostNorm: await gain("attn_post_norm", d), mlpPostNorm: await gain("mlp_post_norm", d) }
        : {}),
    },
  };
}

/** A norm's gain as a factor: where the stored numbers are less by 1, the graph adds in fp16. @throws UserError for what the weights refuse */
export async function readGain(
  { gain }: Pick<Decoder, "gain">,
  store: WeightStore,
  tensor: string,
  size: number,
): Promise<Matrix["data"]> {
  const { data } = await readMatrix(store, tensor, { rows: size, columns: 1, from: 0 });
  return gain === "one_plus" ? data.map((x) => roundFp16(1 + x)) : data;
}

/** The biases that the decoder has; a fused one holds those of its parts one after another. */
async function biasesOf(
  decoder: Decoder,
  layer: number,
  store: WeightStore,
): Promise<NonNullable<LayerWeights["biases"]>> {
  const { heads, kvHeads, headDim, hiddenSize, ffnSize, stored, biases } = decoder;
  const read = async (part: LayerPart, rows: number): Promise<Matrix["data"]> =>
    (await readMatrix(store, tensorName(decoder, layer, part, "bias"), { rows, columns: 1, from: 0 })).data;
  const parts = async <P extends Projection>(whole: LayerPart | undefined, sizes: Readonly<Record<P, number>>) => {
    const entries = Object.entries<number>(sizes) as [P, number][];
    const all =
      whole &&
      (await read(
        whole,
        entries.reduce((sum, [, n]) => sum + n, 0),
      ));
    const found: (readonly [P, Matrix["data"]])[] = [];
    let at = 0;
    for (const [part, rows] of entries) {
      found.push([part, all ? all.subarray(at, at + rows) : await read(part, rows)]);
      at += rows;
    }
    return Object.fromEntries(found);
  };
  const [query, key] = [heads * headDim, kvHeads * headDim];
  return {
    ...(biases.qkv ? await parts(stored.qkv === "fused" ? "qkv" : undefined, { q: query, k: key, v: key }) : {}),
    ...(biases.output ? { output: await read("output", hiddenSize) } : {}),
    ...(biases.mlp
      ? {
          ...(await parts(stored.gateUp === "fused" ? "gate_up" : undefined, { gate: ffnSize, up: ffnSize })),
          down: await read("down", hiddenSize),
        }
      : {}),
  };
}

/** RoPE's own factor multiplies queries and keys alike. */
function sizesOf(decoder: Decoder, layer: number): LayerSizes {
  const { heads, kvHeads, headDim, queryScale = headDim ** -0.5, scoreCap, residualMultiplier } = decoder;
  const { span, turned } = kindOf(decoder, layer);
  const table = tableOf(decoder, span) === "local" ? decoder.local!.table! : decoder;
  const factor = turned ? attentionFactorOf(table) : 1;
  return {
    ...{ heads, kvHeads, headDim, residualMultiplier },
    scoreScale: queryScale,
    ropeFactor: factor,
    activation: decoder.activation,
    qkNormOverAll: decoder.qkNorm === "whole",
    ...(scoreCap === undefined ? {} : { scoreCap }),
  };
}

interface Place {
  readonly rows: number;
  readonly columns: number;
  /** The first row that is read. */
  readonly from: number;
}

/** Rows of a stored matrix, or a vector as a matrix of one column. @throws UserError for what the weights refuse */
export async function readMatrix(store: WeightStore, tensor: string, { rows, columns, from }: Place): Promise<Matrix> {
  const shape: Shape = columns === 1 ? [rows] : [rows, columns];
  const data = new Float32Array(sizeOf(shape));
  const source = {
    from: "checkpoint",
    tensor,
    ...(columns === 1 ? {} : { rows: [from, from + rows] as const }),
  } as const;
  let at = 0;
  for await (const chunk of store.stream(source, { dtype: "fp16", shape })) {
    const bits = new Uint16Array(chunk.buffer, chunk.byteOffset, chunk.byteLength / 2);
    for (let k = 0; k < bits.length; k++) data[at++] = HALF[bits[k]!]!;
  }
  return { rows, columns, data };
}
