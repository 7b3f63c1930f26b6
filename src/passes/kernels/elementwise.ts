/** Arithmetic of two fp16 operands with broadcasting, on the row kernels of wat/binary.ts. */
import { operandsOf } from "../../dsl/tensor.ts";
import { type Shape, sizeOf } from "../../dsl/type.ts";
import { stridesOf } from "../interpret/array.ts";
import type { KernelOf } from "./kernel.ts";

/** One axis of the result, with the distance in elements between neighbours in each operand (0: broadcast). */
interface Axis {
  readonly size: number;
  readonly x: number;
  readonly y: number;
}

/** Elements a thread takes at a time, and below which one thread does it all. */
const GRAIN = 2 ** 13;
/** Outer axes that the kernel walks. */
const OUTER = 3;

/** For fp16 operands whose broadcasting folds into four axes or fewer; undefined otherwise. */
export const elementwise: KernelOf = (def, type, { precision }) => {
  const [x, y] = operandsOf(def).map((operand) => operand.type) as [typeof type, typeof type];
  if (precision !== "fp16" || type.dtype !== "fp16" || x.dtype !== "fp16" || y.dtype !== "fp16") return undefined;
  const axes = axesOf(type.shape, x.shape, y.shape);
  if (axes.length > OUTER + 1) return undefined;
  const inner = axes.at(-1)!;
  const outer = [...Array.from({ length: OUTER + 1 - axes.length }, () => ONE), ...axes.slice(0, -1)];
  const rows = sizeOf(outer.map((axis) => axis.size));
  const strides = (of: "x" | "y") => outer.map((axis) => axis[of] * 2);
  return {
    workspace: 0,
    scratch: 64,
    overwrites: [x, y].flatMap(({ shape }, n) => (sizeOf(shape) === sizeOf(type.shape) ? [n] : [])),
    run(machine, out, [a, b]) {
      const words = [a!.at, b!.at, out.at, inner.size, inner.x, inner.y, outer[1]!.size, outer[2]!.size];
      const grain = Math.max(1, Math.floor(GRAIN / inner.size));
      machine.run(def.op, [...words, ...strides("x"), ...strides("y")], rows, grain);
    },
  };
};

const ONE: Axis = { size: 1, x: 0, y: 0 };

/** The axes of the result from the outermost in, neighbours merged wherever both operands allow it. */
function axesOf(shape: Shape, x: Shape, y: Shape): readonly Axis[] {
  const strides = (operand: Shape) => {
    const own = stridesOf(operand);
    const skip = shape.length - operand.length;
    return shape.map((_, axis) => (axis < skip || operand[axis - skip] === 1 ? 0 : own[axis - skip]!));
  };
  const [xs, ys] = [strides(x), strides(y)];
  const axes: Axis[] = [];
  for (const [axis, size] of shape.entries()) {
    if (size === 1) continue;
    const next = { size, x: xs[axis]!, y: ys[axis]! };
    const last = axes.at(-1);
    const merges = last && last.x === next.x * size && last.y === next.y * size;
    if (merges) axes[axes.length - 1] = { ...next, size: last.size * size };
    else axes.push(next);
  }
  // A single element: both operands "move", which reads them without a difference.
  return axes.length === 0 ? [{ size: 1, x: 1, y: 1 }] : axes;
}
