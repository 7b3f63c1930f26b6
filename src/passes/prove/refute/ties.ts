/** Where fp64 does not speak for the reals: a comparison, or a cast to integers, of numbers that only rounding parts. */
import { broadcastAt } from "../../../dsl/algebra.ts";
import { schedule } from "../../../dsl/graph.ts";
import type { Graphs } from "../../../dsl/host/twins.ts";
import { operandsOf, type Tensor } from "../../../dsl/tensor.ts";
import { has } from "../../../dsl/traits.ts";
import { isFloat } from "../../../dsl/type.ts";
import { arrayOf, type NDArray, tabulate } from "../../interpret/array.ts";
import { readOf } from "../../interpret/evaluate.ts";
import { numericReading } from "../../interpret/reading.ts";
import { movesSeen } from "./keeper.ts";

/** Relative distance that sums in another order, and functions in fp64, may make. */
const NOISE = 1e-9;

/** Nearer than rounding tells apart, and not the same. */
const isTie = (a: number, b: number): boolean => a !== b && Math.abs(a - b) <= NOISE * (1 + Math.abs(b));

/** What ops with a jump read: all of a run that has to be kept until they are seen. */
export const jumpOperands = ({ block, step }: Graphs): ReadonlySet<Tensor> =>
  new Set([...schedule(block), ...schedule(step)].flatMap((value) => (mayJump(value) ? operandsOf(value.def) : [])));

/**
 * Watches the values of a run, in order, for what rounding may have made of them. How far down a mask lies says nothing of how
 * far rounding reaches: what is masked out leaves no trace in a result. Of the values that are seen `kept` are kept, copied since others may
 * stand in their place later; all when absent.
 */
export function tieWatch(masked: ReadonlySet<Tensor> = new Set(), kept?: ReadonlySet<Tensor>) {
  const arrays = new Map<Tensor, NDArray>();
  const seen = new Set<Tensor>();
  let [met, largest] = [false, 0];
  return {
    see: (value: Tensor, array: NDArray): void => {
      if (!kept) arrays.set(value, array);
      else if (kept.has(value)) arrays.set(value, { ...array, data: array.data.slice() });
      seen.add(value);
      met ||= isNearJump(value, arrays);
      if (!masked.has(value) && !movesSeen(value, seen)) largest = largestOf(array.data, largest);
    },
    /** An op with a jump stood so near to it that rounding may have decided. */
    met: (): boolean => met,
    /** Numbers that the rounding of the largest value of the run may part: what was added may have been taken off again. */
    mayPart: (a: number, b: number): boolean => Math.abs(a - b) <= NOISE * (1 + largest),
  };
}

/** The largest size among the numbers, or `least`. A plain loop: it goes over all that a large run makes. */
function largestOf(data: NDArray["data"], least: number): number {
  let largest = least;
  for (let k = 0; k < data.length; k++) {
    const size = Math.abs(data[k]!);
    if (size > largest) largest = size;
  }
  return largest;
}

type OpValue = Tensor & { readonly def: { readonly kind: "op" } };

/** An op whose result jumps where a float moves a little. */
function mayJump(value: Tensor): value is OpValue {
  const { def, type } = value;
  if (def.kind !== "op" || !has(def, "jumps")) return false;
  const [x, y] = operandsOf(def);
  return isFloat(x!.type.dtype) && (y !== undefined || !isFloat(type.dtype));
}

/** What nobody showed may be as near as it likes. */
function isNearJump(value: Tensor, arrays: ReadonlyMap<Tensor, NDArray>): boolean {
  if (!mayJump(value)) return false;
  const [x, y] = operandsOf(value.def).map((operand) => contentsOf(operand, arrays));
  if (!x) return true;
  if (operandsOf(value.def).length === 1) return x.data.some((a) => isTie(a, Math.round(a)));
  if (!y) return true;
  const m = numericReading("fp64", false);
  const at = (operand: NDArray, ix: readonly number[]): number =>
    broadcastAt(m as never, readOf(operand) as never, ix as never) as unknown as number;
  return tabulate(value.type, (ix) => Number(isTie(at(x, ix), at(y, ix)))).data.some((tie) => tie === 1);
}

const contentsOf = (value: Tensor, arrays: ReadonlyMap<Tensor, NDArray>): NDArray | undefined =>
  value.def.kind === "const" ? arrayOf(value.type.dtype, value.type.shape, value.def.data) : arrays.get(value);
