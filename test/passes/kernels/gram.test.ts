/** The products of a matrix's columns on the fast kernel, within the error that it promises, whatever the threads and the chunks of rows are. */
import { expect, test } from "vitest";
import { uniform } from "../../../src/dsl/random.ts";
import { CHUNK, gramMachine } from "../../../src/passes/kernels/gram-run.ts";

const SIZES = [
  [1, 1],
  [3, 8],
  [CHUNK, 20],
  [CHUNK + 1, 33],
  [3 * CHUNK + 5, 17],
] as const;

test.each([1, 2])("with %d threads", async (threads) => {
  const machine = gramMachine(33, threads);
  for (const [rows, columns] of SIZES) {
    const x = Float32Array.from({ length: rows * columns }, (_, k) => uniform(5, columns, k));
    const found = machine.gram(rows, columns, (row, to) => to.set(x.subarray(row * columns, (row + 1) * columns)));
    expect(found).toHaveLength(columns * columns);
    const exact = (i: number, j: number): number => {
      let sum = 0;
      for (let k = 0; k < rows; k++) sum += x[k * columns + i]! * x[k * columns + j]!;
      return sum;
    };
    let trace = 0;
    for (let i = 0; i < columns; i++) trace += exact(i, i);
    let worst = 0;
    for (let i = 0; i < columns; i++)
      for (let j = 0; j < columns; j++) worst = Math.max(worst, Math.abs(found[i * columns + j]! - exact(i, j)));
    expect(worst, `${rows} × ${columns}`).toBeLessThanOrEqual(machine.error(rows) * trace);
  }
  await machine.close();
});
