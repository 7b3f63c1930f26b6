/** Memory that elements are read into and converted in, with the code that does the common case of bf16 eight at a time. */

/** bf16.wat, assembled (test/weights/slab.test.ts holds the two together). */
export const CONVERT_BASE64 =
  "AGFzbQEAAAABBwFgAn9/AX8CDwEDZW52Bm1lbW9yeQIAAAMCAQAHCwEHY29udmVydAAACqgBAaUBAQJ7AkADQCAAIAFPDQEgAP0ABAAhAiAC/Qz/f/9//3//f/9//3//f/9//U4hAyAD/QyAOIA4gDiAOIA4gDiAOIA4/ZEB/QwADwAPAA8ADwAPAA8ADwAP/Tb9Uw0BIAAgAv0M/3//f/9//3//f/9//3//f/1PIAP9DAA4ADgAOAA4ADgAOAA4ADj9kQFBA/2LAf1Q/QsEACAAQRBqIQAMAAsLIAAL";

/** Memory of a WASM instance, a multiple of 64 KiB; conversion happens in place. */
export interface Slab {
  readonly buffer: ArrayBuffer;
  /**
   * Converts bf16 elements [begin, end) to fp16 in place, in groups of eight, as long as fp16 holds a group as normal
   * numbers; returns the first element that is not done. `begin` and `end` are multiples of eight.
   */
  convertNormalBf16(begin: number, end: number): number;
}

interface SlabWebAssembly {
  readonly Memory: new (size: { readonly initial: number }) => { readonly buffer: ArrayBuffer };
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (
    module: object,
    imports: object,
  ) => { readonly exports: { readonly convert: (at: number, end: number) => number } };
}

/** Node has it; neither TypeScript's es2023 library nor @types/node 20 declares it as a value. */
const { Memory, Module, Instance } = (globalThis as unknown as { readonly WebAssembly: SlabWebAssembly }).WebAssembly;

const PAGE = 2 ** 16;

/** A new slab of at least so many bytes, all zero. */
export function newSlab(bytes: number): Slab {
  const memory = new Memory({ initial: Math.ceil(bytes / PAGE) });
  const { convert } = new Instance(new Module(Buffer.from(CONVERT_BASE64, "base64")), { env: { memory } }).exports;
  return { buffer: memory.buffer, convertNormalBf16: (begin, end) => convert(2 * begin, 2 * end) / 2 };
}
