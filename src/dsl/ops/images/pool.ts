/** Pooling: the mean, largest or root of squares of each window of the spatial axes. */
import type { Index } from "../../algebra.ts";
import { attr } from "../../attr.ts";
import { op } from "../../op.ts";
import type { Info } from "../../op-spec.ts";
import type { Tensor } from "../../tensor.ts";
import { type DType, FLOATS, type Shape, type TensorType } from "../../type.ts";
import { perSpatialAxis, wrongSpatial } from "../spatial.ts";
import { byRuns, reduceWindows, type Window } from "./window.ts";

/** Options of the pools. */
export interface PoolOptions {
  readonly kernel_sizes: readonly number[];
  readonly strides?: readonly number[];
  readonly pad_type: "valid" | "same" | "same_lower" | "custom";
  readonly pad?: readonly number[];
  readonly ceil_mode?: boolean;
}
/** Call of a pool over x [N, C, ...]. */
export type Pool<More = unknown> = <D extends DType>(
  x: Tensor<Shape, D>,
  options: PoolOptions & More,
) => Tensor<Shape, D>;

const PAD_TYPES = ["valid", "same", "same_lower", "custom"];
const attrs = {
  kernel_sizes: attr("int32[]"),
  strides: attr("int32[]", perSpatialAxis(1, 1), { says: "all 1" }),
  pad_type: attr("string", undefined, { oneOf: PAD_TYPES }),
  pad: attr("int32[]", perSpatialAxis(2, 0), { says: "all 0" }),
  ceil_mode: attr("bool", false),
};

interface Given {
  readonly kernel_sizes: readonly number[];
  readonly strides: readonly number[];
  readonly pad_type: string;
  readonly pad: readonly number[];
  readonly ceil_mode: boolean;
}

const PADDING =
  "valid: no padding, same: ⌈size / stride⌉ windows with an odd pad at the end, same_lower: at the start, custom: `pad`; ceil_mode: a last window may reach beyond";

function infer({ x }: { readonly x: Info }, given: Given): TensorType | string {
  const rank = x.shape.length;
  const { kernel_sizes, strides, pad_type, pad, ceil_mode } = given;
  const wrong = wrongSpatial(rank, given, [
    ["kernel_sizes", kernel_sizes, rank - 2],
    ["strides", strides, rank - 2],
  ]);
  if (wrong) return wrong;
  if (ceil_mode && rank === 5) return "ceil_mode is for one or two spatial axes";
  if (ceil_mode && (pad_type.startsWith("same") || pad.some((n, i) => n !== pad[i ^ 1])))
    return "ceil_mode needs pad_type valid, or custom with as much before as after";
  const windows = windowsOf(x.shape, given);
  const empty = windows.findIndex((w) => w.count < 1 || w.before >= w.taps || lastStart(w) >= w.size);
  if (empty >= 0) return `a window of spatial axis ${empty} holds no element of x`;
  return { dtype: x.dtype, shape: [...x.shape.slice(0, 2), ...windows.map((w) => w.count)] };
}

/** Where the last window begins, counted from the first element of x. */
const lastStart = ({ count, stride, before }: Window): number => (count - 1) * stride - before;

function windowsOf(x: Shape, { kernel_sizes, strides, pad_type, pad, ceil_mode }: Given): readonly Window[] {
  return x.slice(2).map((size, axis) => {
    const [taps, stride] = [kernel_sizes[axis]!, strides[axis]!];
    if (pad_type.startsWith("same")) {
      const count = Math.ceil(size / stride);
      const total = Math.max(0, (count - 1) * stride + taps - size);
      const before = pad_type === "same" ? Math.floor(total / 2) : Math.ceil(total / 2);
      return { size, taps, stride, before, after: total - before, count };
    }
    const [before, after] = [pad[2 * axis]!, pad[2 * axis + 1]!];
    const free = size + before + after - taps;
    const most = Math.floor((free + (ceil_mode ? stride - 1 : 0)) / stride) + 1;
    // As in torch, no window begins in the padding behind x.
    const drops = ceil_mode && before > 0 && (most - 1) * stride >= size + before;
    return { size, taps, stride, before, after, count: drops ? most - 1 : most };
  });
}

/** The largest element of each window. */
export const max_pool = op<Pool>("max_pool")({
  doc: `y[n,c,i…] = the largest x[n,c, strides·i + k − pad …] over k < kernel_sizes, without the padding; ${PADDING}`,
  operands: { x: { dtypes: FLOATS } },
  attrs,
  rounds: false,
  infer,
  element: (m, { x }, given) => {
    const windows = windowsOf(x.shape, given);
    return ([n, c, ...place]) =>
      reduceWindows(m, "max", windows, place, {
        inside: (at) => x.at(n!, c!, ...at),
        outside: Number.NEGATIVE_INFINITY,
      });
  },
});

/** The mean of each window. */
export const avg_pool = op<Pool<{ readonly exclude_padding_from_average?: boolean }>>("avg_pool")({
  doc: [
    "y[n,c,i…] = Σ x[n,c, strides·i + k − pad …] / m over k < kernel_sizes, x being 0 in the padding; m counts the elements of the window,",
    `those of the padding too unless exclude_padding_from_average, and none beyond it; ${PADDING}`,
  ].join(" "),
  operands: { x: { dtypes: FLOATS } },
  attrs: { ...attrs, exclude_padding_from_average: attr("bool", false) },
  infer,
  element: (m, { x }, given) => {
    const windows = windowsOf(x.shape, given);
    const counts = windows.map((w) => countsOf(w, given.exclude_padding_from_average));
    return ([n, c, ...place]) => {
      const total = reduceWindows(m, "sum", windows, place, { inside: (at) => x.at(n!, c!, ...at), outside: 0 });
      const count = counts.map((list, axis) => byRuns(m, place[axis]!, list)).reduce((a, b) => m.mul(a, b));
      return m.div(m.ownOrder("avg_pool", [], total), count);
    };
  },
});

/** How many elements each window of an axis counts. */
function countsOf({ size, taps, stride, before, after, count }: Window, exclude: boolean): readonly number[] {
  return Array.from({ length: count }, (_, i) => {
    const begin = i * stride - before;
    const end = Math.min(begin + taps, exclude ? size : size + after);
    return end - (exclude ? Math.max(begin, 0) : begin);
  });
}

/** The root of the sum of squares of each window. */
export const l2_pool = op<Pool>("l2_pool")({
  doc: `y[n,c,i…] = √(Σ x[n,c, strides·i + k − pad …]²) over k < kernel_sizes, x being 0 in the padding; ${PADDING}`,
  operands: { x: { dtypes: FLOATS } },
  attrs,
  infer: (infos, given) => (infos.x.shape.length === 5 ? "x must have rank 3 or 4, not 5" : infer(infos, given)),
  element: (m, { x }, given) => {
    const windows = windowsOf(x.shape, given);
    return ([n, c, ...place]) => {
      const square = (at: readonly Index[]) => {
        const a = x.at(n!, c!, ...at);
        return m.mul(a, a);
      };
      return m.unary(
        "sqrt",
        m.ownOrder("l2_pool", [], reduceWindows(m, "sum", windows, place, { inside: square, outside: 0 })),
      );
    };
  },
});
