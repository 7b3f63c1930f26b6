/** Random graphs of the ops of pictures: pools, other sizes, channels that become places. */
import * as o from "../../../src/dsl/ops/index.ts";
import { constant } from "../../../src/dsl/tensor.ts";
import { FLOATS } from "../../../src/dsl/type.ts";
import type { Draw, Make } from "./draw.ts";

const each = (d: Draw, count: number, low: number, high: number) =>
  Array.from({ length: count }, () => d.int(low, high));

const poolOf =
  (op: typeof o.avg_pool, most: number): Make =>
  (d) => {
    const spatial = d.int(1, most);
    const x = d.feed([d.int(1, 2), d.int(1, 2), ...each(d, spatial, 4, 6)], d.pick(FLOATS));
    const pad_type = d.pick(["valid", "same", "same_lower", "custom"] as const);
    const ceil_mode = spatial < 3 && !pad_type.startsWith("same") && d.bool();
    const kernel_sizes = each(d, spatial, 2, 3);
    // A longer stride may leave the last window nothing in ceil_mode.
    const strides = kernel_sizes.map((taps) => d.int(1, taps));
    const half = () => {
      const [before, after] = [d.int(0, 1), d.int(0, 1)];
      return [before, ceil_mode ? before : after];
    };
    const pad = pad_type === "custom" ? { pad: Array.from({ length: spatial }, half).flat() } : {};
    const exclude = op === o.avg_pool ? { exclude_padding_from_average: d.bool() } : {};
    return op(x, { kernel_sizes, pad_type, ...pad, strides, ceil_mode, ...exclude });
  };

const picture = (d: Draw, channels = 1, scale = 1) =>
  d.feed([d.int(1, 2), channels * d.int(1, 2), scale * d.int(1, 3), scale * d.int(1, 3)], d.pick(FLOATS));

const SAMPLING = ["DEFAULT", "STRICT_ALIGN_CORNERS", "ALIGN_CORNERS", "OFFSET_CORNERS", "UNALIGN_CORNERS"] as const;

/** By op name. */
export const images: Readonly<Record<string, Make>> = {
  avg_pool: poolOf(o.avg_pool, 3),
  max_pool: poolOf(o.max_pool, 3),
  l2_pool: poolOf(o.l2_pool, 2),
  conv_transpose: (d) => {
    const [spatial, groups, dtype] = [d.int(1, 3), d.int(1, 2), d.pick(FLOATS)];
    const channels = groups * d.int(1, 2);
    const x = d.feed([d.int(1, 2), channels, ...each(d, spatial, 2, 3)], dtype);
    const weight = d.constant([channels, d.int(1, 2), ...each(d, spatial, 2, 3)], dtype);
    const pad_type = d.pick(["valid", "same", "custom"] as const);
    const pad = pad_type === "custom" ? { pad: each(d, 2 * spatial, 0, 1) } : {};
    const bias = d.bool() ? { bias: d.constant([weight.type.shape[1]! * groups], dtype) } : {};
    const options = {
      groups,
      pad_type,
      ...pad,
      strides: each(d, spatial, 1, 2),
      dilations: each(d, spatial, 1, 2),
      ...bias,
    };
    const least = o.conv_transpose(x, weight, options);
    if (d.bool() || pad_type === "same") return least;
    const longer = least.type.shape.map((n, axis) => (axis < 2 ? n : n + d.int(0, options.strides[axis - 2]! - 1)));
    return o.conv_transpose(x, weight, { ...options, output_shape: longer });
  },
  local_response_norm: (d) =>
    o.local_response_norm(d.feed([d.int(1, 2), d.int(1, 6), d.int(1, 3)], d.pick(FLOATS)), {
      size: d.int(1, 5),
      alpha: 0.5,
      beta: d.pick([0.75, 0.5, 1]),
      k: 2,
    }),
  depth_to_space: (d) => o.depth_to_space(picture(d, 4), { block_size: 2 }),
  space_to_depth: (d) => o.space_to_depth(picture(d, 1, 2), { block_size: d.int(1, 2) }),
  pixel_shuffle: (d) => o.pixel_shuffle(picture(d, 4), { upscale_factor: 2 }),
  pixel_unshuffle: (d) => o.pixel_unshuffle(picture(d, 1, 2), { downscale_factor: d.int(1, 2) }),
  space_to_batch: (d) => {
    const [x, [bh, bw]] = [picture(d), [d.int(1, 3), d.int(1, 3)]];
    const amounts = x.type.shape.slice(2).flatMap((n, k) => {
      const before = d.int(0, 2);
      const block = [bh, bw][k]!;
      return [before, (block - ((n + before) % block)) % block];
    });
    return o.space_to_batch(x, [bh, bw], constant(amounts, [2, 2], "int32"));
  },
  batch_to_space: (d) => {
    const [bh, bw] = [d.int(1, 2), d.int(1, 2)];
    const x = d.feed([bh * bw * d.int(1, 2), d.int(1, 2), d.int(2, 3), d.int(2, 3)], d.pick(FLOATS));
    return o.batch_to_space(x, [bh, bw], constant([d.int(0, 1), 0, 0, d.int(0, 1)], [2, 2], "int32"));
  },
  upsample_nearest_neighbor: (d) =>
    o.upsample_nearest_neighbor(picture(d), {
      scale_factor_height: d.int(1, 3),
      scale_factor_width: d.pick([1, 2, 2.5]),
    }),
  resize_nearest_neighbor: (d) =>
    o.resize_nearest_neighbor(picture(d), { target_size_height: d.int(1, 7), target_size_width: d.int(1, 7) }),
  upsample_bilinear: (d) => {
    const align_corners = d.bool();
    const options = { scale_factor_height: d.pick([1, 2, 2.5]), scale_factor_width: d.int(1, 3), align_corners };
    return o.upsample_bilinear(picture(d), { ...options, ...(d.bool() ? { half_pixel_centers: !align_corners } : {}) });
  },
  resize_bilinear: (d) =>
    o.resize_bilinear(picture(d), {
      target_size_height: d.int(1, 7),
      target_size_width: d.int(1, 7),
      sampling_mode: d.pick(SAMPLING),
    }),
  resize: (d) => {
    const x = d.feed(each(d, d.int(1, 4), 1, 4), d.pick(FLOATS));
    const rank = x.type.shape.length;
    const resized_dims = d.int(1, Math.min(2, rank));
    const shape = each(d, d.int(resized_dims, rank), 0, 9);
    if (d.int(0, 2) === 0) return o.resize(x, { shape, resized_dims, interpolation_mode: "NEAREST_NEIGHBOR" });
    return o.resize(x, { shape, resized_dims, sampling_mode: d.pick(SAMPLING) });
  },
  crop: (d) => {
    const x = d.feed([...d.shape(1, 2), d.int(3, 5), d.int(3, 5)], d.pick(FLOATS));
    return o.crop(x, { crop_height: each(d, 2, 0, 1), crop_width: each(d, 2, 0, 1) });
  },
};
