/** Sums of products with a weight: how they lie, and what bounds them together beyond single elements and rows. */
import type { OpDef, Tensor } from "../../../dsl/tensor.ts";
import type { Shape, TensorType } from "../../../dsl/type.ts";
import { summedByGroups } from "./groups.ts";
import { summedJointly } from "./joint.ts";
import { type Lemmas, lengthsOfRows, type Rows, sumsOfRows } from "./lemmas.ts";
import type { LengthReading } from "./lengths.ts";
import type { Scaled } from "./made.ts";
import { type Layout, projectedBy, scaledOf } from "./making.ts";
import type { Numbers } from "./numbers.ts";
import type { Region } from "./region.ts";

/** What fp32 and the engine's grid of 2^−16 may add to a sum of n products. */
export const slack = (sum: number, n: number): number => sum * (1 + (n + 8) * 2 ** -23) + n * 2 ** -17;

/** How many elements a shape has. */
export const product = (sizes: readonly number[]): number => sizes.reduce((all, n) => all * n, 1);

/** Whether a convolution is a matrix product at every place. */
export const isPlain = (def: OpDef, type: TensorType, x: Shape, weight: Shape): boolean =>
  [...weight.slice(2), ...(def.attrs.strides as readonly number[])].every((n) => n === 1) &&
  def.attrs.groups === 1 &&
  product(type.shape.slice(2)) === product(x.slice(2));

/** The columns of a sum of products with a weight, and its rows; undefined where an op is none. */
export function layoutOf(def: OpDef, type: TensorType, x: Shape, weight: Shape): Layout | undefined {
  const [outputs, n] = weight as readonly [number, number];
  const at = (c: number, channels: number, k: number, places: number): number =>
    (Math.floor(c / places) * channels + k) * places + (c % places);
  if (def.op === "linear") {
    const columns = product(x.slice(0, -1));
    return { columns, n, outputs, axis: x.length - 1, from: (c, k) => c * n + k, to: (c, r) => c * outputs + r };
  }
  const isMatrix =
    def.op === "matmul" && weight.length === 2 && def.attrs.transpose_x !== true && def.attrs.transpose_y !== true;
  if (!isMatrix && (def.op !== "conv" || !isPlain(def, type, x, weight))) return undefined;
  // The places of a matrix product's operand are its columns; a convolution's lie behind its channels.
  const axis = isMatrix ? x.length - 2 : 1;
  const places = product(x.slice(axis + 1));
  const columns = product(x.slice(0, axis)) * places;
  return {
    ...{ columns, n, outputs, axis },
    from: (c, k) => at(c, n, k, places),
    to: (c, r) => at(c, outputs, r, places),
  };
}

/** The least of a sum's bounds by single elements and by what they are made of, and what the sums are made of then. */
export function refined(sums: Region, operand: Tensor, { layout, weight, reading }: With): Region {
  const { lemmas } = reading;
  const x = reading.regionOf(operand);
  const most = Float64Array.from(sums.high);
  const lower = (at: number, own: number): void => {
    const bound = slack(own, layout.n);
    if (bound < most[at]!) most[at] = bound;
  };
  if (x.made?.kind === "joint") {
    const found = summedJointly(x.made, weight, layout, lemmas);
    for (let c = 0; c < layout.columns; c++) for (let r = 0; r < layout.outputs; r++) lower(layout.to(c, r), found[c]!);
  }
  const groups = summedByGroups(operand, weight, layout, reading);
  for (let c = 0; groups && c < layout.columns; c++)
    for (let r = 0; r < layout.outputs; r++) lower(layout.to(c, r), groups[c * layout.outputs + r]!);
  const scaled = scaledOf(x, layout.axis);
  const own = scaled && projectedBy(scaled, weight, layout, lemmas);
  if (!scaled || !own) return within(sums, most);
  const rests = restsOf(scaled, own.rows, layout, lemmas);
  const lengths = lengthsOfRows(lemmas, own.rows);
  for (let at = 0; at < most.length; at++)
    lower(at, own.radius[own.column[at]!]! * lengths[own.row[at]!]! + rests[at]!);
  // What fp32 and the grid take or add: up to 2⁻¹⁵ for each product that the engine drops, which matters where a sum is less than its products.
  const rest = rests.map((x, at) => x + slack(most[at]!, layout.n) - most[at]! + layout.n * 2 ** -15);
  return { ...within(sums, most), made: { ...own, rest } };
}

interface With {
  readonly layout: Layout;
  readonly weight: Numbers;
  readonly reading: LengthReading;
}

const within = (sums: Region, most: Float64Array): Region => ({
  ...sums,
  low: Float64Array.from(sums.low, (x, at) => Math.max(x, -most[at]!)),
  high: most,
});

/** Σ|wᵣ| times the largest rest of a column. */
function restsOf(
  { rest }: Scaled,
  rows: Rows,
  { columns, n, outputs, from, to }: Layout,
  lemmas: Lemmas,
): Float64Array {
  const sums = sumsOfRows(lemmas, rows);
  const found = new Float64Array(columns * outputs);
  for (let c = 0; c < columns; c++) {
    let most = 0;
    for (let k = 0; k < n; k++) most = Math.max(most, rest[from(c, k)]!);
    for (let r = 0; r < outputs; r++) found[to(c, r)] = sums[r]! * most;
  }
  return found;
}
