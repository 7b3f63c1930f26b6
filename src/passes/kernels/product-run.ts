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
/** A product is turned round only when its packed rows take no more than this many bytes; so many are packed of several batches. */
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
    workspace: Math.max(packedBytes(p), turns ? packedBytes(other) : 0),
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

/** A batch of a product that is packed: where its matrix, its packed tokens and its results lie. */
export interface PackedBatch {
  readonly w: number;
  readonly x: number;
  readonly out: number;
}

/** How many batches are packed at a time: as many as have room. */
const batchesAtOnce = (p: Product): number =>
  Math.max(1, Math.min(p.batches.length, Math.floor(MAX_PACKED / packingOf(p).bytes)));

/** Bytes of workspace for the packed tokens of a group of batches. */
export const packedBytes = (p: Product): number => batchesAtOnce(p) * packingOf(p).bytes;

/** Packs the tokens of batches, those that several have in common once, and hands them on together. */
export function eachGroup(
  p: Product,
  scale: number,
  call: Call,
  work: (batches: readonly PackedBatch[]) => void,
): void {
  const { machine, operands, workspace, half } = call;
  const { width, blocks, used, bytes: room } = packingOf(p);
  const bytes = half ? 2 : 4;
  const [w, x] = [operands[p.w.operand]!.at, operands[p.x.operand]!.at];
  const most = batchesAtOnce(p);
  for (let first = 0; first < p.batches.length; first += most) {
    const packed = new Map<number, number>();
    const jobs: number[][] = [];
    const group = p.batches.slice(first, first + most).map((batch): PackedBatch => {
      const from = x + batch.x * bytes;
      const to = packed.get(from) ?? workspace + packed.size * room;
      if (!packed.has(from))
        jobs.push([from, p.x.token * bytes, p.x.k * bytes, Number(half), p.tokens, p.K, to, width, scale, to + used]);
      packed.set(from, to);
      return { w: w + batch.w * bytes, x: to, out: call.out.at + batch.out * bytes };
    });
    machine.runAll("pack", jobs, blocks, grain(p.K * width * 8, 1));
    work(group);
  }
}

function mix(p: Product, call: Call): void {
  const { blocks, blockBytes, used } = packingOf(p);
  const groups = p.rows / 8;
  eachGroup(p, SCALED, call, (batches) => {
    const jobs = batches.map(({ w, x, out }) => {
      return [x, blockBytes, x + used, w, p.w.k * 2, groups, out, p.out.token * 2, p.tokens];
    });
    call.machine.runAll("mix", jobs, blocks * groups, grain(p.K * 32, 1));
  });
}

function dot(p: Product, how: "dot" | "gather", call: Call): void {
  const { machine, half, sums } = call;
  const { width, blocks, blockBytes } = packingOf(p);
  const bytes = half ? 2 : 4;
  const biasAt = biasIn(p, call);
  eachGroup(p, how === "dot" ? SCALED : UNSCALED, call, (batches) => {
    const jobs = batches.flatMap(({ w, x, out }) =>
      Array.from({ length: blocks }, (_, block) => [
        ...[w, p.w.row * bytes, x + block * blockBytes, p.K, ...sums],
        ...[out + block * width * p.out.token * bytes, p.out.row * bytes, p.out.token * bytes],
        ...[p.tokens - block * width, Number(!half), biasAt, p.w.k * bytes, Number(half)],
      ]),
    );
    machine.runAll(`${how}_${width === 4 ? "1x4" : "4x1"}`, jobs, p.rows, grain(p.K * width, 4));
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
