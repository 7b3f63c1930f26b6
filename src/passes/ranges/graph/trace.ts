/** Where the elements of a value come from: through ops that move them and factors that are one number. */
import { type OpDef, operandsOf, type Tensor } from "../../../dsl/tensor.ts";
import { has } from "../../../dsl/traits.ts";
import { type Shape, sizeOf } from "../../../dsl/type.ts";
import type { Place } from "./moves.ts";

/** By element the value that it is of, its place there, and the factor. */
export interface Trace {
  readonly roots: readonly Tensor[];
  /** Which of the roots. */
  readonly root: Int32Array;
  readonly at: Int32Array;
  readonly factor: Float64Array;
  /** How often elements were rounded on the way, and by how much factors may have enlarged what an earlier rounding did. */
  readonly roundings: number;
  readonly enlarged: number;
}

/** The places of a value that is only moved. */
export type PlacesOf = (x: Tensor) => readonly Place[] | undefined;

const itself = (x: Tensor): Trace => ({
  roots: [x],
  root: new Int32Array(sizeOf(x.type.shape)),
  at: Int32Array.from({ length: sizeOf(x.type.shape) }, (_, k) => k),
  factor: new Float64Array(sizeOf(x.type.shape)).fill(1),
  roundings: 0,
  enlarged: 1,
});

/** A value whose elements are of no other is its own root. `movingOf` are the operands of an op that places are of. */
export function traceOf(x: Tensor, placesOf: PlacesOf, movingOf: (def: OpDef, x: Tensor) => readonly Tensor[]): Trace {
  const { def } = x;
  if (def.kind !== "op") return itself(x);
  if (has(def, "moves")) {
    const places = placesOf(x);
    const traces = places && movingOf(def, x).map((one) => traceOf(one, placesOf, movingOf));
    return places && traces ? joined(places, traces) : itself(x);
  }
  const scaled = scalarTimes(def, x);
  return scaled ? times(traceOf(scaled.x, placesOf, movingOf), scaled.factor) : itself(x);
}

/** x · c for a constant c of one element, and x of the result's shape. */
function scalarTimes(def: OpDef, { type }: Tensor): { readonly x: Tensor; readonly factor: number } | undefined {
  if (def.op !== "mul") return undefined;
  const [a, b] = operandsOf(def) as readonly [Tensor, Tensor];
  for (const [x, by] of [
    [a, b],
    [b, a],
  ] as const) {
    const one = by.def.kind === "const" && sizeOf(by.type.shape) === 1 ? Number(by.def.data[0]) : Number.NaN;
    if (Number.isFinite(one) && one !== 0 && sizeOf(x.type.shape) === sizeOf(type.shape)) return { x, factor: one };
  }
  return undefined;
}

const times = (trace: Trace, by: number): Trace => ({
  ...trace,
  factor: trace.factor.map((x) => x * by),
  roundings: trace.roundings + (Math.abs(by) === 1 ? 0 : 1),
  enlarged: trace.enlarged * Math.max(1, Math.abs(by)),
});

function joined(places: readonly Place[], traces: readonly Trace[]): Trace {
  const roots = [...new Set(traces.flatMap((one) => one.roots))];
  const numbers = traces.map((one) => one.roots.map((root) => roots.indexOf(root)));
  const size = places.length;
  const [root, at, factor] = [new Int32Array(size), new Int32Array(size), new Float64Array(size)];
  for (const [k, [operand, place]] of places.entries()) {
    const from = traces[operand]!;
    root[k] = numbers[operand]![from.root[place]!]!;
    at[k] = from.at[place]!;
    factor[k] = from.factor[place]!;
  }
  const most = (pick: (one: Trace) => number): number => Math.max(...traces.map(pick));
  return { roots, root, at, factor, roundings: most((one) => one.roundings), enlarged: most((one) => one.enlarged) };
}

/** The place in an operand that broadcasting gives to a place of the result. */
export function broadcastPlace(own: Shape, result: Shape): (at: number) => number {
  const sizes = [...new Array<number>(result.length - own.length).fill(1), ...own];
  return (at) => {
    let [rest, to, stride] = [at, 0, 1];
    for (let axis = result.length - 1; axis >= 0; axis--) {
      if (sizes[axis] !== 1) to += (rest % result[axis]!) * stride;
      rest = Math.floor(rest / result[axis]!);
      stride *= sizes[axis]!;
    }
    return to;
  };
}
