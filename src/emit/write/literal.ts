/** Literals of a graph as MIL values: attributes, constants and weights. */
import type { AttrKind } from "../../dsl/attr.ts";
import type { AttrValue, Def } from "../../dsl/tensor.ts";
import { type DType, sizeOf, type TensorType } from "../../dsl/type.ts";
import { type MilDType, type MilTensorType, type MilValue, milType, WEIGHT_FILE } from "../mil/records.ts";
import { type BlobPlanner, isStorable } from "./blob.ts";

/** Constants of this many elements go to the weight file, where Core ML maps them instead of parsing text. */
const BLOB_ELEMENTS = 10;

/** An attribute as a literal. `float` is the dtype of an attribute of that kind, `whole` the type of a whole number. */
export function attrLiteral(value: AttrValue, kind: AttrKind, float: DType, whole: MilDType = "int32"): MilValue {
  const type: MilTensorType = {
    kind: "tensor",
    dtype: attrDtype(kind, float, whole),
    shape: Array.isArray(value) ? [value.length] : [],
  };
  const list = [value].flat();
  return { type, data: type.dtype === "string" ? list.map(String) : list.map(Number) };
}

function attrDtype(kind: AttrKind, float: DType, whole: MilDType): MilDType {
  switch (kind) {
    case "float":
      return float;
    case "bool":
    case "bool[]":
      return "bool";
    case "string":
      return "string";
    default:
      return whole;
  }
}

/** A weight or constant as a literal: weights and larger constants live in the weight file. */
export function tensorLiteral(
  def: Extract<Def, { kind: "const" | "weight" }>,
  type: TensorType,
  blobs: BlobPlanner,
): MilValue {
  const small = def.kind === "const" && (sizeOf(type.shape) < BLOB_ELEMENTS || !isStorable(type.dtype));
  if (small) return { type: milType(type), data: def.data };
  return { type: milType(type), blob: { fileName: WEIGHT_FILE, offset: blobs.place(def, type) } };
}
