/** Terms as they stand: made of their parts by no rule, to be looked at kind by kind. */
import type { DType } from "../../../src/dsl/type.ts";
import type { Ix } from "../../../src/passes/prove/logic/indices.ts";
import type { Leaf } from "../../../src/passes/prove/logic/leaf.ts";
import { num, raw } from "../../../src/passes/prove/logic/make.ts";
import { fromNumber } from "../../../src/passes/prove/logic/rational.ts";
import type { Setting } from "../../../src/passes/prove/logic/setting.ts";
import { type Head, internLam, type Reduction, type Term } from "../../../src/passes/prove/logic/terms.ts";

type Make = (...args: readonly Term[]) => Term;

/** The terms of one attempt. Coefficients and exponents are doubles, taken for exact. */
export function rawTerms(c: Setting) {
  const of = (head: Head, ...args: readonly Term[]): Term => raw(c, head, args);
  const plain =
    (kind: "add" | "neg" | "mul" | "div" | "max" | "min" | "pow" | "select"): Make =>
    (...args) =>
      of({ kind }, ...args);
  return {
    of,
    number: (value: number): Term => num(c, value),
    leaf: (leaf: Leaf, ...at: readonly Ix[]): Term => raw(c, { kind: "leaf", leaf }, [], at),
    input: (name: string, dtype: DType = "fp16"): Term => of({ kind: "leaf", leaf: { of: "input", name, dtype } }),
    mask: (name: string): Term => of({ kind: "leaf", leaf: { of: "mask", name, dtype: "fp16" } }),
    add: plain("add"),
    neg: plain("neg"),
    mul: plain("mul"),
    div: plain("div"),
    max: plain("max"),
    min: plain("min"),
    pow: plain("pow"),
    select: plain("select"),
    unary: (fn: Extract<Head, { kind: "unary" }>["fn"], t: Term): Term => of({ kind: "unary", fn }, t),
    round: (to: DType, t: Term): Term => of({ kind: "round", to }, t),
    linear: (constant: number, coefs: readonly number[], ...args: readonly Term[]): Term =>
      of({ kind: "linear", constant: fromNumber(constant), coefs: coefs.map(fromNumber) }, ...args),
    product: (exponents: readonly number[], ...args: readonly Term[]): Term =>
      of({ kind: "product", exponents: exponents.map(fromNumber) }, ...args),
    hole: (place: number, dtype?: DType): Term => of({ kind: "hole", place, ...(dtype ? { dtype } : {}) }),
    /** A reduction over three elements of a closed body. */
    app: (reduction: Reduction, body: Term, ...args: readonly Term[]): Term =>
      of({ kind: "app", lam: internLam(c.store, reduction, { kind: "interval", n: 3 }, body) }, ...args),
  };
}
