/** Random graphs of the ops that move elements. */
import * as o from "../../../src/dsl/ops/index.ts";
import type { Tensor } from "../../../src/dsl/tensor.ts";
import { NUMBERS, type Shape } from "../../../src/dsl/type.ts";
import type { Draw, Make, Range } from "./draw.ts";

const POSITIVE: Range = { low: 1, high: 9 };

/** Bounds of a random slice of one axis, as MIL writes them. */
function bounds(d: Draw, size: number, mayFall: boolean) {
  const [low, high, falling] = [d.int(0, size - 1), d.int(0, size - 1), mayFall && d.bool()];
  const [first, last] = [Math.min(low, high), Math.max(low, high)];
  const squeeze = d.int(0, 4) === 0;
  const stride = d.int(1, 2) * (falling ? -1 : 1);
  const edges = { begin_mask: d.int(0, 3) === 0, end_mask: d.int(0, 3) === 0 };
  if (!falling) return { begin: d.bool() ? first : first - size, end: last + 1, stride, squeeze, ...edges };
  // The element before the first cannot be written as an end: only the mask reaches it.
  return { begin: last, end: Math.max(first - 1, 0), stride, squeeze, ...edges, end_mask: first === 0 };
}

function slice(d: Draw, shape: Shape, mayFall: boolean) {
  const axes = shape.map((n) => bounds(d, n, mayFall));
  return {
    begin: axes.map((a) => a.begin),
    end: axes.map((a) => a.end),
    options: {
      stride: axes.map((a) => a.stride),
      begin_mask: axes.map((a) => a.begin_mask),
      end_mask: axes.map((a) => a.end_mask),
      squeeze_mask: axes.map((a) => a.squeeze),
    },
  };
}

/** An int32 input with a valid begin for a box of the given size. */
function runTimeBegin(d: Draw, shape: Shape, size: Shape): Tensor<Shape, "int32"> {
  const begin = d.feed([shape.length], "int32") as Tensor<Shape, "int32">;
  d.arrays[begin.name!]!.data.set(shape.map((n, axis) => d.int(0, n - size[axis]!)));
  return begin;
}

/** By op name. */
export const movement: Readonly<Record<string, Make>> = {
  concat: (d) => {
    const [shape, dtype, interleave] = [d.shape(1, 4), d.pick(NUMBERS), d.bool()];
    const axis = d.int(0, shape.length - 1);
    const part = () => d.feed(interleave ? shape : shape.with(axis, d.int(1, 3)), dtype);
    return o.concat(Array.from({ length: d.int(1, 3) }, part), { axis, interleave });
  },
  stack: (d) => {
    const [shape, dtype] = [d.shape(1, 4), d.pick(NUMBERS)];
    const values = Array.from({ length: d.int(1, 3) }, () => d.feed(shape, dtype));
    return o.stack(values, { axis: d.int(-shape.length - 1, shape.length) });
  },
  split: (d) => {
    const [shape, sizes] = [d.shape(1, 4), Array.from({ length: d.int(1, 3) }, () => d.int(1, 3))];
    const axis = d.int(0, shape.length - 1);
    const total = sizes.reduce((sum, n) => sum + n, 0);
    return o.split(d.feed(shape.with(axis, total), d.pick(NUMBERS)), { split_sizes: sizes, axis });
  },
  reshape: (d) => {
    const shape = d.shape(1, 4);
    return o.reshape(d.feed(shape, d.pick(NUMBERS)), { shape: [shape[0]!, 1, -1] });
  },
  transpose: (d) => {
    const shape = d.shape(1, 5);
    const some = d.axes(shape.length);
    const perm = [...some, ...shape.keys()].filter((axis, i, all) => all.indexOf(axis) === i);
    return o.transpose(d.feed(shape, d.pick(NUMBERS)), { perm });
  },
  expand_dims: (d) => {
    const rank = d.int(1, 3);
    const axes = d.axes(rank + 1).slice(0, 2);
    return o.expand_dims(d.feed(d.shape(rank, rank), d.pick(NUMBERS)), { axes });
  },
  squeeze: (d) => {
    const shape = d.shape(1, 3);
    const axis = d.int(0, shape.length);
    return o.squeeze(d.feed(shape.toSpliced(axis, 0, 1), d.pick(NUMBERS)), d.bool() ? { axes: [axis] } : {});
  },
  tile: (d) => {
    const shape = d.shape(1, 4);
    return o.tile(d.feed(shape, d.pick(NUMBERS)), { reps: shape.map(() => d.int(1, 3)) });
  },
  slice_by_index: (d) => {
    const x = d.feed(d.shape(1, 4), d.pick(NUMBERS));
    if (d.bool()) {
      const { begin, end, options } = slice(d, x.type.shape, true);
      return o.slice_by_index(x, begin, end, options);
    }
    const one = x.type.shape.map(() => 1);
    const squeeze_mask = one.map((_, axis) => axis > 0);
    const begin = runTimeBegin(d, x.type.shape, one);
    const open = { begin_mask: squeeze_mask.map((taken) => !taken), end_mask: squeeze_mask.map((taken) => !taken) };
    return o.slice_by_index(x, begin, o.add(begin, 1), { squeeze_mask, ...open });
  },
  slice_by_size: (d) => {
    const x = d.feed(d.shape(1, 4), d.pick(NUMBERS));
    const size = x.type.shape.map((n) => d.int(1, n));
    const begin = d.bool() ? x.type.shape.map((n, axis) => d.int(0, n - size[axis]!)) : undefined;
    return o.slice_by_size(x, begin ?? runTimeBegin(d, x.type.shape, size), { size });
  },
  slice_update: (d) => {
    const x = d.feed(d.shape(1, 4), d.pick(NUMBERS));
    const { dtype, shape } = x.type;
    if (d.bool()) {
      const { begin, end, options } = slice(d, shape, true);
      const kept = { ...options, squeeze_mask: options.squeeze_mask.with(0, false) };
      const taken = o.slice_by_index(x, begin, end, kept);
      return o.slice_update(x, d.feed(taken.type.shape, dtype), begin, end, kept);
    }
    const size = shape.map((n) => d.int(1, n));
    const begin = runTimeBegin(d, shape, size);
    return o.slice_update(x, d.feed(size, dtype), begin, o.add(begin, size));
  },
  gather: (d) => {
    const x = d.feed(d.shape(1, 3), d.pick(NUMBERS));
    const axis = d.int(0, x.type.shape.length - 1);
    const batch_dims = d.int(0, axis);
    const shape = [...x.type.shape.slice(0, batch_dims), ...d.shape(1, 2)];
    return o.gather(x, positions(d, shape, x.type.shape[axis]!), { axis, batch_dims });
  },
  gather_along_axis: (d) => {
    const x = d.feed(d.shape(1, 4), d.pick(NUMBERS));
    const axis = d.int(0, x.type.shape.length - 1);
    const shape = x.type.shape.with(axis, d.int(1, 5));
    return o.gather_along_axis(x, positions(d, shape, x.type.shape[axis]!), { axis });
  },
  scatter: (d) => {
    const [shape, dtype] = [d.shape(1, 3), d.pick(NUMBERS)];
    const axis = d.int(0, shape.length - 1);
    const indices = positions(d, [d.int(1, 3)], shape[axis]!);
    const updates = d.feed([...shape.slice(0, axis), ...indices.type.shape, ...shape.slice(axis + 1)], dtype, POSITIVE);
    return o.scatter(d.feed(shape, dtype), indices, updates, { axis, mode: d.pick(MODES) });
  },
  scatter_along_axis: (d) => {
    const [shape, dtype] = [d.shape(1, 3), d.pick(NUMBERS)];
    const axis = d.int(0, shape.length - 1);
    const indices = positions(d, shape.with(axis, d.int(1, 3)), shape[axis]!);
    const updates = d.feed(indices.type.shape, dtype, POSITIVE);
    return o.scatter_along_axis(d.feed(shape, dtype), indices, updates, { axis, mode: d.pick(MODES) });
  },
};

const MODES = ["update", "add", "sub", "mul", "div", "max", "min"] as const;

/** Positions in an axis of the given size, known at compile time or not. */
const positions = (d: Draw, shape: Shape, size: number): Tensor<Shape, "int32"> => {
  const range = { low: 0, high: size - 1 };
  return (d.bool() ? d.constant(shape, "int32", range) : d.feed(shape, "int32", range)) as Tensor<Shape, "int32">;
};
