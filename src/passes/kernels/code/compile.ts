/** An op's meaning as a JavaScript function over typed arrays: what runs every op that has no kernel of its own. */
import type { Read } from "../../../dsl/algebra.ts";
import { meaningOf } from "../../../dsl/meaning.ts";
import { type OpDef, operandsOf, type Tensor } from "../../../dsl/tensor.ts";
import { has } from "../../../dsl/traits.ts";
import { isFloat, type Shape, type TensorType } from "../../../dsl/type.ts";
import type { Accumulate } from "../accumulate.ts";
import type { Arithmetic } from "../arithmetic.ts";
import type { Elements } from "../raw.ts";
import { engineCodeReading } from "./engine-reading.ts";
import { engineHelpers } from "./engine-runtime.ts";
import { type CodeOptions, codeReading } from "./reading.ts";
import { helpers } from "./runtime.ts";
import { type CodeTerm, storedTerm, type Writer, writer } from "./writer.ts";

/** Fills `out` from the operands, in the order of `operandsOf`. */
export type Compiled = (out: Elements, ...operands: readonly Elements[]) => void;

/** In which arithmetic, and how fp16 operands are stored. */
export interface CompileOptions {
  readonly precision: Arithmetic;
  readonly accumulate?: Accumulate | undefined;
  /** Whether an operand of dtype fp16 is stored as bit patterns; when absent, none are in fp64 and all elsewhere. */
  isHalf?(operand: Tensor): boolean;
  /** Whether a result of dtype fp16 is to be stored as bit patterns; when absent, it is unless in fp64. */
  readonly halfResult?: boolean;
}

/** JavaScript of the body of a `Compiled`, with operands named x0, x1, … */
export function sourceOf(def: OpDef, type: TensorType, options: CompileOptions): string {
  const { precision, accumulate, halfResult = precision !== "fp64", isHalf = () => precision !== "fp64" } = options;
  const w = writer();
  const operands = operandsOf(def);
  const m =
    precision === "engine" ? engineCodeReading(w) : codeReading(w, numeric(def, type, { precision, accumulate }));
  const read = (operand: Tensor) => {
    const half = operand.type.dtype === "fp16" && isHalf(operand);
    return readOf(w, m.flat, operand.type, `x${operands.indexOf(operand)}`, half);
  };
  const element = meaningOf(m, def, type, read);
  const order = loopOrder(type.shape, reducedAxes(def));
  const ix: CodeTerm[] = type.shape.map(() => m.index(0));
  const heads = order.map((axis) => {
    const i = w.open();
    ix[axis] = i;
    return `for (let ${i.text} = 0; ${i.text} < ${type.shape[axis]}; ${i.text}++)`;
  });
  const result = element(ix);
  const at = m.flat(ix, type.shape);
  const innermost = { text: "", depth: heads.length };
  w.emit(() => [`out[${at.text}] = ${storedForm(result, type, halfResult)};`], [result, at, innermost], []);
  return w.close(heads);
}

/** An accumulation model changes the sums that hardware computes with fp16 partial sums, and no others. */
const numeric = (
  def: OpDef,
  type: TensorType,
  { precision, accumulate }: Omit<CodeOptions, "integers">,
): CodeOptions => ({
  precision,
  integers: operandsOf(def).every((x) => !isFloat(x.type.dtype)),
  accumulate: has(def, "product") && type.dtype === "fp16" ? accumulate : undefined,
});

/** All that a text may call. */
const NAMED = { ...helpers, ...engineHelpers } as const;

/** The function of an op value; it gives the bits of `evaluate`, whatever the op. */
export function compileOp(def: OpDef, type: TensorType, options: CompileOptions): Compiled {
  const names = operandsOf(def).map((_, n) => `x${n}`);
  const body = `"use strict"; return function kernel(out, ${names.join(", ")}) {\n${sourceOf(def, type, options)}\n};`;
  return new Function(...Object.keys(NAMED), body)(...Object.values(NAMED)) as Compiled;
}

function readOf(
  w: Writer,
  flat: (ix: readonly CodeTerm[], shape: Shape) => CodeTerm,
  type: TensorType,
  name: string,
  half: boolean,
): Read<CodeTerm, CodeTerm> {
  return {
    ...type,
    at(...ix) {
      const place = flat(ix, type.shape);
      const stored = w.bind(`${name}[${place.text}]`, [place]);
      return storedTerm({ text: stored.text, half }, stored.depth);
    },
  };
}

/** The text of an element as `out` stores it: a moved one as it is, if its operand holds it in the same form. */
function storedForm(result: CodeTerm, { dtype }: TensorType, halfResult: boolean): string {
  const half = dtype === "fp16" && halfResult;
  if (result.stored?.half === half) return result.stored.text;
  if (!half) return result.text;
  const { rounded } = result;
  return rounded?.dtype === "fp16" ? `${rounded.toBits}(${rounded.from})` : `halfBits(${result.text})`;
}

/** Axes that the op reduces over run innermost, so that a reduction that they share is done once. */
function reducedAxes({ attrs }: OpDef): readonly number[] {
  return [attrs.axes ?? attrs.axis ?? []].flat() as readonly number[];
}

function loopOrder(shape: Shape, last: readonly number[]): readonly number[] {
  const axes = shape.flatMap((n, axis) => (n > 1 ? [axis] : []));
  return [...axes.filter((a) => !last.includes(a)), ...axes.filter((a) => last.includes(a))];
}
