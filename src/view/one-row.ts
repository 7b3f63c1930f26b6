/** The numbers of an array at one index of an axis. */
import { type NDArray, stridesOf } from "../passes/interpret/array.ts";

function isIn(shape: readonly number[], axis: number, row: number): (k: number) => boolean {
  const [stride, size] = [stridesOf(shape)[axis]!, shape[axis]!];
  return (k) => Math.floor(k / stride) % size === row;
}

/** In row-major order. */
export function rowAlong(
  { shape, data }: Pick<NDArray, "shape" | "data">,
  axis: number,
  row: number,
): readonly number[] {
  const inside = isIn(shape, axis, row);
  return Array.from(data).filter((_, k) => inside(k));
}

/** The array with other numbers there. */
export function withRow(array: NDArray, axis: number, row: number, other: () => number): NDArray {
  const inside = isIn(array.shape, axis, row);
  return { ...array, data: Float64Array.from(array.data, (x, k) => (inside(k) ? other() : x)) };
}
