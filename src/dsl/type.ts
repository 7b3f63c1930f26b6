/** Element types, shapes and tensor types: the vocabulary every other file speaks. */

/** Every element type of the op table; those below 8 bits occur in weights alone. */
export const DTYPES = [
  "fp16",
  "fp32",
  "int32",
  "int16",
  "uint16",
  "int8",
  "uint8",
  "int4",
  "uint4",
  "uint1",
  "uint2",
  "uint3",
  "uint6",
  "bool",
] as const;

/** Element type of a tensor, by its MIL name. */
export type DType = (typeof DTYPES)[number];

/** Sizes of a tensor's axes, outermost first. A rank-0 tensor (a scalar) has shape `[]`. */
export type Shape = readonly number[];

/** What a value is before it has contents. */
export interface TensorType<S extends Shape = Shape, D extends DType = DType> {
  readonly dtype: D;
  readonly shape: S;
}

/** Floating point types that ops compute in. */
export const FLOATS = ["fp16", "fp32"] as const satisfies readonly DType[];
/** What arithmetic takes; the result has the operands' type. */
export const NUMBERS = ["fp16", "fp32", "int32"] as const satisfies readonly DType[];

const BITS: Readonly<Record<DType, number>> = {
  fp16: 16,
  fp32: 32,
  int32: 32,
  int16: 16,
  uint16: 16,
  int8: 8,
  uint8: 8,
  int4: 4,
  uint4: 4,
  uint1: 1,
  uint2: 2,
  uint3: 3,
  uint6: 6,
  bool: 8,
};

/** Width of one element in bits, as stored in weight.bin. */
export const bitsOf = (dtype: DType): number => BITS[dtype];

/** Whether elements are rounded; integers and truth values are exact. */
export const isFloat = (dtype: DType): boolean => dtype === "fp16" || dtype === "fp32";
/** Whether elements are whole numbers that are no truth values. */
export const isInteger = (dtype: DType): boolean => !isFloat(dtype) && dtype !== "bool";

/** Number of elements; 1 for a scalar. */
export const sizeOf = (shape: Shape): number => shape.reduce((product, n) => product * n, 1);

/** Bytes in weight.bin: elements below a byte are packed. */
export const packedBytes = ({ shape, dtype }: TensorType): number => Math.ceil((sizeOf(shape) * bitsOf(dtype)) / 8);

/** `fp16[1,8,4,1]`, as in every message and golden. */
export const show = (type: TensorType): string => `${type.dtype}[${type.shape.join(",")}]`;

/** Equal rank and equal sizes: no broadcasting. */
export const sameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((n, i) => n === b[i]);

/** Equal dtype and equal shape. */
export const sameType = (a: TensorType, b: TensorType): boolean => a.dtype === b.dtype && sameShape(a.shape, b.shape);

/** The common shape of two operands under right-aligned broadcasting, or undefined when a pair of sizes clashes. */
export function broadcast(a: Shape, b: Shape): Shape | undefined {
  const rank = Math.max(a.length, b.length);
  const shape: number[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const m = a[a.length - rank + axis] ?? 1;
    const n = b[b.length - rank + axis] ?? 1;
    if (m !== n && m !== 1 && n !== 1) return undefined;
    shape.push(m === 1 ? n : m);
  }
  return shape;
}

/** Every index into a shape, in row-major order. */
export function placesOf(shape: Shape): readonly (readonly number[])[] {
  return Array.from({ length: sizeOf(shape) }, (_, flat) => {
    let rest = flat;
    return shape
      .toReversed()
      .map((n) => {
        const i = rest % n;
        rest = (rest - i) / n;
        return i;
      })
      .toReversed();
  });
}
