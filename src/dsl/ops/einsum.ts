/** Products summed over the letters that an equation does not keep. */
import { type Index, sumOver } from "../algebra.ts";
import { attr } from "../attr.ts";
import { op } from "../op.ts";
import type { Tensor } from "../tensor.ts";
import { type DType, FLOATS, type Shape } from "../type.ts";

/** Call of einsum: two operands and an equation such as `abc,cbd->abd`. */
export type Einsum = <D extends DType>(
  values: readonly Tensor<Shape, D>[],
  options: { equation: string },
) => Tensor<Shape, D>;

interface Equation {
  /** The letters of each operand. */
  readonly operands: readonly (readonly string[])[];
  readonly result: readonly string[];
  /** Letters that are summed over, in the order in which they occur. */
  readonly summed: readonly string[];
}

/** The equation in its parts, or a sentence that says what is wrong. */
function parsed(equation: string): Equation | string {
  const form = /^([a-z]+),([a-z]+)->([a-z]+)$/.exec(equation.replaceAll(" ", ""));
  if (!form) return `the equation "${equation}" has not the form ab,bc->ac`;
  const [x, y, result] = form.slice(1).map((letters) => [...letters]) as [string[], string[], string[]];
  const twice = [x, y, result].some((letters) => new Set(letters).size < letters.length);
  if (twice) return `the equation "${equation}" names a letter twice in one place`;
  const given = [...new Set([...x, ...y])];
  const stray = result.find((letter) => !given.includes(letter));
  if (stray !== undefined) return `the result of "${equation}" has ${stray}, which no operand has`;
  return { operands: [x, y], result, summed: given.filter((letter) => !result.includes(letter)) };
}

/** The size of a letter: that of the axes it names, of which those of size 1 are repeated. */
const sizeOfLetter = ({ operands }: Equation, shapes: readonly Shape[], letter: string): number =>
  Math.max(...operands.map((letters, n) => shapes[n]![letters.indexOf(letter)] ?? 1));

/** Σ of the products of two operands' elements that the equation pairs. */
export const einsum = op<Einsum>("einsum")({
  doc: "y = Σ of the products of the elements that the equation pairs, over the letters that its result does not have; an axis of size 1 is repeated",
  operands: { values: { dtypes: FLOATS, list: true } },
  attrs: { equation: attr("string") },
  traits: ["contracts", "product"],
  infer({ values }, { equation }) {
    const parts = parsed(equation);
    if (typeof parts === "string") return parts;
    if (values.length !== 2) return `has ${values.length} operands; it must have 2`;
    const shapes = values.map(({ shape }) => shape);
    for (const [n, letters] of parts.operands.entries()) {
      const shape = shapes[n]!;
      if (letters.length !== shape.length)
        return `"${letters.join("")}" names ${letters.length} axes of [${shape.join(",")}]`;
      const clash = letters.find((letter, a) => shape[a] !== 1 && shape[a] !== sizeOfLetter(parts, shapes, letter));
      if (clash !== undefined)
        return `the sizes of ${clash} differ: [${shapes[0]!.join(",")}] and [${shapes[1]!.join(",")}]`;
    }
    return { dtype: values[0]!.dtype, shape: parts.result.map((letter) => sizeOfLetter(parts, shapes, letter)) };
  },
  element: (m, { values }, { equation }) => {
    const parts = parsed(equation) as Equation;
    const shapes = values.map(({ shape }) => shape);
    const sizes = parts.summed.map((letter) => sizeOfLetter(parts, shapes, letter));
    return (ix) =>
      sumOver(m, sizes, (ks) => {
        const at = new Map<string, Index>();
        for (const [n, letter] of parts.result.entries()) at.set(letter, ix[n]!);
        for (const [n, letter] of parts.summed.entries()) at.set(letter, ks[n]!);
        const [x, y] = parts.operands.map((letters, n) =>
          values[n]!.at(...letters.map((letter, a) => (shapes[n]![a] === 1 ? m.index(0) : at.get(letter)!))),
        );
        return m.mul(x!, y!);
      });
  },
});
