/** What the linter's graphs are made of: inputs, constants of all kinds, weights whose contents stand in their names. */
import { type Graph, graph } from "../../../src/dsl/graph.ts";
import * as o from "../../../src/dsl/ops/index.ts";
import { constant, input, state, type Tensor, weight } from "../../../src/dsl/tensor.ts";
import type { DType, Shape } from "../../../src/dsl/type.ts";

/** A graph and the rules that it breaks, in the order of their names. */
export interface LintCase {
  readonly rules: readonly string[];
  readonly build: () => Graph;
  /** Its weights take too much room to be written. */
  readonly huge?: true;
}

export const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
export const x: Tensor = input("x", [1, 4, 2, 1]);
export const row: Tensor = input("r", [2, 4]);
export const at: Tensor = input("i", [1], "int32");
export const wide: Tensor = input("w", [1, 20000, 1, 1]);
export const five: Tensor = input("f", [1, 1, 1, 2, 2]);
export const eight: Tensor = input("e", [2, 8]);
export const tall: Tensor = input("l", [4, 8]);

/** A graph of one result; its inputs are those that the result is made of, and x. */
export const of = (y: Tensor, ...inputs: readonly Tensor[]): Graph =>
  graph({ name: "g", inputs: inputs.length > 0 ? inputs : [x], outputs: { y } });

export const stateful = (...shapes: readonly Shape[]): Graph => {
  const states = shapes.map((shape, i) => state(`s${i}`, shape) as Tensor);
  return graph({ name: "g", inputs: [x], states: states.map((s) => [s, o.add(s, 1)]), outputs: { y: o.exp(x) } });
};

/** A constant of the shape of x, too large to stand in the program: the last element is the one given. */
export const big = (last: number, dtype: DType = "fp16"): Tensor =>
  constant([...new Array(15).fill(0), last], [1, 4, 2, 2], dtype) as Tensor;
export const one = (n: number, dtype: DType = "fp16"): Tensor => constant([n], [1], dtype) as Tensor;
/** A weight of the checkpoint; `contents` fills it with the number in its name. */
export const stored = (n: number): Tensor => weight(`all ${n}`, [1, 4, 2, 4]) as Tensor;
export const half = (y: Tensor): Tensor => o.cast(y as Tensor<Shape, "fp32">, { dtype: "fp16" });

/** An int8 weight of [4, 8] with scales of the given shape. */
export const scaledBy = (shape: Shape, scale = 0.5, data = 1): Tensor =>
  o.constexpr_blockwise_shift_scale(
    constant(new Array(32).fill(data), [4, 8], "int8") as Tensor,
    constant(new Array(shape[0]! * shape[1]!).fill(scale), shape) as Tensor,
  );
/** A palettised weight of fp16[4,8] with a scale a row. */
export const scaledPalette = (): Tensor =>
  o.constexpr_blockwise_shift_scale(
    o.constexpr_lut_to_dense(
      constant(new Array(32).fill(1), [4, 8], "uint1") as Tensor,
      constant([1, 2], [1, 1, 2, 1]) as Tensor,
    ) as Tensor,
    constant([1, 2, 3, 4], [4, 1]) as Tensor,
  );
/** The same with scales of the table: one for each of its entries. */
export const scaledTable = (): Tensor =>
  o.constexpr_lut_to_dense(
    constant(new Array(32).fill(1), [4, 8], "uint1") as Tensor,
    o.constexpr_blockwise_shift_scale(
      constant([1, 2], [1, 1, 2, 1]) as Tensor,
      constant([2, 3], [1, 1, 2, 1]) as Tensor,
    ) as Tensor,
  );
export const looked = (...table: readonly number[]): Tensor =>
  o.constexpr_lut_to_dense(constant([0, 1, 1, 0], [4], "uint1") as Tensor, constant(table, [1, 2, 1]) as Tensor);
export const joined = (...values: readonly Tensor[]): Tensor => o.concat(values as [Tensor], { axis: 3 });

export const breaks = (rules: string, build: () => Graph): LintCase => ({
  rules: rules.split(" ").filter(Boolean),
  build,
});
export const y = (rules: string, make: () => Tensor, ...inputs: readonly Tensor[]): LintCase =>
  breaks(rules, () => of(make(), ...inputs));
