/**
 * Random small graphs of one op each, for properties that must hold of every op. What crosses the border of a graph is
 * fp16, fp32 or int32 and has rank 1 or more, as Core ML demands.
 */
import { type Graph, graph } from "../../../src/dsl/graph.ts";
import * as o from "../../../src/dsl/ops/index.ts";
import { constantOf, type Tensor } from "../../../src/dsl/tensor.ts";
import { type DType, FLOATS, NUMBERS, type Shape } from "../../../src/dsl/type.ts";
import type { NDArray } from "../../../src/passes/interpret/array.ts";
import { type Draw, drawing, type Make, type Random, type Range, WIDE } from "./draw.ts";
import { fewUse } from "./examples-few.ts";
import { images } from "./examples-images.ts";
import { fromModels } from "./examples-models.ts";
import { movement } from "./examples-movement.ts";

export { type Random, randomFrom } from "./draw.ts";

export interface Example {
  readonly graph: Graph;
  /** A value for each input, by name. */
  readonly inputs: Readonly<Record<string, NDArray>>;
}

/** A random graph around one op of the table. */
export function exampleOf(opName: string, random: Random): Example {
  const example = examples[opName];
  if (!example) throw new Error(`no example for op ${opName}`);
  const draw = drawing(random);
  const results = [example(draw)].flat() as readonly Tensor[];
  const outputs = Object.fromEntries(results.map((y, n) => [`y${n}`, atBorder(y)]));
  return { graph: graph({ name: opName, inputs: draw.inputs, outputs }), inputs: draw.arrays };
}

function atBorder(y: Tensor): Tensor {
  const number = ["fp16", "fp32", "int32"].includes(y.type.dtype) ? y : o.cast(y, { dtype: "int32" });
  return y.type.shape.length === 0 ? o.reshape(number, { shape: [1] }) : number;
}

/** A shape that broadcasts to the given one. */
function narrower(d: Draw, shape: Shape): number[] {
  return shape.slice(d.int(0, shape.length)).map((n) => (d.bool() ? n : 1));
}

const unaryOf =
  (op: (x: Tensor) => Tensor, range: Range = WIDE, dtypes: readonly DType[] = FLOATS): Make =>
  (d) =>
    op(d.feed(d.shape(1, 5), d.pick(dtypes), range));

const binaryOf =
  (op: (x: Tensor, y: Tensor) => Tensor, second: Range = WIDE, dtypes: readonly DType[] = NUMBERS): Make =>
  (d) => {
    const [shape, dtype] = [d.shape(1, 5), d.pick(dtypes)];
    const [left, right] = d.bool() ? [shape, narrower(d, shape)] : [narrower(d, shape), shape];
    const x = left.length === 0 ? d.constant([], dtype) : d.feed(left, dtype);
    const y = d.bool() || right.length === 0 ? d.constant(right, dtype, second) : d.feed(right, dtype, second);
    return op(x, y);
  };

const connectiveOf =
  (op: (x: Tensor<Shape, "bool">, y: Tensor<Shape, "bool">) => Tensor): Make =>
  (d) => {
    const shape = d.shape(1, 4);
    return op(d.truth(shape), d.truth(shape.map((n) => (d.bool() ? n : 1))));
  };

const reductionOf =
  (op: typeof o.reduce_sum): Make =>
  (d) => {
    const x = d.feed(d.shape(1, 5), d.pick(NUMBERS));
    return op(x, { ...(d.bool() ? { axes: d.axes(x.type.shape.length) } : {}), keep_dims: d.bool() });
  };

const POSITIVE: Range = { low: 1, high: 9 };
const DISTANT: Range = { low: 0.5, high: 4 };

const elementwise: Readonly<Record<string, Make>> = {
  add: binaryOf(o.add),
  sub: binaryOf(o.sub),
  mul: binaryOf(o.mul),
  real_div: binaryOf(o.real_div, POSITIVE),
  pow: (d) => o.pow(d.feed(d.shape(1, 4), "fp16", DISTANT), d.pick([2, 3, 0.5, -0.5, -1])),
  maximum: binaryOf(o.maximum),
  minimum: binaryOf(o.minimum),
  square: unaryOf(o.square, WIDE, NUMBERS),
  abs: unaryOf(o.abs, WIDE, NUMBERS),
  sqrt: unaryOf(o.sqrt, POSITIVE),
  rsqrt: unaryOf((x) => o.rsqrt(x, { epsilon: 1e-3 }), POSITIVE),
  log: unaryOf((x) => o.log(x, { epsilon: 1e-3 }), POSITIVE),
  exp: unaryOf(o.exp),
  tanh: unaryOf(o.tanh),
  sigmoid: unaryOf(o.sigmoid),
  silu: unaryOf(o.silu),
  erf: unaryOf(o.erf),
  sin: unaryOf(o.sin),
  cos: unaryOf(o.cos),
  gelu: (d) =>
    o.gelu(d.feed(d.shape(1, 4), d.pick(FLOATS)), {
      mode: d.pick(["EXACT", "TANH_APPROXIMATION", "SIGMOID_APPROXIMATION"]),
    }),
  clip: unaryOf((x) => o.clip(x, { alpha: -1.5, beta: 2 })),
  cast: (d) =>
    o.cast(d.feed(d.shape(1, 4), d.pick(NUMBERS)), {
      dtype: d.pick(["fp16", "fp32", "int32", "int16", "uint8", "bool"]),
    }),
  identity: unaryOf(o.identity, WIDE, NUMBERS),
  less: binaryOf(o.less),
  less_equal: binaryOf(o.less_equal),
  greater: binaryOf(o.greater),
  greater_equal: binaryOf(o.greater_equal),
  equal: binaryOf(o.equal),
  not_equal: binaryOf(o.not_equal),
  logical_and: connectiveOf(o.logical_and),
  logical_or: connectiveOf(o.logical_or),
  logical_not: (d) => o.logical_not(d.truth(d.shape(1, 4))),
  select: (d) => {
    const [shape, dtype] = [d.shape(1, 4), d.pick(NUMBERS)];
    const cond = d.truth(shape.map((n) => (d.bool() ? n : 1)));
    return o.select(cond, d.feed(shape, dtype), d.constant(narrower(d, shape), dtype));
  },
};

const reductions: Readonly<Record<string, Make>> = {
  reduce_sum: reductionOf(o.reduce_sum),
  reduce_mean: reductionOf(o.reduce_mean),
  reduce_max: reductionOf(o.reduce_max),
  reduce_min: reductionOf(o.reduce_min),
  reduce_sum_square: reductionOf(o.reduce_sum_square),
  reduce_l1_norm: reductionOf(o.reduce_l1_norm),
  reduce_l2_norm: reductionOf(o.reduce_l2_norm),
  softmax: (d) => {
    const x = d.feed(d.shape(1, 4), d.pick(FLOATS));
    return o.softmax(x, { axis: d.int(-x.type.shape.length, x.type.shape.length - 1) });
  },
  layer_norm: (d) => {
    const [shape, dtype] = [d.shape(1, 4), d.pick(FLOATS)];
    const axes = d.axes(shape.length).toSorted((a, b) => a - b);
    const sizes = axes.map((axis) => shape[axis]!);
    const gamma = d.bool() ? { gamma: d.constant(sizes, dtype), beta: d.constant(sizes, dtype) } : {};
    return o.layer_norm(d.feed(shape, dtype), { axes, epsilon: 1e-3, ...gamma });
  },
  l2_norm: (d) => o.l2_norm(d.feed(d.shape(3, 5), d.pick(FLOATS))),
};

const products: Readonly<Record<string, Make>> = {
  matmul: (d) => {
    const [batch, dtype] = [d.shape(0, 2), d.pick(NUMBERS)];
    const [rows, inner, columns] = [d.int(1, 3), d.int(1, 10), d.int(1, 3)];
    const [transpose_x, transpose_y] = [d.bool(), d.bool()];
    const x = d.feed([...batch, ...(transpose_x ? [inner, rows] : [rows, inner])], dtype);
    const other = batch.map((n) => (d.bool() ? n : 1));
    const y = d.feed([...other, ...(transpose_y ? [columns, inner] : [inner, columns])], dtype);
    return o.matmul(x, y, { transpose_x, transpose_y });
  },
  linear: (d) => {
    const [leading, dtype, inputs, outputs] = [d.shape(0, 2), d.pick(FLOATS), d.int(1, 10), d.int(1, 4)];
    const bias = d.bool() ? { bias: d.constant([outputs], dtype) } : {};
    return o.linear(d.feed([...leading, inputs], dtype), d.constant([outputs, inputs], dtype), bias);
  },
  conv: (d) => {
    const [spatial, groups, perGroup, dtype] = [d.int(1, 3), d.int(1, 2), d.int(1, 3), d.pick(FLOATS)];
    const each = (low: number, high: number, count = spatial) => Array.from({ length: count }, () => d.int(low, high));
    const [outputs, pointwise] = [groups * d.int(1, 2), d.bool()];
    const x = d.feed([d.int(1, 2), groups * perGroup, ...each(5, 6)], dtype);
    const weight = d.constant([outputs, perGroup, ...each(pointwise ? 1 : 1, pointwise ? 1 : 3)], dtype);
    const pad_type = d.pick(["valid", "same", "same_lower", "custom"] as const);
    const pad = pad_type === "custom" ? { pad: each(0, 2, 2 * spatial) } : {};
    const bias = d.bool() ? { bias: d.constant([outputs], dtype) } : {};
    return o.conv(x, weight, { groups, pad_type, ...pad, strides: each(1, 2), dilations: each(1, 2), ...bias });
  },
  scaled_dot_product_attention: (d) => {
    const [batch, rows, slots, width, dtype] = [d.shape(1, 2), d.int(1, 3), d.int(1, 4), d.int(1, 5), d.pick(FLOATS)];
    const mask = d.pick(["none", "bool", "float"] as const);
    const shape = d.bool() ? [rows, slots] : [1, slots];
    // A row whose every slot is masked has no value; the first slot is left open.
    const open = constantOf(
      Array.from({ length: slots }, (_, j) => (j === 0 ? 1 : 0)),
      { dtype: "bool", shape: [slots] },
    );
    const attn_mask = mask === "bool" ? o.logical_or(d.truth(shape), open) : d.feed(shape, dtype);
    return o.scaled_dot_product_attention(
      d.feed([...batch, rows, width], dtype),
      d.feed([...batch, slots, width], dtype),
      d.feed([...batch, slots, d.int(1, 3)], dtype),
      mask === "none" ? {} : { attn_mask },
    );
  },
};

/** A scale of a tensor, or of each place of an axis, and a zero point as well. */
function scaling(d: Draw, shape: Shape, float: DType, code: "int8" | "uint8") {
  const along = d.int(0, shape.length - 1);
  const [of, axis] = d.bool() ? [[], {}] : [[shape[along]!], { axis: d.bool() ? along : along - shape.length }];
  const low = code === "int8" ? -20 : 0;
  const zero = d.bool() ? { zero_point: d.constant(of, code, { low, high: 20 }) } : {};
  return {
    scale: d.constant(of, float as "fp16", { low: 0.01, high: 0.5 }) as Tensor<Shape, "fp16">,
    ...axis,
    ...zero,
  };
}

const codes: Readonly<Record<string, Make>> = {
  quantize: (d) => {
    const [shape, float, code] = [d.shape(1, 5), d.pick(FLOATS), d.pick(["int8", "uint8"] as const)];
    const { scale, ...options } = scaling(d, shape, float, code);
    return o.quantize(d.feed(shape, float, { low: -20, high: 20 }), scale, { ...options, output_dtype: code });
  },
  dequantize: (d) => {
    const [shape, code] = [d.shape(1, 5), d.pick(["int8", "uint8"] as const)];
    const { scale, ...options } = scaling(d, shape, d.pick(FLOATS), code);
    return o.dequantize(o.cast(d.feed(shape, "int32", { low: -128, high: 127 }), { dtype: code }), scale, options);
  },
};

const weights: Readonly<Record<string, Make>> = {
  constexpr_blockwise_shift_scale: (d) => {
    const [blocks, dtype] = [d.shape(1, 3), d.pick(["int4", "uint4", "int8", "uint8", ...FLOATS] as const)];
    const shape = blocks.map((n) => n * d.int(1, 3));
    const low = dtype.startsWith("u") ? 0 : -8;
    const data = d.constant(shape, dtype, { low, high: 7 });
    const float = d.pick(FLOATS);
    const offset = d.bool() ? { offset: d.constant(blocks, d.pick([dtype, float]), { low, high: 7 }) } : {};
    const dense: Tensor = o.constexpr_blockwise_shift_scale(data, d.constant(blocks, float), offset);
    return o.mul(d.feed(shape, float), dense);
  },
  constexpr_lut_to_dense: (d) => {
    const [blocks, bits, vector] = [d.shape(1, 2), d.pick([1, 2, 3, 4, 6, 8] as const), d.int(1, 3)];
    const shape = blocks.map((n) => n * d.int(1, 3));
    const indices = d.constant(shape, `uint${bits}`, { low: 0, high: 2 ** bits - 1 });
    const dtype = d.pick([...FLOATS, "int8", "uint8"] as const);
    const lut = d.constant([...blocks, 2 ** bits, vector], dtype, { low: dtype === "uint8" ? 0 : -4, high: 4 });
    const dense: Tensor = o.constexpr_lut_to_dense(indices, lut, { vector_axis: d.int(0, shape.length - 1) });
    const float = dtype === "fp32" ? dense : o.cast(dense, { dtype: "fp16" });
    return o.mul(d.feed(dense.type.shape, float.type.dtype), float);
  },
};

const examples: Readonly<Record<string, Make>> = {
  ...elementwise,
  ...codes,
  ...reductions,
  ...products,
  ...movement,
  ...fromModels,
  ...fewUse,
  ...images,
  ...weights,
};
