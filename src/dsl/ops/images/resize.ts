/** Pictures of another size: the last two axes sampled more or less often, or cropped. */
import type { Index } from "../../algebra.ts";
import { attr } from "../../attr.ts";
import { op } from "../../op.ts";
import type { Info } from "../../op-spec.ts";
import type { Tensor } from "../../tensor.ts";
import { type DType, FLOATS, type Shape, type TensorType } from "../../type.ts";
import { SAMPLING_MODES, type SamplingMode } from "./grid.ts";
import { linear, nearest } from "./samples.ts";

type Resized<Options> = <D extends DType>(x: Tensor<Shape, D>, options: Options) => Tensor<Shape, D>;
interface Factors {
  readonly scale_factor_height?: number;
  readonly scale_factor_width?: number;
}
/** Call of upsample_nearest_neighbor. */
export type UpsampleNearest = Resized<Factors>;
/** Call of upsample_bilinear; half_pixel_centers is the opposite of align_corners when absent. */
export type UpsampleBilinear = Resized<Factors & { align_corners?: boolean; half_pixel_centers?: boolean }>;
/** Call of resize_nearest_neighbor. */
export type ResizeNearest = Resized<{ target_size_height: number; target_size_width: number }>;
/** Call of resize_bilinear. */
export type ResizeBilinear = Resized<{
  target_size_height?: number;
  target_size_width?: number;
  sampling_mode?: SamplingMode;
}>;
/** Call of resize: the last `resized_dims` sizes of `shape`, 0 for one that stays. */
export type Resize = Resized<{
  shape: readonly number[];
  resized_dims: number;
  interpolation_mode?: "LINEAR" | "NEAREST_NEIGHBOR";
  sampling_mode?: SamplingMode;
}>;
/** Call of crop: how much at the top and bottom, left and right. */
export type Crop = Resized<{ crop_height: readonly number[]; crop_width: readonly number[] }>;

type Size = readonly [height: number, width: number];

function sized({ x }: { readonly x: Info }, [height, width]: Size): TensorType | string {
  const rank = x.shape.length;
  return rank < 3
    ? `x must have rank 3 or more, not ${rank}`
    : { dtype: x.dtype, shape: [...x.shape.slice(0, -2), height, width] };
}

const factor = attr("float", 1, { dtype: "fp32" });
const factors = { scale_factor_height: factor, scale_factor_width: factor };
const target = { target_size_height: attr("int32"), target_size_width: attr("int32") };

/** Sizes times factors, as numpy multiplies and floors them in fp32. */
const scaled = (shape: Shape, { scale_factor_height, scale_factor_width }: Required<Factors>): Size => [
  Math.floor(Math.fround(scale_factor_height * (shape.at(-2) ?? 1))),
  Math.floor(Math.fround(scale_factor_width * (shape.at(-1) ?? 1))),
];

const WHERE = "the two elements around it in each axis, by their distance";

/** More or fewer pixels by a factor, each that of one element. */
export const upsample_nearest_neighbor = op<UpsampleNearest>("upsample_nearest_neighbor")({
  doc: "y[…, i, j] = x[…, ⌊i · H / H′⌋, ⌊j · W / W′⌋], H′ = ⌊H · scale_factor_height⌋, W′ = ⌊W · scale_factor_width⌋",
  operands: { x: { dtypes: FLOATS } },
  attrs: factors,
  rounds: false,
  traits: ["moves"],
  infer: ({ x }, given) => sized({ x }, scaled(x.shape, given)),
  element: (m, { x }, given) => nearest(m, x, scaled(x.shape, given)),
});

/** As many pixels as asked for, each that of one element. */
export const resize_nearest_neighbor = op<ResizeNearest>("resize_nearest_neighbor")({
  doc: "y[…, i, j] = x[…, ⌊i · H / target_size_height⌋, ⌊j · W / target_size_width⌋]",
  operands: { x: { dtypes: FLOATS } },
  attrs: target,
  rounds: false,
  traits: ["moves"],
  infer: ({ x }, given) => sized({ x }, [given.target_size_height, given.target_size_width]),
  element: (m, { x }, given) => nearest(m, x, [given.target_size_height, given.target_size_width]),
});

/** More or fewer pixels by a factor, mixed of their neighbours. */
export const upsample_bilinear = op<UpsampleBilinear>("upsample_bilinear")({
  doc: [
    `y[…, i, j] = x at a place, mixed of ${WHERE}; s = H / H′ and so for W: place i · (H − 1) / (H′ − 1) where align_corners,`,
    "i · s + s/2 − 1/2 where half_pixel_centers (both, and neither: i · s for neither, both is an error), kept in [0, H − 1]; sizes as in upsample_nearest_neighbor",
  ].join(" "),
  operands: { x: { dtypes: FLOATS } },
  attrs: { ...factors, align_corners: attr("bool", true), half_pixel_centers: attr("bool") },
  shorthand: (given) =>
    given.half_pixel_centers === undefined ? { ...given, half_pixel_centers: given.align_corners === false } : given,
  infer: ({ x }, given) =>
    given.align_corners && given.half_pixel_centers
      ? "align_corners and half_pixel_centers exclude each other"
      : sized({ x }, scaled(x.shape, given)),
  element: (m, { x }, given) => {
    const unaligned = given.half_pixel_centers ? "UNALIGN_CORNERS" : "DEFAULT";
    return linear(m, x, scaled(x.shape, given), given.align_corners ? "STRICT_ALIGN_CORNERS" : unaligned);
  },
});

/** As many pixels as asked for, mixed of their neighbours. */
export const resize_bilinear = op<ResizeBilinear>("resize_bilinear")({
  doc: [
    `y[…, i, j] = x at a place, mixed of ${WHERE}; place of sample i of n in an axis of size s: DEFAULT i · s/n; STRICT_ALIGN_CORNERS`,
    "i · (s − 1)/(n − 1); ALIGN_CORNERS likewise, (s − 1)/2 where n = 1; OFFSET_CORNERS (i + 1/2) · max(1, s − 1)/n; UNALIGN_CORNERS",
    "(i + 1/2) · s/n − 1/2; kept in [0, s − 1]",
  ].join(" "),
  operands: { x: { dtypes: FLOATS } },
  attrs: {
    target_size_height: attr("int32", 1),
    target_size_width: attr("int32", 1),
    sampling_mode: attr("string", "DEFAULT", { oneOf: SAMPLING_MODES }),
  },
  infer: ({ x }, given) => sized({ x }, [given.target_size_height, given.target_size_width]),
  element: (m, { x }, given) =>
    linear(m, x, [given.target_size_height, given.target_size_width], given.sampling_mode as SamplingMode),
});

interface ResizeGiven {
  readonly shape: readonly number[];
  readonly resized_dims: number;
}

/** The sizes of the axes that are sampled anew, the last ones of x. */
const sampledTo = (x: Shape, { shape, resized_dims: count }: ResizeGiven): readonly number[] =>
  shape.slice(shape.length - count).map((size, k) => (size === 0 ? x[x.length - count + k]! : size));

/** The last one or two axes with as many samples as asked for. */
export const resize = op<Resize>("resize")({
  doc: [
    "y = x with the last `resized_dims` axes (one or two) of the last sizes of `shape`, 0 for that of x: LINEAR as resize_bilinear samples each of them;",
    "NEAREST_NEIGHBOR, which DEFAULT alone says the places of, as resize_nearest_neighbor",
  ].join(" "),
  operands: { x: { dtypes: FLOATS } },
  attrs: {
    shape: attr("int32[]"),
    resized_dims: attr("int32", undefined, { stored: "uint32" }),
    interpolation_mode: attr("string", "LINEAR", { oneOf: ["LINEAR", "NEAREST_NEIGHBOR"] }),
    sampling_mode: attr("string", "DEFAULT", { oneOf: SAMPLING_MODES }),
  },
  infer({ x }, given) {
    const { shape, resized_dims: count } = given;
    if (count < 1 || count > 2) return `resized_dims must be 1 or 2, not ${count}`;
    if (count > shape.length) return `resized_dims is ${count}, shape has ${shape.length} sizes`;
    if (shape.length > x.shape.length) return `shape has ${shape.length} sizes, x has rank ${x.shape.length}`;
    if (shape.some((size) => size < 0)) return `shape [${shape.join(",")}] has a size below 0`;
    if (given.interpolation_mode === "NEAREST_NEIGHBOR" && given.sampling_mode !== "DEFAULT")
      return `which elements are the nearest is known of sampling_mode DEFAULT, not of ${given.sampling_mode}`;
    return { dtype: x.dtype, shape: [...x.shape.slice(0, -count), ...sampledTo(x.shape, given)] };
  },
  element(m, { x }, given) {
    const sizes = sampledTo(x.shape, given);
    return given.interpolation_mode === "NEAREST_NEIGHBOR"
      ? nearest(m, x, sizes)
      : linear(m, x, sizes, given.sampling_mode as SamplingMode);
  },
});

/** The last two axes without some elements at their ends. */
export const crop = op<Crop>("crop")({
  doc: "y = x without crop_height[0] rows at the top and crop_height[1] at the bottom, crop_width likewise, of its last two axes",
  operands: { x: { dtypes: FLOATS } },
  attrs: { crop_height: attr("int32[]"), crop_width: attr("int32[]") },
  rounds: false,
  traits: ["moves"],
  infer({ x }, { crop_height, crop_width }) {
    const wrong = [crop_height, crop_width].find((list) => list.length !== 2 || list.some((n) => n < 0));
    if (wrong) return `crop_height and crop_width take two numbers of 0 or more, not [${wrong.join(",")}]`;
    const [h, w] = [x.shape.at(-2) ?? 1, x.shape.at(-1) ?? 1];
    return sized({ x }, [h - crop_height[0]! - crop_height[1]!, w - crop_width[0]! - crop_width[1]!]);
  },
  element:
    (m, { x }, { crop_height, crop_width }) =>
    (ix) => {
      const [i, j] = ix.slice(-2) as [Index, Index];
      return x.at(...ix.slice(0, -2), m.plus(i, m.index(crop_height[0]!)), m.plus(j, m.index(crop_width[0]!)));
    },
});
