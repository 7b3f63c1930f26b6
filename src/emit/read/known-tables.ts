/** Tables of a package that a proof may reckon with as the numbers they are: what attention masks are made of. */

import { sizeOf, type TensorType } from "../../dsl/type.ts";
import type { WeightSource } from "../../dsl/weight-source.ts";
import { milType } from "../mil/records.ts";
import { blobElements, findBlob } from "./blob.ts";

/** At and below it a number masks an entry out. */
const FAR = -1000;
/** Larger tables are weights in any case; a mask of a cache has few rows. */
const MOST_OF_A_MASK = 1 << 18;

/**
 * The elements of a stored tensor that is one number throughout, 0 or one that masks out. Anything else is a weight, which
 * a proof is about for all its values.
 */
export function knownTable(source: WeightSource, type: TensorType): ArrayLike<number> | undefined {
  if (source.from !== "package" || sizeOf(type.shape) > MOST_OF_A_MASK) return undefined;
  if (type.dtype !== "fp16" && type.dtype !== "fp32") return undefined;
  const data = blobElements(findBlob(source.file, source.offset, milType(type)), milType(type));
  const first = data[0];
  const known = first !== undefined && (first === 0 || first <= FAR) && data.every((x) => x === first);
  return known ? data : undefined;
}
