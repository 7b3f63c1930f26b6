/** Ways to read an array of the block as one of each call: along an axis of tokens, or as the same at every call. */
import { type Shape, sizeOf } from "../../../../dsl/type.ts";

/** Which elements of the block's array are those of a call. */
export interface RowReading {
  /** The place in the block's array of element `k` of call `token`. */
  readonly place: (token: number, k: number) => number;
  /** The axis of the block's array that tells tokens apart, if one does. */
  readonly axis?: number;
}

/** All ways to read an array of shape `block` as `tokens` arrays of shape `step`; none where their sizes do not fit. */
export function rowReadings(block: Shape, step: Shape, tokens: number): readonly RowReading[] {
  const [all, one] = [sizeOf(block), sizeOf(step)];
  if (all === one) return [{ place: (_, k) => k }];
  if (all !== one * tokens) return [];
  const differing = block.length === step.length ? block.flatMap((n, axis) => (n === step[axis] ? [] : [axis])) : [];
  if (differing.length === 1) return alongAxis(block, differing[0]!, tokens);
  return block.flatMap((n, axis) => (n === tokens ? alongAxis(block, axis, tokens) : []));
}

/** An axis holds tokens alone, or tokens and something else: either may be the outer one. */
function alongAxis(shape: Shape, axis: number, tokens: number): readonly RowReading[] {
  const n = shape[axis]!;
  const others = n / tokens;
  const inner = sizeOf(shape.slice(axis + 1));
  const at =
    (of: (token: number, other: number) => number) =>
    (token: number, k: number): number => {
      const other = Math.floor(k / inner) % others;
      return (Math.floor(k / inner / others) * n + of(token, other)) * inner + (k % inner);
    };
  const outer = { axis, place: at((token, other) => token * others + other) };
  return others === 1 ? [outer] : [outer, { axis, place: at((token, other) => other * tokens + token) }];
}
