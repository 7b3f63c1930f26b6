/** The weights of packages that were read: to emit them again, to evaluate a graph. */

import { bitsOf, type TensorType } from "../../../dsl/type.ts";
import { UserError } from "../../../dsl/user-error.ts";
import type { WeightSource } from "../../../dsl/weight-source.ts";
import { arrayOf, type NDArray } from "../../../passes/interpret/array.ts";
import { nothingToReport, type WeightStore } from "../../../weights/store.ts";
import { milType } from "../../mil/records.ts";
import { blobElements, findBlob, recordType } from "./blob.ts";
import { type BlobSpan, fillFrom, readSpan } from "./blob-spans.ts";

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

/** What reads a package's weight again each time; undefined for one that is no package's, or whose elements are narrower than a byte. */
export function packageFiles(source: WeightSource, type: TensorType): ((bytes: Uint8Array) => void) | undefined {
  if (source.from !== "package" || bitsOf(type.dtype) < 8) return undefined;
  const span = spanOf(source, type);
  return (bytes) => fillFrom(span, bytes);
}

async function* streamSpan(span: BlobSpan): AsyncGenerator<Uint8Array> {
  yield* readSpan(span, CHUNK);
}

function spanOf(source: WeightSource, type: TensorType): BlobSpan {
  if (source.from === "package") return findBlob(source.file, source.offset, recordType(source, type));
  throw new UserError(`the weight "${source.tensor}" is one of a checkpoint, and no checkpoint was given`);
}

/** The contents of a package's weight, for `evaluate`. */
export const packageArray = (source: WeightSource, type: TensorType): NDArray =>
  arrayOf(type.dtype, type.shape, blobElements(spanOf(source, type), milType(type)));
