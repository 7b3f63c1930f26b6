/** The common case of int8.wat: rows of finite fp16 to codes, in memory of its own. quantise.ts has the meaning. */

/** int8.wat, assembled (test/weights/slab.test.ts holds the two together). */
export const INT8_BASE64 =
  "AGFzbQEAAAABDgJgAn9/AX9gBH9/f30AAg8BA2VudgZtZW1vcnkCAAADAwIAAQYZAnwBRAAAAAAAAAAAC3wBRAAAAAAAAAAACwcpBAdzcXVhcmVzAwAGZXJyb3JzAwEHbGFyZ2VzdAAACHF1YW50aXNlAAEK/QQCowECAX8BeyAAIAFBAXRqIQICQANAIAAgAk8NASADIAD9AAQA/Qz/f/9//3//f/9//3//f/9//U79mQEhAyAAQRBqIQAMAAsLIAMgAyAD/Q0ICQoLDA0ODwABAgMEBQYH/ZkBIQMgAyADIAP9DQQFBgcAAQIDDA0ODwgJCgv9mQEhAyADIAMgA/0NAgMAAQYHBAUKCwgJDg8MDf2ZASEDIAP9GQAL1QMCAX8JeyAAIAFBAXRqIQQgA/0TIQkCQANAIAAgBE8NASAA/QMDAEEN/asB/QwA4P+PAOD/jwDg/48A4P+P/U79DAAAgHcAAIB3AACAdwAAgHf95gEhBSAA/QMDCEEN/asB/QwA4P+PAOD/jwDg/48A4P+P/U79DAAAgHcAAIB3AACAdwAAgHf95gEhBiAFIAn95wH9av0MAAD+QgAA/kIAAP5CAAD+Qv3qAf0MAAD+wgAA/sIAAP7CAAD+wv3rASEHIAYgCf3nAf1q/QwAAP5CAAD+QgAA/kIAAP5C/eoB/QwAAP7CAAD+wgAA/sIAAP7C/esBIQggBSAF/eYBIQogCiAGIAb95gH95AEhCiALIAr9XyAKIAr9DQgJCgsMDQ4PAAECAwQFBgf9X/3wAf3wASELIAUgByAJ/eYB/eUBIQUgBiAIIAn95gH95QEhBiAFIAX95gEhDCAMIAYgBv3mAf3kASEMIA0gDP1fIAwgDP0NCAkKCwwNDg8AAQIDBAUGB/1f/fAB/fABIQ0gB/34ASAI/fgB/YUBIQUgAiAFIAX9Zf1bAwAAIAJBCGohAiAAQRBqIQAMAAsLIAv9IQAgC/0hAaAkACAN/SEAIA39IQGgJAEL";

/** Rows that lie one behind another, loaded into the code's memory. */
export interface LoadedRows {
  /** Of elements [begin, begin + count) the largest magnitude, as fp16 bits. */
  largest(begin: number, count: number): number;
  /** Writes the codes of those elements, which are finite, for a scale; they are in `codes` then. Returns Σ w² and Σ (w − s·q)². */
  quantise(begin: number, count: number, scale: number): readonly [squares: number, errors: number];
  /** As many as elements; valid until other rows are loaded. */
  readonly codes: Int8Array;
}

interface Int8WebAssembly {
  readonly Memory: new (size: {
    readonly initial: number;
  }) => { readonly buffer: ArrayBuffer; grow(pages: number): number };
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: object };
}

interface Int8Code {
  largest(at: number, count: number): number;
  quantise(at: number, count: number, to: number, scale: number): void;
  readonly squares: { readonly value: number };
  readonly errors: { readonly value: number };
}

/** Node has it; neither TypeScript's es2023 library nor @types/node 20 declares it as a value. */
const { Memory, Module, Instance } = (globalThis as unknown as { readonly WebAssembly: Int8WebAssembly }).WebAssembly;

const PAGE = 2 ** 16;
/** Elements that one step of the code takes. */
export const GROUP = 8;

/** Code with room for some rows, which grows where there are more. `count` of its calls is a multiple of `GROUP`. */
export function int8Code(): (bits: Uint16Array) => LoadedRows {
  const memory = new Memory({ initial: 1 });
  const { exports } = new Instance(new Module(Buffer.from(INT8_BASE64, "base64")), { env: { memory } });
  const code = exports as Int8Code;
  return (bits) => {
    const lacking = 3 * bits.length - memory.buffer.byteLength;
    if (lacking > 0) memory.grow(Math.ceil(lacking / PAGE));
    new Uint16Array(memory.buffer, 0, bits.length).set(bits);
    const to = 2 * bits.length;
    return {
      largest: (begin, count) => code.largest(2 * begin, count),
      quantise(begin, count, scale) {
        code.quantise(2 * begin, count, to + begin, scale);
        return [code.squares.value, code.errors.value];
      },
      codes: new Int8Array(memory.buffer, to, bits.length),
    };
  };
}
