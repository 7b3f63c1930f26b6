/** Random graphs of the ops that other people's models bring: rectifiers, whole numbers, places, padding, norms by channel. */

import { roundTo } from "../../../src/dsl/number.ts";
import * as o from "../../../src/dsl/ops/index.ts";
import { constantOf, type Tensor } from "../../../src/dsl/tensor.ts";
import { FLOATS, NUMBERS, type Shape } from "../../../src/dsl/type.ts";
import { type Draw, type Make, WIDE } from "./draw.ts";

const float = (d: Draw, least = 1, most = 4) => d.feed(d.shape(least, most), d.pick(FLOATS));
const of =
  (op: (x: Tensor) => Tensor): Make =>
  (d) =>
    op(float(d));

const activations: Readonly<Record<string, Make>> = {
  relu: of(o.relu),
  relu6: (d) => o.relu6(d.feed(d.shape(1, 4), d.pick(FLOATS), { low: -8, high: 8 })),
  leaky_relu: of((x) => o.leaky_relu(x, { alpha: 0.3 })),
  thresholded_relu: of((x) => o.thresholded_relu(x, { alpha: 0.5 })),
  elu: of((x) => o.elu(x, { alpha: 0.7 })),
  softplus: of(o.softplus),
  softsign: of(o.softsign),
  sigmoid_hard: of((x) => o.sigmoid_hard(x, { alpha: 0.2, beta: 0.5 })),
  linear_activation: of((x) => o.linear_activation(x, { alpha: 0.3, beta: 0.7 })),
  scaled_tanh: of((x) => o.scaled_tanh(x, { alpha: 0.3, beta: 0.7 })),
  inverse: (d) => o.inverse(d.feed(d.shape(1, 4), d.pick(FLOATS), { low: 1, high: 9 }), { epsilon: 1e-3 }),
  floor: of(o.floor),
  ceil: of(o.ceil),
  round: (d) => o.round(halves(d)),
  sign: (d) => o.sign(d.feed(d.shape(1, 4), d.pick(NUMBERS), { low: -2, high: 2 })),
  // Quotients beyond 2048, where not every whole number is one of fp16.
  floor_div: (d) => o.floor_div(d.feed(d.shape(1, 4), "fp16"), d.pick([0.00072, -0.7, 3])),
  mod: (d) => {
    const [shape, dtype] = [d.shape(1, 4), d.pick(NUMBERS)];
    return o.mod(d.feed(shape, dtype), d.constant(shape, dtype, { low: 1, high: 3 }));
  },
  logical_xor: (d) => {
    const shape = d.shape(1, 4);
    return o.logical_xor(d.truth(shape), d.truth(shape));
  },
};

/** Multiples of a half, among which the ties are. */
const halves = (d: Draw) => o.mul(o.cast(d.feed(d.shape(1, 3), "int32", { low: -9, high: 9 }), { dtype: "fp16" }), 0.5);

const argOf =
  (op: typeof o.reduce_argmax): Make =>
  (d) => {
    const x = d.feed(d.shape(1, 4), d.pick(NUMBERS));
    const output_dtype = d.pick(["int32", "uint16"] as const);
    return op(x, { axis: d.int(-x.type.shape.length, x.type.shape.length - 1), keep_dims: d.bool(), output_dtype });
  };

const someFloats = (d: Draw): Tensor => {
  const dtype = d.pick(FLOATS);
  const [start, step] = [d.pick([0, 0.25, -1]), d.pick([0.25, 0.1, -0.3])];
  const number = (value: number) => constantOf([roundTo(dtype, value)], { dtype, shape: [] });
  return o.mul(d.feed([1], dtype), o.range_1d(number(start + step * (d.int(1, 5) - 0.5)), number(start), number(step)));
};

const byChannel = (d: Draw) => {
  const [x, positive] = [d.feed(d.shape(3, 4), "fp16"), { low: 0.5, high: 2 }];
  const channel = (range = WIDE) => d.constant([x.type.shape[1]!], "fp16", range);
  return { x, channel, positive, affine: d.bool() ? { gamma: channel(), beta: channel() } : {} };
};

/** By op name. */
export const fromModels: Readonly<Record<string, Make>> = {
  ...activations,
  reduce_argmax: argOf(o.reduce_argmax),
  reduce_argmin: argOf(o.reduce_argmin),
  reduce_log_sum: (d) => {
    const x = d.feed(d.shape(1, 4), d.pick(FLOATS), { low: 1, high: 9 });
    return o.reduce_log_sum(x, { axes: d.axes(x.type.shape.length), keep_dims: d.bool() });
  },
  reduce_log_sum_exp: (d) => {
    const x = float(d);
    return o.reduce_log_sum_exp(x, { axes: d.axes(x.type.shape.length), keep_dims: d.bool() });
  },
  batch_norm: (d) => {
    const { x, channel, positive, affine } = byChannel(d);
    return o.batch_norm(x, channel() as never, channel(positive) as never, { epsilon: 1e-3, ...affine });
  },
  instance_norm: (d) => {
    const { x, affine } = byChannel(d);
    return o.instance_norm(x, { epsilon: 1e-3, ...affine });
  },
  einsum: (d) => {
    const [b, h, n, k, m, dtype] = [d.int(1, 2), d.int(1, 3), d.int(1, 3), d.int(1, 9), d.int(1, 3), d.pick(FLOATS)];
    return d.bool()
      ? o.einsum([d.feed([b, h, n, k], dtype), d.feed([b, k, n, m], dtype)], { equation: "nchw,nwhu->nchu" })
      : o.einsum([d.feed([h, n, k], dtype), d.feed([k, n, m], dtype)], { equation: "chw,whu->chu" });
  },
  pad: (d) => {
    const x = d.feed(
      d.shape(2, 4).map((n) => n + 1),
      d.pick(FLOATS),
    );
    const mode = d.pick(["constant", "reflect", "replicate"] as const);
    const most = mode === "reflect" ? 1 : 3;
    const pad = Array.from({ length: 2 * (mode === "constant" ? d.int(1, 2) : 2) }, () => d.int(0, most));
    return o.pad(x, { pad, mode, constant_val: mode === "constant" ? 1.5 : 0 });
  },
  reverse: (d) => {
    const x = d.feed(d.shape(1, 4), d.pick(NUMBERS));
    return o.reverse(x, d.bool() ? { axes: d.axes(x.type.shape.length) } : {});
  },
  fill: (d) => {
    const dtype = d.pick(NUMBERS);
    return [o.abs(d.feed([1], dtype)), o.fill(d.constant([], dtype), { shape: [2, d.int(1, 4)] })];
  },
  range_1d: (d) => {
    if (d.bool()) return someFloats(d);
    const [start, step, n] = [d.int(-4, 4), d.pick([1, 2, 3, -1, -2]), d.int(1, 5)];
    const end = start + step * n - (d.bool() && Math.abs(step) > 1 ? Math.sign(step) : 0);
    return o.mul(d.feed([1], "int32"), o.range_1d(end, start, step));
  },
  sliding_windows: (d) => {
    const x = d.feed(d.shape(1, 4), d.pick(NUMBERS));
    const axis = d.int(0, x.type.shape.length - 1);
    return o.sliding_windows(x, { axis, size: d.int(1, x.type.shape[axis]!), stride: d.int(1, 2) });
  },
  band_part: (d) => o.band_part(d.feed(d.shape(2, 4), d.pick(NUMBERS)), { lower: d.int(-1, 2), upper: d.int(-1, 2) }),
  cumsum: (d) => {
    const x = d.feed(d.shape(1, 4), d.pick(NUMBERS));
    return o.cumsum(x, { axis: d.int(0, x.type.shape.length - 1), exclusive: d.bool(), reverse: d.bool() });
  },
  gather_nd: (d) => {
    const x = d.feed(d.shape(2, 3), d.pick(NUMBERS));
    const batch_dims = d.int(0, 1);
    const least = Math.min(...x.type.shape);
    const shape = [
      ...x.type.shape.slice(0, batch_dims),
      d.int(1, 3),
      d.int(1, x.type.shape.length - batch_dims),
    ] as Shape;
    return o.gather_nd(x, d.feed(shape, "int32", { low: 0, high: least - 1 }), { batch_dims });
  },
};
