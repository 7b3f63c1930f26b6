/** The op table: every op the compiler knows, by its MIL name. */
import type { Op } from "../op-spec.ts";
import * as o from "./names.ts";

export * from "./names.ts";

// biome-ignore format: one family a line
const ops = [
  o.conv, o.conv_transpose, o.linear, o.matmul, o.scaled_dot_product_attention, o.einsum,
  o.add, o.sub, o.mul, o.real_div, o.pow, o.maximum, o.minimum, o.floor_div, o.mod,
  o.square, o.sqrt, o.rsqrt, o.exp, o.exp2, o.log, o.sigmoid, o.silu, o.gelu, o.erf, o.abs, o.inverse, o.clip, o.threshold,
  o.sin, o.cos, o.tan, o.asin, o.acos, o.atan, o.sinh, o.cosh, o.tanh, o.atanh, o.cast, o.identity,
  o.relu, o.relu6, o.leaky_relu, o.prelu, o.clamped_relu, o.thresholded_relu, o.elu, o.softplus, o.softplus_parametric,
  o.softsign, o.sigmoid_hard, o.linear_activation, o.scaled_tanh,
  o.floor, o.ceil, o.round, o.sign,
  o.reduce_sum, o.reduce_mean, o.reduce_max, o.reduce_min, o.reduce_prod, o.reduce_sum_square, o.reduce_l1_norm, o.reduce_l2_norm,
  o.reduce_log_sum, o.reduce_log_sum_exp, o.reduce_argmax, o.reduce_argmin, o.cumsum, o.topk, o.argsort,
  o.softmax, o.layer_norm, o.l2_norm, o.batch_norm, o.instance_norm, o.local_response_norm,
  o.less, o.less_equal, o.greater, o.greater_equal, o.equal, o.not_equal,
  o.logical_and, o.logical_or, o.logical_xor, o.logical_not, o.select,
  o.concat, o.stack, o.split, o.reshape, o.flatten2d, o.transpose, o.expand_dims, o.squeeze, o.tile,
  o.pad, o.reverse, o.reverse_sequence, o.sliding_windows, o.band_part, o.fill, o.fill_like, o.one_hot, o.range_1d,
  o.slice_by_index, o.slice_by_size, o.slice_update, o.crop,
  o.gather, o.gather_along_axis, o.gather_nd, o.scatter, o.scatter_along_axis, o.scatter_nd,
  o.avg_pool, o.max_pool, o.l2_pool,
  o.upsample_nearest_neighbor, o.upsample_bilinear, o.resize_nearest_neighbor, o.resize_bilinear, o.resize,
  o.depth_to_space, o.space_to_depth, o.pixel_shuffle, o.pixel_unshuffle, o.batch_to_space, o.space_to_batch,
  o.quantize, o.dequantize,
  o.constexpr_blockwise_shift_scale, o.constexpr_lut_to_dense,
] as const satisfies readonly Op[];

/** The declarations by MIL name, in the order of docs/ops.md. */
export const opTable: ReadonlyMap<string, Op> = new Map(ops.map((op) => [op.opName, op]));
