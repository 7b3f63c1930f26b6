/** What single ops leave of what is known of their operands, before it is rounded. An op that is not here leaves nothing. */
import { type OpDef, operandsOf, type Tensor } from "../../../dsl/tensor.ts";
import type { TensorType } from "../../../dsl/type.ts";
import { ACTIVATION, MARGIN } from "../limits.ts";
import { type Each, elementwise, type Interval, spread } from "./elementwise.ts";
import { jointly } from "./joint.ts";
import type { Lemmas } from "./lemmas.ts";
import { productOf, shrunkBy, sumOf } from "./making.ts";
import { partsOfOne } from "./patterns.ts";
import { layerNorm, type Other, ofAll, reduced } from "./reduce.ts";
import { hull, type Lengths, lengthsAlong, magnitudes, type Region, stridesAlong } from "./region.ts";

const ANY: Interval = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];

/** Of what is no number, as 0 · ∞ and whatever a weight holds that is none, nothing is known. */
const ends = (xs: readonly number[]): Interval => (xs.some(Number.isNaN) ? ANY : [Math.min(...xs), Math.max(...xs)]);

const times: Each = ([a, b]: Interval, [c, d]: Interval) => ends([a * c, a * d, b * c, b * d]);

const inverse: Each = ([a, b]: Interval) => (a > 0 || b < 0 ? [1 / b, 1 / a] : ANY);

/** A function that grows with its argument, whose table on the engine may be off. */
const growing =
  (f: (x: number) => number, least = Number.NEGATIVE_INFINITY, most = Number.POSITIVE_INFINITY): Each =>
  ([a, b]: Interval) => [Math.max(least, f(a) - ACTIVATION), Math.min(most, f(b) + ACTIVATION)];

const BINARY: Readonly<Record<string, Each>> = {
  add: ([a, b], [c, d]) => [a + c, b + d],
  sub: ([a, b], [c, d]) => [a - d, b - c],
  mul: times,
  real_div: (x, y) => (y[0] > 0 || y[1] < 0 ? times(x, inverse(y)) : ANY),
  maximum: ([a, b], [c, d]) => [Math.max(a, c), Math.max(b, d)],
  minimum: ([a, b], [c, d]) => [Math.min(a, c), Math.min(b, d)],
};

const UNARY: Readonly<Record<string, Each>> = {
  abs: ([a, b]) => [a > 0 ? a : b < 0 ? -b : 0, Math.max(-a, b)],
  square: ([a, b]) => [a > 0 ? a * a : b < 0 ? b * b : 0, Math.max(a * a, b * b)],
  relu: ([a, b]) => [Math.max(0, a), Math.max(0, b)],
  sqrt: ([a, b]) => (a >= 0 ? [Math.max(0, Math.sqrt(a) / MARGIN), Math.sqrt(b) * MARGIN] : ANY),
  exp: ([a, b]) => [Math.exp(a) / MARGIN, Math.max(Math.exp(b) * MARGIN, Number.MIN_VALUE)],
  tanh: growing(Math.tanh, -1, 1),
  sigmoid: growing((x) => 1 / (1 + Math.exp(-x)), 0, 1),
  // Neither is below −0.3 nor above its argument, where that is above 0.
  silu: ([, b]) => [-0.3, Math.max(0, b) + ACTIVATION],
  gelu: ([, b]) => [-0.3, Math.max(0, b) + ACTIVATION],
  identity: (x) => x,
};

/** Ops whose result is no larger than their argument, but for the error of a table. */
const SHRINKING = new Map([
  ["abs", 0],
  ["relu", 0],
  ["identity", 0],
  ["tanh", ACTIVATION],
  ["silu", ACTIVATION],
  ["gelu", ACTIVATION],
]);

/** Lengths of a sum are no longer than both together; those of a product than one times the other's largest element of the row. */
function lengthsOfPair(op: string, a: Region, b: Region): readonly Lengths[] {
  if (op === "add" || op === "sub")
    return [...a.lengths, ...b.lengths].map(({ p, axis }) => {
      const [x, y] = [lengthsAlong(a, p, axis), lengthsAlong(b, p, axis)];
      return { p, axis, most: x.map((length, row) => length + y[row]!) };
    });
  if (op !== "mul" && op !== "real_div") return [];
  const by = op === "mul" ? b : elementwise(b.shape, [b], inverse, []);
  const scaled = (own: Region, other: Region): readonly Lengths[] =>
    own.lengths.map(({ p, axis, most }) => {
      const factors = rowMost(other, axis);
      return { p, axis, most: Float64Array.from(most, (x, row) => finite(x * factors[row]!)) };
    });
  return op === "mul" ? [...scaled(a, by), ...scaled(b, a)] : scaled(a, by);
}

const finite = (x: number): number => (Number.isNaN(x) ? Number.POSITIVE_INFINITY : x);

function rowMost(region: Region, axis: number): Float64Array {
  const { outer, n, inner } = stridesAlong(region.shape, axis);
  const sizes = magnitudes(region);
  return Float64Array.from({ length: outer * inner }, (_, row) => {
    let most = 0;
    for (let k = 0; k < n; k++)
      most = Math.max(most, sizes[(Math.floor(row / inner) * n + k) * inner + (row % inner)]!);
    return most;
  });
}

/** What an op leaves; undefined for one of which nothing is known. */
export function opRegion(
  def: OpDef,
  type: TensorType,
  regionOf: (x: Tensor) => Region,
  lemmas?: Lemmas,
): Region | undefined {
  const operands = operandsOf(def).map(regionOf);
  if (isSquare(def)) return elementwise(type.shape, operands, UNARY.square!, squaredLengths(operands[0]!));
  const binary = BINARY[def.op];
  if (binary) {
    const [a, b] = operands.map((x) => spread(x, type.shape)) as [Region, Region];
    return madeOf(elementwise(type.shape, [a, b], binary, lengthsOfPair(def.op, a, b)), def.op, [a, b], lemmas);
  }
  const [x] = operands as [Region];
  const unary = def.op === "rsqrt" ? rsqrtOf(def) : def.op === "inverse" ? inverseOf(def) : UNARY[def.op];
  if (unary) {
    const made = SHRINKING.has(def.op) ? shrunkBy(x, SHRINKING.get(def.op)!) : undefined;
    return { ...elementwise(type.shape, [x], unary, shrunkLengths(def.op, x)), made };
  }
  return OTHERS[def.op]?.(def, type, operands);
}

/** With what a sum, product or quotient is made of; the product of two rows with one vector is bounded by both together. */
function madeOf(region: Region, op: string, [a, b]: readonly [Region, Region], lemmas: Lemmas | undefined): Region {
  if (op === "add" || op === "sub") return { ...region, made: sumOf(a, b) };
  if (op === "real_div") return { ...region, made: productOf(a, elementwise(b.shape, [b], inverse, []), lemmas) };
  if (op !== "mul") return region;
  const made = productOf(a, b, lemmas);
  return made?.kind === "joint" && lemmas ? jointly({ ...region, made }, lemmas) : { ...region, made };
}

const isSquare = (def: OpDef): boolean => {
  const [x, y] = operandsOf(def);
  return def.op === "square" || (def.op === "mul" && x === y);
};

/** Σx² of a row is the square of its length. */
const squaredLengths = ({ lengths }: Region): readonly Lengths[] =>
  lengths.flatMap(({ p, axis, most }) => (p === 2 ? [{ p: 1, axis, most: most.map((length) => length ** 2) }] : []));

const epsilonOf = ({ attrs }: OpDef): number => (typeof attrs.epsilon === "number" ? attrs.epsilon : 0);

const rsqrtOf =
  (def: OpDef): Each =>
  ([a, b]: Interval) =>
    a >= 0 && a + epsilonOf(def) > 0
      ? [1 / Math.sqrt(b + epsilonOf(def)) / MARGIN, MARGIN / Math.sqrt(a + epsilonOf(def))]
      : ANY;

const inverseOf =
  (def: OpDef): Each =>
  ([a, b]: Interval) =>
    inverse([a + epsilonOf(def), b + epsilonOf(def)]);

function shrunkLengths(op: string, x: Region): readonly Lengths[] {
  const more = SHRINKING.get(op);
  if (more === undefined) return [];
  return x.lengths.map(({ p, axis, most }) => ({
    p,
    axis,
    most: Float64Array.from(most, (length) => length + more * x.shape[axis]! ** (1 / p)),
  }));
}

const OTHERS: Readonly<Record<string, Other>> = {
  softmax: (def, type) => partsOfOne({ type } as Tensor, def.attrs.axis as number),
  cast: (_def, type, [x]) =>
    type.dtype === "fp16" || type.dtype === "fp32" ? { ...x!, lengths: x!.lengths } : undefined,
  clip({ attrs }, { shape }, [x]) {
    const [alpha, beta] = [attrs.alpha as number, attrs.beta as number];
    return elementwise(
      shape,
      [x!],
      ([a, b]) => [Math.min(beta, Math.max(alpha, a)), Math.min(beta, Math.max(alpha, b))],
      [],
    );
  },
  select: (_, { shape }, [, a, b]) => hull(spread(a!, shape), spread(b!, shape)),
  reduce_sum: reduced(ofAll),
  reduce_mean: reduced((x) => x),
  reduce_max: reduced((x) => x),
  reduce_min: reduced((x) => x),
  layer_norm: layerNorm,
};
