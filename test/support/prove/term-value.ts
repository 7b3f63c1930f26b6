/** The number that a term stands for: the oracle of rules and of reductions with bound variables. */
import fc from "fast-check";
import type { Comparison, Unary } from "../../../src/dsl/algebra.ts";
import { roundTo } from "../../../src/dsl/number.ts";
import { isFloat } from "../../../src/dsl/type.ts";
import type { Leaf } from "../../../src/passes/prove/logic/leaf.ts";
import { toNumber } from "../../../src/passes/prove/logic/rational.ts";
import type { Mode } from "../../../src/passes/prove/logic/setting.ts";
import type { Term } from "../../../src/passes/prove/logic/terms.ts";
import { type Context, newContext } from "../../../src/passes/prove/rules/context.ts";
import { RULES } from "../../../src/passes/prove/rules/rule-book.ts";
import { valueAt } from "./index-expr.ts";

/** An attempt at a proof of two tokens on a cache of five rows. */
export const attempt = (mode: Mode = "exact", more: { twoValued?: boolean; contiguous?: boolean } = {}): Context =>
  newContext({ mode, twoValued: false, contiguous: false, column: "one", ...more }, { tokens: 2, lastRow: 4 }, RULES);

/** Numbers for leaves, and for variables by their labels. */
export interface World {
  leaf(leaf: Leaf, place: readonly number[]): number;
  readonly at?: Readonly<Record<string, number>>;
  /** What every step of +, −, ·, / and the functions is rounded by; fp32 when absent. */
  step?(x: number): number;
}

interface Frame {
  readonly at: Readonly<Record<string, number>>;
  readonly holes: readonly (() => number)[];
}

const UNARY: Readonly<Partial<Record<Unary, (x: number) => number>>> = {
  exp: Math.exp,
  sqrt: Math.sqrt,
  tanh: Math.tanh,
  abs: Math.abs,
  sin: Math.sin,
};
const holds = (how: Comparison, a: number, b: number): boolean =>
  how === "less" ? a < b : how === "equal" ? a === b : a <= b;

/** The value of a term in a world. @throws Error on a kind that the tests do not use. */
export function termValue(root: Term, world: World): number {
  const step = world.step ?? Math.fround;
  const of = (t: Term, frame: Frame): number => {
    const args = () => t.args.map((x) => of(x, frame));
    const places = () => t.ix.map((i) => valueAt(i, frame.at));
    switch (t.kind) {
      case "num":
        return t.value;
      case "leaf":
        return world.leaf(t.leaf, places());
      case "index":
        return places()[0]!;
      case "hole":
        return frame.holes[t.place]!();
      case "add":
        return step(of(t.args[0]!, frame) + of(t.args[1]!, frame));
      case "neg":
        return -of(t.args[0]!, frame);
      case "mul":
        return step(of(t.args[0]!, frame) * of(t.args[1]!, frame));
      case "div":
        return step(of(t.args[0]!, frame) / of(t.args[1]!, frame));
      case "max":
        return Math.max(...args());
      case "min":
        return Math.min(...args());
      case "unary":
        return step(UNARY[t.fn]!(of(t.args[0]!, frame)));
      case "compare":
        return Number(holds(t.how, of(t.args[0]!, frame), of(t.args[1]!, frame)));
      case "select":
        return of(t.args[of(t.args[0]!, frame) === 0 ? 2 : 1]!, frame);
      case "round":
        return world.step && isFloat(t.to) ? of(t.args[0]!, frame) : roundTo(t.to, of(t.args[0]!, frame));
      case "linear":
        return args().reduce((sum, x, k) => sum + toNumber(t.coefs[k]!) * x, toNumber(t.constant));
      case "product":
        return args().reduce((product, x, k) => product * x ** toNumber(t.exponents[k]!), 1);
      case "pieces":
      case "rows":
        return args().reduce((a, b) => step(a + b));
      case "app": {
        const { over, body, reduction } = t.lam;
        const rows = Object.entries(frame.at).filter(([label]) => /^w\d+$/.test(label));
        const at = Object.fromEntries([...rows, ...places().map((x, k) => [`p${k}`, x] as const)]);
        const holes = t.args.map((x) => () => of(x, frame));
        const n = over.kind === "interval" ? over.n : over.size;
        const written = over.kind === "interval" ? [] : rows.map(([, row]) => row);
        const which = Array.from({ length: n }, (_, b) => b).filter((b) => !written.includes(b));
        const all = which.map((b) => of(body, { at: { ...at, b }, holes }));
        return reduction === "sum" ? all.reduce((a, b) => step(a + b)) : Math[reduction](...all);
      }
      default:
        throw new Error(`a term of kind ${t.kind}`);
    }
  };
  return of(root, { at: world.at ?? {}, holes: [] });
}

/** Numbers of fp16 within a bound, its ends among them. */
export const within = (bound: number): fc.Arbitrary<number> =>
  fc.oneof(
    fc.constantFrom(-bound, bound, 0),
    fc.double({ min: -bound, max: bound, noNaN: true }).map((x) => roundTo("fp16", x)),
  );
