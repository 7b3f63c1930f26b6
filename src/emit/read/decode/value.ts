/** Types and literals of an ML Program: protobuf messages to records. */
import { isGraphError } from "../../../dsl/error.ts";
import { integerRange } from "../../../dsl/number.ts";
import type { DType } from "../../../dsl/type.ts";
import { UserError } from "../../../dsl/user-error.ts";
import { decodeNarrow } from "../../mil/decode-elements.ts";
import { storedBytes } from "../../mil/element-size.ts";
import { encodeElements } from "../../mil/encode-elements.ts";
import type { Dimension, TensorType, TensorValue, Value, ValueType } from "../../mil/gen/MIL_pb.js";
import type { MilDim, MilDType, MilTensorType, MilType, MilValue } from "../../mil/records.ts";
import { DATA_TYPE, literalMember } from "../../mil/wire.ts";

/** Where in the program something stands, for messages: `function "main", op 3 (conv "q")`. */
export type Where = string;

/** Builds the error for something the reader will not take. */
export const refuse = (where: Where, text: string, mend?: string): UserError =>
  new UserError(`${where}: ${text}`, mend);

/** A mistake in a graph that was read is one of the file. @throws UserError in place of a GraphError */
export function asUserError<X>(where: Where, make: () => X): X {
  try {
    return make();
  } catch (error) {
    if (isGraphError(error)) throw refuse(where, error.message, error.mend);
    throw error;
  }
}

const DTYPE_OF: ReadonlyMap<number, MilDType> = new Map(
  Object.entries(DATA_TYPE).map(([dtype, number]) => [number, dtype as MilDType]),
);

/** The type of a value: a tensor, or a state that holds one. */
export function decodeType(type: ValueType | undefined, where: Where): MilType {
  const { type: is } = type ?? { type: { case: undefined } };
  if (is.case === "tensorType") return tensorType(is.value, where);
  if (is.case === "stateType") return { kind: "state", tensor: wrapped(is.value.wrappedType, where) };
  throw refuse(
    where,
    `has ${is.case ? `a ${is.case.replace("Type", "")}` : "no"} type; graphc reads tensors and states`,
  );
}

function wrapped(type: ValueType | undefined, where: Where): MilTensorType {
  const inner = decodeType(type, where);
  if (inner.kind === "tensor") return inner;
  throw refuse(where, "is a state of a state");
}

function tensorType(type: TensorType, where: Where): MilTensorType {
  const dtype = DTYPE_OF.get(type.dataType);
  if (!dtype) throw refuse(where, `has element type number ${type.dataType}, which is unknown`);
  if (Number(type.rank) !== type.dimensions.length)
    throw refuse(where, `declares rank ${type.rank} and ${type.dimensions.length} dimensions`);
  refuseAttributes(type.attributes, `${where}, its type`);
  return { kind: "tensor", dtype, shape: type.dimensions.map((d) => dimension(d, where)) };
}

function dimension({ dimension: is }: Dimension, where: Where): MilDim {
  if (is.case === "constant") return toSafe(is.value.size, where);
  if (is.case === "unknown" && is.value.variadic) throw refuse(where, "has a variable number of dimensions");
  if (is.case === undefined) throw refuse(where, "has a dimension that says nothing");
  return undefined;
}

/** Types and blocks have no attributes that anything reads. */
export function refuseAttributes(attributes: Readonly<Record<string, unknown>>, where: Where): void {
  const [key] = Object.keys(attributes);
  if (key !== undefined) throw refuse(where, `has the attribute "${key}", which is unknown`);
}

/** A 64-bit number of the file as a plain one. */
export function toSafe(n: bigint, where: Where): number {
  if (n > BigInt(Number.MAX_SAFE_INTEGER) || n < 0n) throw refuse(where, `holds the size or offset ${n}`);
  return Number(n);
}

/** A literal. Its elements are counted against its type here; a blob is only named. */
export function decodeValue(value: Value | undefined, where: Where): MilValue {
  if (!value) throw refuse(where, "has no value");
  const type = decodeType(value.type, where);
  if (type.kind !== "tensor") throw refuse(where, "is a literal state");
  if (value.docString !== "") throw refuse(where, "has a comment (docString), which graphc does not keep");
  const is = value.value;
  if (is.case === "blobFileValue")
    return { type, blob: { fileName: is.value.fileName, offset: toSafe(is.value.offset, where) } };
  if (is.case !== "immediateValue" || is.value.value.case !== "tensor")
    throw refuse(where, "holds a list, tuple or dictionary; graphc reads tensors");
  const count = elementCount(type, where);
  const { data, bytes } = elements(type.dtype, is.value.value.value, count, where);
  if (data.length !== count)
    throw refuse(where, `holds ${data.length} elements; its type ${type.dtype}[${type.shape.join(",")}] has ${count}`);
  return { type, data, ...(bytes ? { bytes } : {}) };
}

/** Number of elements of a literal, whose type has no flexible size. */
export function elementCount(type: MilTensorType, where: Where): number {
  return type.shape.reduce<number>((product, n) => {
    if (n === undefined) throw refuse(where, "is a literal of flexible size");
    return product * n;
  }, 1);
}

type Elements = Pick<Extract<MilValue, { data: unknown }>, "data" | "bytes">;

function elements(dtype: MilDType, { value: is }: TensorValue, count: number, where: Where): Elements {
  const member = literalMember(dtype);
  if (is.case !== member)
    throw refuse(where, `stores ${dtype} elements under "${is.case ?? "nothing"}"; they belong under "${member}"`);
  switch (is.case) {
    case "bools":
      return { data: is.value.values.map(Number) };
    case "longInts":
      return { data: is.value.values.map((n) => exactly(n, dtype, where)) };
    case "ints":
      return { data: inRange(is.value.values, dtype, where) };
    case "bytes":
      return packed(dtype, is.value.values, count, where);
    default:
      return { data: is.value.values };
  }
}

function exactly(n: bigint, dtype: MilDType, where: Where): number {
  const fits = BigInt(Number(n)) === n && Number.isSafeInteger(Number(n)) && (n >= 0n || dtype === "int64");
  if (!fits) throw refuse(where, `holds ${n} as ${dtype}; graphc keeps whole numbers up to 2⁵³`);
  return Number(n);
}

/** 16-bit integers are stored as wider ones. */
function inRange(values: readonly number[], dtype: MilDType, where: Where): readonly number[] {
  const [low, high] = integerRange(dtype as DType);
  const outside = values.find((n) => n < low || n > high);
  if (outside !== undefined) throw refuse(where, `holds ${outside} as ${dtype}`);
  return values;
}

function packed(dtype: MilDType, values: Uint8Array, count: number, where: Where): Elements {
  const expected = storedBytes(dtype, count);
  if (values.length !== expected)
    throw refuse(where, `holds ${values.length} bytes; ${count} ${dtype} elements take ${expected}`);
  if (dtype.startsWith("fp8")) return { data: values };
  const data = decodeNarrow(dtype, values, count);
  return tellAll(dtype, data, values) ? { data } : { data, bytes: values };
}

/** Elements that are encoded at once: whole bytes of any type. */
const PIECE = 2 ** 16;

/** Whether the elements are stored as these bytes: the payload of a NaN and bits that no element uses are told by none. */
function tellAll(dtype: MilDType, data: ArrayLike<number>, values: Uint8Array): boolean {
  for (let i = 0; i < data.length; i += PIECE) {
    const piece = encodeElements(dtype, Array.prototype.slice.call(data, i, i + PIECE));
    const begin = storedBytes(dtype, i);
    if (Buffer.compare(piece, values.subarray(begin, begin + piece.length)) !== 0) return false;
  }
  return true;
}
