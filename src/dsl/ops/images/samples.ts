/** Samples along the last axes: each one element, or mixed of two neighbours of each axis. */
import type { Algebra, Index, Read, Scalar } from "../../algebra.ts";
import { type Grid, gridOf, nearestOf, type SamplingMode } from "./grid.ts";
import { byRuns } from "./window.ts";

/** Every sample is one element; `sizes` are those of the last axes. */
export function nearest(m: Algebra, x: Read, sizes: readonly number[]): (ix: readonly Index[]) => Scalar {
  const count = sizes.length;
  const along = x.shape.slice(-count).map((n, k) => ({ n, places: nearestOf(n, sizes[k]!) }));
  return (ix) =>
    x.at(...ix.slice(0, -count), ...along.map(({ n, places }, k) => placeOf(m, ix.at(k - count)!, places, n)));
}

/** The place that a list of known ones holds: a whole number of samples for each element needs no list. */
function placeOf(m: Algebra, i: Index, places: readonly number[], size: number): Index {
  const times = places.length / size;
  if (Number.isInteger(times)) return m.reindex([i], [places.length], [size, times])[0]!;
  return m.indexOf(byRuns(m, i, places), size);
}

/** Every sample mixes two neighbours of each of the last axes, those of the innermost first; `sizes` are theirs. */
export function linear(
  m: Algebra,
  x: Read,
  sizes: readonly number[],
  mode: SamplingMode,
): (ix: readonly Index[]) => Scalar {
  const count = sizes.length;
  const grids = x.shape.slice(-count).map((n, k) => ({ n, grid: gridOf(mode, n, sizes[k]!) }));
  return (ix) => {
    const along = (k: number, places: readonly Index[]): Scalar => {
      const axis = grids[k];
      if (axis === undefined) return x.at(...ix.slice(0, -count), ...places);
      return mixed(m, axis.grid, ix.at(k - count)!, axis.n, (place) => along(k + 1, [...places, place]));
    };
    return along(0, []);
  };
}

function mixed(m: Algebra, { low, high, share }: Grid, i: Index, size: number, at: (place: Index) => Scalar): Scalar {
  const first = at(m.indexOf(byRuns(m, i, low), size));
  if (share.every((part) => part === 0)) return first;
  const part = byRuns(m, i, share);
  const second = at(m.indexOf(byRuns(m, i, high), size));
  return m.add(m.mul(m.sub(m.num(1), part), first), m.mul(part, second));
}
