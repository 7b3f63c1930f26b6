/**
 * Where the number of cache rows has a part in a proof. An author's graph of another number is not just this one with a
 * longer axis: a constant, a bound or a range may be another there. Such a proof is for this number of rows alone.
 */
import type { DType } from "../../../dsl/type.ts";
import type { Atom, Ix } from "../logic/indices.ts";
import type { Setting } from "../logic/setting.ts";
import type { Range } from "../logic/terms.ts";

/** Notes that what an index is asked rests on how many rows a cache has, if it runs along one. */
export function countsRows(c: Setting, i: Ix): void {
  if (!c.record.sized && runsAlongCache(c, i)) c.record.sized = true;
}

/** A million rows, so many times, are an int32. */
const MOST_TIMES = 1024;

/** Notes that it rests on how many rows there are whether a position fits a narrow type, or a multiple of one int32. */
export function countsInType(c: Setting, dtype: DType, i: Ix): void {
  if (dtype !== "int32" || i.coefs.some((k) => Math.abs(k) > MOST_TIMES)) c.record.sized = true;
}

/** Notes that how many summands there are is a number of the sum, where they are as many as a cache has rows. */
export function countsSummands(c: Setting, over: Range): void {
  if (over.kind === "interval" && (c.cacheSizes?.has(over.n) ?? false)) c.record.sized = true;
}

/** Whether an index is a cache row, or takes as many values as a cache has rows. */
function runsAlongCache(c: Setting, { atoms }: Ix): boolean {
  // A proof asks this tens of thousands of times: a closure for each costs more than the answer.
  for (const a of atoms) if (isOfCache(c, a)) return true;
  return false;
}

function isOfCache(c: Setting, a: Atom): boolean {
  switch (a.kind) {
    case "row":
    case "rest":
    // Whoever opens the reduction of a parameter brings its range, which may be that of a cache.
    case "param":
      return true;
    case "var":
    case "bound":
      return c.cacheSizes?.has(a.size) ?? false;
    case "value":
      return false;
    case "quotient":
      return runsAlongCache(c, a.of);
  }
}

/**
 * Notes it where a state of that shape is read at places that are not simply all of its rows, or those of tokens: a numbered
 * row, or a stretch of them.
 */
export function countsPlaces(c: Setting, ix: readonly Ix[], shape: readonly number[]): void {
  for (const [axis, i] of ix.entries()) {
    const size = shape[axis]!;
    if (!c.cacheSizes?.has(size)) continue;
    const [a] = i.atoms;
    const whole = i.atoms.length === 1 && i.coefs[0] === 1 && (a!.kind === "row" || (i.c === 0 && isWhole(a!, size)));
    if (!whole) c.record.sized = true;
  }
}

const isWhole = (a: Atom, size: number): boolean => "size" in a && a.size === size;
