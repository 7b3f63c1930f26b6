/**
 * Matrix products on the dot, gather and mix kernels (wat/dot.ts, wat/mix.ts), in the reference's order of sums. Which
 * of them runs depends on layout and on whether an operand is finite, and never shows in the bits.
 */
import type { Accumulate } from "./accumulate.ts";
import { HALF } from "./code/runtime.ts";
import type { Kernel, Place } from "./kernel.ts";
import { align, type Machine } from "./machine.ts";

/** out[batch, row, token] = Σₖ w[batch, row, k] · x[batch, token, k] (+ bias[row]); strides in elements. */
export interface Product {
  readonly rows: number;
  readonly tokens: number;
  readonly K: number;
  readonly w: { readonly operand: number; readonly row: number; readonly k: number };
  readonly x: { readonly operand: number; readonly token: number; readonly k: number };
  readonly out: { readonly row: number; readonly token: number };
  readonly bias?: number;
  /** Where the operands and the result of each batch begin. */
  readonly batches: readonly { readonly w: number; readonly x: number; readonly out: number }[];
}

/** fp32 bits of 2^112, the scale of packed tokens against weights widened without it (wat/half.ts). */
const SCALED = 0x77800000;
/** fp32 bits of 1. */
export const UNSCALED = 0x3f800000;
/** Multiplications worth one grain: some tens of microseconds. */
const GRAIN = 2 ** 18;
/** A product is turned round only when its packed rows take no more than this many bytes. */
const MAX_PACKED = 2 ** 23;

/** The least multiple of 8. */
export const padded = (K: number): number => Math.ceil(K / 8) * 8;
/** How many items of `cost` multiplications make a grain, a multiple of `unit`. */
export const grain = (cost: number, unit: number): number => Math.max(1, Math.round(GRAIN / cost / unit)) * unit;

/** Where a product's packed tokens lie in the workspace, and how. */
export interface Packing {
  /** Tokens of a block: one alone is worked on with four rows at a time; `mix` always takes four. */
  readonly width: 1 | 4;
  readonly blocks: number;
  readonly blockBytes: number;
  /** Offsets of the count of used k per block and of the bias; the packed tokens begin at 0. */
  readonly used: number;
  readonly bias: number;
  readonly bytes: number;
}

/** How a product's tokens are packed. */
export function packingOf(p: Product): Packing {
  const width = p.tokens === 1 && p.w.k === 1 ? 1 : 4;
  const blocks = Math.ceil(p.tokens / width);
  const blockBytes = 4 * width * padded(p.K);
  const used = align(blocks * blockBytes);
  const bias = used + align(4 * blocks);
  return { width, blocks, blockBytes, used, bias, bytes: bias + (p.bias === undefined ? 0 : align(4 * p.rows)) };
}

/** The same product with the sides in each other's place. */
const turned = (p: Product): Product => ({
  ...p,
  rows: p.tokens,
  tokens: p.rows,
  w: { operand: p.x.operand, row: p.x.token, k: p.x.k },
  x: { operand: p.w.operand, token: p.w.row, k: p.w.k },
  out: { row: p.out.token, token: p.out.row },
  batches: p.batches.map(({ w, x, out }) => ({ w: x, x: w, out })),
});

/** The kernel of a product of fp16 (`half`) or fp32 operands. */
export function productKernel(p: Product, half: boolean, accumulate: Accumulate | undefined): Kernel {
  const other = turned(p);
  const turns = p.bias === undefined && other.w.k === 1 && packingOf(other).bytes <= MAX_PACKED;
  const mixes = half && !accumulate && p.w.row === 1 && p.w.k > 1 && p.rows % 8 === 0;
  const sums = half && accumulate ? [accumulate.chunk, 1] : [padded(p.K), 0];
  return {
    workspace: Math.max(packingOf(p).bytes, turns ? packingOf(other).bytes : 0),
    // Four rows for `gather`, the lanes of `mix`, and what every kernel may use for itself.
    scratch: Math.max(1024, 64 + 16 * padded(p.K)),
    run(machine, out, operands, workspace) {
      const finite = (n: number) => {
        const { at, data, finite: known } = operands[n]!;
        return half && (known ?? machine.finite(at, data.length));
      };
      const call = { machine, out, operands, workspace, half, sums };
      if (mixes && finite(p.w.operand)) mix(p, call);
      else if (p.w.k === 1 && finite(p.w.operand)) dot(p, "dot", call);
      else if (turns && finite(other.w.operand)) dot(other, "dot", call);
      else dot(p, "gather", call);
    },
  };
}

/** One run of a product. */
export interface Call {
  readonly machine: Machine;
  readonly out: Place;
  readonly operands: readonly Place[];
  readonly workspace: number;
  readonly half: boolean;
  /** Terms per partial sum, and whether partial sums are rounded to fp16. */
  readonly sums: readonly number[];
}

/** Packs the tokens of each batch, unless they are those of the batch before, and hands on its addresses. */
export function eachBatch(p: Product, scale: number, call: Call, work: (w: number, out: number) => void): void {
  const { machine, operands, workspace, half } = call;
  const { width, blocks, used } = packingOf(p);
  const bytes = half ? 2 : 4;
  const [w, x] = [operands[p.w.operand]!.at, operands[p.x.operand]!.at];
  let packed: number | undefined;
  for (const batch of p.batches) {
    const from = x + batch.x * bytes;
    const source = [from, p.x.token * bytes, p.x.k * bytes, Number(half), p.tokens, p.K];
    if (from !== packed)
      machine.run("pack", [...source, workspace, width, scale, workspace + used], blocks, grain(p.K * width * 8, 1));
    packed = from;
    work(w + batch.w * bytes, call.out.at + batch.out * bytes);
  }
}

function mix(p: Product, call: Call): void {
  const { blocks, blockBytes, used } = packingOf(p);
  const groups = p.rows / 8;
  eachBatch(p, SCALED, call, (w, out) => {
    const packed = [call.workspace, blockBytes, call.workspace + used];
    const words = [...packed, w, p.w.k * 2, groups, out, p.out.token * 2, p.tokens];
    call.machine.run("mix", words, blocks * groups, grain(p.K * 32, 1));
  });
}

function dot(p: Product, how: "dot" | "gather", call: Call): void {
  const { machine, workspace, half, sums } = call;
  const { width, blocks, blockBytes } = packingOf(p);
  const bytes = half ? 2 : 4;
  const biasAt = biasIn(p, call);
  eachBatch(p, how === "dot" ? SCALED : UNSCALED, call, (w, out) => {
    for (let block = 0; block < blocks; block++) {
      const words = [
        ...[w, p.w.row * bytes, workspace + block * blockBytes, p.K, ...sums],
        ...[out + block * width * p.out.token * bytes, p.out.row * bytes, p.out.token * bytes],
        ...[p.tokens - block * width, Number(!half), biasAt, p.w.k * bytes, Number(half)],
      ];
      machine.run(`${how}_${width === 4 ? "1x4" : "4x1"}`, words, p.rows, grain(p.K * width, 4));
    }
  });
}

/** The address of the bias as fp32, 0 where there is none. */
export function biasIn(p: Product, { machine, operands, workspace }: Call): number {
  if (p.bias === undefined) return 0;
  const at = workspace + packingOf(p).bias;
  widenBias(machine, operands[p.bias]!, at);
  return at;
}

function widenBias(machine: Machine, bias: Place, at: number): void {
  const to = new Float32Array(machine.buffer, at, bias.data.length);
  for (let i = 0; i < to.length; i++) to[i] = bias.dtype === "fp16" ? HALF[bias.data[i]!]! : bias.data[i]!;
}
