/** The scalar operations of the symbolic reading: each applies the rules of its kind, else makes a term. */
import type { Comparison, Unary } from "../../../dsl/algebra.ts";
import { type DType, isFloat } from "../../../dsl/type.ts";
import { fits, isExactIn, isWhole, numberOf } from "../logic/facts.ts";
import type { Ix } from "../logic/indices.ts";
import { reapply } from "../logic/lambda.ts";
import { bare, indexTerm, inOrder, rationalOf, raw } from "../logic/make.ts";
import type { Head, Term } from "../logic/terms.ts";
import { negate } from "../rules/arithmetic.ts";
import { maxOf } from "../rules/choice.ts";
import type { Context } from "../rules/context.ts";
import { isGate } from "../rules/masked.ts";
import { decides, fired, firstOf, makes } from "../rules/rule.ts";
import { indexProduct, indexSum } from "./index-terms.ts";
import * as reals from "./reals.ts";
import { countsInType } from "./sized.ts";

const ADD = { kind: "add" } as const;
const MUL = { kind: "mul" } as const;
const DIV = { kind: "div" } as const;
const SELECT = { kind: "select" } as const;

/** a + b. */
export function add(c: Context, a: Term, b: Term): Term {
  const index = indexSum(c, a, b);
  if (index) return index;
  const lifted = c.twoValued && lift(c, [a, b], ([x, y]) => add(c, x!, y!));
  if (lifted) return lifted;
  if (c.mode === "reals") return reals.add(c, a, b);
  const simpler = firstOf(c, c.rules.add, [a, b], ADD);
  if (simpler) return simpler;
  // A number carries its own sign.
  if (a.kind === "num" || b.kind === "num") return commuting(c, ADD, a, b);
  if (a.kind === "neg" && b.kind === "neg") return negate(c, commuting(c, ADD, bare(a), bare(b)));
  return a.kind === "neg" || b.kind === "neg" ? difference(c, a, b) : commuting(c, ADD, a, b);
}

/** a − b in its normal form: the first argument in order is positive. */
function difference(c: Context, a: Term, b: Term): Term {
  const [x, y] = inOrder(bare(a), bare(b)) <= 0 ? [a, b] : [b, a];
  const subtracted = raw(c, ADD, [bare(x), raw(c, { kind: "neg" }, [bare(y)])]);
  return x.kind === "neg" ? makes(c, c.rules.commute, c, subtracted) : subtracted;
}

function commuting(c: Context, head: typeof ADD | typeof MUL, a: Term, b: Term): Term {
  if (inOrder(a, b) <= 0) return raw(c, head, [a, b]);
  fired(c, c.rules.commute);
  return raw(c, head, [b, a]);
}

/** The function of the branches of a mask that has two values, where one of the arguments is a selection by it. */
function lift(c: Context, args: readonly Term[], f: (args: readonly Term[]) => Term): Term | undefined {
  if (!args.some(isGate) || !decides(c, c.rules.liftMask, args)) return undefined;
  const open = args.find(isGate)!.args[0]!;
  const branch = (k: 1 | 2) => f(args.map((t) => (isGate(t) ? t.args[k]! : t)));
  return raw(c, SELECT, [open, branch(1), branch(2)]);
}

/** −a. */
export const neg = (c: Context, a: Term): Term =>
  (c.twoValued ? lift(c, [a], ([x]) => neg(c, x!)) : undefined) ??
  (c.mode === "reals" && bare(a).kind !== "index" ? reals.scale(c, a, -1) : negate(c, a));

/** a − b. */
export const sub = (c: Context, a: Term, b: Term): Term => add(c, a, neg(c, b));

/** a · b. */
export function mul(c: Context, a: Term, b: Term): Term {
  const index = indexProduct(c, a, b) ?? indexProduct(c, b, a);
  if (index) return index;
  const lifted = c.twoValued && lift(c, [a, b], ([x, y]) => mul(c, x!, y!));
  if (lifted) return lifted;
  if (c.mode === "reals") return reals.mul(c, a, b);
  return firstOf(c, c.rules.mul, [a, b], MUL) ?? commuting(c, MUL, a, b);
}

/** a / b. */
export function div(c: Context, a: Term, b: Term): Term {
  const lifted = c.twoValued && lift(c, [a, b], ([x, y]) => div(c, x!, y!));
  if (lifted) return lifted;
  if (c.mode === "reals") return reals.div(c, a, b);
  return firstOf(c, c.rules.div, [a, b], DIV) ?? raw(c, DIV, [a, b]);
}

/** The largest argument. */
export const maximum = (c: Context, args: readonly Term[]): Term => extreme(c, "max", args);
/** The smallest argument. */
export const minimum = (c: Context, args: readonly Term[]): Term => extreme(c, "min", args);

function extreme(c: Context, kind: "max" | "min", args: readonly Term[]): Term {
  return firstOf(c, c.rules.extreme, args, { kind }) ?? maxOf(c, kind, args);
}

/** f(a). */
export function unary(c: Context, f: Unary, a: Term): Term {
  const head: Head = { kind: "unary", fn: f };
  const lifted = c.twoValued && lift(c, [a], ([x]) => unary(c, f, x!));
  if (lifted) return lifted;
  const simpler = firstOf(c, c.rules.unary, [a], head);
  if (simpler) return simpler;
  return c.mode === "reals" ? reals.unary(c, f, a) : raw(c, head, [a]);
}

/** a^b. */
export function pow(c: Context, a: Term, b: Term): Term {
  const exponent = rationalOf(b);
  if (exponent && exponent.d <= 2n) return reals.power(c, a, exponent);
  return raw(c, { kind: "pow" }, [a, b]);
}

/** 1 where the comparison holds, else 0. */
export function compare(c: Context, how: Comparison, a: Term, b: Term): Term {
  const head: Head = { kind: "compare", how };
  return firstOf(c, c.rules.compare, [a, b], head) ?? raw(c, head, [a, b]);
}

/** One of the branches; where the condition is known the other is never made. */
export function select(c: Context, cond: Term, yes: () => Term, no: () => Term): Term {
  const condition = numberOf(cond);
  if (condition !== undefined) return makes(c, c.rules.selectNumber, condition) === "yes" ? yes() : no();
  const args = [cond, yes(), no()];
  return firstOf(c, c.rules.select, args, SELECT) ?? raw(c, SELECT, args);
}

/** Over the reals the identity for float types, but for whole numbers that the type cannot tell apart; never for integers. */
export function round(c: Context, dtype: DType, a: Term): Term {
  const of = bare(a);
  if (of.kind === "index") countsInType(c, dtype, of.ix[0]!);
  if (c.mode === "reals" && tellsApart(dtype, a) && decides(c, c.rules.realRound, dtype)) return a;
  const lifted = c.twoValued && lift(c, [a], ([x]) => round(c, dtype, x!));
  if (lifted) return lifted;
  const head: Head = { kind: "round", to: dtype };
  return firstOf(c, c.rules.round, [a], head) ?? raw(c, head, [a]);
}

/** Whether the type has an element of its own for each value of a position or whole number; of other values nothing is asked. */
function tellsApart(dtype: DType, a: Term): boolean {
  const { kind, ix } = bare(a);
  return kind === "index" ? !isFloat(dtype) || isExactIn(dtype, ix[0]!) : !isWhole(a) || fits(a, dtype);
}

/** Makes a term like `like` from new parts, by the rules. */
export function rebuild(c: Context, like: Term, args: readonly Term[], ix: readonly Ix[]): Term {
  const [a, b, d] = args;
  switch (like.kind) {
    case "add":
      return add(c, a!, b!);
    case "mul":
      return mul(c, a!, b!);
    case "neg":
      return neg(c, a!);
    case "div":
      return div(c, a!, b!);
    case "max":
    case "min":
      return extreme(c, like.kind, args);
    case "pow":
      return pow(c, a!, b!);
    case "unary":
      return unary(c, like.fn, a!);
    case "compare":
      return compare(c, like.how, a!, b!);
    case "select":
      return select(
        c,
        a!,
        () => b!,
        () => d!,
      );
    case "round":
      return round(c, like.to, a!);
    case "index":
      return indexTerm(c, ix[0]!);
    case "app":
      return reapply(c, like, args, ix, rebuild);
    case "linear":
    case "product":
      return reals.rebuild(c, like, args);
    default:
      return raw(c, like, args, ix);
  }
}
