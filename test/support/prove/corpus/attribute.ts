/** Faults of attributes: axes, transposition, epsilon, mode, padding, repeats, the ends of a clip. */
import { type Faults, type Feeds, join, op, part, table_, type Value, W } from "./fault.ts";

const cube = (f: Feeds): Value => f.rows("g", 3, 3);
/** Channels [T, 2, 4, 1] before a convolution. */
const plane = (f: Feeds): Value => f.rows("p", 2, 4, 1);
const PADDED = "a place that is padded or not depends on two indices at once";
const K1 = [4, 2, 1, 1] as const;
const K2 = [2, 2, 2, 1] as const;

export const ATTRIBUTE: Faults = {
  "softmax over another axis": { make: (f, bad) => op.softmax(cube(f), { axis: bad ? 1 : 2 }) },
  "a sum over another axis": { make: (f, bad) => op.reduce_sum(cube(f), { axes: [bad ? 1 : 2] }) },
  "a maximum over one axis of two": {
    make: (f, bad) => op.sub(cube(f), op.reduce_max(cube(f), { axes: bad ? [2] : [1, 2], keep_dims: true })),
  },
  "an axis dropped that should be kept": {
    make: (f, bad) => op.mul(cube(f), op.reduce_sum(W("w", [3, 3]), { axes: [1], keep_dims: !bad })),
  },
  transpose_y: { make: (f, bad) => op.matmul(cube(f), f.rows("h", 3, 3), { transpose_y: bad }) },
  transpose_x: { make: (f, bad) => op.matmul(cube(f), f.rows("h", 3, 3), { transpose_x: bad }) },
  "a permutation": {
    make: (f, bad) => op.transpose(f.rows("q", 2, 2, 2), { perm: bad ? [0, 3, 1, 2] : [0, 2, 3, 1] }),
  },
  "epsilon of rsqrt": { make: ({ x }, bad) => op.rsqrt(op.square(x), { epsilon: bad ? 0.5 : 0.25 }) },
  "epsilon of log": { make: ({ x }, bad) => op.log(op.abs(x), { epsilon: bad ? 0.5 : 0.25 }) },
  "epsilon of layer_norm": { make: ({ x }, bad) => op.layer_norm(x, { axes: [1], epsilon: bad ? 0.25 : 0.125 }) },
  "axes of layer_norm": { make: (f, bad) => op.layer_norm(cube(f), { axes: bad ? [1] : [2] }) },
  "epsilon of l2_norm": { make: (f, bad) => op.l2_norm(plane(f), { epsilon: bad ? 0.5 : 0.25 }) },
  "the mode of gelu": {
    make: ({ x }, bad) => op.gelu(x, { mode: bad ? "SIGMOID_APPROXIMATION" : "TANH_APPROXIMATION" }),
  },
  "the mode of gelu by default": { make: ({ x }, bad) => op.gelu(x, bad ? { mode: "SIGMOID_APPROXIMATION" } : {}) },
  "the side that is padded more": {
    make: (f, bad) => op.conv(plane(f), W("k", K2), { pad_type: bad ? "same_lower" : "same" }),
    gap: PADDED,
  },
  "padding before for after": {
    make: (f, bad) => op.conv(plane(f), W("k", K2), { pad_type: "custom", pad: bad ? [1, 0, 0, 0] : [0, 1, 0, 0] }),
    gap: PADDED,
  },
  groups: {
    make: (f, bad) =>
      op.conv(plane(f), op.slice_by_size(W("k", K1), [0, 0, 0, 0], { size: [2, bad ? 1 : 2, 1, 1] }), {
        groups: bad ? 2 : 1,
      }),
  },
  dilations: {
    make: (f, bad) => {
      const padded = bad ? plane(f) : part(plane(f), 2, 0, 3);
      return op.conv(padded, W("k", K2), { dilations: [bad ? 2 : 1, 1] });
    },
  },
  strides: {
    make: (f, bad) => op.conv(bad ? plane(f) : part(plane(f), 2, 0, 2), W("k", K1), { strides: [bad ? 2 : 1, 1] }),
  },
  "repeats along another axis": {
    make: (f, bad) => {
      const pairs = op.reshape(f.x, { shape: [f.tokens, 2, 2] });
      return op.reshape(op.tile(pairs, { reps: bad ? [1, 2, 1] : [1, 1, 2] }), { shape: [f.tokens, 8] });
    },
  },
  "the lower end of a clip": { make: ({ x }, bad) => op.clip(x, { alpha: bad ? -0.5 : -0.25, beta: 1 }) },
  "the upper end of a clip": { make: ({ x }, bad) => op.clip(x, { alpha: -1, beta: bad ? 0.5 : 0.25 }) },
  "the axis of a stack": {
    make: ({ x, z }, bad) => op.stack([part(x, 1, 0, 2), part(z, 1, 0, 2)], { axis: bad ? 1 : 2 }),
  },
  "interleaved for one after another": {
    make: ({ x, z }, bad) => op.concat([x, z], { axis: 1, interleave: bad }),
  },
  "the axis of a concat": {
    make: (f, bad) => {
      const [a, b] = [part(cube(f), 1, 0, 3), f.rows("h", 3, 3)];
      return op.reshape(join([a, b], bad ? 1 : 2), { shape: [f.tokens, 18] });
    },
  },
  "the axis of a gather": {
    make: (f, bad) => op.gather(cube(f), table_([2, 0, 1], [3], "int32"), { axis: bad ? 1 : 2 }),
  },
  "the mode of a scatter": {
    make: ({ x, z }, bad) =>
      op.scatter(z, table_([0, 2], [2], "int32"), part(x, 1, 0, 2), { axis: 1, mode: bad ? "add" : "update" }),
  },
  "the mode of a scatter by default": {
    make: ({ x, z }, bad) =>
      op.scatter(z, table_([0, 2], [2], "int32"), part(x, 1, 0, 2), { axis: 1, ...(bad ? {} : { mode: "update" }) }),
  },
};
