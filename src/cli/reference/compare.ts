/** How far what a graph gives is from a reference: token by token, and of states cache row by cache row. */
import { tokenAxisOf } from "../../dsl/host/output-rows.ts";
import { slotAxisOf } from "../../dsl/host/slots.ts";
import { meet } from "../../dsl/host/twins.ts";
import { isFloat } from "../../dsl/type.ts";
import { type NDArray, rowOf } from "../../passes/interpret/array.ts";
import { toNDArray } from "../../passes/kernels/raw.ts";
import { distance } from "../../passes/parity/metrics.ts";
import type { RawResults } from "../../passes/run/run.ts";
import type { Arrays } from "../../weights/safetensors/arrays.ts";
import type { OpenPair } from "../subject/pair.ts";
import type { ReferenceCall } from "./values.ts";

/** One row of a value against the same row of the reference. */
export interface ReferenceRow {
  readonly value: string;
  /** What the row is of: a token of an output, a row of a cache, or all of it. */
  readonly of: { readonly kind: "token" | "cache row"; readonly at: number } | { readonly kind: "whole" };
  /**
   * ‖ours − theirs‖ / ‖theirs‖, or over ‖theirs − x‖ where that is more: x is the input of the output's shape, and a residual would
   * hide the layer.
   */
  readonly relativeL2: number;
  /** 1 − cos. */
  readonly cosine: number;
  readonly worstOverRms: number;
  /** `zero`: both are zero (or both are x), which says nothing. */
  readonly verdict: "within" | "beyond" | "not finite" | "zero";
}

/** Every row that the reference has. */
export function referenceRows(
  pair: OpenPair,
  call: ReferenceCall,
  results: RawResults,
  within: number,
): readonly ReferenceRow[] {
  const { tokens, slots } = meet(pair.block, pair.step, pair.given);
  const ofOutputs = [...call.outputs].flatMap(([value, theirs]) => {
    const [ours, twin] = [results.outputs[value]!, pair.step.outputs[value]];
    const found = twin ? tokenAxisOf(pair.block.outputs[value]!, twin, tokens) : undefined;
    const axis = typeof found === "number" ? found : undefined;
    const x = residualOf(call.entry, pair, theirs);
    return rowsOf({ value, kind: "token", axis, within, exact: !isFloat(ours.dtype) }, toNDArray(ours), theirs, x);
  });
  const ofStates = [...call.states].flatMap(([value, theirs]) => {
    const ours = results.states[value]!;
    const axis = slots === undefined ? undefined : slotAxisOf(ours.shape, slots);
    return rowsOf({ value, kind: "cache row", axis, within, exact: !isFloat(ours.dtype) }, toNDArray(ours), theirs);
  });
  return [...ofOutputs, ...ofStates];
}

/** The only input of the output's shape: what the graph adds to it is compared as well. */
function residualOf(entry: Arrays, { block }: OpenPair, { shape }: NDArray): NDArray | undefined {
  const same = block.inputs.filter(({ type }) => isFloat(type.dtype) && type.shape.join() === shape.join());
  return same.length === 1 ? toNDArray(entry[same[0]!.name ?? ""]!) : undefined;
}

interface Compared {
  readonly value: string;
  readonly kind: "token" | "cache row";
  readonly axis: number | undefined;
  readonly within: number;
  /** Whole numbers are near to nothing but themselves. */
  readonly exact: boolean;
}

function rowsOf(
  { value, kind, axis, within, exact }: Compared,
  ours: NDArray,
  theirs: NDArray,
  x?: NDArray,
): readonly ReferenceRow[] {
  const count = axis === undefined ? 1 : ours.shape[axis]!;
  return Array.from({ length: count }, (_, at): ReferenceRow => {
    const [a, b] = [rowOf(ours, axis, at), rowOf(theirs, axis, at)];
    const base = x && rowOf(x, axis, at);
    // Of the row itself too: what merely has the shape of x may be small beside it.
    const pairs: readonly Pair[] = base
      ? [
          [a, b],
          [minus(a, base), minus(b, base)],
        ]
      : [[a, b]];
    const measured = pairs.map(([one, other]) => distance(one, other));
    const { relativeL2, cosine, worstOverRms } = measured.reduce((far, one) =>
      one.relativeL2 > far.relativeL2 ? one : far,
    );
    const near = exact ? measured[0]!.equal : measured.every((one) => one.relativeL2 <= within);
    const isZero = pairs.some((rows) => rows.every((row) => row.every((n) => n === 0)));
    const verdict = !a.every(Number.isFinite) ? "not finite" : isZero ? "zero" : near ? "within" : "beyond";
    const of = axis === undefined ? ({ kind: "whole" } as const) : ({ kind, at } as const);
    return { value, of, relativeL2, cosine, worstOverRms, verdict };
  });
}

type Pair = readonly [ours: Float64Array, theirs: Float64Array];

const minus = (a: Float64Array, x: Float64Array): Float64Array => a.map((n, i) => n - x[i]!);
