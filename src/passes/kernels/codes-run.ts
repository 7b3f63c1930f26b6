/** Products whose rows stay int8 codes with a scale each: unpacked as they are read, in the bits of unpacking them beforehand. */
import { fp16Bits, roundFp16 } from "../../dsl/number.ts";
import type { Accumulate } from "./accumulate.ts";
import { HALF } from "./code/runtime.ts";
import type { Kernel, Place } from "./kernel.ts";
import { align } from "./machine.ts";
import {
  biasIn,
  type Call,
  eachGroup,
  grain,
  type PackedBatch,
  type Product,
  packedBytes,
  packingOf,
  padded,
  UNSCALED,
} from "./product-run.ts";

/** A product of which operand `w` is int8 codes, row-major, and operand `scale` the fp16 scale of each of its rows. */
export interface CodesProduct extends Product {
  readonly scale: number;
}

/** The fast code takes scales up to 511 (as bits of a magnitude): no element is infinite then. */
const MOST_SCALE = 0x5ffc;
/** Rows that are unpacked at a time where a scale is larger. */
const UNPACKED = 16;

/** The kernel of such a product of fp16 vectors. */
export function codesKernel(p: CodesProduct, accumulate: Accumulate | undefined): Kernel {
  const bytes = packedBytes(p);
  return {
    workspace: bytes + align(2 * UNPACKED * p.K),
    scratch: Math.max(1024, 64 + 16 * padded(p.K)),
    run(machine, out, operands, workspace) {
      const sums = accumulate ? [accumulate.chunk, 1] : [padded(p.K), 0];
      const call = { machine, out, operands, workspace, half: true, sums };
      const scales = operands[p.scale]!.data as Uint16Array;
      if (scales.every((bits) => (bits & 0x7fff) <= MOST_SCALE)) return runCodes(p, call);
      for (let row = 0; row < p.rows; row += UNPACKED) runRows(p, call, row);
    },
  };
}

function runCodes(p: CodesProduct, call: Call): void {
  const { machine, operands } = call;
  const bias = biasIn(p, call);
  const { width } = packingOf(p);
  eachGroup(p, UNSCALED, call, (batches) => {
    const jobs = eachBlock(p, batches, ({ x, out, first }) => {
      const words = [operands[p.w.operand]!.at, p.K, x, p.K, ...call.sums, ...outOf(p, out, first), bias];
      return [...words, operands[p.scale]!.at];
    });
    machine.runAll(`codes_${width === 4 ? "1x4" : "4x1"}`, jobs, p.rows, grain(p.K * width, 4));
  });
}

/** Rows whose elements may be infinite, by way of their fp16. */
function runRows(p: CodesProduct, call: Call, begin: number): void {
  const { machine, operands, workspace } = call;
  const rows = Math.min(UNPACKED, p.rows - begin);
  const at = workspace + packedBytes(p);
  unpack(new Uint16Array(machine.buffer, at, rows * p.K), operands[p.w.operand]!, operands[p.scale]!, begin, p.K);
  const bias = biasIn(p, call);
  const { width } = packingOf(p);
  eachGroup(p, UNSCALED, call, (batches) => {
    const jobs = eachBlock(p, batches, ({ x, out, first }) => {
      const from = out + begin * p.out.row * 2;
      const words = [at, 2 * p.K, x, p.K, ...call.sums, ...outOf(p, from, first), bias && bias + 4 * begin];
      return [...words, 2, 1];
    });
    machine.runAll(`gather_${width === 4 ? "1x4" : "4x1"}`, jobs, rows, UNPACKED);
  });
}

/** The words from `out` to `wide`: where a block's results lie, from its first token on, and that they are fp16. */
const outOf = (p: Product, out: number, first: number): readonly number[] => [
  ...[out + first * p.out.token * 2, p.out.row * 2, p.out.token * 2, p.tokens - first, 0],
];

/** Of each block of each batch the parameters: by the address of its packed tokens, that of the batch's results, and its first token. */
function eachBlock(
  p: Product,
  batches: readonly PackedBatch[],
  words: (block: Pick<PackedBatch, "x" | "out"> & { readonly first: number }) => readonly number[],
): readonly (readonly number[])[] {
  const { width, blocks, blockBytes } = packingOf(p);
  return batches.flatMap(({ x, out }) =>
    Array.from({ length: blocks }, (_, block) => words({ x: x + block * blockBytes, out, first: block * width })),
  );
}

function unpack(to: Uint16Array, { data: codes }: Place, { data: scales }: Place, begin: number, K: number): void {
  for (let i = 0; i < to.length; i++) {
    const scale = HALF[scales[begin + Math.floor(i / K)]!]!;
    to[i] = fp16Bits(roundFp16(scale * codes[begin * K + i]!));
  }
}
