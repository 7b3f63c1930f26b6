/** Transposed convolution over one to three spatial axes: what convolution does to gradients. */
import { type Algebra, type Index, type Scalar, sumOver } from "../../algebra.ts";
import { attr } from "../../attr.ts";
import { op } from "../../op.ts";
import type { Info } from "../../op-spec.ts";
import type { Tensor } from "../../tensor.ts";
import { type DType, FLOATS, type Shape, sameShape } from "../../type.ts";
import { perSpatialAxis, wrongSpatial } from "../spatial.ts";

/** Options of conv_transpose; those of conv, and the result's shape where it is not the least one. */
export interface ConvTransposeOptions {
  readonly bias?: Tensor;
  readonly pad?: readonly number[];
  readonly output_shape?: readonly number[];
  readonly pad_type?: "valid" | "same" | "custom";
  readonly strides?: readonly number[];
  readonly dilations?: readonly number[];
  readonly groups?: number;
}
/** Call of conv_transpose: x [N, C, ...], weight [C, O/groups, ...]. */
export type ConvTranspose = <D extends DType>(
  x: Tensor<Shape, D>,
  weight: Tensor<Shape, D>,
  options?: ConvTransposeOptions,
) => Tensor<Shape, D>;

interface Given {
  readonly pad: readonly number[];
  readonly output_shape: readonly number[];
  readonly pad_type: string;
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly groups: number;
}

/** How one spatial axis is spread: output position = stride · input + dilation · tap − before. */
interface Spread {
  readonly size: number;
  readonly stride: number;
  readonly dilation: number;
  readonly before: number;
  readonly result: number;
  /** The least result; a given one is less than a stride longer. */
  readonly least: number;
}

const NONE: readonly number[] = [];
/** Transposed convolution of x [N, C, ...] with weight [C, O/groups, ...] → [N, O, ...]. */
export const conv_transpose = op<ConvTranspose>("conv_transpose")({
  doc: [
    "z[n,o,p…] = Σ x[n,c,i…] · weight[c,o,k…] + bias[o] over c of the group of o and all i, k with p = strides·i + dilations·k − before …;",
    "valid: before = 0, custom: `pad`, taken off before and after, same: size · stride results, an odd pad taken off at the end;",
    "output_shape, all axes, is less than a stride longer than that, at the end",
  ].join(" "),
  operands: {
    x: { dtypes: FLOATS },
    weight: { dtypes: FLOATS, like: "x" },
    bias: { dtypes: FLOATS, like: "x", optional: true },
  },
  attrs: {
    pad: attr("int32[]", perSpatialAxis(2, 0), { says: "all 0" }),
    output_shape: attr("int32[]", NONE, { says: "the least", unsaid: () => true }),
    pad_type: attr("string", "valid", { oneOf: ["valid", "same", "custom"] }),
    strides: attr("int32[]", perSpatialAxis(1, 1), { says: "all 1" }),
    dilations: attr("int32[]", perSpatialAxis(1, 1), { says: "all 1" }),
    groups: attr("int32", 1),
  },
  traits: ["contracts"],
  infer({ x, weight, bias }, given) {
    const wrong = checkLists(x, weight, given) ?? checkChannels(x, weight, bias, given);
    if (wrong) return wrong;
    const spreads = spreadsOf(x.shape, weight.shape, given);
    const shape = [x.shape[0]!, weight.shape[1]! * given.groups, ...spreads.map((s) => s.result)];
    const far = spreads.findIndex((s) => s.result < s.least || s.result >= s.least + s.stride);
    const isOther = given.output_shape.length > 0 && !sameShape(shape, given.output_shape);
    return far >= 0 || isOther
      ? `output_shape is [${given.output_shape.join(",")}]; the least is [${[...shape.slice(0, 2), ...spreads.map((s) => s.least)].join(",")}]`
      : { dtype: x.dtype, shape };
  },
  element: (m, { x, weight, bias }, given) => {
    const spreads = spreadsOf(x.shape, weight.shape, given);
    const [channels, perGroup, ...taps] = weight.shape as readonly [number, number, ...number[]];
    const { groups } = given;
    return ([n, o, ...place]) => {
      const [group, own] = m.reindex([o!], [groups * perGroup], [groups, perGroup]) as readonly [Index, Index];
      const total = sumOver(m, [channels / groups, ...taps], ([c, ...ks]) => {
        const channel = m.plus(m.times(group, channels / groups), c!);
        return spreadAt(m, spreads, place, ks, (at) => m.mul(x.at(n!, channel, ...at), weight.at(channel, own, ...ks)));
      });
      const whole = m.ownOrder("conv_transpose", [], total);
      return bias ? m.add(whole, bias.at(o!)) : whole;
    };
  },
});

function checkLists(x: Info, weight: Info, given: Given): string | undefined {
  const { strides, dilations, output_shape } = given;
  const rank = x.shape.length;
  const wrong = wrongSpatial(rank, given, [
    ["strides", strides, rank - 2],
    ["dilations", dilations, rank - 2],
    ["output_shape", output_shape, output_shape.length === 0 ? 0 : rank],
  ]);
  return (
    wrong ?? (weight.shape.length !== rank ? `weight has rank ${weight.shape.length}, x has rank ${rank}` : undefined)
  );
}

function checkChannels(x: Info, weight: Info, bias: Info | undefined, { groups }: Given): string | undefined {
  const [channels, perGroup] = weight.shape as readonly [number, number];
  if (channels !== x.shape[1]) return `x has ${x.shape[1]} channels, weight takes ${channels}`;
  if (groups < 1 || channels % groups !== 0) return `groups ${groups} must divide the ${channels} channels of x`;
  const wrong = bias && !sameShape(bias.shape, [perGroup * groups]);
  return wrong ? `bias is [${bias.shape.join(",")}], not [${perGroup * groups}]` : undefined;
}

function spreadsOf(x: Shape, weight: Shape, given: Given): readonly Spread[] {
  return x.slice(2).map((size, axis) => {
    const [stride, dilation] = [given.strides[axis]!, given.dilations[axis]!];
    const whole = (size - 1) * stride + (weight[axis + 2]! - 1) * dilation + 1;
    const asked = given.output_shape[axis + 2];
    if (given.pad_type === "same") {
      // As many results as make a convolution of the same stride give `size`: size · stride is the most.
      const result = asked ?? size * stride;
      return {
        size,
        stride,
        dilation,
        before: Math.max(0, whole - result) >> 1,
        result,
        least: (size - 1) * stride + 1,
      };
    }
    const [before, after] = [given.pad[2 * axis]!, given.pad[2 * axis + 1]!];
    const least = whole - before - after;
    return { size, stride, dilation, before, result: asked ?? least, least };
  });
}

/** `inside` at the place in x from which a tap reaches a place of the result; 0 where there is none. */
function spreadAt(
  m: Algebra,
  spreads: readonly Spread[],
  place: readonly Index[],
  ks: readonly Index[],
  inside: (at: readonly Index[]) => Scalar,
): Scalar {
  const [spread, ...rest] = spreads;
  if (!spread) return inside([]);
  const { size, stride, dilation, before } = spread;
  const position = m.plus(m.plus(place[0]!, m.times(ks[0]!, -dilation)), m.index(before));
  const further = (i: Index) => spreadAt(m, rest, place.slice(1), ks.slice(1), (at) => inside([i, ...at]));
  return m.within(position, m.index(0), size, stride, further, () => m.num(0));
}
