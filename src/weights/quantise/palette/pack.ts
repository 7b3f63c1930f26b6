/** Packs small numbers into bytes piece by piece: the first in the lowest bits, and a number may lie in two bytes. */

/** Takes numbers of so many bits in order. */
export interface BitPacker {
  /** The bytes that are full now. */
  add(numbers: Uint8Array): Uint8Array;
  /** The last byte, filled up with zeros; none where all are full. */
  end(): Uint8Array;
}

/** @param bits of a number, 8 at most */
export function bitPacker(bits: number): BitPacker {
  let [held, count] = [0, 0];
  return {
    add(numbers) {
      const bytes = new Uint8Array(Math.floor((count + numbers.length * bits) / 8));
      let at = 0;
      for (let i = 0; i < numbers.length; i++) {
        held |= numbers[i]! << count;
        count += bits;
        if (count < 8) continue;
        bytes[at++] = held;
        held >>>= 8;
        count -= 8;
      }
      return bytes;
    },
    end: () => (count > 0 ? Uint8Array.of(held) : new Uint8Array(0)),
  };
}
