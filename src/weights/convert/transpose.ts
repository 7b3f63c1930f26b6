/** Transposes a strip of a matrix in memory. */
import { type Rectangle, widthOf } from "./rectangle.ts";

/** Side of the squares that a transpose moves at a time, so that both sides stay in the cache. */
const TILE = 32;

/** out[i, j] = strip[j, i] for a rectangle of the transposed matrix; `strip` has `stride` columns. */
export function transposeInto(
  out: Uint16Array,
  strip: Uint16Array,
  stride: number,
  { rows, columns }: Rectangle,
): void {
  const width = widthOf(columns);
  for (let top = rows[0]; top < rows[1]; top += TILE)
    for (let left = columns[0]; left < columns[1]; left += TILE) {
      const bottom = Math.min(top + TILE, rows[1]);
      const right = Math.min(left + TILE, columns[1]);
      for (let i = top; i < bottom; i++) {
        const row = (i - rows[0]) * width - columns[0];
        for (let j = left; j < right; j++) out[row + j] = strip[j * stride + i]!;
      }
    }
}
