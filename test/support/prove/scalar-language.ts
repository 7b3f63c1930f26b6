/** Unknown numbers, positions and masks, and the scalar operations on them. */
import type { DType } from "../../../src/dsl/type.ts";
import * as ix from "../../../src/passes/prove/logic/indices.ts";
import { indexTerm, num, raw } from "../../../src/passes/prove/logic/make.ts";
import type { Term } from "../../../src/passes/prove/logic/terms.ts";
import * as scalar from "../../../src/passes/prove/reading/scalar.ts";
import type { Context } from "../../../src/passes/prove/rules/context.ts";
import { attemptOf } from "./told.ts";

/** The operations on unknown numbers, in an attempt of their own. */
export function language(more: Parameters<typeof attemptOf>[0] = {}) {
  const c = attemptOf(more);
  const s = c.store.indices;
  const leaf = (name: string, dtype: DType = "fp16"): Term =>
    raw(c, { kind: "leaf", leaf: { of: "input", name, dtype } as never }, []);
  const two = (f: (c: Context, a: Term, b: Term) => Term) => (a: Term, b: Term) => f(c, a, b);
  return {
    c,
    n: (x: number) => num(c, x),
    x: leaf("x"),
    y: leaf("y"),
    leaf,
    add: two(scalar.add),
    sub: two(scalar.sub),
    mul: two(scalar.mul),
    div: two(scalar.div),
    neg: (a: Term) => scalar.neg(c, a),
    exp: (a: Term) => scalar.unary(c, "exp", a),
    round: (to: DType, a: Term) => scalar.round(c, to, a),
    position: (name: string, offset = 0) => indexTerm(c, ix.shift(s, ix.variable(s, name, 9), offset)),
    /** A two-valued entry of a mask: `open` where it is 0. */
    gate: (name: string, open: Term, shut: Term) => {
      const entry = raw(c, { kind: "leaf", leaf: { of: "mask", name, dtype: "fp16" } }, []);
      return raw(c, { kind: "select" }, [scalar.compare(c, "equal", entry, num(c, 0)), open, shut]);
    },
  };
}
export type Language = ReturnType<typeof language>;
