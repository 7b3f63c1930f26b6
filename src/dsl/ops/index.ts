/** The op table: every op the compiler knows, by its MIL name. */
import type { Op } from "../op-spec.ts";
import {
  elu,
  leaky_relu,
  linear_activation,
  relu,
  relu6,
  scaled_tanh,
  sigmoid_hard,
  softplus,
  softsign,
  thresholded_relu,
} from "./activation.ts";
import { reduce_argmax, reduce_argmin } from "./arg.ts";
import { fill, pad, range_1d, reverse, sliding_windows } from "./arrange.ts";
import { scaled_dot_product_attention } from "./attention.ts";
import { cast, identity } from "./cast.ts";
import { concat, stack } from "./concat.ts";
import { constexpr_blockwise_shift_scale, constexpr_lut_to_dense } from "./constexpr.ts";
import { conv } from "./conv.ts";
import { einsum } from "./einsum.ts";
import { add, maximum, minimum, mul, pow, real_div, sub } from "./elementwise.ts";
import { gather, gather_along_axis, gather_nd } from "./gather.ts";
import {
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
import { linear, matmul } from "./matmul.ts";
import { batch_norm, instance_norm, l2_norm, layer_norm } from "./norm.ts";
import { band_part, cumsum } from "./prefix.ts";
import {
  reduce_l1_norm,
  reduce_l2_norm,
  reduce_log_sum,
  reduce_log_sum_exp,
  reduce_max,
  reduce_mean,
  reduce_min,
  reduce_sum,
  reduce_sum_square,
} from "./reduce.ts";
import { ceil, floor, floor_div, mod, round, sign } from "./rounding.ts";
import { scatter, scatter_along_axis } from "./scatter.ts";
import { expand_dims, reshape, squeeze, tile, transpose } from "./shape.ts";
import { slice_by_index, slice_by_size, slice_update } from "./slice.ts";
import { softmax } from "./softmax.ts";
import { split } from "./split.ts";
import {
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

// biome-ignore format: one family a line
const ops = [
  conv, linear, matmul, scaled_dot_product_attention, einsum,
  add, sub, mul, real_div, pow, maximum, minimum, floor_div, mod,
  square, sqrt, rsqrt, exp, log, tanh, sigmoid, silu, gelu, erf, sin, cos, abs, inverse, clip, cast, identity,
  relu, relu6, leaky_relu, thresholded_relu, elu, softplus, softsign, sigmoid_hard, linear_activation, scaled_tanh,
  floor, ceil, round, sign,
  reduce_sum, reduce_mean, reduce_max, reduce_min, reduce_sum_square, reduce_l1_norm, reduce_l2_norm,
  reduce_log_sum, reduce_log_sum_exp, reduce_argmax, reduce_argmin, cumsum,
  softmax, layer_norm, l2_norm, batch_norm, instance_norm,
  less, less_equal, greater, greater_equal, equal, not_equal, logical_and, logical_or, logical_xor, logical_not, select,
  concat, stack, split, reshape, transpose, expand_dims, squeeze, tile,
  pad, reverse, sliding_windows, band_part, fill, range_1d,
  slice_by_index, slice_by_size, slice_update,
  gather, gather_along_axis, gather_nd, scatter, scatter_along_axis,
  constexpr_blockwise_shift_scale, constexpr_lut_to_dense,
] as const satisfies readonly Op[];

/** The declarations by MIL name, in the order of docs/ops.md. */
export const opTable: ReadonlyMap<string, Op> = new Map(ops.map((op) => [op.opName, op]));

export {
  abs,
  add,
  band_part,
  batch_norm,
  cast,
  ceil,
  clip,
  concat,
  constexpr_blockwise_shift_scale,
  constexpr_lut_to_dense,
  conv,
  cos,
  cumsum,
  einsum,
  elu,
  equal,
  erf,
  exp,
  expand_dims,
  fill,
  floor,
  floor_div,
  gather,
  gather_along_axis,
  gather_nd,
  gelu,
  greater,
  greater_equal,
  identity,
  instance_norm,
  inverse,
  l2_norm,
  layer_norm,
  leaky_relu,
  less,
  less_equal,
  linear,
  linear_activation,
  log,
  logical_and,
  logical_not,
  logical_or,
  logical_xor,
  matmul,
  maximum,
  minimum,
  mod,
  mul,
  not_equal,
  pad,
  pow,
  range_1d,
  real_div,
  reduce_argmax,
  reduce_argmin,
  reduce_l1_norm,
  reduce_l2_norm,
  reduce_log_sum,
  reduce_log_sum_exp,
  reduce_max,
  reduce_mean,
  reduce_min,
  reduce_sum,
  reduce_sum_square,
  relu,
  relu6,
  reshape,
  reverse,
  round,
  rsqrt,
  scaled_dot_product_attention,
  scaled_tanh,
  scatter,
  scatter_along_axis,
  select,
  sigmoid,
  sigmoid_hard,
  sign,
  silu,
  sin,
  slice_by_index,
  slice_by_size,
  slice_update,
  sliding_windows,
  softmax,
  softplus,
  softsign,
  split,
  sqrt,
  square,
  squeeze,
  stack,
  sub,
  tanh,
  thresholded_relu,
  tile,
  transpose,
};
