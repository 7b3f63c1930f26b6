/** Every op by its MIL name, and nothing else: the functions that an author calls. */
export {
  clamped_relu,
  elu,
  leaky_relu,
  linear_activation,
  relu,
  relu6,
  scaled_tanh,
  sigmoid_hard,
  softplus,
  softsign,
  threshold,
  thresholded_relu,
} from "./activation.ts";
export { reduce_argmax, reduce_argmin } from "./arg.ts";
export { pad, reverse, reverse_sequence, sliding_windows } from "./arrange.ts";
export { scaled_dot_product_attention } from "./attention.ts";
export { prelu, softplus_parametric } from "./by-channel.ts";
export { cast, identity } from "./cast.ts";
export { concat, stack } from "./concat.ts";
export { constexpr_blockwise_shift_scale, constexpr_lut_to_dense } from "./constexpr.ts";
export { conv } from "./conv.ts";
export { einsum } from "./einsum.ts";
export { add, maximum, minimum, mul, pow, real_div, sub } from "./elementwise.ts";
export { gather, gather_along_axis, gather_nd } from "./gather.ts";
export { batch_to_space, space_to_batch } from "./images/batch.ts";
export { conv_transpose } from "./images/conv-transpose.ts";
export { local_response_norm } from "./images/local-norm.ts";
export { avg_pool, l2_pool, max_pool } from "./images/pool.ts";
export {
  crop,
  resize,
  resize_bilinear,
  resize_nearest_neighbor,
  upsample_bilinear,
  upsample_nearest_neighbor,
} from "./images/resize.ts";
export { depth_to_space, pixel_shuffle, pixel_unshuffle, space_to_depth } from "./images/space.ts";
export {
  equal,
  greater,
  greater_equal,
  less,
  less_equal,
  logical_and,
  logical_not,
  logical_or,
  logical_xor,
  not_equal,
  select,
} from "./logic.ts";
export { fill, fill_like, one_hot, range_1d } from "./made.ts";
export { linear, matmul } from "./matmul.ts";
export { batch_norm, instance_norm, l2_norm, layer_norm } from "./norm.ts";
export { band_part, cumsum } from "./prefix.ts";
export { dequantize, quantize } from "./quantise.ts";
export {
  reduce_l1_norm,
  reduce_l2_norm,
  reduce_log_sum,
  reduce_log_sum_exp,
  reduce_max,
  reduce_mean,
  reduce_min,
  reduce_prod,
  reduce_sum,
  reduce_sum_square,
} from "./reduce.ts";
export { ceil, floor, floor_div, mod, round, sign } from "./rounding.ts";
export { scatter, scatter_along_axis } from "./scatter.ts";
export { scatter_nd } from "./scatter-nd.ts";
export { expand_dims, flatten2d, reshape, squeeze, tile, transpose } from "./shape.ts";
export { slice_by_index, slice_by_size, slice_update } from "./slice.ts";
export { softmax } from "./softmax.ts";
export { argsort, topk } from "./sort.ts";
export { split } from "./split.ts";
export { acos, asin, atan, atanh, cosh, exp2, sinh, tan } from "./trigonometry.ts";
export {
  abs,
  clip,
  cos,
  erf,
  exp,
  gelu,
  inverse,
  log,
  rsqrt,
  sigmoid,
  silu,
  sin,
  sqrt,
  square,
  tanh,
} from "./unary.ts";
