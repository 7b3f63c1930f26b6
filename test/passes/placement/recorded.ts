/**
 * Forms of ops that a device's planner was asked about, each alone in a model, and whether its engine takes them (M4, macOS 27.0.1).
 * The record: src/passes/placement/chips.ts names its source. Only forms that graphc can spell are here.
 */
import * as ops from "../../../src/dsl/ops/index.ts";
import { constant, input, type Tensor } from "../../../src/dsl/tensor.ts";
import { chains } from "./recorded-chains.ts";
import { type Form, form, IMAGE, image, weights, x } from "./recorded-form.ts";
import { pictures } from "./recorded-pictures.ts";

type Elementwise = (x: Tensor) => Tensor;
const each = (made: Readonly<Record<string, Elementwise>>, takes: boolean): readonly Form[] =>
  Object.entries(made).map(([name, make]) => form(name, make(image()), takes));

const unary: readonly Form[] = [
  ...each(
    {
      abs: ops.abs,
      ceil: ops.ceil,
      cos: ops.cos,
      erf: ops.erf,
      exp: ops.exp,
      floor: ops.floor,
      inverse: (y) => ops.inverse(y),
      log: (y) => ops.log(y),
      relu: ops.relu,
      relu6: ops.relu6,
      round: ops.round,
      rsqrt: (y) => ops.rsqrt(y),
      sigmoid: ops.sigmoid,
      sign: ops.sign,
      silu: ops.silu,
      sin: ops.sin,
      softplus: ops.softplus,
      softsign: ops.softsign,
      sqrt: ops.sqrt,
      square: ops.square,
      tanh: ops.tanh,
      gelu_exact: (y) => ops.gelu(y),
      gelu_tanh: (y) => ops.gelu(y, { mode: "TANH_APPROXIMATION" }),
      gelu_sigmoid: (y) => ops.gelu(y, { mode: "SIGMOID_APPROXIMATION" }),
      leaky_relu: (y) => ops.leaky_relu(y, { alpha: 0.1 }),
      elu: (y) => ops.elu(y, { alpha: 1 }),
      clip: (y) => ops.clip(y, { alpha: -1, beta: 1 }),
      thresholded_relu: (y) => ops.thresholded_relu(y, { alpha: 0.5 }),
      hard_sigmoid: (y) => ops.sigmoid_hard(y, { alpha: 0.2, beta: 0.5 }),
      scaled_tanh: (y) => ops.scaled_tanh(y, { alpha: 1, beta: 1 }),
      linear_act: (y) => ops.linear_activation(y, { alpha: 2, beta: 1 }),
      pow_const: (y) => ops.pow(y, constant([3], [], "fp16")),
      pow_half: (y) => ops.pow(y, constant([0.5], [], "fp16")),
      atan: ops.atan,
      exp2: ops.exp2,
      prelu: (y) => ops.prelu(y, constant(new Float64Array(64).fill(0.1), [64], "fp16")),
      shape: ops.identity,
    },
    true,
  ),
  ...each({ acos: ops.acos, asin: ops.asin, atanh: ops.atanh, cosh: ops.cosh, sinh: ops.sinh, tan: ops.tan }, false),
];

const binary: readonly Form[] = (
  [
    ["add", ops.add, true],
    ["sub", ops.sub, true],
    ["mul", ops.mul, true],
    ["real_div", ops.real_div, true],
    ["maximum", ops.maximum, true],
    ["minimum", ops.minimum, true],
    ["pow", ops.pow, true],
    ["floor_div", ops.floor_div, true],
    ["mod", ops.mod, false],
  ] as const
).map(([name, op, takes]) => form(name, op(image(), image("fp16", "y")), takes));

const broadcast: readonly Form[] = (
  [
    ["add_bc_ch", IMAGE, [1, 64, 1, 1]],
    ["add_bc_hw", IMAGE, [1, 1, 32, 32]],
    ["add_bc_w", IMAGE, [1, 1, 1, 32]],
    ["add_bc_both", [1, 64, 1, 32], [1, 1, 32, 1]],
    ["add_bc_batch", [4, 64, 32, 32], IMAGE],
  ] as const
).map(([name, a, b]) => form(name, ops.add(x(a), x(b, "fp16", "y")), true));

const types: readonly Form[] = [
  form("add_i32", ops.add(image("int32"), image("int32", "y")), false),
  form("mul_i32", ops.mul(image("int32"), image("int32", "y")), false),
  form("matmul_i32", ops.matmul(x([1, 128, 256], "int32"), x([1, 256, 128], "int32", "y")), false),
  form("cast_f16_i32", ops.cast(image(), { dtype: "int32" }), false),
  form("cast_i32_f16", ops.cast(image("int32"), { dtype: "fp16" }), false),
  form("cast_f16_f32", ops.cast(image(), { dtype: "fp32" }), true),
];

const sizes: readonly Form[] = (
  [
    ["relu_r1", [65536], true],
    ["relu_r2", [256, 256], true],
    ["relu_r3", [1, 128, 256], true],
    ["relu_r5", [1, 4, 16, 32, 32], true],
    ["relu_w16384", [1, 1, 1, 16384], true],
    ["relu_w16385", [1, 1, 1, 16385], true],
    ["relu_w65536", [1, 1, 1, 65536], true],
    ["relu_c65536", [1, 65536, 1, 1], true],
    ["relu_h65536", [1, 1, 65536, 1], true],
    ["relu_n64", [64, 64, 8, 8], true],
    ["sw_relu_n2", [2, 64, 32, 32], true],
    ["sw_relu_n4", [4, 64, 32, 32], true],
    ["sw_relu_n8", [8, 64, 32, 32], true],
    ["sw_relu_n16", [16, 64, 32, 32], true],
    ["relu_w65537", [1, 1, 1, 65537], false],
    ["relu_c65537", [1, 65537, 1, 1], false],
    ["relu_h65537", [1, 1, 65537, 1], false],
  ] as const
).map(([name, shape, takes]) => form(name, ops.relu(x(shape)), takes));

const conv = (kernel: readonly number[], options: Parameters<typeof ops.conv>[2] = {}, groups = 1): Tensor =>
  ops.conv(image(), weights(64, 64 / groups, ...kernel), { ...options, ...(groups > 1 ? { groups } : {}) });
const same = { pad_type: "same" } as const;
const strided = (n: number) => ({ strides: [n, n] }) as const;

const convolutions: readonly Form[] = [
  form("conv1x1", conv([1, 1]), true),
  form("conv3x3", conv([3, 3], same), true),
  form("conv3x3_dw", conv([3, 3], same, 64), true),
  form("conv7x7_s2", conv([7, 7], { ...same, ...strided(2) }), true),
  form("conv3x3_d2", conv([3, 3], { ...same, dilations: [2, 2] }), true),
  form("conv_s5", conv([5, 5], strided(5)), true),
  form("conv_k17", conv([17, 17], same), false),
  form("conv_k1x31", conv([1, 31], same), false),
  form("conv1d", ops.conv(x([1, 64, 1024]), weights(64, 64, 3)), true),
  form("conv3d", ops.conv(x([1, 16, 8, 16, 16]), weights(16, 16, 3, 3, 3), same), true),
  form("conv_dynw", ops.conv(image(), x([64, 64, 1, 1], "fp16", "w")), true),
  ...[13, 14, 15].map((n) => form(`sw_conv_k${n}`, conv([n, n], same), true)),
  ...[16, 17].map((n) => form(`sw_conv_k${n}x1`, conv([n, 1], same), true)),
  ...[32, 64].map((n) => form(`sw_conv_k${n}x1`, conv([n, 1], same), false)),
  ...[16, 17, 24, 32, 64].map((n) => form(`sw_conv_k1x${n}`, conv([1, n], same), false)),
  ...[2, 3, 4, 6, 8].map((n) => form(`sw_conv_s${n}`, conv([n, n], strided(n)), true)),
  ...[2, 4, 8, 16, 32].map((n) => form(`sw_conv_g${n}`, conv([3, 3], same, n), true)),
];

const heads = (name: string): Tensor => x([1, 8, 128, 64], "fp16", name);
const products: readonly Form[] = [
  form("linear", ops.linear(x([1, 128, 256]), weights(512, 256)), true),
  form("matmul_const", ops.matmul(x([1, 128, 256]), weights(256, 512)), true),
  form("matmul_dyn", ops.matmul(x([1, 128, 256]), x([1, 256, 128], "fp16", "y")), true),
  form("matmul_dyn_tr", ops.matmul(x([1, 128, 256]), x([1, 128, 256], "fp16", "y"), { transpose_y: true }), true),
  form("matmul_batched4d", ops.matmul(heads("x"), x([1, 8, 64, 128], "fp16", "y")), true),
  form("matmul_bc", ops.matmul(heads("x"), x([1, 1, 64, 128], "fp16", "y")), true),
  form("sdpa", ops.scaled_dot_product_attention(heads("q"), heads("k"), heads("v")), true),
  form(
    "sdpa_mask",
    ops.scaled_dot_product_attention(heads("q"), heads("k"), heads("v"), {
      attn_mask: x([1, 1, 128, 128], "fp16", "mask"),
    }),
    true,
  ),
  ...[16384, 16385, 32768, 65536].map((n) =>
    form(`sw_matmul_k${n}`, ops.matmul(x([1, 16, n]), x([1, n, 16], "fp16", "y")), n <= 32768),
  ),
];

const norms: readonly Form[] = [
  ...each(
    {
      softmax_c: (y) => ops.softmax(y, { axis: 1 }),
      softmax_w: (y) => ops.softmax(y, { axis: 3 }),
      softmax_h: (y) => ops.softmax(y, { axis: 2 }),
      layer_norm_c: (y) => ops.layer_norm(y, { axes: [1] }),
      layer_norm_hw: (y) => ops.layer_norm(y, { axes: [2, 3] }),
      layer_norm_chw: (y) => ops.layer_norm(y, { axes: [1, 2, 3] }),
      instance_norm: (y) => ops.instance_norm(y),
      batch_norm: (y) => ops.batch_norm(y, weights(64), weights(64)),
      l2_norm: (y) => ops.l2_norm(y),
      global_avg: (y) => ops.reduce_mean(y, { axes: [2, 3] }),
      reduce_sum_c: (y) => ops.reduce_sum(y, { axes: [1], keep_dims: true }),
      reduce_mean_c: (y) => ops.reduce_mean(y, { axes: [1], keep_dims: true }),
      reduce_max_c: (y) => ops.reduce_max(y, { axes: [1], keep_dims: true }),
      reduce_min_c: (y) => ops.reduce_min(y, { axes: [1], keep_dims: true }),
      reduce_l1_norm_c: (y) => ops.reduce_l1_norm(y, { axes: [1], keep_dims: true }),
      reduce_l2_norm_c: (y) => ops.reduce_l2_norm(y, { axes: [1], keep_dims: true }),
      reduce_sum_square_c: (y) => ops.reduce_sum_square(y, { axes: [1], keep_dims: true }),
      reduce_log_sum_c: (y) => ops.reduce_log_sum(y, { axes: [1], keep_dims: true }),
      reduce_log_sum_exp_c: (y) => ops.reduce_log_sum_exp(y, { axes: [1], keep_dims: true }),
      reduce_sum_w: (y) => ops.reduce_sum(y, { axes: [3] }),
      softmax_n: () => ops.softmax(x([8, 64, 16, 16]), { axis: 0 }),
      layer_norm_w: () => ops.layer_norm(x([1, 128, 256]), { axes: [2], gamma: weights(256), beta: weights(256) }),
      lrn: (y) => ops.local_response_norm(y, { size: 5 }),
      topk_w: (y) => ops.topk(y, { k: 4, axis: 3, return_indices: false })[0]!,
      topk_c: (y) => ops.topk(y, { k: 4, axis: 1, return_indices: false })[0]!,
      topk_large: () => ops.topk(x([1, 32000]), { k: 40, axis: 1, return_indices: false })[0]!,
      reduce_sum_all: (y) => ops.reduce_sum(y, { axes: [0, 1, 2, 3] }),
    },
    true,
  ),
  ...each(
    {
      reduce_argmax_c: (y) => ops.reduce_argmax(y, { axis: 1 }),
      reduce_argmax_w: (y) => ops.reduce_argmax(y, { axis: 3 }),
      reduce_prod_c: (y) => ops.reduce_prod(y, { axes: [1] }),
      argmax_flat: () => ops.reduce_argmax(x([1, 32000]), { axis: 1 }),
      argsort_w: (y) => ops.argsort(y, { axis: 3 }),
      cumsum_w: (y) => ops.cumsum(y, { axis: 3 }),
      cumsum_c: (y) => ops.cumsum(y, { axis: 1 }),
    },
    false,
  ),
];

const moved: readonly Form[] = [
  ...each(
    {
      reshape: (y) => ops.reshape(y, { shape: [1, 64, 1024] }),
      reshape_split_c: (y) => ops.reshape(y, { shape: [1, 8, 8, 32, 32] }),
      transpose_hw: (y) => ops.transpose(y, { perm: [0, 1, 3, 2] }),
      transpose_cw: (y) => ops.transpose(y, { perm: [0, 3, 2, 1] }),
      split_c: (y) => ops.split(y, { num_splits: 2, axis: 1 })[0]!,
      slice_c: (y) => ops.slice_by_index(y, [0, 8, 0, 0], [1, 40, 32, 32]),
      slice_w_stride2: (y) => ops.slice_by_index(y, [0, 0, 0, 0], [1, 64, 32, 32], { stride: [1, 1, 1, 2] }),
      slice_by_size: (y) => ops.slice_by_size(y, constant([0, 0, 0, 0], [4], "int32"), { size: [1, 32, 32, 32] }),
      reverse_w: (y) => ops.reverse(y, { axes: [3] }),
      tile: (y) => ops.tile(y, { reps: [1, 2, 1, 2] }),
      pad_const: (y) => ops.pad(y, { pad: [0, 0, 0, 0, 1, 1, 1, 1] }),
      concat_c: (y) => ops.concat([y, image("fp16", "y")], { axis: 1 }),
      concat_w: (y) => ops.concat([y, image("fp16", "y")], { axis: 3 }),
      concat_n: (y) => ops.concat([y, image("fp16", "y")], { axis: 0 }),
      stack: (y) => ops.stack([y, image("fp16", "y")], { axis: 0 }),
      gather_c: (y) => ops.gather(y, constant([1, 2], [2], "int32"), { axis: 1 }),
      gather_w: (y) => ops.gather(y, constant([1, 2], [2], "int32"), { axis: 3 }),
      pad_reflect: (y) => ops.pad(y, { pad: [0, 0, 0, 0, 1, 1, 1, 1], mode: "reflect" }),
      pad_replicate: (y) => ops.pad(y, { pad: [0, 0, 0, 0, 1, 1, 1, 1], mode: "replicate" }),
      pad_c: (y) => ops.pad(y, { pad: [0, 0, 1, 1, 0, 0, 0, 0] }),
      concat_interleave: (y) => ops.concat([y, image("fp16", "y")], { axis: 1, interleave: true }),
      transpose_nc: () => ops.transpose(x([8, 64, 16, 16]), { perm: [1, 0, 2, 3] }),
      transpose_r5: () => ops.transpose(x([1, 4, 16, 16, 16]), { perm: [0, 2, 1, 4, 3] }),
    },
    true,
  ),
  form("slice_dyn", ops.slice_by_size(image(), input("begin", [4], "int32"), { size: [1, 32, 32, 32] }), false),
  form("band_part", ops.band_part(x([1, 128, 128])), false),
  form("sliding_windows", ops.sliding_windows(x([1, 64, 256]), { axis: 2, size: 4, stride: 2 }), false),
  form("scatter", ops.scatter(image(), x([4], "int32", "at"), x([1, 64, 32, 4], "fp16", "u"), { axis: 3 }), false),
];

const coded = ops.quantize(image(), 0.1, { output_dtype: "int8" });
const codes: readonly Form[] = [form("q_dq_i8", coded, true), form("q_dq_i8#1", ops.dequantize(coded, 0.1), true)];

/** Every form that graphc can spell. */
export const FORMS: readonly Form[] = [
  ...unary,
  ...binary,
  ...broadcast,
  ...types,
  ...codes,
  ...sizes,
  ...convolutions,
  ...products,
  ...norms,
  ...moved,
  ...pictures,
  ...chains,
];

/** Rows that graphc has no words for, and why. */
export const UNSPELLED: ReadonlyMap<string, string> = new Map([
  ...["lstm", "gru", "rnn", "affine", "crop_resize", "resample"].map(
    (name) => [name, "the op is not in the table"] as const,
  ),
  ["random_normal", "the op is not in the table"],
  ["range_1d#3", "graphc has no range whose end comes at run time"],
  ["nonzero", "the op non_zero is not in the table"],
  ["cast_f16_i8", "the plan prints two casts and not between which types"],
  ["cast_f16_i8#1", "as the one before it"],
  ["quantize_i8", "the plan prints two casts and not between which types"],
  ["quantize_i8#1", "as the one before it"],
]);
