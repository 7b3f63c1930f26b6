/**
 * Weights that are unpacked from numbers which the proof knows, as these numbers: the other graph may hold them dense, or packed in
 * another way, and equal numbers are then one table.
 */
import { graph } from "../../../dsl/graph.ts";
import { operandsOf, type Tensor } from "../../../dsl/tensor.ts";
import { has } from "../../../dsl/traits.ts";
import type { TensorType } from "../../../dsl/type.ts";
import type { WeightSource } from "../../../dsl/weight-source.ts";
import { arrayOf } from "../../interpret/array.ts";
import { evaluateAll } from "../../interpret/evaluate.ts";
import type { Mode } from "../logic/setting.ts";

/** The elements of a stored tensor that counts as a constant, such as the table of a mask; undefined for a weight. */
export type TableOf = (source: WeightSource, type: TensorType) => ArrayLike<number> | undefined;

/** The elements of an unpacked weight in row-major order, rounded as the mode rounds; undefined where not all that it is made of is known. */
export type UnpackedOf = (value: Tensor, mode: Mode) => ArrayLike<number> | undefined;

/** Each weight is unpacked once a mode: every copy of the graph asks for it. */
export function unpackedTables(tableOf: TableOf): UnpackedOf {
  const known = { exact: new WeakMap<Tensor, ArrayLike<number>>(), reals: new WeakMap<Tensor, ArrayLike<number>>() };
  return (value, mode) => {
    if (!isKnown(value, tableOf)) return undefined;
    const found = known[mode].get(value) ?? unpacked(value, mode, tableOf);
    known[mode].set(value, found);
    return found;
  };
}

/** Whether a constexpr is made of numbers alone, some of them stored. */
function isKnown({ def }: Tensor, tableOf: TableOf): boolean {
  if (def.kind !== "op" || !has(def, "constexpr")) return false;
  const operands = operandsOf(def);
  const isNumbers = (x: Tensor): boolean =>
    x.def.kind === "weight"
      ? tableOf(x.def.source, x.type) !== undefined
      : x.def.kind === "const" || isKnown(x, tableOf);
  return operands.some((x) => x.def.kind !== "const") && operands.every(isNumbers);
}

function unpacked(value: Tensor, mode: Mode, tableOf: TableOf): ArrayLike<number> {
  const weight = (source: WeightSource, type: TensorType) => arrayOf(type.dtype, type.shape, tableOf(source, type)!);
  const alone = graph({ name: "weight", inputs: [], outputs: { value } });
  const all = evaluateAll(alone, { values: {}, weight }, { precision: mode === "exact" ? "fp16" : "fp64" });
  return all.get(value)!.data;
}
