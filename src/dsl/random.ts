/**
 * Numbers that any program can make again: u(i) = (fmix32((fmix32(seed + 0x9E3779B9·tag) + i) mod 2³²) >> 8) · 2⁻²³ − 1,
 * evenly spread over [−1, 1), with fmix32 the finaliser of MurmurHash3.
 */

/** MurmurHash3's finaliser: every bit of the input moves every bit of the output. */
function fmix32(x: number): number {
  let h = x;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Where the numbers of a stream begin; hoist it out of loops. */
export const streamBase = (seed: number, tag: number): number => fmix32((seed + Math.imul(0x9e3779b9, tag)) | 0);

/** Number i of a stream, in [−1, 1). */
export const uniformAt = (base: number, i: number): number => (fmix32((base + i) | 0) >>> 8) * 2 ** -23 - 1;

/** u(seed, tag, i) in [−1, 1). */
export const uniform = (seed: number, tag: number, i: number): number => uniformAt(streamBase(seed, tag), i);

/** A tag for a name: its FNV-1a hash. */
export function tagOfName(name: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
