/** The products of a matrix's columns with each other on the `gram` kernel (wat/gram.ts). */
import { align, dataAddress, type Machine, machine } from "./machine.ts";

/** A machine for matrices of so many rows and columns at most; `gram` gives the symmetric matrix of columns × columns in full. */
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

/** Bytes of panels and result. */
const sizesOf = (rows: number, columns: number) => {
  const count = Math.ceil(columns / 8);
  return { count, panelBytes: rows * 32, panels: align(count * rows * 32), result: 4 * (8 * count) ** 2 };
};

/** Allocates for matrices up to that size. */
export function gramMachine(rows: number, columns: number, threads: number): GramMachine {
  const { panels, result } = sizesOf(rows, columns);
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
  const { count, panelBytes, panels, result } = sizesOf(rows, columns);
  const width = 8 * count;
  const packed = new Float32Array(m.buffer, at, (count * panelBytes) / 4);
  const sums = new Float32Array(m.buffer, at + panels, result / 4).fill(0);
  const row = new Float32Array(width);
  for (let k = 0; k < rows; k++) {
    write(k, row);
    for (let panel = 0; panel < count; panel++) {
      const to = panel * rows * 8 + k * 8;
      for (let j = 0; j < 8; j++) packed[to + j] = row[panel * 8 + j]!;
    }
  }
  m.run("gram", [at, panelBytes, rows, CHUNK, at + panels, width * 4, count], width / 4, 2);
  const full = new Float32Array(columns * columns);
  for (let i = 0; i < columns; i++)
    for (let j = i; j < columns; j++) {
      const x = sums[i * width + j]!;
      full[i * columns + j] = x;
      full[j * columns + i] = x;
    }
  return full;
}
