/** Tables of a package that a proof may reckon with as the numbers they are: what attention masks are made of. */

import { sizeOf, type TensorType } from "../../../dsl/type.ts";
import type { WeightSource } from "../../../dsl/weight-source.ts";
import { milType } from "../../mil/records.ts";
import { blobElements, findBlob } from "./blob.ts";

/** At and below it a number masks an entry out. */
const FAR = -1000;
/** Larger tables are weights in any case; a mask of a cache has few rows. */
const MOST_OF_A_MASK = 1 << 18;

/**
 * The elements of a stored tensor that holds 0, or one number that masks out, or both and nothing else. Anything else is a weight,
 * which a proof is about for all its values.
 */
export function knownTable(source: WeightSource, type: TensorType): ArrayLike<number> | undefined {
  if (source.from !== "package" || sizeOf(type.shape) > MOST_OF_A_MASK) return undefined;
  if (type.dtype !== "fp16" && type.dtype !== "fp32") return undefined;
  const data = blobElements(findBlob(source.file, source.offset, milType(type)), milType(type));
  const far = data.find((x) => x <= FAR) ?? 0;
  return data.every((x) => x === 0 || x === far) ? data : undefined;
}
