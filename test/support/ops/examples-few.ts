/** Random graphs of ops that few graphs use: rows in order, functions by channel, tensors made of a few numbers. */
import * as o from "../../../src/dsl/ops/index.ts";
import { constantOf, type Tensor } from "../../../src/dsl/tensor.ts";
import { type DType, FLOATS, NUMBERS, type Shape } from "../../../src/dsl/type.ts";
import type { Draw, Make, Range } from "./draw.ts";

const of =
  (op: (x: Tensor) => Tensor, range?: Range): Make =>
  (d) =>
    op(d.feed(d.shape(1, 4), d.pick(FLOATS), range));

/** Numbers that are all different along every axis: which of equal ones comes first is nobody's promise. */
function distinct(d: Draw, shape: Shape, dtype: DType): Tensor {
  const x = d.feed(shape, dtype);
  const { data } = d.arrays[x.name!]!;
  const places = Array.from(data.keys()).sort((i, j) => ((i * 7) % 11) - ((j * 7) % 11) || i - j);
  data.set(places.map((place) => (dtype === "int32" ? place - 9 : (place - 9) / 4)));
  return x;
}

const scalar = (dtype: DType, value: number) => constantOf([value], { dtype, shape: [] });

const byChannel =
  (make: (x: Tensor, first: Tensor, second: Tensor) => Tensor): Make =>
  (d) => {
    const [shape, dtype] = [[d.int(1, 2), d.int(1, 3), d.int(1, 3), d.int(1, 3)], d.pick(FLOATS)];
    const channel = () => d.constant([shape[1]!], dtype);
    return make(d.feed(shape, dtype), channel(), channel());
  };

/** By op name. */
export const fewUse: Readonly<Record<string, Make>> = {
  topk: (d) => {
    const shape = d.shape(1, 3);
    const x = distinct(d, shape, d.pick(NUMBERS));
    const axis = d.int(-shape.length, shape.length - 1);
    const size = shape.at(axis)!;
    const places = d.bool()
      ? { output_indices_dtype: d.pick(["int32", "uint16"] as const) }
      : { return_indices: false };
    return o.topk(x, { k: d.bool() ? d.int(1, size) : size, axis, ascending: d.bool(), ...places });
  },
  argsort: (d) => {
    const shape = d.shape(1, 3);
    return o.argsort(distinct(d, shape, d.pick(NUMBERS)), { axis: d.int(0, shape.length - 1), ascending: d.bool() });
  },
  reduce_prod: (d) => {
    const x = d.feed(d.shape(1, 4), d.pick(NUMBERS), { low: -2, high: 2 });
    return o.reduce_prod(x, { ...(d.bool() ? { axes: d.axes(x.type.shape.length) } : {}), keep_dims: d.bool() });
  },
  prelu: byChannel((x, alpha) => o.prelu(x, alpha)),
  softplus_parametric: byChannel((x, alpha, beta) => o.softplus_parametric(x, alpha, beta)),
  clamped_relu: of((x) => o.clamped_relu(x, { alpha: 0.3, beta: 2 })),
  threshold: (d) => o.threshold(d.feed(d.shape(1, 4), d.pick(NUMBERS)), { alpha: 1 }),
  exp2: (d) => o.exp2(d.feed(d.shape(1, 4), d.pick(NUMBERS))),
  tan: of(o.tan, { low: -1.5, high: 1.5 }),
  asin: of(o.asin, { low: -1, high: 1 }),
  acos: of(o.acos, { low: -1, high: 1 }),
  atan: of(o.atan),
  sinh: of(o.sinh),
  cosh: of(o.cosh),
  atanh: of(o.atanh, { low: -0.9, high: 0.9 }),
  flatten2d: (d) => {
    const x = d.feed(d.shape(1, 4), d.pick(NUMBERS));
    return o.flatten2d(x, { axis: d.int(-x.type.shape.length, x.type.shape.length) });
  },
  fill_like: (d) => {
    const x = d.feed(d.shape(1, 3), d.pick(NUMBERS));
    return d.int(0, 3) === 0 ? o.fill_like(x) : o.fill_like(x, { value: scalar(d.pick(NUMBERS), d.int(-3, 3)) });
  },
  one_hot: (d) => {
    const indices = d.feed(d.shape(1, 3), "int32", { low: 0, high: 3 }) as Tensor<Shape, "int32">;
    const dtype = d.pick([...FLOATS, "int32"] as const);
    const values = d.bool() ? { on_value: scalar(dtype, 2), off_value: scalar(dtype, -1) } : {};
    return o.one_hot(indices, {
      one_hot_vector_size: d.int(2, 5),
      axis: d.int(-1, indices.type.shape.length),
      ...values,
    });
  },
  reverse_sequence: (d) => {
    const x = d.feed(d.shape(2, 4), d.pick(NUMBERS));
    const [seq_axis, batch_axis] = d.bool() ? [0, 1] : [1, 0];
    const [of, range] = [[x.type.shape[batch_axis]!], { low: 0, high: x.type.shape[seq_axis]! }];
    return o.reverse_sequence(x, d.bool() ? d.constant(of, "int32", range) : d.feed(of, "int32", range), {
      seq_axis,
      batch_axis,
    });
  },
  scatter_nd: (d) => {
    const [shape, dtype] = [d.shape(1, 3), d.pick(NUMBERS)];
    const depth = d.int(1, shape.length);
    const of = d.bool() ? [d.int(1, 4), depth] : [2, d.int(1, 2), depth];
    const range = { low: 0, high: Math.min(...shape.slice(0, depth)) - 1 };
    const indices = d.bool() ? d.constant(of, "int32", range) : d.feed(of, "int32", range);
    const updates = d.feed([...of.slice(0, -1), ...shape.slice(depth)], dtype, { low: 1, high: 9 });
    const mode = d.pick(["update", "add", "sub", "mul", "div", "max", "min"] as const);
    return o.scatter_nd(d.feed(shape, dtype), indices, updates, { mode });
  },
};
