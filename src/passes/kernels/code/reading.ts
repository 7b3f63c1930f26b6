/**
 * A reading of an op's meaning as JavaScript text. Each step is that of `numericReading` (../../interpret/reading.ts) on the same
 * doubles in the same order, so what the text computes has the same bits.
 */
import type { Algebra, Unary } from "../../../dsl/algebra.ts";
import { isFloat } from "../../../dsl/type.ts";
import type { Precision } from "../../interpret/reading.ts";
import type { Accumulate } from "../accumulate.ts";
import { branches, type IndexCode, indexReading } from "./indices.ts";
import { sorted } from "./sorted.ts";
import { chunkSum, fold, laneSum } from "./sums.ts";
import type { CodeTerm, Writer } from "./writer.ts";

/** The algebra whose scalars and indices are terms of JavaScript. */
export type CodeReading = Algebra<CodeTerm, CodeTerm> & IndexCode;

const UNARY: Readonly<Record<Unary, (x: string) => string>> = {
  exp: (x) => `Math.exp(${x})`,
  exp2: (x) => `2 ** ${x}`,
  log: (x) => `Math.log(${x})`,
  sqrt: (x) => `Math.sqrt(${x})`,
  rsqrt: (x) => `1 / Math.sqrt(${x})`,
  erf: (x) => `erf(${x})`,
  abs: (x) => `Math.abs(${x})`,
  sin: (x) => `Math.sin(${x})`,
  cos: (x) => `Math.cos(${x})`,
  tan: (x) => `Math.tan(${x})`,
  asin: (x) => `Math.asin(${x})`,
  acos: (x) => `Math.acos(${x})`,
  atan: (x) => `Math.atan(${x})`,
  sinh: (x) => `Math.sinh(${x})`,
  cosh: (x) => `Math.cosh(${x})`,
  tanh: (x) => `Math.tanh(${x})`,
  atanh: (x) => `Math.atanh(${x})`,
};

/** Comparisons as JavaScript. */
export const COMPARE = { less: "<", less_equal: "<=", equal: "===" } as const;

/** What a number looks like in JavaScript. */
export const literal = (value: number): CodeTerm => ({ text: Object.is(value, -0) ? "-0" : String(value), depth: 0 });

/** What decides the text besides the op. */
export interface CodeOptions {
  readonly precision: Precision;
  /** Whether all operands are integers. */
  readonly integers: boolean;
  /** How the sums of a product are kept; exact order when absent. */
  readonly accumulate?: Accumulate | undefined;
}

/** A reading that writes the numeric reading (src/passes/interpret/reading.ts) down as JavaScript, step by step. */
export function codeReading(w: Writer, { precision, integers, accumulate }: CodeOptions): CodeReading {
  const rounds = precision === "fp16" && !integers;
  const step = (expression: string) => (rounds ? `fround(${expression})` : `(${expression})`);
  const compute = (expression: string, ...uses: readonly CodeTerm[]) => w.bind(step(expression), uses);
  const indices = indexReading(w);
  const laned = laneSum(w, step, indices);
  return {
    ...indices,
    ...branches(w),
    num: (value) => literal(rounds ? Math.fround(value) : value),
    add: (a, b) => compute(`${a.text} + ${b.text}`, a, b),
    sub: (a, b) => compute(`${a.text} - ${b.text}`, a, b),
    mul: (a, b) => compute(integers ? `multiplyExactly(${a.text}, ${b.text})` : `${a.text} * ${b.text}`, a, b),
    div: (a, b) => compute(`${a.text} / ${b.text}`, a, b),
    pow: (a, b) => compute(`${integers ? "integerPower" : "power"}(${a.text}, ${b.text})`, a, b),
    maximum: (a, b) => w.bind(`Math.max(${a.text}, ${b.text})`, [a, b]),
    minimum: (a, b) => w.bind(`Math.min(${a.text}, ${b.text})`, [a, b]),
    unary: (f, a) => compute(UNARY[f](a.text), a),
    compare: (how, a, b) => w.bind(`${a.text} ${COMPARE[how]} ${b.text} ? 1 : 0`, [a, b]),
    round(dtype, a) {
      if (precision === "fp64" && isFloat(dtype)) return a;
      const text = dtype === "int32" ? `(${a.text} | 0)` : `roundTo("${dtype}", ${a.text})`;
      return { text, depth: a.depth, rounded: { dtype, from: a.text, toBits: "halfBits" } };
    },
    sum: (n, term) => (accumulate ? chunkSum(w, n, accumulate.chunk, term, laned, indices) : laned(n, term)),
    max: (n, term) => fold(w, n, term, "Math.max"),
    min: (n, term) => fold(w, n, term, "Math.min"),
    sorted: (how, n, at, element) => sorted(w, how, n, at, element),
    ownOrder: (_op, _at, value) => value,
  };
}
