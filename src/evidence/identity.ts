/** The identity of a graph with its weights: what `graphHash` says of its package, without one being written. */
import { createHash } from "node:crypto";
import type { Graph } from "../dsl/graph.ts";
import { encodeElements } from "../emit/mil/encode-elements.ts";
import type { BlobRef } from "../emit/mil/records.ts";
import type { Blobs } from "../emit/read/blobs/blob.ts";
import { lift } from "../emit/read/lift/lift.ts";
import type { BlobPlan } from "../emit/write/blob.ts";
import { lower } from "../emit/write/lower.ts";
import { graphHash } from "../passes/prove/report/certificate.ts";
import type { WeightStore } from "../weights/store.ts";

type PlannedBlob = BlobPlan["blobs"][number];

/**
 * SHA-256 as hex of the graph as it reads back from a package, every weight known by the digest of its bytes: the hash that a certificate of
 * that package has. All weights are read once, none is held.
 * @throws UserError for what the store refuses, GraphError when the graph cannot be a package
 */
export async function packagedHash(graph: Graph, store: WeightStore): Promise<string> {
  const { model, blobs } = lower(graph);
  const digests = new Map<number, string>();
  for (const blob of blobs.blobs) digests.set(blob.offset, await digestOf(blob, store));
  return graphHash(lift(model, blobsOf(blobs, digests)));
}

async function digestOf({ origin, type }: PlannedBlob, store: WeightStore): Promise<string> {
  const hash = createHash("sha256");
  if (origin.kind === "const") hash.update(encodeElements(type.dtype, origin.data));
  else for await (const chunk of store.stream(origin.source, type)) hash.update(chunk);
  return hash.digest("hex");
}

/** Blobs that were never written, as a reader finds them. */
function blobsOf(plan: BlobPlan, digests: ReadonlyMap<number, string>): Blobs {
  const planned = new Map(plan.blobs.map((blob) => [blob.offset, blob]));
  return {
    source: ({ fileName, offset }: BlobRef) => ({
      from: "package",
      file: fileName,
      offset,
      sha256: digests.get(offset)!,
    }),
    elements({ offset }) {
      const { origin } = planned.get(offset)!;
      if (origin.kind === "const") return Float64Array.from(origin.data);
      throw new Error(`the elements of a weight were asked for: ${JSON.stringify(origin.source)}`);
    },
    outside: () => {
      throw new Error("nobody asks what lies between blobs that were never written");
    },
  };
}
