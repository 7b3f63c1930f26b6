/**
 * Compressed weights in spellings that the op table does not have, as the ops that it has: those of iOS 16, whose operands are vectors
 * of bytes, and the sparse ones, whose elements follow from all the bits of a mask: these become constants.
 */
import { makeOp } from "../../../dsl/op.ts";
import type { Given } from "../../../dsl/op-spec.ts";
import { opTable } from "../../../dsl/ops/index.ts";
import { nowhere } from "../../../dsl/site.ts";
import { type AttrValue, constantOf, type Tensor } from "../../../dsl/tensor.ts";
import { bitsOf, type DType, packedBytes, show, sizeOf, type TensorType } from "../../../dsl/type.ts";
import { decodeElements } from "../../mil/decode-elements.ts";
import type { MilOperation } from "../../mil/records.ts";
import type { PackageSource } from "../blobs/blob.ts";
import { refuse, type Where } from "../decode/value.ts";
import { knownElements } from "./known-elements.ts";
import { soleArgument } from "./own.ts";
import { type FunctionScope, isNoConstant, operandOf } from "./scope.ts";
import { denseOf, sparseResults } from "./sparse.ts";
import { attributeOf } from "./value.ts";

/** The parameters of such an op, and how one is read. */
export interface Compressed {
  /** An operand; absent where the file says nothing of it. */
  operand(key: string): Tensor | undefined;
  needed(key: string): Tensor;
  numbers(key: string): readonly number[] | undefined;
  text(key: string): string | undefined;
  readonly where: Where;
}

type Lift = (c: Compressed) => readonly Tensor[];

interface Spelling {
  readonly parameters: readonly string[];
  readonly lift: Lift;
}

/** By op type; the iOS 16 forms of two ops that the table or this list has too are told by their parameter `shape`. */
const SPELLINGS: ReadonlyMap<string, Spelling> = new Map(
  Object.entries({
    "constexpr_lut_to_dense shape": { parameters: ["indices", "lut", "shape"], lift: lookedUp },
    constexpr_cast: { parameters: ["source_val", "output_dtype"], lift: widened },
    constexpr_affine_dequantize: { parameters: ["quantized_data", "zero_point", "scale", "axis"], lift: dequantised },
    "constexpr_sparse_to_dense shape": {
      parameters: ["nonzero_data", "mask", "shape"],
      lift: (c) => [denseOf(c, unpacked(c, c.needed("mask"), "uint1"))],
    },
    constexpr_sparse_to_dense: {
      parameters: ["nonzero_data", "mask"],
      lift: (c) => [denseOf(c, c.needed("mask"))],
    },
    constexpr_lut_to_sparse: {
      parameters: ["indices_mask", "indices_nonzero_data", "lut", "vector_axis"],
      lift: (c) => sparseResults(c, "indices_mask", "indices_nonzero_data", (indices) => look(c, indices)),
    },
    constexpr_sparse_blockwise_shift_scale: {
      parameters: ["data_mask", "nonzero_data", "scale", "offset"],
      lift: (c) => sparseResults(c, "data_mask", "nonzero_data", (data) => scaled(c, data)),
    },
  } satisfies Record<string, Spelling>),
);

const spellingOf = (op: MilOperation): Spelling | undefined =>
  SPELLINGS.get(Object.hasOwn(op.inputs, "shape") ? `${op.type} shape` : op.type);

/** Whether an op is a compressed weight in one of these spellings. */
export const isCompressed = (op: MilOperation): boolean => spellingOf(op) !== undefined;

/** The results of a compressed weight in one of these spellings; undefined for any other op. @throws UserError, GraphError */
export function liftCompressed(op: MilOperation, scope: FunctionScope, where: Where): readonly Tensor[] | undefined {
  const spelling = spellingOf(op);
  if (!spelling) return undefined;
  const stray = Object.keys(op.inputs).find((key) => !spelling.parameters.includes(key));
  if (stray !== undefined) throw refuse(where, `has no operand or attribute "${stray}"`);
  return spelling.lift(parametersOf(op, scope, where));
}

function parametersOf(op: MilOperation, scope: FunctionScope, where: Where): Compressed {
  const has = (key: string) => Object.hasOwn(op.inputs, key);
  const needed = (key: string) => operandOf(soleArgument(op, key, where), scope, where);
  const literal = (key: string): readonly AttrValue[] | undefined => {
    if (!has(key)) return undefined;
    const argument = soleArgument(op, key, where);
    const found =
      "value" in argument ? ({ kind: "literal", literal: argument.value } as const) : scope.bound.get(argument.name);
    if (found?.kind === "literal")
      return [attributeOf(found.literal, undefined, scope.blobs, where)].flat() as readonly AttrValue[];
    throw refuse(where, isNoConstant(key));
  };
  return {
    where,
    needed,
    operand: (key) => (has(key) ? needed(key) : undefined),
    numbers: (key) => literal(key) as readonly number[] | undefined,
    text: (key) => literal(key)?.[0] as string | undefined,
  };
}

const make = (op: string, given: Given): Tensor => [makeOp(opTable.get(op)!, given, nowhere)].flat()[0]!;

/** One table for the whole weight, its indices packed in bytes. */
function lookedUp(c: Compressed): readonly Tensor[] {
  const [lut, shape] = [c.needed("lut"), c.numbers("shape")!];
  const bits = Math.log2(sizeOf(lut.type.shape));
  const dtype = `uint${bits}` as DType;
  if (lut.type.shape.length !== 1 || ![1, 2, 4, 6, 8].includes(bits))
    throw refuse(c.where, `has a table ${show(lut.type)}; it must be a vector of 2, 4, 16, 64 or 256 entries`);
  const indices = unpacked(c, c.needed("indices"), dtype);
  const table = retyped(lut, { dtype: lut.type.dtype, shape: [...shape.map(() => 1), 2 ** bits, 1] });
  return [make("constexpr_lut_to_dense", { indices, lut: table })];
}

/** The elements of the op's `shape` that a vector of bytes holds, the first in the lowest bits. */
function unpacked(c: Compressed, bytes: Tensor, dtype: DType): Tensor {
  const type = { dtype, shape: c.numbers("shape")! };
  const wanted = packedBytes(type);
  if (bytes.type.dtype !== "uint8" || bytes.type.shape.length !== 1 || bytes.type.shape[0] !== wanted)
    throw refuse(c.where, `packs ${show(type)} in ${show(bytes.type)}; it takes uint8[${wanted}]`);
  return retyped(bytes, type);
}

/** The same stored bytes as another type of as many bytes: elements that were one a byte, or narrower ones packed in bytes. */
function retyped(value: Tensor, type: TensorType): Tensor {
  const { def } = value;
  const isNarrower = bitsOf(type.dtype) < bitsOf(value.type.dtype);
  if (def.kind === "weight" && def.source.from === "package")
    return { ...value, type, def: isNarrower ? { kind: "weight", source: packedIn(def.source) } : def };
  const elements = knownElements(value);
  return constantOf(
    isNarrower ? decodeElements(type.dtype, Uint8Array.from(elements), sizeOf(type.shape)) : elements,
    type,
  );
}

/** The hash stays lazy: it reads the blob. */
function packedIn(source: PackageSource): PackageSource {
  const { from, file, offset } = source;
  return {
    from,
    file,
    offset,
    packed: true,
    get sha256() {
      return source.sha256;
    },
  };
}

/** Scale and zero point are numbers, or vectors along an axis. */
function dequantised(c: Compressed): readonly Tensor[] {
  const [data, scale, zero] = [c.needed("quantized_data"), c.needed("scale"), c.needed("zero_point")];
  const rank = data.type.shape.length;
  const [given = 0] = c.numbers("axis") ?? [];
  const axis = given < 0 ? given + rank : given;
  if (!(axis >= 0 && axis < rank)) throw refuse(c.where, `has axis ${given}, which is outside rank ${rank}`);
  const size = Math.max(...[scale, zero].map((x) => sizeOf(x.type.shape)));
  const along = (key: string, x: Tensor): Tensor => {
    const count = sizeOf(x.type.shape);
    if (x.type.shape.length > 1 || (x.type.shape.length === 1 && count !== data.type.shape[axis]))
      throw refuse(
        c.where,
        `has ${key} ${show(x.type)}; axis ${axis} of ${show(data.type)} needs one number, or one for each`,
      );
    const type = { dtype: x.type.dtype, shape: data.type.shape.map((_, a) => (a === axis ? size : 1)) };
    return count === size ? retyped(x, type) : constantOf(new Array(size).fill(knownElements(x)[0]), type);
  };
  return [
    make("constexpr_blockwise_shift_scale", { data, scale: along("scale", scale), offset: along("zero_point", zero) }),
  ];
}

/** A weight in fp16 as fp32: scaled by 1 in that type. */
function widened(c: Compressed): readonly Tensor[] {
  const data = c.needed("source_val");
  if (data.type.dtype !== "fp16" || data.type.shape.length === 0 || c.text("output_dtype") !== "fp32")
    throw refuse(c.where, `casts ${show(data.type)}; graphc knows fp16 to fp32, of rank 1 or more`);
  const scale = constantOf([1], { dtype: "fp32", shape: data.type.shape.map(() => 1) });
  return [make("constexpr_blockwise_shift_scale", { data, scale })];
}

function look(c: Compressed, indices: Tensor): readonly [dense: Tensor, axis: number | undefined, vector: number] {
  const [lut, [axis] = []] = [c.needed("lut"), c.numbers("vector_axis")];
  const vector = lut.type.shape.at(-1) ?? 1;
  if (axis === undefined && vector > 1) throw refuse(c.where, "has entries of several elements and no vector_axis");
  const dense = make("constexpr_lut_to_dense", { indices, lut, ...(axis === undefined ? {} : { vector_axis: axis }) });
  return [dense, axis, vector];
}

function scaled(c: Compressed, data: Tensor): readonly [dense: Tensor, axis: undefined, vector: number] {
  const offset = c.operand("offset");
  const given = { data, scale: c.needed("scale"), ...(offset ? { offset } : {}) };
  return [make("constexpr_blockwise_shift_scale", given), undefined, 1];
}
