/** Where each value of a plan lives: addresses in one arena, reused as soon as a value is not needed any more. */

/** A block of memory that is needed from one step to another. */
export interface Request {
  readonly bytes: number;
  /** Steps at which it is first written and last read. */
  readonly from: number;
  readonly to: number;
}

/** Requests that are alive at one time do not overlap. */
export interface Layout {
  /** Offset of each request in the arena, in their order. */
  readonly offsets: readonly number[];
  /** Size of the arena. */
  readonly bytes: number;
}

/** Lays requests out, each at the lowest offset that is free all its life. */
export function layOut(requests: readonly Request[]): Layout {
  const offsets = new Array<number>(requests.length).fill(0);
  const placed: number[] = [];
  let bytes = 0;
  // Large ones first: small ones then fill the gaps, and the arena ends close to the largest sum of live bytes.
  const order = requests.map((_, n) => n).sort((a, b) => requests[b]!.bytes - requests[a]!.bytes || a - b);
  for (const n of order) {
    const { bytes: size, from, to } = requests[n]!;
    const overlapping = placed.filter((m) => requests[m]!.from <= to && from <= requests[m]!.to);
    let offset = 0;
    for (const m of overlapping.sort((a, b) => offsets[a]! - offsets[b]!)) {
      if (offset + size <= offsets[m]!) break;
      offset = Math.max(offset, offsets[m]! + requests[m]!.bytes);
    }
    offsets[n] = offset;
    placed.push(n);
    bytes = Math.max(bytes, offset + size);
  }
  return { offsets, bytes };
}
