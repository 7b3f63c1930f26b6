/** Sparse weights: a mask with a bit for every element, and the elements whose bit is set, in row-major order; all others are 0. */
import { constantOf, type Tensor } from "../../../dsl/tensor.ts";
import { type Shape, show, sizeOf } from "../../../dsl/type.ts";
import { refuse } from "../decode/value.ts";
import type { Compressed } from "./compressed.ts";
import { knownElements } from "./known-elements.ts";

/** Elements of a sparse weight, which the graph holds one by one: 2²⁴, which take 128 MiB. */
const MOST_SPARSE = 2 ** 24;

/** The weight whose `nonzero_data` belong where `mask` is set. @throws UserError unless there is one for each bit */
export const denseOf = (c: Compressed, mask: Tensor): Tensor => spread(c, mask, c.needed("nonzero_data"));

function spread(c: Compressed, mask: Tensor, nonzero: Tensor): Tensor {
  const { shape, dtype } = mask.type;
  if (dtype !== "uint1") throw refuse(c.where, `has the mask ${show(mask.type)}; it must be uint1`);
  if (sizeOf(shape) > MOST_SPARSE)
    throw refuse(c.where, `is a sparse weight of ${sizeOf(shape)} elements; graphc takes up to ${MOST_SPARSE}`);
  const [bits, stored] = [knownElements(mask), knownElements(nonzero)];
  const places = setBits(bits);
  if (nonzero.type.shape.length !== 1 || places.length !== stored.length)
    throw refuse(c.where, `sets ${places.length} bits of its mask, and has the elements ${show(nonzero.type)}`);
  const data = new Float32Array(bits.length);
  for (const [n, place] of places.entries()) data[place] = stored[n]!;
  return constantOf(data, { dtype: nonzero.type.dtype, shape });
}

/** What unpacks the weight as if it were none of the sparse: entries of `vector` elements lie along an axis. */
type Unpack = (dense: Tensor) => readonly [dense: Tensor, vectorAxis: number | undefined, vector: number];

/** Mask and elements after unpacking: the op's two results. */
export function sparseResults(c: Compressed, maskKey: string, nonzeroKey: string, unpack: Unpack): readonly Tensor[] {
  const before = c.needed(maskKey);
  const [dense, axis, vector] = unpack(spread(c, before, c.needed(nonzeroKey)));
  const mask = axis === undefined ? before : constantOf(repeated(before, axis, vector), maskType(before, dense));
  const elements = knownElements(dense);
  const kept = setBits(knownElements(mask)).map((place) => elements[place]!);
  return [mask, constantOf(kept, { dtype: dense.type.dtype, shape: [kept.length] })];
}

const maskType = (mask: Tensor, dense: Tensor) => ({ dtype: mask.type.dtype, shape: dense.type.shape });

/** Each element `times` times, one behind the other along an axis, which may be counted from the end. */
function repeated(value: Tensor, axis: number, times: number): readonly number[] {
  const [elements, shape]: readonly [ArrayLike<number>, Shape] = [knownElements(value), value.type.shape];
  const inner = sizeOf(shape.slice(axis < 0 ? axis + shape.length : axis).slice(1));
  return Array.from({ length: elements.length * times }, (_, i) => {
    const [row, lane] = [Math.floor(i / inner), i % inner];
    return elements[Math.floor(row / times) * inner + lane]!;
  });
}

function setBits(mask: ArrayLike<number>): readonly number[] {
  const places: number[] = [];
  for (let i = 0; i < mask.length; i++) if (mask[i] !== 0) places.push(i);
  return places;
}
