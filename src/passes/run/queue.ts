/** A queue that gives the cheapest item first: a binary heap. */

/** What waits. An item that became cheaper is added again; whoever takes it knows it by its turn. */
export interface Offer<X> {
  readonly item: X;
  readonly cost: number;
  /** Decides between equal costs: the lower comes first. */
  readonly turn: number;
}

/** Items by cost. */
export interface Queue<X> {
  add(offer: Offer<X>): void;
  /** The cheapest, taken out; undefined when none is left. */
  take(): Offer<X> | undefined;
}

/** An empty queue. */
export function newQueue<X>(): Queue<X> {
  const heap: Offer<X>[] = [];
  const before = (a: number, b: number) =>
    heap[a]!.cost < heap[b]!.cost || (heap[a]!.cost === heap[b]!.cost && heap[a]!.turn < heap[b]!.turn);
  const swap = (a: number, b: number) => {
    [heap[a], heap[b]] = [heap[b]!, heap[a]!];
  };
  return {
    add(offer) {
      heap.push(offer);
      for (let at = heap.length - 1; at > 0; ) {
        const parent = (at - 1) >> 1;
        if (!before(at, parent)) return;
        swap(at, parent);
        at = parent;
      }
    },
    take() {
      if (heap.length === 0) return undefined;
      swap(0, heap.length - 1);
      const first = heap.pop();
      for (let at = 0; ; ) {
        const children = [2 * at + 1, 2 * at + 2].filter((n) => n < heap.length);
        const least = children.reduce((a, b) => (before(b, a) ? b : a), at);
        if (least === at) return first;
        swap(at, least);
        at = least;
      }
    },
  };
}
