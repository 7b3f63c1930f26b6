/** The weights of a checkpoint as a package would hold them, to compare an author's graph with a package. */
import { createHash } from "node:crypto";
import { type Graph, schedule } from "../../dsl/graph.ts";
import type { TensorType } from "../../dsl/type.ts";
import type { WeightSource } from "../../dsl/weight-source.ts";
import type { WeightStore } from "../../weights/store.ts";
import { sourceText, type WeightHash } from "./canonical.ts";

/** Hashes every checkpoint weight of a graph as it would be stored, so that it can be compared with another's. */
export async function checkpointHashes(graph: Graph, open: () => Promise<WeightStore>): Promise<WeightHash> {
  const store = await open();
  try {
    return await hashesIn(graph, store);
  } finally {
    await store.close();
  }
}

async function hashesIn(graph: Graph, store: WeightStore): Promise<WeightHash> {
  const hashes = new Map<string, string>();
  const keyOf = (source: WeightSource, type: TensorType) => `${sourceText(source)} as ${type.dtype}`;
  for (const { def, type } of schedule(graph)) {
    if (def.kind !== "weight" || def.source.from !== "checkpoint" || hashes.has(keyOf(def.source, type))) continue;
    hashes.set(keyOf(def.source, type), await weightDigest(store, def.source, type));
  }
  return (source, type) => hashes.get(keyOf(source, type));
}

/** SHA-256 of a weight as a package would hold it, as hex. @throws UserError for what the store refuses */
export async function weightDigest(store: WeightStore, source: WeightSource, type: TensorType): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of store.stream(source, type)) hash.update(chunk);
  return hash.digest("hex");
}
