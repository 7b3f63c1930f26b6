/** Rows that are put together of others, as the heads of attention are: a product is bounded by each of these with its own length. */
import type { Tensor } from "../../../dsl/tensor.ts";
import type { LengthReading } from "./lengths.ts";
import type { Layout } from "./making.ts";
import type { Numbers } from "./numbers.ts";
import { type Lengths, magnitudes, stridesAlong } from "./region.ts";

/** Elements of a row that lie in one row of what they come from, and how long that is; those of no such row have none. */
interface Group {
  readonly elements: readonly number[];
  readonly length: number;
}

/** By column and row of a weight Σ over groups of the smaller of ‖w‖₂ · length and Σ|w| · max|x|; undefined where there are none. */
export function summedByGroups(
  x: Tensor,
  weight: Numbers,
  layout: Layout,
  reading: LengthReading,
): Float64Array | undefined {
  const { columns, n, outputs, from } = layout;
  const sizes = magnitudes(reading.regionOf(x));
  const found = new Float64Array(columns * outputs);
  for (let c = 0; c < columns; c++) {
    const places = Array.from({ length: n }, (_, k) => from(c, k));
    const groups = groupsOf(x, places, reading);
    if (!groups) return undefined;
    for (let r = 0; r < outputs; r++) {
      let sum = 0;
      for (const { elements, length } of groups) {
        let [squares, sums] = [0, 0];
        for (const k of elements) {
          const w = Math.abs(weight[r * n + k]!);
          squares += w * w;
          sums += w * sizes[places[k]!]!;
        }
        const long = Math.sqrt(squares) * length;
        sum += long < sums ? long : sums;
      }
      found[c * outputs + r] = sum * (1 + 2 ** -40);
    }
  }
  return found;
}

/** Of what is only moved: a factor on the way, or an element that is there twice, leaves none. */
function groupsOf(x: Tensor, places: readonly number[], reading: LengthReading): readonly Group[] | undefined {
  const { roots, root, at, factor } = reading.trace(x);
  const lengths = roots.map((one) => (one === x ? undefined : lengthsIn(one, reading)));
  if (lengths.every((one) => one === undefined)) return undefined;
  const groups = new Map<string, { elements: number[]; length: number }>();
  const seen = new Set<string>();
  for (const [k, place] of places.entries()) {
    const [own, to] = [root[place]!, at[place]!];
    if (factor[place] !== 1 || seen.has(`${own} ${to}`)) return undefined;
    seen.add(`${own} ${to}`);
    const one = lengths[own];
    const row = one ? rowOf(roots[own]!, one, to) : -1;
    const length = one ? one.most[row]! : Number.POSITIVE_INFINITY;
    const group = groups.get(`${own} ${row}`) ?? { elements: [], length };
    group.elements.push(k);
    groups.set(`${own} ${row}`, group);
  }
  return groups.size > 1 ? [...groups.values()] : undefined;
}

const lengthsIn = (x: Tensor, { regionOf }: LengthReading): Lengths | undefined =>
  regionOf(x).lengths.find(({ p, most }) => p === 2 && most.every(Number.isFinite));

function rowOf({ type: { shape } }: Tensor, { axis }: Lengths, at: number): number {
  const { n, inner } = stridesAlong(shape, axis);
  return Math.floor(at / (n * inner)) * inner + (at % inner);
}
