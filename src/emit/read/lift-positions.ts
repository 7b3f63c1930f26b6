/** Positions of files in older opsets: what is counted from the end of an axis is counted from its front. */
import type { Given } from "../../dsl/op-spec.ts";
import { add, cast, greater_equal, select } from "../../dsl/ops/index.ts";
import type { Tensor } from "../../dsl/tensor.ts";
import type { Shape } from "../../dsl/type.ts";

/**
 * The opsets of iOS 15 and 16. There a position p of gather and scatter lies in −n ≤ p < n; from iOS 17 (CoreML7) on one below 0 is
 * outside, and the documentation says to write what `fromFront` writes (coremltools 9.0, docstring of iOS17 `gather`).
 */
const COUNT_FROM_THE_END: readonly string[] = ["CoreML5", "CoreML6"];

/** The operand that an op of this name reads or writes by its `indices`, in the opsets that count from the end too. */
const INDEXED: ReadonlyMap<string, string> = new Map([
  ["gather", "x"],
  ["gather_along_axis", "x"],
  ["scatter", "data"],
  ["scatter_along_axis", "data"],
]);

/** Operands and attributes of `op` with the meaning that its opset has for positions below 0. */
export function respellPositions(op: string, given: Given, opset: string): Given {
  const indexed = INDEXED.get(op);
  if (indexed === undefined || !COUNT_FROM_THE_END.includes(opset)) return given;
  const [x, indices] = [given[indexed], given.indices] as readonly (Tensor | undefined)[];
  const size = x?.type.shape.at((given.axis ?? 0) as number);
  return indices && size !== undefined ? { ...given, indices: fromFront(indices, size) } : given;
}

/** The positions with `size` added to those below 0. */
function fromFront(indices: Tensor, size: number): Tensor {
  const { def, type } = indices;
  if (def.kind === "const")
    return { ...indices, def: { ...def, data: Array.from(def.data, (i) => (i < 0 ? i + size : i)) } };
  if (type.dtype.startsWith("uint")) return indices;
  const whole = (type.dtype === "int32" ? indices : cast(indices, { dtype: "int32" })) as Tensor<Shape, "int32">;
  return select(greater_equal(whole, 0), whole, add(whole, size));
}
