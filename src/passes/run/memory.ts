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

/** Laying requests out closely looks at all pairs of them: of more than this many, the largest. */
const CLOSELY = 2048;

/** Lays requests out: the largest closely, and behind them the others in the order of time. */
export function layOut(requests: readonly Request[], closely = CLOSELY): Layout {
  const offsets = new Array<number>(requests.length).fill(0);
  // Large ones first: small ones then fill the gaps, and the arena ends close to the largest sum of live bytes.
  const order = requests.map((_, n) => n).sort((a, b) => requests[b]!.bytes - requests[a]!.bytes || a - b);
  const end = layClosely(requests, order.slice(0, closely), offsets);
  return { offsets, bytes: layByTime(requests, order.slice(closely), offsets, end) };
}

/** Each at the lowest offset that is free all its life. Gives the end of the last. */
function layClosely(requests: readonly Request[], order: readonly number[], offsets: number[]): number {
  const placed: number[] = [];
  let bytes = 0;
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
  return bytes;
}

/** Each when it is first needed, in room of its very size that is free again, or behind all others. */
function layByTime(requests: readonly Request[], which: readonly number[], offsets: number[], begin: number): number {
  const by = (key: "from" | "to") => which.toSorted((a, b) => requests[a]![key] - requests[b]![key] || a - b);
  const ends = by("to");
  const free = new Map<number, number[]>();
  let [end, over] = [begin, 0];
  for (const n of by("from")) {
    const { bytes, from } = requests[n]!;
    for (; requests[ends[over]!]!.to < from; over++) {
      const m = ends[over]!;
      const room = free.get(requests[m]!.bytes) ?? [];
      room.push(offsets[m]!);
      free.set(requests[m]!.bytes, room);
    }
    const again = free.get(bytes)?.pop();
    offsets[n] = again ?? end;
    if (again === undefined) end += bytes;
  }
  return end;
}
