/** The products of a matrix's columns with each other on the `gram` kernel (wat/gram.ts). */
import { align, dataAddress, type Machine, machine } from "./machine.ts";

/** A machine for matrices of so many columns at most; `gram` gives the symmetric matrix of columns × columns in full. */
export interface GramMachine {
  /** Σ over rows of row ⊗ row, in fp32 sums of `CHUNK` that are added up in fp32; the row writer fills one row after the other. */
  gram(rows: number, columns: number, write: (row: number, to: Float32Array) => void): Float32Array;
  /** What an entry may be off by, against the sum of the diagonal: fp32 sums of `CHUNK` terms, then of the chunks. */
  error(rows: number): number;
  close(): Promise<void>;
}

/** Rows that are added up on their own. */
export const CHUNK = 128;
const SCRATCH = 64;

/** Bytes of the panels of a chunk, and of the result. */
const sizesOf = (columns: number) => {
  const count = Math.ceil(columns / 8);
  // A line more than they need: at a multiple of 4096 bytes from each other all panels would share a few lines of the cache.
  const panelBytes = CHUNK * 32 + 64;
  return { count, panelBytes, panels: align(count * panelBytes), result: 4 * (8 * count) ** 2 };
};

/** Allocates for matrices up to so many columns; of rows there may be any number, for a chunk of them lies there at a time. */
export function gramMachine(columns: number, threads: number): GramMachine {
  const { panels, result } = sizesOf(columns);
  const m = machine({ data: panels + result, scratch: SCRATCH, threads });
  return {
    gram: (n, of, write) => gramOn(m, dataAddress({ scratch: SCRATCH, threads }), { rows: n, columns: of, write }),
    error: (n) => (CHUNK + n / CHUNK + 8) * 2 ** -24,
    close: m.close,
  };
}

interface Given {
  readonly rows: number;
  readonly columns: number;
  readonly write: (row: number, to: Float32Array) => void;
}

function gramOn(m: Machine, at: number, { rows, columns, write }: Given): Float32Array {
  const { count, panelBytes, panels, result } = sizesOf(columns);
  const width = 8 * count;
  const packed = new Float32Array(m.buffer, at, panels / 4);
  const sums = new Float32Array(m.buffer, at + panels, result / 4).fill(0);
  const row = new Float32Array(width);
  for (let from = 0; from < rows; from += CHUNK) {
    const length = Math.min(CHUNK, rows - from);
    for (let k = 0; k < length; k++) {
      write(from + k, row);
      for (let panel = 0, to = k * 8; panel < count; panel++, to += panelBytes / 4)
        for (let j = 0; j < 8; j++) packed[to + j] = row[panel * 8 + j]!;
    }
    m.run("gram", [at, panelBytes, length, CHUNK, at + panels, width * 4, count], width / 4, 2);
  }
  return mirrored(sums, width, columns);
}

/** Elements on a side of what is mirrored at a time: its lines stay in the cache. */
const TILE = 16;

/** What lies right of the diagonal on both sides of it. */
function mirrored(sums: Float32Array, width: number, n: number): Float32Array {
  const full = new Float32Array(n * n);
  for (let i = 0; i < n; i++) full.set(sums.subarray(i * width + i, i * width + n), i * n + i);
  for (let top = 0; top < n; top += TILE)
    for (let left = 0; left <= top; left += TILE)
      for (let i = top; i < Math.min(n, top + TILE); i++)
        for (let j = left; j < Math.min(i, left + TILE); j++) full[i * n + j] = full[j * n + i]!;
  return full;
}
