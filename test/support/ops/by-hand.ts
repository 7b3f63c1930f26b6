/** Values of ops worked out by hand: constants to build them from, their elements, what is refused, and what a meaning asks. */
import { isGraphError } from "../../../src/dsl/error.ts";
import { graph } from "../../../src/dsl/graph.ts";
import { meaningOf } from "../../../src/dsl/meaning.ts";
import { constant, type OpDef, type Tensor } from "../../../src/dsl/tensor.ts";
import type { DType, Shape } from "../../../src/dsl/type.ts";
import { arrayOf } from "../../../src/passes/interpret/array.ts";
import { evaluate } from "../../../src/passes/interpret/evaluate.ts";
import { numericReading } from "../../../src/passes/interpret/reading.ts";
import { indicesOf } from "./draw.ts";

/** A constant whose shape TypeScript does not know, so that mistakes get past it to the run time. */
export const of = <D extends DType = "fp16">(
  data: readonly number[],
  shape: Shape = [data.length],
  dtype: D = "fp16" as D,
): Tensor<Shape, D> => constant(data, shape, dtype);

/** The same, all ones: for rules that see shapes alone. */
export const ones = <D extends DType = "fp16">(shape: Shape, dtype: D = "fp16" as D): Tensor<Shape, D> =>
  of(new Array<number>(shape.reduce((a, b) => a * b, 1)).fill(1), shape, dtype);

/** An argument that TypeScript would refuse. */
export const loose = <X>(value: unknown): X => value as X;

/** Elements of a value that needs no inputs. */
export const elementsOf = (y: Tensor): readonly number[] => [
  ...evaluate(graph({ name: "g", inputs: [], outputs: { y } }), { values: {} }).outputs.y!.data,
];

/** Elements of a value that depends on one input. */
export function elementsAt(p: Tensor, at: readonly number[], y: Tensor): readonly number[] {
  const g = graph({ name: "g", inputs: [p], outputs: { y } });
  return [...evaluate(g, { values: { p: arrayOf(p.type.dtype, p.type.shape, at) } }).outputs.y!.data];
}

/** What a graph error says of a mistake. @throws Error where there is none */
export function refusalOf(build: () => unknown): string {
  try {
    build();
  } catch (error) {
    if (!isGraphError(error)) throw error;
    return error.message;
  }
  throw new Error("was accepted");
}

/** The questions of places that the meaning of a value asks at any of its elements: `piece 2,1`, `within 5`, each once. */
export function questionsOf(y: Tensor): readonly string[] {
  const m = numericReading("fp16", false);
  const asked = new Set<string>();
  const recording: typeof m = {
    ...m,
    reindex: (ix, from, to) => {
      asked.add(`reindex ${from} to ${to}`);
      return m.reindex(ix, from, to);
    },
    piece: (i, sizes, pick) => {
      asked.add(`piece ${sizes}`);
      return m.piece(i, sizes, pick);
    },
    within: (i, begin, size, stride, inside, outside) => {
      asked.add(`within ${size}`);
      return m.within(i, begin, size, stride, inside, outside);
    },
    indexOf: (s, size) => {
      asked.add(`indexOf ${size}`);
      return m.indexOf(s, size);
    },
  };
  const element = meaningOf(recording, y.def as OpDef, y.type, (x) => ({ ...x.type, at: () => 0 }));
  for (const ix of indicesOf(y.type.shape)) element(ix);
  return [...asked].sort();
}
