/** Sums of products: what Σ|x·y| is at most, in any order, so that the same number bounds the sum and all of its parts. */
import { type OpDef, operandsOf, type Tensor } from "../../../dsl/tensor.ts";
import type { Shape, TensorType } from "../../../dsl/type.ts";
import { lengthsOfValue } from "./lengths.ts";
import { batchesOf, mixedLengths, type Summing } from "./mixtures.ts";
import type { Numbers } from "./numbers.ts";
import { evenly, exactly, largestAlong, lengthsAlong, magnitudes, type Region } from "./region.ts";
import { isPlain, layoutOf, product, refined, slack } from "./weighted.ts";

/** Several rows that meet several others: which rows, and where their elements lie. */
interface Side {
  readonly region: Region;
  readonly axis: number;
  /** Of row `r` of batch `b`. */
  begin(b: number, r: number): number;
  row(b: number, r: number): number;
  readonly step: number;
}

interface Sums {
  readonly batches: number;
  readonly rows: number;
  readonly columns: number;
  readonly n: number;
  readonly x: Side;
  readonly y: Side;
}

/** By batch, row and column the least of ‖x‖₂‖y‖₂, ‖x‖₁ max|y|, max|x| ‖y‖₁ and Σ max|x| max|y|. */
function boundsOf({ batches, rows, columns, n, x, y }: Sums): Float64Array {
  const found = new Float64Array(batches * rows * columns);
  const of = (side: Side) => ({
    two: lengthsAlong(side.region, 2, side.axis),
    one: lengthsAlong(side.region, 1, side.axis),
    most: largestAlong(side.region, side.axis),
    sizes: magnitudes(side.region),
  });
  const [a, b] = [of(x), of(y)];
  for (let batch = 0, at = 0; batch < batches; batch++)
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < columns; c++, at++) {
        const [i, j] = [x.row(batch, r), y.row(batch, c)];
        let sum = 0;
        for (let k = 0, p = x.begin(batch, r), q = y.begin(batch, c); k < n; k++, p += x.step, q += y.step) {
          sum += a.sizes[p]! * b.sizes[q]!;
        }
        const least = [a.two[i]! * b.two[j]!, a.one[i]! * b.most[j]!, a.most[i]! * b.one[j]!];
        for (const own of least) if (own < sum) sum = own;
        found[at] = slack(sum, n);
      }
  return found;
}

function matrixSide(region: Region, result: Shape, contractsLast: boolean): Side {
  const { shape } = region;
  const [first, last] = shape.slice(-2) as [number, number];
  const batch = batchesOf(shape.slice(0, -2), result);
  const rows = contractsLast ? first : last;
  return {
    region,
    axis: shape.length - (contractsLast ? 1 : 2),
    begin: (b, r) => batch(b) * first * last + (contractsLast ? r * last : r),
    row: (b, r) => batch(b) * rows + r,
    step: contractsLast ? 1 : last,
  };
}

const bounded = (shape: Shape, most: Float64Array, x: Region, y: Region): Region => {
  const positive = x.low.every((a) => a >= 0) && y.low.every((a) => a >= 0);
  return { shape, low: positive ? new Float64Array(most.length) : most.map((a) => -a), high: most, lengths: [] };
};

function matmul(def: OpDef, type: TensorType, x: Region, y: Region): Region {
  const batch = type.shape.slice(0, -2);
  const [rows, columns] = type.shape.slice(-2) as [number, number];
  const a = matrixSide(x, batch, def.attrs.transpose_x !== true);
  const b = matrixSide(y, batch, def.attrs.transpose_y === true);
  const n = x.shape[a.axis]!;
  return bounded(type.shape, boundsOf({ batches: product(batch), rows, columns, n, x: a, y: b }), x, y);
}

function linear(_: OpDef, type: TensorType, x: Region, weight: Region): Region {
  const [outputs, n] = weight.shape as [number, number];
  const flat: Region = { ...x, shape: [product(x.shape.slice(0, -1)), n], lengths: flattened(x) };
  const sums = boundsOf({
    ...{ batches: 1, rows: flat.shape[0]!, columns: outputs, n },
    x: matrixSide(flat, [], true),
    y: matrixSide(weight, [], true),
  });
  return bounded(type.shape, sums, x, weight);
}

/** Lengths along the last axis are those of the rows of a matrix. */
const flattened = ({ shape, lengths }: Region): Region["lengths"] =>
  lengths.filter(({ axis }) => axis === shape.length - 1).map((one) => ({ ...one, axis: 1 }));

/** A kernel of one element alone is a matrix; of any other only Σ|w| · max|x| of all is told. */
function conv(def: OpDef, type: TensorType, x: Region, weight: Region): Region {
  const [outputs, inputs, ...kernel] = weight.shape as readonly number[] as [number, number, ...number[]];
  const [batches, channels, ...space] = x.shape as readonly number[] as [number, number, ...number[]];
  const places = product(space);
  if (!isPlain(def, type, x.shape, weight.shape))
    return convolved(type, x, { weight, outputs, n: inputs * product(kernel) });
  const flat: Region = { ...exactly([outputs, inputs], weight.low), high: weight.high };
  const sums = boundsOf({
    ...{ batches, rows: outputs, columns: places, n: inputs },
    x: { ...matrixSide(flat, [], true), begin: (_, o) => o * inputs, row: (_, o) => o },
    y: {
      region: x,
      axis: 1,
      begin: (b, s) => b * channels * places + s,
      row: (b, s) => b * places + s,
      step: places,
    },
  });
  return bounded(type.shape, sums, x, weight);
}

function convolved(
  type: TensorType,
  x: Region,
  { weight, outputs, n }: { readonly weight: Region; readonly outputs: number; readonly n: number },
): Region {
  const sizes = magnitudes(weight);
  const most = magnitudes(x).reduce((all, a) => Math.max(all, a), 0);
  const result = evenly(type.shape, 0, 0);
  const places = product(type.shape.slice(2));
  const high = Float64Array.from(result.high, (_, at) => {
    const o = Math.floor(at / places) % outputs;
    let sum = 0;
    for (let k = 0; k < n; k++) sum += sizes[o * n + k]! * most;
    return slack(sum, n);
  });
  return bounded(type.shape, high, x, weight);
}

const KINDS = { matmul, linear, conv } as const;

/** Whether an op is a sum of products that is understood. */
export const contracts = (op: string): op is keyof typeof KINDS => Object.hasOwn(KINDS, op);

/** The result of such an op, before it is rounded: with its bias, which the accumulator has too. */
export function contracted(def: OpDef, type: TensorType, summing: Summing): Region {
  const { regionOf } = summing;
  const [x, y] = operandsOf(def) as readonly [Tensor, Tensor];
  // A product of a matrix with columns has the weight first.
  const isFirst = def.op === "matmul" && exactNumbers(regionOf(x)) !== undefined;
  const [matrix, other] = isFirst ? [x, y] : [y, x];
  const weight = exactNumbers(regionOf(matrix));
  const [a, b] = weight ? [regionOf(x), regionOf(y)] : [longer(x, def, "x", summing), longer(y, def, "y", summing)];
  const sums = KINDS[def.op as keyof typeof KINDS](def, type, a, b);
  const isRight = def.op !== "matmul" || isFirst;
  const layout = weight && isRight ? layoutOf(def, type, other.type.shape, matrix.type.shape) : undefined;
  const { reading } = summing;
  const made = layout && weight && reading ? refined(sums, other, { layout, weight, reading }) : sums;
  return biased(mixedLengths(def, made, a, y, summing), def, type, regionOf);
}

/** An operand of a matrix product with what is known of the lengths of its rows. */
function longer(x: Tensor, { op, attrs }: OpDef, operand: "x" | "y", { regionOf, reading }: Summing): Region {
  const region = regionOf(x);
  if (!reading || op !== "matmul") return region;
  const last = (attrs[`transpose_${operand}`] === true) === (operand === "y");
  const axis = x.type.shape.length - (last ? 1 : 2);
  return { ...region, lengths: [...region.lengths, { p: 2, axis, most: lengthsOfValue(x, axis, reading) }] };
}

const exactNumbers = ({ low, high }: Region): Numbers | undefined => (low === high ? low : undefined);

function biased(sums: Region, def: OpDef, type: TensorType, regionOf: (x: Tensor) => Region): Region {
  const bias = def.operands.bias as Tensor | undefined;
  if (!bias) return sums;
  const own = magnitudes(regionOf(bias));
  const inner = def.op === "conv" ? product(type.shape.slice(2)) : 1;
  const added = (at: number): number => own[Math.floor(at / inner) % own.length]!;
  const high = Float64Array.from(sums.high, (x, at) => x + added(at));
  const made = sums.made && { ...sums.made, rest: sums.made.rest.map((rest, at) => rest + added(at)) };
  return { ...sums, low: high.map((x) => -x), high, made, lengths: [] };
}
