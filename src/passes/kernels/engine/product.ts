/** Matrix products on the engine's accumulator: sums by the fixed-point kernels, then bias and rounding, and the limit where it is near. */

import { LSB, leaving } from "../../engine/multiply-add.ts";
import { halfBits } from "../code/runtime.ts";
import type { Kernel, Place } from "../kernel.ts";
import { align } from "../machine.ts";
import { grain, type Product, packingOf, padded } from "../product-run.ts";
import { decodedByBits, inSequence, leastByBits, leavingBits, startOfBits } from "./fixed-point.ts";
import { NO_TALLY, type Tally, type TellTally } from "./tally.ts";

/** The sum of magnitudes is itself rounded, by less than a thousandth for any K that fits: below half the limit a sum is within it. */
const SURE = 2 ** 30;

/** Offsets in the workspace: packed tokens of all blocks, what their elements are lost below, and the results of one block. */
interface Room {
  readonly width: 1 | 4;
  readonly blocks: number;
  readonly blockBytes: number;
  readonly least: number;
  readonly results: number;
  readonly resultBytes: number;
}

function roomOf(p: Product): Room {
  const { width, blocks, blockBytes } = packingOf(p);
  const least = align(blocks * blockBytes);
  // A tile of four rows at the end stores four results, however many rows are left.
  const resultBytes = align(4 * width * (p.rows + 3));
  return { width, blocks, blockBytes, least, results: 2 * least, resultBytes };
}

/** The kernel of a product of fp16 operands. */
export function engineProduct(p: Product, tally: TellTally | undefined): Kernel {
  const room = roomOf(p);
  return {
    workspace: room.results + 3 * room.resultBytes,
    scratch: Math.max(1024, 64 + 8 * padded(p.K)),
    run(machine, out, operands, workspace) {
      const call: Call = { p, room, out, operands, workspace, buffer: machine.buffer };
      const kernel = `fixed${p.w.k === 1 ? "" : "_gather"}_${room.width === 4 ? "1x4" : "4x1"}`;
      let [counts, packed] = [NO_TALLY, -1];
      for (const batch of p.batches) {
        if (batch.x !== packed) pack(call, batch.x);
        packed = batch.x;
        const w = operands[p.w.operand]!.at + 2 * batch.w;
        for (let block = 0; block < room.blocks; block++) {
          const [x, least] = [workspace, workspace + room.least].map((at) => at + block * room.blockBytes) as [
            number,
            number,
          ];
          const results = [0, 1, 2].map((n) => workspace + room.results + n * room.resultBytes);
          const words = [w, 2 * p.w.row, 2 * p.w.k, x, least, p.K, ...results];
          machine.run(kernel, words, p.rows, grain(4 * p.K * room.width, 4));
          counts = finish(call, batch, block * room.width, counts);
        }
      }
      tally?.({ ...counts, products: p.batches.length * p.rows * p.tokens * p.K });
    },
  };
}

interface Call {
  readonly p: Product;
  readonly room: Room;
  readonly out: Place;
  readonly operands: readonly Place[];
  readonly workspace: number;
  readonly buffer: ArrayBufferLike;
}

/** Tokens as [block][K/8][width][8], in units of the accumulator, zeros behind K and behind the last token. */
function pack({ p, room, operands, workspace, buffer }: Call, from: number): void {
  const { data } = operands[p.x.operand]!;
  const { width, blocks, blockBytes } = room;
  const values = new Float32Array(buffer, workspace, (blocks * blockBytes) / 4);
  const least = new Float32Array(buffer, workspace + room.least, values.length);
  const [decoded, leasts] = [decodedByBits(), leastByBits()];
  values.fill(0);
  for (let token = 0; token < p.tokens; token++) {
    const to = Math.floor(token / width) * (blockBytes / 4) + (token % width) * 8;
    const at = from + token * p.x.token;
    for (let k = 0; k < p.K; k++) {
      const bits = data[at + k * p.x.k]!;
      const place = to + (k >> 3) * 8 * width + (k & 7);
      values[place] = decoded[bits]! * LSB;
      least[place] = leasts[bits]!;
    }
  }
}

/** Bias, limit and rounding for the tokens of a block, from `first` on. */
function finish(
  { p, room, out, operands, workspace, buffer }: Call,
  batch: Product["batches"][number],
  first: number,
  before: Tally,
): Tally {
  const [w, x, bias] = [
    operands[p.w.operand]!.data,
    operands[p.x.operand]!.data,
    p.bias === undefined ? undefined : operands[p.bias]!.data,
  ];
  const count = room.width * p.rows;
  const [sums, lostOf] = [0, 2].map(
    (n) => new Int32Array(buffer, workspace + room.results + n * room.resultBytes, count),
  ) as [Int32Array, Int32Array];
  const magnitudes = new Float32Array(buffer, workspace + room.results + room.resultBytes, count);
  const live = Math.min(room.width, p.tokens - first);
  let { lost, overflowed, mayOverflow } = before;
  for (let row = 0; row < p.rows; row++) {
    const start = bias ? startOfBits(bias[row]!) : 0;
    const wAt = batch.w + row * p.w.row;
    for (let t = 0; t < live; t++) {
      const [cell, xAt] = [row * room.width + t, batch.x + (first + t) * p.x.token];
      const to = batch.out + row * p.out.row + (first + t) * p.out.token;
      lost += lostOf[cell]!;
      if (magnitudes[cell]! + Math.abs(start) + p.K < SURE) {
        out.data[to] = leavingBits(sums[cell]! + start);
        continue;
      }
      const again = inSequence(
        start,
        p.K,
        (k) => x[xAt + k * p.x.k]!,
        (k) => w[wAt + k * p.w.k]!,
      );
      out.data[to] = halfBits(leaving(again.sum) + 0);
      overflowed += Number(!Number.isFinite(again.sum));
      mayOverflow += Number(again.mayOverflow);
    }
  }
  return { ...before, lost, overflowed, mayOverflow };
}
