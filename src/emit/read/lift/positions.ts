/** Positions of files in older opsets: what is counted from the end of an axis is counted from its front. */
import type { Given } from "../../../dsl/op-spec.ts";
import { add, cast, greater_equal, select } from "../../../dsl/ops/index.ts";
import type { Tensor } from "../../../dsl/tensor.ts";
import type { Shape } from "../../../dsl/type.ts";

/**
 * The opsets of iOS 15 and 16. There a position p of gather and scatter lies in −n ≤ p < n; from iOS 17 (CoreML7) on one below 0 is
 * outside, and the documentation says to write what `fromFront` writes (coremltools 9.0, docstring of iOS17 `gather`, to which those of
 * `gather_nd` and the scatter ops point).
 */
const COUNT_FROM_THE_END: readonly string[] = ["CoreML5", "CoreML6"];

/** What the `indices` of an op are places in: one axis of an operand, or those from batch_dims on, a vector for each place. */
interface Indexed {
  readonly operand: "x" | "data";
  readonly by: "axis" | "vector";
}

/** The ops that count from the end too in these opsets. */
const INDEXED: ReadonlyMap<string, Indexed> = new Map<string, Indexed>([
  ["gather", { operand: "x", by: "axis" }],
  ["gather_along_axis", { operand: "x", by: "axis" }],
  ["gather_nd", { operand: "x", by: "vector" }],
  ["scatter", { operand: "data", by: "axis" }],
  ["scatter_along_axis", { operand: "data", by: "axis" }],
  ["scatter_nd", { operand: "data", by: "vector" }],
]);

/** Operands and attributes of `op` with the meaning that its opset has for positions below 0. */
export function respellPositions(op: string, given: Given, opset: string): Given {
  const indexed = INDEXED.get(op);
  if (indexed === undefined || !COUNT_FROM_THE_END.includes(opset)) return given;
  const [x, indices] = [given[indexed.operand], given.indices] as readonly (Tensor | undefined)[];
  const sizes = x && indices && sizesOf(indexed, x.type.shape, indices.type.shape, given);
  return sizes ? { ...given, indices: fromFront(indices, sizes) } : given;
}

/** The sizes of the axes that positions count in, in turn; undefined where there are no such axes. */
function sizesOf({ by }: Indexed, x: Shape, indices: Shape, given: Given): Shape | undefined {
  const first = ((by === "axis" ? given.axis : given.batch_dims) ?? 0) as number;
  const depth = by === "axis" ? 1 : (indices.at(-1) ?? 0);
  const sizes = Array.from({ length: depth }, (_, n) => x.at(first + n));
  return depth > 0 && sizes.every((n) => n !== undefined) ? sizes : undefined;
}

/** The positions with the size of their axis added to those below 0; the last axis of indices runs through several sizes. */
function fromFront(indices: Tensor, sizes: Shape): Tensor {
  const { def, type } = indices;
  const size = sizes.length === 1 ? sizes[0]! : sizes;
  if (def.kind === "const") {
    const data = Array.from(def.data, (i, n) => (i < 0 ? i + sizes[n % sizes.length]! : i));
    return { ...indices, def: { ...def, data } };
  }
  if (type.dtype.startsWith("uint")) return indices;
  const whole = (type.dtype === "int32" ? indices : cast(indices, { dtype: "int32" })) as Tensor<Shape, "int32">;
  return select(greater_equal(whole, 0), whole, add(whole, size));
}
