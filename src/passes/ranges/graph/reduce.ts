/** Reductions and layer_norm: what is known of their results. */
import type { OpDef } from "../../../dsl/tensor.ts";
import type { TensorType } from "../../../dsl/type.ts";
import { MARGIN } from "../limits.ts";
import { evenly, lengthsAlong, magnitudes, type Region, stridesAlong } from "./region.ts";

/** Of an op, its type and its operands; nothing where nothing is known. */
export type Other = (def: OpDef, type: TensorType, operands: readonly Region[]) => Region | undefined;

/** Of each result the least and largest of what it is made of; a sum is as long as its row at most. */
export function reduced(of: (x: number, n: number) => number): Other {
  return (def, type, [x]) => {
    const axes = def.attrs.axes as readonly number[];
    const n = axes.reduce((all, axis) => all * x!.shape[axis]!, 1);
    const kept = x!.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
    const size = kept.reduce((all, k) => all * k, 1);
    const [low, high] = [
      new Float64Array(size).fill(Number.POSITIVE_INFINITY),
      new Float64Array(size).fill(Number.NEGATIVE_INFINITY),
    ];
    for (let at = 0; at < x!.low.length; at++) {
      let [rest, to, stride] = [at, 0, 1];
      for (let axis = kept.length - 1; axis >= 0; axis--) {
        const i = rest % x!.shape[axis]!;
        rest = Math.floor(rest / x!.shape[axis]!);
        if (kept[axis] !== 1) to += i * stride;
        stride *= kept[axis]!;
      }
      low[to] = Math.min(low[to]!, x!.low[at]!);
      high[to] = Math.max(high[to]!, x!.high[at]!);
    }
    const whole = { shape: type.shape, low: low.map((a) => of(a, n)), high: high.map((a) => of(a, n)), lengths: [] };
    const [axis, ...more] = axes.filter((one) => x!.shape[one] !== 1);
    const one = axes.length === 1 ? axes[0] : more.length === 0 ? axis : undefined;
    if (def.op !== "reduce_sum" || one === undefined) return whole;
    const sums = lengthsAlong(x!, 1, one);
    return {
      ...whole,
      low: whole.low.map((a, k) => Math.max(a, -sums[k]!)),
      high: whole.high.map((a, k) => Math.min(a, sums[k]!)),
    };
  };
}

/** (x − μ)/σ has the length √n at most, gamma stretches it, beta is added. */
export function layerNorm(...[def, { shape }, operands]: Parameters<Other>): Region | undefined {
  const axes = (def.attrs.axes as readonly number[]).filter((axis) => shape[axis] !== 1);
  const [axis] = axes;
  if (axes.length !== 1 || axis === undefined || operands.length > 1) return undefined;
  const { n, outer, inner } = stridesAlong(shape, axis);
  const radius = MARGIN * Math.sqrt(n);
  return {
    ...evenly(shape, -radius, radius),
    lengths: [{ p: 2, axis, most: new Float64Array(outer * inner).fill(radius) }],
  };
}

/**
 * What a sum inside an op may reach; undefined for an op that has none. It is held in fp16's range, whatever the result is divided by: a mean on
 * the engine breaks where its sum passes 65504 (apple/coremltools, issue 2690).
 */
export function sumInside(def: OpDef, type: TensorType, x: Region): Region | undefined {
  if (def.op === "reduce_mean") return reduced(ofAll)({ ...def, op: "reduce_sum" }, type, [x]);
  if (def.op === "softmax") return evenly(type.shape, 0, MARGIN * type.shape[def.attrs.axis as number]!);
  if (def.op !== "layer_norm") return undefined;
  const n = (def.attrs.axes as readonly number[]).reduce((all, axis) => all * type.shape[axis]!, 1);
  const most = magnitudes(x).reduce((all, one) => Math.max(all, one), 0);
  // x − μ is twice as large as x at most, and its squares are added up.
  return evenly(type.shape, 0, ofAll((2 * most) ** 2, n));
}

/** n numbers of one size, as sums in fp32 or wider have them. */
export const ofAll = (x: number, n: number): number => x * n * (x === 0 ? 1 : 1 + n * 2 ** -23);
