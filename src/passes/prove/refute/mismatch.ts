/** Where a run of the block and runs of the step give different results. */
import { outputRows } from "../../../dsl/host/output-rows.ts";
import { sizeOf } from "../../../dsl/type.ts";
import { stridesOf } from "../../interpret/array.ts";
import type { Precision } from "../../interpret/reading.ts";
import type { ProvenPair } from "../program/pair.ts";
import type { BothRuns } from "./sample.ts";

/** The first place at which a run of both graphs differs. */
export interface Mismatch {
  /** The output or state that differs. */
  readonly name: string;
  /** Token of the row; absent for a state. */
  readonly token?: number;
  readonly index: readonly number[];
  readonly block: number;
  readonly step: number;
}

/** Relative difference in fp64 that reordering alone does not make. */
const FP64_NOISE = 1e-9;

/** The first difference of a run; undefined when there is none, or when a result is not finite (P7). */
export function mismatch(
  { block, step: single, tokens }: ProvenPair,
  run: BothRuns,
  precision: Precision,
  noise = FP64_NOISE,
): Mismatch | undefined {
  const last = run.steps.at(-1)!;
  let found: Mismatch | undefined;
  const check = (name: string, index: readonly number[], block: number, step: number, token?: number): boolean => {
    if (!Number.isFinite(block) || !Number.isFinite(step)) return false;
    const tolerance = precision === "fp64" ? noise * (1 + Math.abs(step)) : 0;
    if (Math.abs(block - step) > tolerance)
      found ??= { name, index: [...index], block, step, ...(token === undefined ? {} : { token }) };
    return true;
  };
  for (const [name, value] of Object.entries(block.outputs)) {
    const { axis, tokens: read } = outputRows({ block, step: single, tokens }, name);
    const finite = eachIndex(value.type.shape, (index, flat) => {
      const token = axis === undefined ? read[0]! : index[axis]!;
      if (!read.includes(token)) return true;
      const own = axis === undefined ? index : index.with(axis, 0);
      const step = run.steps[token]!.outputs[name]!;
      return check(name, index, run.block.outputs[name]!.data[flat]!, step.data[flatten(own, step.shape)]!, token);
    });
    if (!finite) return undefined;
  }
  for (const { name, entry } of block.states) {
    const [one, other] = [run.block.states[name]!.data, last.states[name]!.data];
    // A plain loop, since caches are large: the index is only told of what differs.
    for (let flat = 0; flat < one.length; flat++) {
      if (one[flat] === other[flat] && Number.isFinite(one[flat])) continue;
      if (!check(name, indexAt(flat, entry.type.shape), one[flat]!, other[flat]!)) return undefined;
    }
  }
  return found;
}

/** Calls `visit` for every index in row-major order, until it says no. The index is overwritten from call to call. */
export function eachIndex(
  shape: readonly number[],
  visit: (index: readonly number[], flat: number) => boolean,
): boolean {
  const n = sizeOf(shape);
  const index = shape.map(() => 0);
  for (let flat = 0; flat < n; flat++) {
    if (!visit(index, flat)) return false;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis]! += 1;
      if (index[axis]! < shape[axis]!) break;
      index[axis] = 0;
    }
  }
  return true;
}

/** The index at a place in row-major order. */
const indexAt = (flat: number, shape: readonly number[]): readonly number[] =>
  stridesOf(shape).map((stride, axis) => Math.floor(flat / stride) % shape[axis]!);

/** The place of an index in row-major order. */
export const flatten = (index: readonly number[], shape: readonly number[]): number =>
  index.reduce((sum, i, axis) => sum * shape[axis]! + i, 0);
