/** Products whose rows stay int8 codes with a scale each: unpacked as they are read, in the bits of unpacking them beforehand. */
import { fp16Bits, roundFp16 } from "../../dsl/number.ts";
import type { Accumulate } from "./accumulate.ts";
import { HALF } from "./code/runtime.ts";
import type { Kernel, Place } from "./kernel.ts";
import { align } from "./machine.ts";
import { biasIn, type Call, eachBatch, grain, type Product, packingOf, padded, UNSCALED } from "./product-run.ts";

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
  const { bytes } = packingOf(p);
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
  eachBatch(p, UNSCALED, call, (_, out) => {
    eachBlock(p, call, (x, tokens, width) => {
      const words = [operands[p.w.operand]!.at, p.K, x, p.K, ...call.sums, ...outOf(p, out, tokens), bias];
      machine.run(
        `codes_${width === 4 ? "1x4" : "4x1"}`,
        [...words, operands[p.scale]!.at],
        p.rows,
        grain(p.K * width, 4),
      );
    });
  });
}

/** Rows whose elements may be infinite, by way of their fp16. */
function runRows(p: CodesProduct, call: Call, begin: number): void {
  const { machine, operands, workspace } = call;
  const rows = Math.min(UNPACKED, p.rows - begin);
  const at = workspace + packingOf(p).bytes;
  unpack(new Uint16Array(machine.buffer, at, rows * p.K), operands[p.w.operand]!, operands[p.scale]!, begin, p.K);
  const bias = biasIn(p, call);
  eachBatch(p, UNSCALED, call, (_, out) => {
    eachBlock(p, call, (x, tokens, width) => {
      const from = out + begin * p.out.row * 2;
      const words = [at, 2 * p.K, x, p.K, ...call.sums, ...outOf(p, from, tokens), bias && bias + 4 * begin];
      machine.run(`gather_${width === 4 ? "1x4" : "4x1"}`, [...words, 2, 1], rows, UNPACKED);
    });
  });
}

/** The words from `out` to `wide`: where a block's results lie, from its first token on, and that they are fp16. */
const outOf = (p: Product, out: number, first: number): readonly number[] => [
  ...[out + first * p.out.token * 2, p.out.row * 2, p.out.token * 2, p.tokens - first, 0],
];

/** The address of each block's packed tokens, its first token, and how many it takes. */
function eachBlock(p: Product, { workspace }: Call, work: (x: number, first: number, width: 1 | 4) => void): void {
  const { width, blocks, blockBytes } = packingOf(p);
  for (let block = 0; block < blocks; block++) work(workspace + block * blockBytes, block * width, width);
}

function unpack(to: Uint16Array, { data: codes }: Place, { data: scales }: Place, begin: number, K: number): void {
  for (let i = 0; i < to.length; i++) {
    const scale = HALF[scales[begin + Math.floor(i / K)]!]!;
    to[i] = fp16Bits(roundFp16(scale * codes[begin * K + i]!));
  }
}
