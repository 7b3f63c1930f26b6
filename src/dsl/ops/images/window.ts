/** Windows that walk along spatial axes, and numbers that depend on the place along one. */
import { type Algebra, type Index, reduceOver, type Scalar } from "../../algebra.ts";

/** How one spatial axis is walked: input position = stride · output + tap − before. */
export interface Window {
  readonly size: number;
  readonly taps: number;
  readonly stride: number;
  readonly before: number;
  readonly after: number;
  /** How many windows there are. */
  readonly count: number;
}

/**
 * A reduction over the taps of a window on each axis; `outside` stands for taps in the padding, or beyond. Windows at the
 * ends of an axis are told from those that lie inside by their place, so that no tap of these is asked where it lies.
 */
export function reduceWindows(
  m: Algebra,
  how: "sum" | "max",
  windows: readonly Window[],
  place: readonly Index[],
  { inside, outside }: { inside(at: readonly Index[]): Scalar; readonly outside: number },
): Scalar {
  const from = (axis: number, placed: readonly Placed[]): Scalar => {
    const window = windows[axis];
    if (window) return placeWindow(m, window, place[axis]!, (begin) => from(axis + 1, [...placed, begin]));
    const taps = windows.map((w) => w.taps);
    return reduceOver(m, how, taps, (ks) => tapAt(m, windows, placed, ks, inside, () => m.num(outside)));
  };
  return from(0, []);
}

/** Where a window begins, and whether all its taps are elements of x. */
interface Placed {
  readonly begin: Index;
  readonly isInside: boolean;
}

function placeWindow(
  m: Algebra,
  { size, taps, stride, before, count }: Window,
  i: Index,
  then: (at: Placed) => Scalar,
): Scalar {
  const beginOf = (k: number) => k * stride - before;
  const inside = Array.from({ length: count }, (_, k) => k).filter((k) => beginOf(k) >= 0 && beginOf(k) + taps <= size);
  const [first = count, within] = [inside[0], inside.length];
  const insideAt = (rest: Index) =>
    then({ begin: m.plus(m.times(rest, stride), m.index(beginOf(first))), isInside: true });
  if (within === count) return insideAt(i);
  const at = (k: number) => then({ begin: m.index(beginOf(k)), isInside: false });
  const ends = (n: number) => new Array<number>(n).fill(1);
  const sizes = [...ends(first), ...(within > 0 ? [within] : []), ...ends(count - first - within)];
  return m.piece(i, sizes, (n, rest) => {
    if (within > 0 && n === first) return insideAt(rest);
    return at(n > first ? n + Math.max(within - 1, 0) : n);
  });
}

function tapAt(
  m: Algebra,
  windows: readonly Window[],
  placed: readonly Placed[],
  ks: readonly Index[],
  inside: (at: readonly Index[]) => Scalar,
  outside: () => Scalar,
): Scalar {
  const [first, ...rest] = placed;
  if (!first) return inside([]);
  const position = m.plus(first.begin, ks[0]!);
  const further = (i: Index) => tapAt(m, windows.slice(1), rest, ks.slice(1), (at) => inside([i, ...at]), outside);
  return first.isInside ? further(position) : m.within(position, m.index(0), windows[0]!.size, 1, further, outside);
}

/** The number that a list holds for a place: a case distinction on runs of equal ones. */
export function byRuns(m: Algebra, i: Index, values: readonly number[]): Scalar {
  const starts = values.flatMap((value, k) => (k === 0 || value !== values[k - 1] ? [k] : []));
  if (starts.length === 1) return m.num(values[0]!);
  const sizes = starts.map((start, k) => (starts[k + 1] ?? values.length) - start);
  return m.piece(i, sizes, (k) => m.num(values[starts[k]!]!));
}
