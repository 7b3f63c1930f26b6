/** Dense data of the reference interpreter. */
import { type DType, type Shape, sizeOf, type TensorType } from "../../dsl/type.ts";

/** A tensor with contents: every element a value of `dtype`, held as a double, row-major. */
export interface NDArray extends TensorType {
  readonly data: Float64Array;
}

/** Builds an array element by element, in row-major order. */
export function tabulate(type: TensorType, element: (ix: readonly number[]) => number): NDArray {
  const data = new Float64Array(sizeOf(type.shape));
  const ix = type.shape.map(() => 0);
  for (let i = 0; i < data.length; i++) {
    data[i] = element(ix);
    for (let axis = ix.length - 1; axis >= 0; axis--) {
      ix[axis]! += 1;
      if (ix[axis]! < type.shape[axis]!) break;
      ix[axis] = 0;
    }
  }
  return { dtype: type.dtype, shape: type.shape, data };
}

/** Distance in elements between neighbours along each axis of a row-major array. */
export function stridesOf(shape: Shape): readonly number[] {
  const strides = shape.map(() => 1);
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1]! * shape[axis + 1]!;
  return strides;
}

/** The elements at one place along an axis, such as a token's, in row-major order; all of them without an axis. */
export function rowOf({ shape, data }: NDArray, axis: number | undefined, at: number): Float64Array {
  if (axis === undefined) return data;
  const stride = stridesOf(shape)[axis]!;
  return data.filter((_, i) => Math.floor(i / stride) % shape[axis]! === at);
}

/** An array of numbers that are already elements of `dtype`, row-major; the data is copied. */
export const arrayOf = (dtype: DType, shape: Shape, data: ArrayLike<number>): NDArray => ({
  dtype,
  shape,
  data: new Float64Array(data),
});
