/**
 * Which elements two packages share. One may hold q, k and v as three blobs and the other as one: rows with equal bytes
 * are the same weight, so the small blobs are named as ranges of rows of the large one.
 */
import { createHash } from "node:crypto";
import { type Graph, schedule } from "../../../dsl/graph.ts";
import { bitsOf, sizeOf, type TensorType } from "../../../dsl/type.ts";
import type { WeightSource } from "../../../dsl/weight-source.ts";
import type { WeightPlace } from "../../../passes/prove/reading/leaves.ts";
import { findBlob, type PackageSource, recordType } from "./blob.ts";
import { readSpan } from "./blob-spans.ts";

interface PackageWeight {
  readonly source: PackageSource;
  readonly type: TensorType;
}

/** Identities for `prove`; weights that are no rows of another keep the default, which is their hash. */
export function weightIdentity(
  graphs: readonly Graph[],
): (source: WeightSource, type: TensorType) => WeightPlace | undefined {
  const all = distinctWeights(graphs);
  const shared = new Set(
    all.filter(({ source }) => graphs.every((g) => holds(g, source.sha256))).map((w) => w.source.sha256),
  );
  // Only what one side has and the other has not can be divided differently.
  const loose = all.filter((w) => !shared.has(w.source.sha256) && isMatrix(w.type));
  const rows = new Map(loose.map((w) => [w.source.sha256, rowHashes(w)]));
  const places = new Map<string, WeightPlace>();
  for (const small of loose) {
    for (const large of loose) {
      const begin =
        widthOf(small) === widthOf(large) && large.type.dtype === small.type.dtype
          ? beginOf(rows.get(small.source.sha256)!, rows.get(large.source.sha256)!)
          : -1;
      if (begin < 0 || places.has(small.source.sha256)) continue;
      places.set(small.source.sha256, { base: `sha256:${large.source.sha256}`, offset: begin * widthOf(small) });
    }
  }
  return (source) => (source.from === "package" ? places.get(source.sha256) : undefined);
}

/** Identities for files that hold the same bytes: a blob is known by its place in them, and no byte is read. */
export const placeInFile = (source: WeightSource): WeightPlace | undefined =>
  source.from === "package" ? { base: `blob at ${source.offset}`, offset: 0 } : undefined;

/** A column of scales, one for each row of a matrix, is divided as the matrix is. */
const isMatrix = ({ shape }: TensorType): boolean => shape.length > 1 && sizeOf(shape) > 1;
const widthOf = ({ type }: PackageWeight): number => sizeOf(type.shape) / type.shape[0]!;

function distinctWeights(graphs: readonly Graph[]): readonly PackageWeight[] {
  const found = new Map<string, PackageWeight>();
  for (const { def, type } of graphs.flatMap(schedule)) {
    if (def.kind === "weight" && def.source.from === "package")
      found.set(def.source.sha256, { source: def.source, type });
  }
  return [...found.values()];
}

const holds = (graph: Graph, sha256: string): boolean =>
  schedule(graph).some(
    ({ def }) => def.kind === "weight" && def.source.from === "package" && def.source.sha256 === sha256,
  );

/** One hash a row of the first axis. */
function rowHashes({ source, type }: PackageWeight): readonly string[] {
  const span = findBlob(source.file, source.offset, recordType(source, type));
  const bytes = (widthOf({ source, type }) * bitsOf(type.dtype)) / 8;
  if (!Number.isInteger(bytes)) return [];
  return Array.from(readSpan(span, bytes), (row) => createHash("sha256").update(row).digest("hex"));
}

/** Where the rows of the smaller lie in a larger one; −1 where they do not, or where it is no larger. */
function beginOf(small: readonly string[], large: readonly string[]): number {
  if (small.length === 0 || small.length >= large.length) return -1;
  for (let begin = 0; begin + small.length <= large.length; begin++) {
    if (small.every((hash, row) => hash === large[begin + row])) return begin;
  }
  return -1;
}
