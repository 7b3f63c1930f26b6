/** Literals of the file as the graph holds them: attributes, constants, weights. */
import type { AttrKind } from "../../dsl/attr.ts";
import { nowhere } from "../../dsl/site.ts";
import { type AttrValue, constantOf, type Tensor } from "../../dsl/tensor.ts";
import { DTYPES, type DType, sizeOf, type TensorType } from "../../dsl/type.ts";
import { isUserError } from "../../dsl/user-error.ts";
import type { MilDType, MilTensorType, MilValue } from "../mil/records.ts";
import type { Blobs } from "./blob.ts";
import { elementCount, refuse, type Where } from "./decode-value.ts";

const GRAPH_DTYPES: ReadonlySet<MilDType> = new Set(DTYPES);
/** Blobs of these types are positions, not weights: a proof must see them, so they are read into the graph. */
const POSITIONS: ReadonlySet<MilDType> = new Set(["int32", "int16", "uint16", "bool"]);

/** @throws UserError for an element type that graphs do not have, such as string or fp64. */
export function graphDtype(dtype: MilDType, where: Where): DType {
  if (!GRAPH_DTYPES.has(dtype)) throw refuse(where, `is ${dtype}, an element type that graphs do not have`);
  return dtype as DType;
}

/** A literal as an operand: a weight when its data lies in a blob, else a constant. */
export function tensorOf(value: MilValue, blobs: Blobs, where: Where): Tensor {
  const type = concrete(value.type, where);
  if ("data" in value) return constantOf(value.data as ArrayLike<number>, type);
  return saying(where, () => {
    const known = POSITIONS.has(type.dtype) || masks(value, type, blobs);
    if (known) return constantOf(blobs.elements(value.blob, value.type), type);
    return { type, def: { kind: "weight", source: blobs.source(value.blob, value.type) }, site: nowhere };
  });
}

/** The fp16 and fp32 that a table of an attention mask is filled with: nothing, or far below any score. */
const FAR = -1000;
/** Larger tables are weights in any case; a mask of a cache has few rows. */
const MOST_OF_A_MASK = 1 << 18;

/** Whether a blob is one number throughout, 0 or one that masks out: what a proof may reckon with, and no weight. */
function masks(
  { blob, type }: Extract<MilValue, { blob: unknown }>,
  { dtype, shape }: TensorType,
  blobs: Blobs,
): boolean {
  if ((dtype !== "fp16" && dtype !== "fp32") || sizeOf(shape) > MOST_OF_A_MASK) return false;
  const data = blobs.elements(blob, type);
  const first = data[0];
  return first !== undefined && (first === 0 || first <= FAR) && data.every((x) => x === first);
}

/** Adds the place to what is said of a blob. */
function saying<X>(where: Where, find: () => X): X {
  try {
    return find();
  } catch (error) {
    throw isUserError(error) ? refuse(where, error.message, error.mend) : error;
  }
}

function concrete(type: MilTensorType, where: Where): TensorType {
  elementCount(type, where);
  return { dtype: graphDtype(type.dtype, where), shape: type.shape as readonly number[] };
}

/** A literal as an attribute of the given kind, or as what it looks like when the op's table has no such attribute. */
export function attributeOf(value: MilValue, kind: AttrKind | undefined, blobs: Blobs): AttrValue {
  const elements =
    "data" in value ? Array.from<number | string>(value.data) : [...blobs.elements(value.blob, value.type)];
  const list = elements.map((x) => (value.type.dtype === "bool" ? x !== 0 : x)) as (number | boolean | string)[];
  const isList = kind === undefined ? value.type.shape.length > 0 : kind === "axes" || kind.endsWith("[]");
  return (isList || list.length !== 1 ? list : list[0]!) as AttrValue;
}
