/** Literals of the file as the graph holds them: attributes, constants, weights. */
import type { AttrKind } from "../../../dsl/attr.ts";
import { nowhere } from "../../../dsl/site.ts";
import { type AttrValue, constantOf, type Tensor } from "../../../dsl/tensor.ts";
import { DTYPES, type DType, type TensorType } from "../../../dsl/type.ts";
import { isUserError } from "../../../dsl/user-error.ts";
import type { MilDType, MilTensorType, MilValue } from "../../mil/records.ts";
import type { Blobs } from "../blobs/blob.ts";
import { elementCount, refuse, type Where } from "../decode/value.ts";

const GRAPH_DTYPES: ReadonlySet<MilDType> = new Set(DTYPES);
/** Blobs of these types are positions, not weights: a proof must see them, so they are read into the graph. */
const POSITIONS: ReadonlySet<MilDType> = new Set(["int32", "int16", "uint16", "bool"]);

/** Elements of a blob that become part of the graph itself, as positions do: 2²⁴, which take 128 MiB. */
const MOST_POSITIONS = 2 ** 24;
/** Elements of an attribute: sizes, axes, bounds. */
const MOST_IN_ATTRIBUTE = 2 ** 16;

/** @throws UserError for an element type that graphs do not have, such as string or fp64. */
export function graphDtype(dtype: MilDType, where: Where): DType {
  if (!GRAPH_DTYPES.has(dtype)) throw refuse(where, `is ${dtype}, an element type that graphs do not have`);
  return dtype as DType;
}

/** A literal as an operand: a weight when its data lies in a blob, else a constant. */
export function tensorOf(value: MilValue, blobs: Blobs, where: Where): Tensor {
  const type = concrete(value.type, where);
  if ("data" in value) return constantOf(value.data as ArrayLike<number>, type);
  const isPosition = POSITIONS.has(type.dtype);
  if (isPosition) atMost(MOST_POSITIONS, value.type, where);
  return saying(where, () => {
    if (isPosition) return constantOf(blobs.elements(value.blob, value.type), type);
    return { type, def: { kind: "weight", source: blobs.source(value.blob, value.type) }, site: nowhere };
  });
}

/** Judged by the type, ahead of any read: a file may claim what it does not hold. */
function atMost(most: number, type: MilTensorType, where: Where): void {
  const count = elementCount(type, where);
  if (count > most) throw refuse(where, `holds ${count} ${type.dtype} elements here; graphc takes up to ${most}`);
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

/**
 * A literal as an attribute of the given kind, or as what it looks like when the op's table has no such attribute.
 * @throws UserError when it is longer than any attribute, or its blob is a bad one
 */
export function attributeOf(value: MilValue, kind: AttrKind | undefined, blobs: Blobs, where: Where): AttrValue {
  atMost(MOST_IN_ATTRIBUTE, value.type, where);
  const elements =
    "data" in value
      ? Array.from<number | string>(value.data)
      : saying(where, () => [...blobs.elements(value.blob, value.type)]);
  const list = elements.map((x) => (value.type.dtype === "bool" ? x !== 0 : x)) as (number | boolean | string)[];
  const isList = kind === undefined ? value.type.shape.length > 0 : kind === "axes" || kind.endsWith("[]");
  return (isList || list.length !== 1 ? list : list[0]!) as AttrValue;
}
