/** Rows of the placement record about pools and other sizes of pictures. */
import * as ops from "../../../src/dsl/ops/index.ts";
import { constant, type Tensor } from "../../../src/dsl/tensor.ts";
import { type Form, form, image, weights, x } from "./recorded-form.ts";

const square = (n: number) => ({ kernel_sizes: [n, n], strides: [1, 1], pad_type: "same" }) as const;
const average = (n: number): Tensor => ops.avg_pool(image(), square(n));
const most = (n: number): Tensor => ops.max_pool(image(), square(n));
const two = { kernel_sizes: [2, 2], strides: [2, 2], pad_type: "valid" } as const;
const none = constant([0, 0, 0, 0], [2, 2], "int32");
const upsampled = (factor: number): Tensor =>
  ops.upsample_nearest_neighbor(image(), { scale_factor_height: factor, scale_factor_width: factor });
const doubled = { scale_factor_height: 2, scale_factor_width: 2 };
const sized = { target_size_height: 48, target_size_width: 48 };

export const pictures: readonly Form[] = [
  form("avg_pool", ops.avg_pool(image(), two), true),
  form("l2_pool", ops.l2_pool(image(), two), true),
  form("max_pool", most(3), true),
  form("max_pool_k15", most(15), false),
  form(
    "avg_pool3d",
    ops.avg_pool(x([1, 16, 8, 16, 16]), { kernel_sizes: [2, 2, 2], strides: [2, 2, 2], pad_type: "valid" }),
    true,
  ),
  ...[4, 5, 7, 8, 9, 13, 14].flatMap((n) => [
    form(`sw_avgpool_k${n}`, average(n), true),
    form(`sw_maxpool_k${n}`, most(n), n <= 8),
  ]),
  form("conv_transpose", ops.conv_transpose(image(), weights(64, 64, 2, 2), { strides: [2, 2] }), true),
  form("conv_transpose_k3s2", ops.conv_transpose(image(), weights(64, 64, 3, 3), { strides: [2, 2] }), true),
  form("conv_transpose_1d", ops.conv_transpose(x([1, 64, 256]), weights(64, 64, 2), { strides: [2] }), true),
  form(
    "conv_transpose_3d",
    ops.conv_transpose(x([1, 16, 4, 8, 8]), weights(16, 16, 2, 2, 2), { strides: [2, 2, 2] }),
    true,
  ),
  form("space_to_depth", ops.space_to_depth(image(), { block_size: 2 }), true),
  form("depth_to_space", ops.depth_to_space(image(), { block_size: 2 }), true),
  form("pixel_shuffle", ops.pixel_shuffle(image(), { upscale_factor: 2 }), true),
  form("pixel_unshuffle", ops.pixel_unshuffle(image(), { downscale_factor: 2 }), true),
  form("space_to_batch", ops.space_to_batch(image(), [2, 2], none), true),
  form("batch_to_space", ops.batch_to_space(x([4, 64, 16, 16]), [2, 2], none), true),
  form("upsample_nearest", upsampled(2), true),
  form("upsample_nearest_x3", upsampled(3), true),
  form("upsample_nearest_frac", upsampled(1.5), true),
  form("upsample_bilinear", ops.upsample_bilinear(image(), { ...doubled, align_corners: false }), true),
  form("upsample_bilinear_ac", ops.upsample_bilinear(image(), { ...doubled, align_corners: true }), true),
  form("resize_bilinear", ops.resize_bilinear(image(), sized), true),
  form("resize_nearest", ops.resize_nearest_neighbor(image(), sized), true),
  // Its interpolation is not on record; this is what it does when nothing is said.
  form("resize_down", ops.resize(image(), { shape: [20, 20], resized_dims: 2 }), true),
];
