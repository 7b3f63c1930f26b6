/** What a sum of products that breaks its limit is made of: the units that its largest row weighs most. */
import { operandsOf, type Tensor } from "../../../dsl/tensor.ts";
import { type Unit, unitsOf } from "../reach.ts";
import { magnitudes, type Region } from "./region.ts";
import { layoutOf } from "./weighted.ts";

/** A row of the weight, and which elements of the operand make up most of its bound element by element. */
export interface Blame {
  readonly row: number;
  readonly units: readonly Unit[];
}

/** Of a product with a weight; of another op nothing is told. */
export function blameOf(value: Tensor, regionOf: (x: Tensor) => Region): Blame | undefined {
  const { def, type } = value;
  if (def.kind !== "op" || (def.op !== "conv" && def.op !== "linear")) return undefined;
  const [x, y] = operandsOf(def) as readonly [Tensor, Tensor];
  const { low: weight, high } = regionOf(y);
  const layout = layoutOf(def, type, x.type.shape, y.type.shape);
  if (!layout || weight !== high) return undefined;
  const { columns, n, outputs, from } = layout;
  const all = magnitudes(regionOf(x));
  let [most, row, column] = [-1, 0, 0];
  for (let c = 0; c < columns; c++)
    for (let r = 0; r < outputs; r++) {
      let sum = 0;
      for (let k = 0; k < n; k++) sum += Math.abs(weight[r * n + k]!) * all[from(c, k)]!;
      if (sum > most) [most, row, column] = [sum, r, c];
    }
  if (!Number.isFinite(most) || most <= 0) return undefined;
  const sizes = Float64Array.from({ length: n }, (_, k) => all[from(column, k)]!);
  return { row, units: unitsOf(weight.subarray(row * n, (row + 1) * n), sizes) };
}
