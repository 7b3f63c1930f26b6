/** Memory that elements are read into and converted in, with the code that does the common cases several at a time. */
import { once } from "../../dsl/once.ts";
import { assembled, Instance, Memory, PAGE } from "../assembled.ts";
import { BLOCK_SCRATCH, BLOCKS_BASE64, type BlockCode, type BlockExports } from "./blocks-code.ts";

/** bf16.wat, assembled, as Brotli (test/weights/slab.test.ts holds the two together). */
export const CONVERT_BASE64 =
  "oQARAPFIsGNcNmCbl2A8i1k1prt3IRImM/eTGBHHPsISF1lV2EpRo1GJna639f8hvzS7kDSMGiVJKAomPDaBJAImb+m2fkB93uc8i2als4GmiWWBl9GAAk236To8fIKITTIQH2J6eSQAVmzCRz5O7PWVr1anL09uct98ZYC7gbmavbKP8jOHAFDONz0/UTpHtrMHZ75dvwBLn25fpD8GVAHQtUU3kaPeBIxkk4UFgnnpC3Bmn7yl4nwPTCP17a7Nq1GKhpo52hr9dMiUsc/50dp8L9ASAbbHn0j7Ve0wpfIf6Y/W814gOK4yIGSQLEz4/+pq2ZoTOutCte8qKSOg3wQqDoSoYyWjnOllEBxUUqkaPvoNrQau4mSs95QpByJT431QFGQQ6Dd2CRWU1W4Z";
/** fp32.wat, likewise. */
export const CONVERT_FP32_BASE64 =
  "oTgRAPE4sBu+Bs0Eig+Dw3jP/3c/vS8pkR+9nNaITrUZOpbAlKoJW6NGSpCQrFiYez7MDVByvQj431s8wIHhcdPe111dYFlgvSgMv/AESzMI08CCf2/tmS6pZIdPM6brmNnbEACSlGkTggRTFLuweZio8I4BrBEkCiaIR/ZCugEgm2wz+ZdEi3hPZyvJRv0PkHlWHpTUmanbuqIymBfFm30icEaLuSiKgj3igFNlDv+h32ascTQv4gGNKgM73SwUFQGveKP6PK+ZEwDWc4A3E+Elipg44JJlhxpt/HCtaqtf+9TocISffHGrp8scTsce3m96+u1f7hUv+0+Se6GsqoEhquHJRi1fKgyhAQJjayj76SuOWUDhY6uOHLLZMppiSwRZHd4Q7OpdViiLPjsASNO9Idim24oIZAE=";

/** Memory of a WASM instance, a multiple of 64 KiB; conversion happens in place. */
export interface Slab {
  readonly buffer: ArrayBuffer;
  /**
   * Converts bf16 elements [begin, end) to fp16 in place, in groups of eight, as long as fp16 holds a group; what was lost is
   * added to the tally. Returns the first element that is not done. `begin` and `end` are multiples of eight.
   */
  convertBf16(begin: number, end: number, tally: RoundingTally): number;
  /** The same of fp32 elements, in groups of four. */
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

interface Conversion {
  readonly convert: (begin: number, end: number) => number;
  readonly rounded: { value: number };
  readonly worst: { value: number };
}

/** Slabs share what is compiled. */
const bf16Module = assembled(CONVERT_BASE64);
const fp32Module = assembled(CONVERT_FP32_BASE64);
const blocksModule = assembled(BLOCKS_BASE64);

/** A new slab of at least so many bytes, all zero. */
export function newSlab(bytes: number): Slab {
  const memory = new Memory({ initial: Math.ceil(bytes / PAGE) });
  const { buffer } = memory;
  const instance = <E extends object>(module: () => object, more = {}): (() => E) =>
    once(() => new Instance(module(), { env: { memory, ...more } }).exports as E);
  const bf16 = instance<Conversion>(bf16Module);
  const fp32 = instance<Conversion>(fp32Module);
  const blocks = instance<BlockExports>(blocksModule, { scratch: buffer.byteLength - BLOCK_SCRATCH });
  const blocksAt = 16 * Math.ceil(bytes / 32);
  return {
    buffer,
    blocksAt,
    convertBf16: (begin, end, tally) => converted(bf16(), 2 * begin, 2 * end, tally) / 2,
    convertFp32: (begin, end, tally) => converted(fp32(), begin, end, tally),
    convertBlocks(code, count, tally) {
      const rounded = blocks()[code](blocksAt, count, 0);
      if (rounded >= 0) add(tally, rounded, blocks().worst.value);
      return rounded >= 0;
    },
  };
}

function converted({ convert, rounded, worst }: Conversion, begin: number, end: number, tally: RoundingTally): number {
  [rounded.value, worst.value] = [0, 0];
  const stop = convert(begin, end);
  add(tally, rounded.value, worst.value);
  return stop;
}

function add(tally: RoundingTally, rounded: number, worst: number): void {
  tally.rounded += rounded;
  tally.worstError = Math.max(tally.worstError, worst);
}
