/** What several ops say together and none of them alone: norms, the largest of a row, softmax in three ops, rows written into a cache. */
import { type OpDef, operandsOf, type Tensor } from "../../../dsl/tensor.ts";
import { MARGIN } from "../limits.ts";
import { evenly, type Lengths, type Region, stridesAlong } from "./region.ts";

type RegionOf = (x: Tensor) => Region;

/** The declaration of a value that this op made. */
export const isOp = ({ def }: Tensor, op: string): OpDef | undefined =>
  def.kind === "op" && def.op === op ? def : undefined;

/** The two operands of a value that this op made. */
export const both = (value: Tensor, op: string): readonly [Tensor, Tensor] | undefined => {
  const def = isOp(value, op);
  return def ? (operandsOf(def) as readonly [Tensor, Tensor]) : undefined;
};

/** The op's operands in either order. */
export const eitherWay = (value: Tensor, op: string): readonly (readonly [Tensor, Tensor])[] => {
  const pair = both(value, op);
  return pair ? [pair, [pair[1], pair[0]]] : [];
};

/** The axes of a reduction. */
export const axesOf = (def: OpDef): readonly number[] => def.attrs.axes as readonly number[];
/** The one axis of a reduction that keeps it. */
function axisOf(def: OpDef | undefined): number | undefined {
  if (def?.attrs.keep_dims !== true) return undefined;
  const [x] = operandsOf(def);
  const axes = axesOf(def).filter((axis) => x!.type.shape[axis] !== 1);
  return axes.length === 1 ? axes[0] : undefined;
}

/** A value of which more is known than its op says, before it is rounded. */
export function recognised(value: Tensor, regionOf: RegionOf): Region | undefined {
  return normed(value, regionOf) ?? dividedByLargest(value, regionOf) ?? belowLargest(value, regionOf) ?? shares(value);
}

/** A row of length √n at most, with `MARGIN`. */
function ballOf({ type: { shape } }: Tensor, axis: number): Region {
  const { n, outer, inner } = stridesAlong(shape, axis);
  const radius = MARGIN * Math.sqrt(n);
  const ball: Lengths = { p: 2, axis, most: new Float64Array(outer * inner).fill(radius) };
  return { ...evenly(shape, -radius, radius), lengths: [ball] };
}

/** mean(z²) of a value along one axis, and what is added to it, none of it below 0. */
interface MeanSquare {
  readonly z: Tensor;
  readonly axis: number;
  readonly eps?: Tensor;
}

function meanSquareOf(x: Tensor, regionOf: RegionOf): MeanSquare | undefined {
  const added = eitherWay(x, "add").find(([, eps]) => regionOf(eps).low.every((e) => e >= 0));
  const mean = added ? added[0] : x;
  const axis = axisOf(isOp(mean, "reduce_mean"));
  if (axis === undefined) return undefined;
  const [squares] = operandsOf(mean.def as OpDef);
  const square = isOp(squares!, "square");
  const pair = both(squares!, "mul");
  const z = square ? operandsOf(square)[0] : pair && pair[0] === pair[1] ? pair[0] : undefined;
  // What is added may have more axes, before those of z.
  return z && z.type.shape.length === x.type.shape.length
    ? { z, axis, ...(added ? { eps: added[1] } : {}) }
    : undefined;
}

/** The least positive number of fp16. */
const LEAST = 2 ** -24;

/** Whether it is no larger for a larger m: a number, divided by m or held at another power. */
function fallsWith(m: Tensor, x: Tensor): boolean {
  if (x.def.kind === "const") return true;
  const divided = both(x, "real_div");
  if (divided) return divided[1] === m && fallsWith(m, divided[0]);
  return eitherWay(x, "mul").some(([own, by]) => by.def.kind === "const" && fallsWith(m, own));
}

/**
 * Whether √(mean((x/m)²) + eps) · m stays a number above 0 in fp16, m the largest |x| or a floor: at the floor eps is largest, and above it
 * one square is 1.
 */
function keptFromZero({ axis, eps, z }: MeanSquare, m: Tensor, x: Tensor, regionOf: RegionOf): boolean {
  const largest = eitherWay(m, "maximum").find(([own]) => isOp(own, "reduce_max"))?.[0] ?? m;
  const isOfRow = largestOfRow(m, "abs") === x && axisOf(isOp(largest, "reduce_max")) === axis;
  if (!eps || !isOfRow || !fallsWith(m, eps)) return false;
  const [most, floor] = [regionOf(eps).high, regionOf(m).low].map((xs) =>
    Array.from(xs).reduce((a, b) => Math.min(a, b)),
  );
  return floor! * Math.min(Math.sqrt(most!), z.type.shape[axis]! ** -0.5) >= LEAST;
}

/** z · rsqrt(mean(z²) + e), z / √(mean(z²) + e), and x / (√(mean((x/m)²) + e) · m) for one m a row. */
function normed(value: Tensor, regionOf: RegionOf): Region | undefined {
  for (const [z, root] of eitherWay(value, "mul")) {
    const own = isOp(root, "rsqrt") && meanSquareOf(operandsOf(root.def as OpDef)[0]!, regionOf);
    if (own && own.z === z) return ballOf(value, own.axis);
  }
  const divided = both(value, "real_div");
  if (!divided) return undefined;
  const [x, by] = divided;
  const under = isOp(by, "sqrt") && operandsOf(by.def as OpDef)[0]!;
  const own = under && meanSquareOf(under, regionOf);
  // A small row has squares that fp16 holds as 0: what is divided by is what was added, then.
  if (own && own.z === x && regionOf(under).low.every((low) => low > 0)) return ballOf(value, own.axis);
  for (const [root, m] of eitherWay(by, "mul")) {
    const found = isOp(root, "sqrt") && meanSquareOf(operandsOf(root.def as OpDef)[0]!, regionOf);
    const quotient = found && both(found.z, "real_div");
    if (quotient && quotient[0] === x && quotient[1] === m && keptFromZero(found, m, x, regionOf))
      return ballOf(value, found.axis);
  }
  return undefined;
}

/** The value whose largest element along an axis this is, of magnitudes or not; a floor makes it no smaller. */
function largestOfRow(m: Tensor, kind: "abs" | "plain"): Tensor | undefined {
  const floor = eitherWay(m, "maximum").find(([own]) => isOp(own, "reduce_max"));
  const largest = floor && kind === "abs" ? floor[0] : m;
  const def = isOp(largest, "reduce_max");
  if (def?.attrs.keep_dims !== true) return undefined;
  const [x] = operandsOf(def);
  if (kind === "plain") return x;
  const sizes = isOp(x!, "abs");
  return sizes && operandsOf(sizes)[0];
}

/** x / max|x|, where that is not 0. */
function dividedByLargest(value: Tensor, regionOf: RegionOf): Region | undefined {
  const pair = both(value, "real_div");
  if (!pair || largestOfRow(pair[1], "abs") !== pair[0]) return undefined;
  return regionOf(pair[1]).low.every((least) => least > 0) ? evenly(value.type.shape, -1, 1) : undefined;
}

/** x − max x. */
function belowLargest(value: Tensor, regionOf: RegionOf): Region | undefined {
  const pair = both(value, "sub");
  if (!pair || largestOfRow(pair[1], "plain") !== pair[0]) return undefined;
  const { low, high } = regionOf(pair[0]);
  const least = Float64Array.from(low).reduce((a, b) => Math.min(a, b));
  const most = Float64Array.from(high).reduce((a, b) => Math.max(a, b));
  return evenly(value.type.shape, least - most, 0);
}

/** Parts of 1 along an axis: none is above 1, and all together are `MARGIN` at most. */
export function partsOfOne({ type: { shape } }: Tensor, axis: number): Region {
  const { outer, inner } = stridesAlong(shape, axis);
  const most = new Float64Array(outer * inner).fill(MARGIN);
  return { ...evenly(shape, 0, MARGIN), lengths: [{ p: 1, axis, most }] };
}

/** exp(x − max x) / Σ of the same. */
function shares(value: Tensor): Region | undefined {
  const pair = both(value, "real_div");
  const sum = pair && isOp(pair[1], "reduce_sum");
  const axis = axisOf(sum);
  if (!pair || !sum || axis === undefined || operandsOf(sum)[0] !== pair[0]) return undefined;
  const power = isOp(pair[0], "exp");
  const below = power && both(operandsOf(power)[0]!, "sub");
  const isTop = below && largestOfRow(below[1], "plain") === below[0] && axisOf(isOp(below[1], "reduce_max")) === axis;
  return isTop ? partsOfOne(value, axis) : undefined;
}
