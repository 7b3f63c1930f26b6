/** The weights of packages that were read: to emit them again, to evaluate a graph, to compare contents. */
import { createHash } from "node:crypto";
import { type Graph, schedule } from "../dsl/graph.ts";
import type { WeightSource } from "../dsl/tensor.ts";
import type { TensorType } from "../dsl/type.ts";
import { UserError } from "../dsl/user-error.ts";
import { arrayOf, type NDArray } from "../passes/array.ts";
import { sourceText, type WeightHash } from "./canonical.ts";
import { milType } from "./literal.ts";
import { type BlobSpan, blobElements, findBlob, readSpan } from "./read-blob.ts";
import { nothingToReport, type WeightStore } from "./weights/store.ts";

/** As `WeightStore` promises. */
const CHUNK = 4 << 20;

/** Gives the weights of any package that was read; `others` gives those that no package holds. */
export function packageWeights(others?: WeightStore): WeightStore {
  return {
    stream(source, type) {
      if (source.from === "checkpoint" && others) return others.stream(source, type);
      return streamSpan(spanOf(source, type));
    },
    report: () => others?.report() ?? nothingToReport,
    close: async () => others?.close(),
  };
}

async function* streamSpan(span: BlobSpan): AsyncGenerator<Uint8Array> {
  yield* readSpan(span, CHUNK);
}

function spanOf(source: WeightSource, type: TensorType): BlobSpan {
  if (source.from === "package") return findBlob(source.file, source.offset, milType(type));
  throw new UserError(`the weight "${source.tensor}" is one of a checkpoint, and no checkpoint was given`);
}

/** The contents of a package's weight, for `evaluate`. */
export const packageArray = (source: WeightSource, type: TensorType): NDArray =>
  arrayOf(type.dtype, type.shape, blobElements(spanOf(source, type), milType(type)));

/** Hashes every checkpoint weight of a graph as it would be stored, so that it can be compared with a package's. */
export async function checkpointHashes(graph: Graph, store: WeightStore): Promise<WeightHash> {
  const hashes = new Map<string, string>();
  const keyOf = (source: WeightSource, type: TensorType) => `${sourceText(source)} as ${type.dtype}`;
  for (const { def, type } of schedule(graph)) {
    if (def.kind !== "weight" || def.source.from !== "checkpoint" || hashes.has(keyOf(def.source, type))) continue;
    const hash = createHash("sha256");
    for await (const chunk of store.stream(def.source, type)) hash.update(chunk);
    hashes.set(keyOf(def.source, type), hash.digest("hex"));
  }
  return (source, type) => hashes.get(keyOf(source, type));
}
