/** Element types on the wire: how the file's three numberings and its literal lists name them. */
import { ArrayFeatureType_ArrayDataType as ArrayDataType } from "./gen/FeatureTypes_pb.js";
import { DataType, type TensorValue } from "./gen/MIL_pb.js";
import type { MilDType } from "./records.ts";

/** Number of an element type in a MIL tensor type. */
export const DATA_TYPE: Readonly<Record<MilDType, DataType>> = {
  bool: DataType.BOOL,
  string: DataType.STRING,
  fp16: DataType.FLOAT16,
  fp32: DataType.FLOAT32,
  fp64: DataType.FLOAT64,
  bf16: DataType.BFLOAT16,
  int8: DataType.INT8,
  int16: DataType.INT16,
  int32: DataType.INT32,
  int64: DataType.INT64,
  int4: DataType.INT4,
  uint8: DataType.UINT8,
  uint16: DataType.UINT16,
  uint32: DataType.UINT32,
  uint64: DataType.UINT64,
  uint4: DataType.UINT4,
  uint2: DataType.UINT2,
  uint1: DataType.UINT1,
  uint6: DataType.UINT6,
  uint3: DataType.UINT3,
  fp8e4m3fn: DataType.FLOAT8E4M3FN,
  fp8e5m2: DataType.FLOAT8E5M2,
};

/** Number of an element type in the description of an input, output or state. */
export const ARRAY_DATA_TYPE: Readonly<Partial<Record<MilDType, ArrayDataType>>> = {
  fp16: ArrayDataType.FLOAT16,
  fp32: ArrayDataType.FLOAT32,
  fp64: ArrayDataType.DOUBLE,
  int8: ArrayDataType.INT8,
  int32: ArrayDataType.INT32,
};

/** The lists of `TensorValue` in MIL.proto, by the names that the generated code gives them. */
export type LiteralMember = Exclude<TensorValue["value"]["case"], undefined>;

const LITERAL_MEMBER: Readonly<Partial<Record<MilDType, LiteralMember>>> = {
  bool: "bools",
  string: "strings",
  fp32: "floats",
  fp64: "doubles",
  int32: "ints",
  int16: "ints",
  uint16: "ints",
  int64: "longInts",
  uint64: "longInts",
};

/** The list of a literal that holds elements of a type; those without one of their own are raw bytes. */
export const literalMember = (dtype: MilDType): LiteralMember => LITERAL_MEMBER[dtype] ?? "bytes";
