/** What the tries of a rule are written in, and the form of a rule beside terms near its condition. */
import { constant, variable } from "../../../../src/passes/prove/logic/indices.ts";
import { indexTerm, num, raw } from "../../../../src/passes/prove/logic/make.ts";
import type { Mode } from "../../../../src/passes/prove/logic/setting.ts";
import type { Head, Term } from "../../../../src/passes/prove/logic/terms.ts";
import { readConst } from "../../../../src/passes/prove/reading/leaves.ts";
import { reduce } from "../../../../src/passes/prove/reading/reduce.ts";
import * as scalar from "../../../../src/passes/prove/reading/scalar.ts";
import type { Context } from "../../../../src/passes/prove/rules/context.ts";
import { attempt } from "../term-value.ts";

/** A way to make a term, or to ask a rule, in an attempt of its own. */
type Try = (l: Language) => unknown;

export interface Near {
  readonly fires: Try;
  /** Each beside what it is. */
  readonly not: Readonly<Record<string, Try>>;
  readonly mode?: Mode;
  readonly twoValued?: boolean;
  readonly contiguous?: boolean;
}

/** What the tries are written in: unknown numbers x, y, z of fp16, elements K[k], and the operations that apply the rules. */
export function languageOf(near: Near) {
  const c: Context = attempt(near.mode, near);
  const leaf = (name: string, dtype: "fp16" | "fp32" | "int32" = "fp16"): Term =>
    raw(c, { kind: "leaf", leaf: { of: "input", name, dtype } }, []);
  const n = (value: number): Term => num(c, value);
  const add = (a: Term, b: Term): Term => scalar.add(c, a, b);
  const two = (f: (c: Context, a: Term, b: Term) => Term) => (a: Term, b: Term) => f(c, a, b);
  const of = (kind: "sum" | "max" | "min", body: (k: Term) => Term): Term =>
    reduce(c, kind, 4, (k) => body(raw(c, { kind: "leaf", leaf: { of: "state", name: "K", dtype: "fp16" } }, [], [k])));
  const mask = (row: number): Term => {
    const entry = raw(
      c,
      { kind: "leaf", leaf: { of: "mask", name: "mask", dtype: "fp16" } },
      [],
      [constant(c.store.indices, row)],
    );
    const open = raw(c, { kind: "compare", how: "equal" }, [n(0), entry]);
    return raw(c, { kind: "select" }, [open, n(0), n(-10_000)]);
  };
  return {
    c,
    n,
    leaf,
    x: leaf("x"),
    y: leaf("y"),
    z: leaf("z"),
    add,
    sub: two(scalar.sub),
    mul: two(scalar.mul),
    div: two(scalar.div),
    less: (a: Term, b: Term) => scalar.compare(c, "less", a, b),
    equal: (a: Term, b: Term) => scalar.compare(c, "equal", a, b),
    neg: (a: Term) => scalar.neg(c, a),
    max: (...args: readonly Term[]) => scalar.maximum(c, args),
    min: (...args: readonly Term[]) => scalar.minimum(c, args),
    fn: (fn: Extract<Head, { kind: "unary" }>["fn"], a: Term) => scalar.unary(c, fn, a),
    round: (to: Extract<Head, { kind: "round" }>["to"], a: Term) => scalar.round(c, to, a),
    select: (cond: Term, a: Term, b: Term) =>
      scalar.select(
        c,
        cond,
        () => a,
        () => b,
      ),
    /** A position below n. */
    index: (size: number) => indexTerm(c, variable(c.store.indices, "i", size)),
    of,
    mask,
    low: (t: Term) => add(t, n(-10_000)),
    table: (data: readonly number[], dtype: "int32" | "fp16" = "int32") =>
      readConst(c, data, { dtype, shape: [data.length] }, [variable(c.store.indices, "i", data.length)]),
    rule: c.rules,
  };
}
export type Language = ReturnType<typeof languageOf>;

/** Two orders of one pair: whichever comes first, one of them is turned round. */
export const bothOrders = (f: (a: Term, b: Term) => Term, a: Term, b: Term): readonly Term[] => [f(a, b), f(b, a)];
