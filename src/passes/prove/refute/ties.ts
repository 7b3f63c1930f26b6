/** Where fp64 does not speak for the reals: a comparison, or a cast to integers, of numbers that only rounding parts. */
import { broadcastAt } from "../../../dsl/algebra.ts";
import { operandsOf, type Tensor } from "../../../dsl/tensor.ts";
import { has } from "../../../dsl/traits.ts";
import { isFloat } from "../../../dsl/type.ts";
import { type NDArray, tabulate } from "../../interpret/array.ts";
import { readOf } from "../../interpret/evaluate.ts";
import { numericReading } from "../../interpret/reading.ts";

/** Relative distance that sums in another order, and functions in fp64, may make. */
const NOISE = 1e-9;

/** Nearer than rounding tells apart, and not the same. */
const isTie = (a: number, b: number): boolean => a !== b && Math.abs(a - b) <= NOISE * (1 + Math.abs(b));

/**
 * Watches the values of a run, in order, for what rounding may have made of them. How far down a mask lies says nothing of how
 * far rounding reaches: what is masked out leaves no trace in a result.
 */
export function tieWatch(masked: ReadonlySet<Tensor> = new Set()) {
  const arrays = new Map<Tensor, NDArray>();
  let [met, largest] = [false, 0];
  return {
    see: (value: Tensor, array: NDArray): void => {
      arrays.set(value, array);
      met ||= isNearJump(value, arrays);
      if (masked.has(value)) return;
      for (const x of array.data) if (Math.abs(x) > largest) largest = Math.abs(x);
    },
    /** An op with a jump stood so near to it that rounding may have decided. */
    met: (): boolean => met,
    /** Numbers that the rounding of the largest value of the run may part: what was added may have been taken off again. */
    mayPart: (a: number, b: number): boolean => Math.abs(a - b) <= NOISE * (1 + largest),
  };
}

function isNearJump({ def, type }: Tensor, arrays: ReadonlyMap<Tensor, NDArray>): boolean {
  if (def.kind !== "op" || !has(def, "jumps")) return false;
  const [x, y] = operandsOf(def);
  if (!isFloat(x!.type.dtype)) return false;
  if (!y) return !isFloat(type.dtype) && arrays.get(x!)!.data.some((a) => isTie(a, Math.round(a)));
  const m = numericReading("fp64", false);
  const at = (operand: Tensor, ix: readonly number[]): number =>
    broadcastAt(m as never, readOf(arrays.get(operand)!) as never, ix as never) as unknown as number;
  return tabulate(type, (ix) => Number(isTie(at(x!, ix), at(y, ix)))).data.some((tie) => tie === 1);
}
