/** Memory that elements are read into and converted in, with the code that does the common cases several at a time. */

import { brotliDecompressSync } from "node:zlib";
import { BLOCK_SCRATCH, BLOCKS_BASE64, type BlockCode, type BlockExports } from "./blocks-code.ts";

/** bf16.wat, assembled (test/weights/slab.test.ts holds the two together). */
export const CONVERT_BASE64 =
  "AGFzbQEAAAABBwFgAn9/AX8CDwEDZW52Bm1lbW9yeQIAAAMCAQAHCwEHY29udmVydAAACqgBAaUBAQJ7AkADQCAAIAFPDQEgAP0ABAAhAiAC/Qz/f/9//3//f/9//3//f/9//U4hAyAD/QyAOIA4gDiAOIA4gDiAOIA4/ZEB/QwADwAPAA8ADwAPAA8ADwAP/Tb9Uw0BIAAgAv0M/3//f/9//3//f/9//3//f/1PIAP9DAA4ADgAOAA4ADgAOAA4ADj9kQFBA/2LAf1Q/QsEACAAQRBqIQAMAAsLIAAL";
/** fp32.wat, likewise. */
export const CONVERT_FP32_BASE64 =
  "AGFzbQEAAAABBwFgAn9/AX8CDwEDZW52Bm1lbW9yeQIAAAMCAQAGDgJ/AUEAC30BQwAAAAALBx0DB3JvdW5kZWQDAAV3b3JzdAMBB2NvbnZlcnQAAArQAwHNAwEIewJAA0AgACABTw0BIABBAnT9AAQAIQIgAv0M////f////3////9/////f/1OIQMgA/0MAPB/RwDwf0cA8H9HAPB/R/0//VMNASAD/QwAAIA4AACAOAAAgDgAAIA4/TkhBiAD/Qz/DwAA/w8AAP8PAAD/DwAA/a4BIANBDf2tAf0MAQAAAAEAAAABAAAAAQAAAP1O/a4B/QwA4P//AOD//wDg//8A4P///U4hBCAD/QwAAAA/AAAAPwAAAD8AAAA//eQBIQUgAyAF/QwAAAA/AAAAPwAAAD8AAAA//eUBIAQgBv1S/eUB/eABIQcgCCAH/QwAAAAAAAAAAAAAAAAAAAAA/UT9sQEhCCAJIAf96wEhCSAAQQF0IAX9DAAAAD8AAAA/AAAAPwAAAD/9sQEgBP0MAAAAOAAAADgAAAA4AAAAOP2xAUEN/a0BIAb9UiACQRD9rQH9DACAAAAAgAAAAIAAAACAAAD9Tv1Q/QwAAAAAAAAAAAAAAAAAAAAA/YYB/VsDAAAgAEEEaiEADAALCyMAIAj9GwAgCP0bAWogCP0bAiAI/RsDampqJAAjASAJ/R8AIAn9HwGXIAn9HwIgCf0fA5eXlyQBIAAL";

/** Memory of a WASM instance, a multiple of 64 KiB; conversion happens in place. */
export interface Slab {
  readonly buffer: ArrayBuffer;
  /**
   * Converts bf16 elements [begin, end) to fp16 in place, in groups of eight, as long as fp16 holds a group as normal
   * numbers; returns the first element that is not done. `begin` and `end` are multiples of eight.
   */
  convertNormalBf16(begin: number, end: number): number;
  /**
   * Converts fp32 elements [begin, end) to fp16 in place, in groups of four, as long as fp16 holds a group; what was lost is
   * added to the tally. Returns the first element that is not done. `begin` and `end` are multiples of four.
   */
  convertFp32(begin: number, end: number, tally: RoundingTally): number;
  /** Where quantised blocks lie that become fp16 at the beginning: in bytes, behind half of the slab. */
  readonly blocksAt: number;
  /**
   * Converts so many blocks at `blocksAt` to fp16 at the beginning; what was lost is added to the tally. False, and the tally as it was,
   * where an element is not finite, or near to what fp16 cannot hold.
   */
  convertBlocks(code: BlockCode, blocks: number, tally: RoundingTally): boolean;
}

/** How many elements were rounded, and the largest difference. */
interface RoundingTally {
  rounded: number;
  worstError: number;
}

interface SlabWebAssembly {
  readonly Memory: new (size: { readonly initial: number }) => { readonly buffer: ArrayBuffer };
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: object };
}

interface Conversion {
  readonly convert: (begin: number, end: number) => number;
}

interface TallyingConversion extends Conversion {
  readonly rounded: { value: number };
  readonly worst: { value: number };
}

/** Node has it; neither TypeScript's es2023 library nor @types/node 20 declares it as a value. */
const { Memory, Module, Instance } = (globalThis as unknown as { readonly WebAssembly: SlabWebAssembly }).WebAssembly;

const PAGE = 2 ** 16;

/** What is made when it is first asked for, and kept. */
function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/** Slabs share what is compiled. */
const bf16Module = once(() => new Module(Buffer.from(CONVERT_BASE64, "base64")));
const fp32Module = once(() => new Module(Buffer.from(CONVERT_FP32_BASE64, "base64")));
const blocksModule = once(() => new Module(brotliDecompressSync(Buffer.from(BLOCKS_BASE64, "base64"))));

/** A new slab of at least so many bytes, all zero. */
export function newSlab(bytes: number): Slab {
  const memory = new Memory({ initial: Math.ceil(bytes / PAGE) });
  const { buffer } = memory;
  const instance = <E extends object>(module: () => object, more = {}): (() => E) =>
    once(() => new Instance(module(), { env: { memory, ...more } }).exports as E);
  const bf16 = instance<Conversion>(bf16Module);
  const fp32 = instance<TallyingConversion>(fp32Module);
  const blocks = instance<BlockExports>(blocksModule, { scratch: buffer.byteLength - BLOCK_SCRATCH });
  const blocksAt = 16 * Math.ceil(bytes / 32);
  return {
    buffer,
    blocksAt,
    convertNormalBf16: (begin, end) => bf16().convert(2 * begin, 2 * end) / 2,
    convertFp32(begin, end, tally) {
      const { convert, rounded, worst } = fp32();
      [rounded.value, worst.value] = [0, 0];
      const stop = convert(begin, end);
      add(tally, rounded.value, worst.value);
      return stop;
    },
    convertBlocks(code, count, tally) {
      const rounded = blocks()[code](blocksAt, count, 0);
      if (rounded >= 0) add(tally, rounded, blocks().worst.value);
      return rounded >= 0;
    },
  };
}

function add(tally: RoundingTally, rounded: number, worst: number): void {
  tally.rounded += rounded;
  tally.worstError = Math.max(tally.worstError, worst);
}
