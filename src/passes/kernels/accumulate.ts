/**
 * A model of hardware that keeps the sums of a matrix product in fp16: the sum of each chunk of `chunk` terms is formed
 * as in `laneSum` and rounded to fp16, and the chunks are added in rising order, each sum rounded to fp16. It applies to
 * conv, linear and matmul.
 */
import { roundFp16 } from "../../dsl/number.ts";
import { laneSum } from "../interpret/reading.ts";

/** The model's one parameter, and the type of its partial sums. */
export interface Accumulate {
  readonly dtype: "fp16";
  /** Terms per partial sum, a multiple of 8. */
  readonly chunk: number;
}

/** Σ term(k) by that model; what the kernels are held to. */
export function chunkSum(n: number, chunk: number, term: (k: number) => number): number {
  let total = 0;
  for (let from = 0; from < n; from += chunk) {
    const size = Math.min(chunk, n - from);
    total = roundFp16(total + roundFp16(laneSum(size, (k) => term(from + k), Math.fround)));
  }
  return total;
}
