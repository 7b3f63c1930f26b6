/** The op table: every op the compiler knows, by its MIL name. */
import type { Op } from "../op-spec.ts";
import { scaled_dot_product_attention } from "./attention.ts";
import { cast, identity } from "./cast.ts";
import { concat, stack } from "./concat.ts";
import { constexpr_blockwise_shift_scale, constexpr_lut_to_dense } from "./constexpr.ts";
import { conv } from "./conv.ts";
import { add, maximum, minimum, mul, pow, real_div, sub } from "./elementwise.ts";
import { gather, gather_along_axis } from "./gather.ts";
import {
  equal,
  greater,
  greater_equal,
  less,
  less_equal,
  logical_and,
  logical_not,
  logical_or,
  not_equal,
  select,
} from "./logic.ts";
import { linear, matmul } from "./matmul.ts";
import { l2_norm, layer_norm } from "./norm.ts";
import { reduce_l2_norm, reduce_max, reduce_mean, reduce_min, reduce_sum, reduce_sum_square } from "./reduce.ts";
import { scatter, scatter_along_axis } from "./scatter.ts";
import { expand_dims, reshape, squeeze, tile, transpose } from "./shape.ts";
import { slice_by_index, slice_by_size, slice_update } from "./slice.ts";
import { softmax } from "./softmax.ts";
import { split } from "./split.ts";
import { abs, clip, cos, erf, exp, gelu, log, rsqrt, sigmoid, silu, sin, sqrt, square, tanh } from "./unary.ts";

// biome-ignore format: one family a line
const ops = [
  conv, linear, matmul, scaled_dot_product_attention,
  add, sub, mul, real_div, pow, maximum, minimum,
  square, sqrt, rsqrt, exp, log, tanh, sigmoid, silu, gelu, erf, sin, cos, abs, clip, cast, identity,
  reduce_sum, reduce_mean, reduce_max, reduce_min, reduce_sum_square, reduce_l2_norm,
  softmax, layer_norm, l2_norm,
  less, less_equal, greater, greater_equal, equal, not_equal, logical_and, logical_or, logical_not, select,
  concat, stack, split, reshape, transpose, expand_dims, squeeze, tile,
  slice_by_index, slice_by_size, slice_update,
  gather, gather_along_axis, scatter, scatter_along_axis,
  constexpr_blockwise_shift_scale, constexpr_lut_to_dense,
] as const satisfies readonly Op[];

/** The declarations by MIL name, in the order of docs/ops.md. */
export const opTable: ReadonlyMap<string, Op> = new Map(ops.map((op) => [op.opName, op]));

export {
  abs,
  add,
  cast,
  clip,
  concat,
  constexpr_blockwise_shift_scale,
  constexpr_lut_to_dense,
  conv,
  cos,
  equal,
  erf,
  exp,
  expand_dims,
  gather,
  gather_along_axis,
  gelu,
  greater,
  greater_equal,
  identity,
  l2_norm,
  layer_norm,
  less,
  less_equal,
  linear,
  log,
  logical_and,
  logical_not,
  logical_or,
  matmul,
  maximum,
  minimum,
  mul,
  not_equal,
  pow,
  real_div,
  reduce_l2_norm,
  reduce_max,
  reduce_mean,
  reduce_min,
  reduce_sum,
  reduce_sum_square,
  reshape,
  rsqrt,
  scaled_dot_product_attention,
  scatter,
  scatter_along_axis,
  select,
  sigmoid,
  silu,
  sin,
  slice_by_index,
  slice_by_size,
  slice_update,
  softmax,
  split,
  sqrt,
  square,
  squeeze,
  stack,
  sub,
  tanh,
  tile,
  transpose,
};
