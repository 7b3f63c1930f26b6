/** The common case of int8.wat: rows of finite fp16 to codes, in memory of its own. quantise.ts has the meaning. */
import { assembled, Instance, Memory, PAGE } from "../assembled.ts";

/** int8.wat, assembled, as Brotli (test/weights/slab.test.ts holds the two together). */
export const INT8_BASE64 =
  "oTgbAPAssBuuC8oQWXKx+aU/Pi6Kmd//fu3OfLF5u0jC30RK02ahiNtbLJPJRBKh0ihN/fTP0vN1m7kguASW9ONRKBkEJE/PGfopVwaQ9E/cTLuAskDTROL2eWDp2DZtzh/nE+Pfog8Y/gB7g3+MH+zNXV0eVl643YSWr7cxvDpPAKjAQ+wcuSHfObcPLpI3vrARnvQVA57HoLDGP+qADbJ5FjXnvels1UOYMb5H0c1eA/F3DX9ndRyU/gV8gcnRrgUaWptRXi1eiwV+DdlgIZFL2bWlejqnkrGpmFE8yDIb8DKPl/KEiVpFIJCCUxAJ4l1BxB6oIvwgzeLEFYMPqsG+SWaXbvQ7X1StaQK0dPauZkcA/TGbkhkNHInbTp0GCWyfCm+YhabkeWg1+aVccFs+Kzz1JEBps+2ZIhLLeALB7UUuwH8bnN4dg2ss/sG+HmPZL6ybqyl0xQpDKz/13huv9wKsAPRMrQ8DE03EAk/GpYEnDqC+JK2CF62ITzyjnDw/BIJjkNk1DRKTRPFgv7olXZ+UdA2ZPyGTTTFA0R8UU5GwaAM=";

/** Rows that lie one behind another, loaded into the code's memory. */
export interface LoadedRows {
  /** Of elements [begin, begin + count) the largest magnitude, as fp16 bits. */
  largest(begin: number, count: number): number;
  /** Writes the codes of those elements, which are finite, for a scale; they are in `codes` then. Returns Σ w² and Σ (w − s·q)². */
  quantise(begin: number, count: number, scale: number): readonly [squares: number, errors: number];
  /** As many as elements; valid until other rows are loaded. */
  readonly codes: Int8Array;
}

interface Int8Code {
  largest(at: number, count: number): number;
  quantise(at: number, count: number, to: number, scale: number): void;
  readonly squares: { readonly value: number };
  readonly errors: { readonly value: number };
}

const int8Module = assembled(INT8_BASE64);

/** Elements that one step of the code takes. */
export const GROUP = 8;

/** Code with room for some rows, which grows where there are more. `count` of its calls is a multiple of `GROUP`. */
export function int8Code(): (bits: Uint16Array) => LoadedRows {
  const memory = new Memory({ initial: 1 });
  const code = new Instance(int8Module(), { env: { memory } }).exports as Int8Code;
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
