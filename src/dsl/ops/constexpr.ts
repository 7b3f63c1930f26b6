/** Weights stored in fewer bits, unpacked before use. */
import type { Algebra, Index } from "../algebra.ts";
import { attr } from "../attr.ts";
import { op } from "../op.ts";
import type { Tensor } from "../tensor.ts";
import { bitsOf, type DType, FLOATS, type Shape, sameShape, type TensorType } from "../type.ts";

/** Call of constexpr_blockwise_shift_scale: the shape is that of the data. */
export type BlockwiseShiftScale = <S extends Shape, D extends DType>(
  data: Tensor<S>,
  scale: Tensor<Shape, D>,
  options?: { offset?: Tensor },
) => Tensor<S, D>;
/** Call of constexpr_lut_to_dense. */
export type LutToDense = <D extends DType>(
  indices: Tensor,
  lut: Tensor<Shape, D>,
  options?: { vector_axis?: number },
) => Tensor<Shape, D>;

const QUANTISED = ["int4", "uint4", "int8", "uint8"] as const satisfies readonly DType[];

/** scale · (data − offset) of a stored weight, one scale a block; only on constants. The data may be a table of floats. */
export const constexpr_blockwise_shift_scale = op<BlockwiseShiftScale>("constexpr_blockwise_shift_scale")({
  doc: [
    "y[i…] = scale[i/b…] · (data[i…] − offset[i/b…]), with b = size of data / size of scale per axis;",
    "no offset stands for 0",
  ].join(" "),
  operands: {
    data: { dtypes: [...QUANTISED, ...FLOATS], constant: true },
    scale: { dtypes: FLOATS, constant: true },
    offset: { dtypes: [...QUANTISED, ...FLOATS], constant: true, optional: true },
  },
  attrs: {},
  traits: ["constexpr"],
  infer({ data, scale, offset }) {
    if (data.shape.length === 0) return "data must have rank 1 or more";
    if (offset && !sameShape(offset.shape, scale.shape))
      return `offset is [${offset.shape.join(",")}], scale is [${scale.shape.join(",")}]`;
    if (offset && offset.dtype !== data.dtype && offset.dtype !== scale.dtype)
      return `offset is ${offset.dtype}; it must be ${data.dtype} or ${scale.dtype}`;
    return checkBlocks("data", data.shape, "scale", scale.shape) ?? { dtype: scale.dtype, shape: data.shape };
  },
  element:
    (m, { data, scale, offset }) =>
    (ix) => {
      const block = blockOf(m, ix, data.shape, scale.shape);
      // The file format computes in the scale's type: data and difference are elements of it.
      const value = data.dtype === "fp32" ? m.round(scale.dtype, data.at(...ix)) : data.at(...ix);
      const shifted = offset ? m.round(scale.dtype, m.sub(value, offset.at(...block))) : value;
      return m.mul(scale.at(...block), shifted);
    },
});

/** A palettised weight: each index picks an entry of its block's table; only on constants. */
export const constexpr_lut_to_dense = op<LutToDense>("constexpr_lut_to_dense")({
  doc: [
    "y[i…] = lut[i/b…, indices[i…], 0], with b = size of indices / size of lut per axis; where the last axis of lut, of",
    "size v, is longer than 1, each index gives v consecutive elements along vector_axis",
  ].join(" "),
  operands: {
    indices: { dtypes: ["uint1", "uint2", "uint3", "uint4", "uint6", "uint8"], constant: true },
    lut: { dtypes: ["int8", "uint8", ...FLOATS], constant: true },
  },
  // coremltools does not write it for tables of single numbers, and no other form of those has been seen on a device.
  attrs: { vector_axis: attr("axis", 0, { unsaid: ({ lut }) => (lut as TensorType).shape.at(-1) === 1 }) },
  rounds: false,
  traits: ["constexpr", "palettised"],
  infer({ indices, lut }, { vector_axis }) {
    const rank = indices.shape.length;
    if (lut.shape.length !== rank + 2) return `lut has rank ${lut.shape.length}; it must be ${rank + 2}`;
    const [entries, vector] = lut.shape.slice(-2) as [number, number];
    const wanted = 2 ** bitsOf(indices.dtype);
    if (entries !== wanted) return `lut has ${entries} entries; ${indices.dtype} indices need ${wanted}`;
    const wrong = checkBlocks("indices", indices.shape, "lut", lut.shape.slice(0, -2));
    const shape = indices.shape.with(vector_axis, indices.shape[vector_axis]! * vector);
    return wrong ?? { dtype: lut.dtype, shape };
  },
  element: (m, { indices, lut }, { vector_axis }) => {
    const [entries, vector] = lut.shape.slice(-2) as [number, number];
    const size = indices.shape[vector_axis]!;
    return (ix) => {
      const [place, lane] = m.reindex([ix[vector_axis]!], [size * vector], [size, vector]) as readonly [Index, Index];
      const at = ix.with(vector_axis, place);
      const entry = m.indexOf(indices.at(...at), entries);
      return lut.at(...blockOf(m, at, indices.shape, lut.shape), entry, lane);
    };
  },
});

function checkBlocks(name: string, shape: Shape, blocksName: string, blocks: Shape): string | undefined {
  if (shape.length !== blocks.length)
    return `${name} has rank ${shape.length}, ${blocksName} has rank ${blocks.length}`;
  const axis = shape.findIndex((n, a) => n % blocks[a]! !== 0);
  return axis < 0
    ? undefined
    : `axis ${axis}: ${blocksName} has ${blocks[axis]} blocks, which does not divide the size ${shape[axis]} of ${name}`;
}

/** The block that each index falls in; `blocks` may have more axes. */
const blockOf = (m: Algebra, ix: readonly Index[], shape: Shape, blocks: Shape): readonly Index[] =>
  ix.map((i, axis) => {
    const [n, count] = [shape[axis]!, blocks[axis]!];
    if (count === 1) return m.index(0);
    return count === n ? i : m.reindex([i], [n], [count, n / count])[0]!;
  });
