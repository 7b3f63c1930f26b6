/** Which axes of one shape are which of another, in row-major order: worked out once for two shapes, and used at each index. */
import type { Shape } from "../../../dsl/type.ts";
import { stridesOf } from "../../interpret/array.ts";

/** Neighbouring axes of both shapes with as many elements; none of its parts is one. */
export interface Group {
  /** Its first axis of the first shape, and the strides of its axes there. */
  readonly begin: number;
  readonly from: readonly number[];
  readonly to: readonly { readonly size: number; readonly stride: number }[];
  /** The one axis among neighbours of size 1, on both sides: its index lies in it, whatever is known of its range. */
  readonly only?: number;
}

const known = new WeakMap<Shape, WeakMap<Shape, readonly Group[]>>();

/** The groups of two shapes with as many elements. */
export function groupsOf(from: Shape, to: Shape): readonly Group[] {
  const of = known.get(from) ?? new WeakMap<Shape, readonly Group[]>();
  known.set(from, of);
  const groups = of.get(to) ?? grouped(from, to);
  of.set(to, groups);
  return groups;
}

function grouped(from: Shape, to: Shape): readonly Group[] {
  const groups: Group[] = [];
  let [i, j] = [0, 0];
  // What is left of `from` when `to` is used up has size 1.
  while (j < to.length) {
    const [i0, j0] = [i, j];
    let [m, n] = [from[i++] ?? 1, to[j++] ?? 1];
    while (m !== n) {
      if (m < n) m *= from[i++] ?? 1;
      else n *= to[j++] ?? 1;
    }
    groups.push(group(i0, from.slice(i0, i), to.slice(j0, j)));
  }
  return groups;
}

function group(begin: number, from: Shape, to: Shape): Group {
  const [axis, ...others] = from.flatMap((n, k) => (n === 1 ? [] : [k]));
  const alone = axis !== undefined && others.length === 0 && to.filter((n) => n !== 1).length === 1;
  const steps = stridesOf(to);
  return {
    begin,
    from: stridesOf(from),
    to: to.map((size, k) => ({ size, stride: steps[k]! })),
    ...(alone ? { only: begin + axis } : {}),
  };
}
