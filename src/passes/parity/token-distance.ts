/** How far outputs of one arithmetic are from those of another, token by token. */
import { tokenAxisOf } from "../../dsl/host/output-rows.ts";
import type { Graphs } from "../../dsl/host/twins.ts";
import { rowOf } from "../interpret/array.ts";
import { toNDArray } from "../kernels/raw.ts";
import { distance } from "./metrics.ts";
import type { Arrays } from "./runner.ts";

/** Of one token of an output, or of the whole of it where it has no axis of tokens. */
export interface TokenDistance {
  readonly output: string;
  /** In the block, from 0; null for the whole. */
  readonly token: number | null;
  /** The largest difference of an element, infinite where one of two is not finite. */
  readonly largest: number;
  /** ‖a − b‖ / ‖b‖. */
  readonly relative: number;
  readonly equal: boolean;
}

/** Of `a` from `b`: outputs of the block of T tokens. */
export function tokenDistances(
  { block, step }: Graphs,
  tokens: number,
  a: Arrays,
  b: Arrays,
): readonly TokenDistance[] {
  return Object.entries(block.outputs).flatMap(([output, value]) => {
    const twin = step.outputs[output];
    const found = twin ? tokenAxisOf(value, twin, tokens) : undefined;
    const axis = typeof found === "number" ? found : undefined;
    const [x, y] = [toNDArray(a[output]!), toNDArray(b[output]!)];
    const all = axis === undefined ? [null] : Array.from({ length: tokens }, (_, token) => token);
    return all.map((token): TokenDistance => {
      const [one, other] = [rowOf(x, axis, token ?? 0), rowOf(y, axis, token ?? 0)];
      const { relativeL2: relative, equal } = distance(one, other);
      return { output, token, largest: largestOf(one, other), relative, equal };
    });
  });
}

function largestOf(a: Float64Array, b: Float64Array): number {
  let most = 0;
  for (const [k, x] of a.entries()) {
    const y = b[k]!;
    if (x === y || (Number.isNaN(x) && Number.isNaN(y))) continue;
    most = Math.max(most, Number.isFinite(x - y) ? Math.abs(x - y) : Number.POSITIVE_INFINITY);
  }
  return most;
}
