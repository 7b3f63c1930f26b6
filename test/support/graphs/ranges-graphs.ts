/** Small decoders as graphs with weights, inputs that a host would feed, and what is known of them. */
import type { Graph } from "../../../src/dsl/graph.ts";
import { schedule } from "../../../src/dsl/graph.ts";
import { fp16Value, roundFp16 } from "../../../src/dsl/number.ts";
import type { Tensor } from "../../../src/dsl/tensor.ts";
import { sizeOf, type TensorType } from "../../../src/dsl/type.ts";
import type { Decoder } from "../../../src/models/decoder.ts";
import { blockPositions, fp16Rows, hostRows } from "../../../src/models/host.ts";
import { arrayOf, type NDArray } from "../../../src/passes/interpret/array.ts";
import type { Known } from "../../../src/passes/ranges/graph/bound-graph.ts";
import type { Lemmas } from "../../../src/passes/ranges/graph/lemmas.ts";
import { evenly, stridesAlong } from "../../../src/passes/ranges/graph/region.ts";
import type { Random } from "../ops/examples.ts";

/** Of every weight, of a size that is drawn for each of them. */
export function weightsOf(graph: Graph, random: Random, scale: number): ReadonlyMap<Tensor, Float32Array> {
  const found = new Map<Tensor, Float32Array>();
  for (const x of schedule(graph))
    if (x.def.kind === "weight") {
      const own = scale * (0.25 + random());
      found.set(
        x,
        Float32Array.from({ length: sizeOf(x.type.shape) }, () => roundFp16((2 * random() - 1) * own)),
      );
    }
  return found;
}

/** For the interpreter. */
export const contentsOf =
  (weights: ReadonlyMap<Tensor, Float32Array>) =>
  (source: unknown, type: TensorType): NDArray => {
    const [, data] = [...weights].find(([{ def }]) => def.kind === "weight" && def.source === source)!;
    return arrayOf(type.dtype, type.shape, Float64Array.from(data));
  };

const ones = (x: Tensor, axis: number) => {
  const { outer, inner } = stridesAlong(x.type.shape, axis);
  return { p: 1, axis, most: new Float64Array(outer * inner).fill(1) } as const;
};

/** What is known of a decoder's inputs: rows within `most`, tables, masks. */
export function knownOf(graph: Graph, weights: ReadonlyMap<Tensor, Float32Array>, most: number, lemmas: Lemmas): Known {
  const named = (name: string): Tensor | undefined => graph.inputs.find((x) => x.name === name);
  const tables = graph.inputs
    .filter((x) => x.name!.includes("cos"))
    .map((cos) => [cos, named(cos.name!.replace("cos", "sin"))!] as const);
  const flat = new Set(tables.flat());
  return {
    masks: new Set(graph.inputs.filter((x) => x.name!.startsWith("attn_mask"))),
    tables: new Map(tables),
    lemmas,
    weight: (x) => weights.get(x)!,
    input(x) {
      if (x.name!.startsWith("attn_mask")) return evenly(x.type.shape, -10000, 0);
      if (x.name === "kv_write_mask") return { ...evenly(x.type.shape, 0, 1), lengths: [ones(x, 2), ones(x, 3)] };
      return flat.has(x) ? evenly(x.type.shape, -1, 1) : evenly(x.type.shape, -most, most);
    },
  };
}

/** What the host feeds to a call, beside the hidden rows: tables, masks and slots of the next positions. */
export function fedOf(decoder: Decoder, graph: Graph, start: number, size: { tokens: number; maxSeq: number }) {
  const positions = blockPositions(start, size.tokens, size.maxSeq);
  return Object.fromEntries(
    graph.inputs.flatMap(({ name = "", type }) => {
      const rows = hostRows(decoder, name, positions, size.maxSeq);
      return rows ? [[name, arrayOf("fp16", type.shape, Float64Array.from(fp16Rows(rows), fp16Value))]] : [];
    }),
  );
}
