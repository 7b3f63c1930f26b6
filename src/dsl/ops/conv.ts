/** Convolution over one to three spatial axes, with strides, padding, dilation and groups. */
import type { Algebra, Index, Scalar } from "../algebra.ts";
import { sumOver } from "../algebra.ts";
import { attr } from "../attr.ts";
import { op } from "../op.ts";
import type { Info } from "../op-spec.ts";
import type { Conv } from "../shapes/signatures.ts";
import { FLOATS, type Shape, sameShape } from "../type.ts";
import { perSpatialAxis, wrongSpatial } from "./spatial.ts";

interface ConvOptions {
  readonly strides?: readonly number[];
  readonly pad_type?: "valid" | "same" | "same_lower" | "custom";
  readonly pad?: readonly number[];
  readonly dilations?: readonly number[];
  readonly groups?: number;
}

/** How one spatial axis is walked: input position = stride · output + dilation · tap − before. */
interface Window {
  readonly size: number;
  readonly taps: number;
  readonly stride: number;
  readonly dilation: number;
  readonly before: number;
  readonly after: number;
}

type Attrs = Required<Omit<ConvOptions, "pad_type">> & { readonly pad_type: string };

/** Convolution of x [N, C, ...] with weight [O, C/groups, ...] → [N, O, ...], over one to three spatial axes. */
export const conv = op<Conv>("conv")({
  doc: [
    "z[n,o,i…] = Σ weight[o,c,k…] · x[n, g·C+c, strides·i + dilations·k − pad …] + bias[o] over c and k, x being 0 outside;",
    "C = channels / groups, g the group of o; valid: no padding, same: output = ⌈size / stride⌉ with an odd pad at the",
    "end, same_lower: at the start, custom: `pad` before and after each spatial axis",
  ].join(" "),
  operands: {
    x: { dtypes: FLOATS },
    weight: { dtypes: FLOATS, like: "x" },
    bias: { dtypes: FLOATS, like: "x", optional: true },
  },
  attrs: {
    strides: attr("int32[]", perSpatialAxis(1, 1), { says: "all 1" }),
    pad_type: attr("string", "valid", { oneOf: ["valid", "same", "same_lower", "custom"] }),
    pad: attr("int32[]", perSpatialAxis(2, 0), { says: "all 0" }),
    dilations: attr("int32[]", perSpatialAxis(1, 1), { says: "all 1" }),
    groups: attr("int32", 1),
  },
  traits: ["contracts", "product"],
  infer({ x, weight, bias }, attrs) {
    const wrong = checkRanks(x, weight, attrs) ?? checkChannels(x, weight, bias, attrs.groups);
    if (wrong) return wrong;
    const sizes = windowsOf(x.shape, weight.shape, attrs).map(outputSize);
    const [batch, outputs] = [x.shape[0]!, weight.shape[0]!];
    if (sizes.some((n) => n < 1)) return `the kernel [${weight.shape.slice(2).join(",")}] is larger than the padded x`;
    return { dtype: x.dtype, shape: [batch, outputs, ...sizes] };
  },
  element: (m, { x, weight, bias }, attrs) => {
    const windows = windowsOf(x.shape, weight.shape, attrs);
    const padded = windows.some(isPadded);
    const [outputs, channels, ...taps] = weight.shape as readonly [number, number, ...number[]];
    return ([n, o, ...place]) => {
      const group =
        attrs.groups === 1 ? m.index(0) : m.reindex([o!], [outputs], [attrs.groups, outputs / attrs.groups])[0]!;
      const total = sumOver(m, [channels, ...taps], ([c, ...ks]) => {
        const channel = m.plus(m.times(group, channels), c!);
        const inside = (at: readonly Index[]) => m.mul(weight.at(o!, c!, ...ks), x.at(n!, channel, ...at));
        if (padded) return walk(m, windows, place, ks, inside);
        return inside(windows.map((window, axis) => positionIn(m, window, place[axis]!, ks[axis]!)));
      });
      return bias ? m.add(total, bias.at(o!)) : total;
    };
  },
});

function checkRanks(x: Info, weight: Info, given: Attrs): string | undefined {
  const { strides, dilations } = given;
  const rank = x.shape.length;
  const wrong = wrongSpatial(rank, given, [
    ["strides", strides, rank - 2],
    ["dilations", dilations, rank - 2],
  ]);
  if (wrong) return wrong;
  if (weight.shape.length !== rank) return `weight has rank ${weight.shape.length}, x has rank ${rank}`;
  if (dilations.some((n) => n > 1) && !weight.constant) return "dilations need a weight that is known at compile time";
  return undefined;
}

function checkChannels(x: Info, weight: Info, bias: Info | undefined, groups: number): string | undefined {
  const [outputs, perGroup] = weight.shape as readonly [number, number];
  const channels = x.shape[1]!;
  if (groups < 1 || channels % groups !== 0 || outputs % groups !== 0)
    return `groups ${groups} must divide the ${channels} channels of x and the ${outputs} of weight`;
  if (channels / groups !== perGroup)
    return `x has ${channels} channels in ${groups} groups, weight takes ${perGroup} per group`;
  return bias && !sameShape(bias.shape, [outputs]) ? `bias is [${bias.shape.join(",")}], not [${outputs}]` : undefined;
}

function windowsOf(x: Shape, weight: Shape, { strides, pad_type, pad, dilations }: Attrs): readonly Window[] {
  return x.slice(2).map((size, axis) => {
    const [taps, stride, dilation] = [weight[axis + 2]!, strides[axis]!, dilations[axis]!];
    const missing = (Math.ceil(size / stride) - 1) * stride + (taps - 1) * dilation + 1 - size;
    const total = Math.max(0, missing);
    const [less, more] = [Math.floor(total / 2), Math.ceil(total / 2)];
    const [before, after] = { valid: [0, 0], same: [less, more], same_lower: [more, less] }[pad_type] ?? [
      pad[2 * axis]!,
      pad[2 * axis + 1]!,
    ];
    return { size, taps, stride, dilation, before: before!, after: after! };
  });
}

const outputSize = ({ size, taps, stride, dilation, before, after }: Window): number =>
  Math.floor((size + before + after - ((taps - 1) * dilation + 1)) / stride) + 1;

const isPadded = ({ before, after }: Window): boolean => before !== 0 || after !== 0;

const positionIn = (m: Algebra, { stride, dilation, before }: Window, place: Index, k: Index): Index =>
  m.plus(m.plus(m.times(place, stride), m.times(k, dilation)), m.index(-before));

/** `inside` at the input position of an output place and a tap; 0 where padding stands for it. */
function walk(
  m: Algebra,
  windows: readonly Window[],
  place: readonly Index[],
  ks: readonly Index[],
  inside: (at: readonly Index[]) => Scalar,
): Scalar {
  const [window, ...rest] = windows;
  if (!window) return inside([]);
  const position = positionIn(m, window, place[0]!, ks[0]!);
  const further = (i: Index) => walk(m, rest, place.slice(1), ks.slice(1), (at) => inside([i, ...at]));
  if (!isPadded(window)) return further(position);
  return m.within(position, m.index(0), window.size, 1, further, () => m.num(0));
}
