/** Small worked examples of ops: constants to call them with, what a call gives, and what it says is wrong. */
export { loose, of } from "./by-hand.ts";

import type { Algebra, Read } from "../../../src/dsl/algebra.ts";
import { GraphError } from "../../../src/dsl/error.ts";
import { graph } from "../../../src/dsl/graph.ts";
import { meaningOf } from "../../../src/dsl/meaning.ts";
import type { OpDef, Tensor } from "../../../src/dsl/tensor.ts";
import type { Shape } from "../../../src/dsl/type.ts";
import { arrayOf, type NDArray } from "../../../src/passes/interpret/array.ts";
import { evaluate } from "../../../src/passes/interpret/evaluate.ts";
import { numericReading } from "../../../src/passes/interpret/reading.ts";
import { of } from "./by-hand.ts";

/** The numbers 1, 2, 3, … in a shape. */
export const counted = (...shape: number[]): Tensor<Shape, "fp16"> =>
  of(
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i + 1),
    shape,
  );

/** A vector of int32. */
export const ints = (...data: readonly number[]): Tensor<Shape, "int32"> => of(data, [data.length], "int32");

/** Shape and elements of a value that needs no inputs. */
export const resultOf = (y: Tensor): readonly [shape: Shape, data: readonly number[]] => [
  y.type.shape,
  valuesAt([], y),
];

/** Elements of a value that depends on int32 inputs. */
export function valuesAt(inputs: readonly (readonly [Tensor, readonly number[]])[], y: Tensor): readonly number[] {
  const g = graph({ name: "g", inputs: inputs.map(([x]) => x), outputs: { y } });
  const values = Object.fromEntries(inputs.map(([x, data]) => [x.name, arrayOf("int32", x.type.shape, data)]));
  return [...evaluate(g, { values }).outputs.y!.data];
}

/** What a call says is wrong. */
export function refusalOf(build: () => unknown): string {
  try {
    build();
  } catch (error) {
    if (error instanceof GraphError) return error.message;
    throw error;
  }
  return "was accepted";
}

/** The place of an index among the elements of a shape in row-major order. */
export const flatOf = (shape: Shape, ix: readonly number[]): number =>
  ix.reduce((sum, i, axis) => sum * shape[axis]! + i, 0);

/** The element of an array at an index. */
export const at = ({ shape, data }: NDArray, ix: readonly number[]): number => data[flatOf(shape, ix)]!;

/** The meaning of an op of constants, in the reading of numbers with some of it replaced. */
export function elementOf({ def, type }: Tensor, replaced: Partial<Algebra<number, number>>) {
  const m = { ...numericReading("fp64", false), ...replaced };
  return meaningOf(m, def as OpDef, type, ({ type: { shape, dtype }, def: own }): Read<number, number> => {
    const { data } = own as { data: ArrayLike<number> };
    return { shape, dtype, at: (...ix) => data[flatOf(shape, ix)]! };
  });
}

/** Replaces the look-up of a position by a failure: what is known at compile time needs none. */
export const NO_LOOKUP: Partial<Algebra<number, number>> = {
  indexOf: (s) => {
    throw new Error(`looks up position ${s}`);
  },
};
