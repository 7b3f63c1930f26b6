/** How ops make what is known of elements beyond their intervals (`src/passes/ranges/graph/made.ts`). */
import { type Lemmas, lengthsOfRows, rowsFor } from "./lemmas.ts";
import type { Joint, Made, Projected, Scaled } from "./made.ts";
import type { Numbers } from "./numbers.ts";
import { magnitudes, type Region, stridesAlong } from "./region.ts";

/** A region's elements as vectors of a ball, along an axis: as they are said to be made, or because rows have a length there. */
export function scaledOf(region: Region, axis: number): Scaled | undefined {
  if (region.made?.kind === "scaled") return region.made;
  const own = region.lengths.find((one) => one.p === 2 && one.axis === axis && one.most.some(Number.isFinite));
  if (!own) return undefined;
  const { n, inner } = stridesAlong(region.shape, axis);
  const size = region.low.length;
  return {
    kind: "scaled",
    ball: own,
    index: Int32Array.from({ length: size }, (_, at) => Math.floor(at / inner) % n),
    column: Int32Array.from({ length: size }, (_, at) => Math.floor(at / (n * inner)) * inner + (at % inner)),
    radius: own.most,
    gain: new Float64Array(n).fill(1),
    rest: new Float64Array(size),
  };
}

/** x times a gain: u' with |u'ᵢ| ≤ |uᵢ| for the largest |gain| of each index. */
function stretched(x: Scaled, by: Region): Scaled | undefined {
  const sizes = magnitudes(by);
  const most = new Float64Array(x.gain.length);
  for (let at = 0; at < sizes.length; at++) most[x.index[at]!] = Math.max(most[x.index[at]!]!, sizes[at]!);
  if (!most.every(Number.isFinite)) return undefined;
  return {
    ...x,
    ball: {},
    gain: most.map((g, k) => g * x.gain[k]!),
    rest: x.rest.map((rest, at) => rest * sizes[at]!),
  };
}

const largestIn = (numbers: Float64Array): number => numbers.reduce((all, x) => Math.max(all, x), 0);

/** |x · by| for |by| ≤ most: of rows and of products of two. */
function timesAtMost<M extends Projected | Joint>(x: M, by: Region): M | undefined {
  const sizes = magnitudes(by);
  const most = largestIn(sizes);
  if (!Number.isFinite(most)) return undefined;
  return { ...x, factor: x.factor * most, rest: x.rest.map((rest, at) => rest * sizes[at]!) };
}

/** What a product of two values of one shape is made of. */
export function productOf(a: Region, b: Region, lemmas: Lemmas | undefined): Made | undefined {
  const [x, y] = [a.made, b.made];
  if (lemmas && x?.kind === "projected" && y?.kind === "projected" && x.ball === y.ball) {
    const both = jointOf(x, y, lemmas);
    if (both) return both;
  }
  for (const [own, by] of [
    [a, b],
    [b, a],
  ] as const) {
    if (own.made && own.made.kind !== "scaled") return timesAtMost(own.made, by);
    const axis = own.lengths.find((one) => one.p === 2)?.axis;
    const scaled = axis === undefined ? own.made : scaledOf(own, axis);
    if (scaled?.kind === "scaled") return stretched(scaled, by);
  }
  return undefined;
}

/** (f|⟨a,u⟩| + e)(g|⟨b,u⟩| + h): what is not the product of both is rest. */
function jointOf(x: Projected, y: Projected, lemmas: Lemmas): Joint | undefined {
  if (!x.column.every((c, at) => c === y.column[at])) return undefined;
  const [a, b] = [lengthsOfRows(lemmas, x.rows), lengthsOfRows(lemmas, y.rows)];
  const rest = x.rest.map((e, at) => {
    const [h, radius] = [y.rest[at]!, x.radius[x.column[at]!]!];
    return x.factor * radius * a[x.row[at]!]! * h + y.factor * radius * b[y.row[at]!]! * e + e * h;
  });
  return {
    kind: "joint",
    ball: x.ball,
    column: x.column,
    radius: x.radius,
    rest,
    ...{ first: x.rows, second: y.rows, row: x.row, other: y.row, factor: x.factor * y.factor },
  };
}

/** x + y: what is added to a row's product is rest. */
export function sumOf(a: Region, b: Region): Made | undefined {
  for (const [own, other] of [
    [a, b],
    [b, a],
  ] as const) {
    if (own.made?.kind !== "projected") continue;
    const sizes = magnitudes(other);
    return { ...own.made, rest: own.made.rest.map((rest, at) => rest + sizes[at]!) };
  }
  return undefined;
}

/** What no element of is larger than it was, by more than `more`. */
export function shrunkBy({ made }: Region, more: number): Made | undefined {
  return made && made.kind !== "scaled" ? { ...made, rest: made.rest.map((rest) => rest + more) } : undefined;
}

/** How the elements of a sum of products with a weight lie: element k of column c of the operand, and row r of column c of the result. */
export interface Layout {
  readonly columns: number;
  readonly n: number;
  readonly outputs: number;
  /** Of the operand, the axis that is summed over. */
  readonly axis: number;
  from(c: number, k: number): number;
  to(c: number, r: number): number;
}

/** What the products of a weight's rows with vectors of a ball are made of, where each column is all of one vector in order. */
export function projectedBy(
  x: Scaled,
  weight: Numbers,
  layout: Layout,
  lemmas: Lemmas,
): Omit<Projected, "rest"> | undefined {
  const { columns, n, outputs, from, to } = layout;
  if (x.gain.length !== n) return undefined;
  const size = columns * outputs;
  const [row, column] = [new Int32Array(size), new Int32Array(size)];
  for (let c = 0; c < columns; c++) {
    const own = x.column[from(c, 0)]!;
    for (let k = 0; k < n; k++) if (x.column[from(c, k)] !== own || x.index[from(c, k)] !== k) return undefined;
    for (let r = 0; r < outputs; r++) {
      row[to(c, r)] = r;
      column[to(c, r)] = own;
    }
  }
  const rows = rowsFor(lemmas, weight, x.gain);
  return { kind: "projected", ball: x.ball, column, radius: x.radius, rows, row, factor: 1 };
}
