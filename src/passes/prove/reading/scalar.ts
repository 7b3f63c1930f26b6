/** The scalar operations of the symbolic reading: each applies the rules of its kind, else makes a term. */
import type { Comparison, Unary } from "../../../dsl/algebra.ts";
import { roundTo } from "../../../dsl/number.ts";
import type { DType } from "../../../dsl/type.ts";
import type { Context } from "../logic/context.ts";
import { constant, type Ix, plus, times as timesIx } from "../logic/indices.ts";
import { reapply } from "../logic/lambda.ts";
import { bare, indexTerm, inOrder, is, isClosed, isFiniteNum, num, opaque, rationalOf } from "../logic/make.ts";
import { intern, type Term } from "../logic/terms.ts";
import { ADDITION, DIVISION, MULTIPLICATION, negate, ROUNDING, raw } from "../rules/arithmetic.ts";
import { CLOSED, GATE_ADD, GATES, insideGate, MAXIMUM, maxOf, small } from "../rules/closed.ts";
import { allowed, firstOf } from "../rules/rule.ts";
import { COMMUTE } from "../rules/structure.ts";
import * as reals from "./reals.ts";

const ADD_MASKED = [...CLOSED.filter((r) => r.on === "add"), ...GATES];
const MUL_MASKED = CLOSED.filter((r) => r.on === "mul");
const ROUND = [...CLOSED.filter((r) => r.on === "round"), ...ROUNDING];
const UNARY = CLOSED.filter((r) => r.on === "unary");

/** Stops the proof where a masked-out value is used in a way that no rule covers. */
function refuseClosed(args: readonly Term[], where: string): void {
  if (args.some((t) => isClosed(t) || t.kind === "gate")) throw opaque(`a masked-out value is used in ${where}`);
}

export function add(c: Context, a: Term, b: Term): Term {
  const index = indexSum(c, a, b);
  if (index) return index;
  const masked = firstOf(c, ADD_MASKED, [a, b], "") ?? addToGate(c, a, b) ?? addToGate(c, b, a);
  if (masked) return masked;
  refuseClosed([a, b], "a sum");
  if (c.mode === "reals") return reals.add(c, a, b);
  const simpler = firstOf(c, ADDITION, [a, b], "");
  if (simpler) return simpler;
  if (a.kind === "neg" && b.kind === "neg") return negate(c, sorted(c, "add", bare(a), bare(b)));
  return a.kind === "neg" || b.kind === "neg" ? difference(c, a, b) : sorted(c, "add", a, b);
}

function addToGate(c: Context, gate: Term, other: Term): Term | undefined {
  if (gate.kind !== "gate" || other.kind === "gate" || !allowed(c, GATE_ADD, small(other))) return undefined;
  return insideGate(c, gate, (x) => add(c, x, other), "closed");
}

/** a − b in its normal form: the first argument in order is positive. */
function difference(c: Context, a: Term, b: Term): Term {
  const [x, y] = inOrder(bare(a), bare(b)) <= 0 ? [a, b] : [b, a];
  const subtracted = raw(c, "add", [bare(x), raw(c, "neg", [bare(y)])]);
  return x.kind === "neg" && !c.broken.has(COMMUTE.name) ? negate(c, subtracted) : subtracted;
}

function sorted(c: Context, kind: "add" | "mul", a: Term, b: Term): Term {
  if (inOrder(a, b) <= 0) return raw(c, kind, [a, b]);
  return allowed(c, COMMUTE, true) ? raw(c, kind, [b, a]) : raw(c, kind, [a, b]);
}

/** Sums of positions stay positions. */
function indexSum(c: Context, a: Term, b: Term): Term | undefined {
  const [i, j] = [asIndex(c, a), asIndex(c, b)];
  if (!i || !j || (a.kind !== "index" && b.kind !== "index")) return undefined;
  return indexTerm(c, plus(c.store.indices, i, j));
}

/** The index expression that a term is, with its sign. */
export function asIndex(c: Context, t: Term): Ix | undefined {
  const inner = bare(t);
  if (inner.kind === "index") return timesIx(c.store.indices, inner.ix[0]!, t === inner ? 1 : -1);
  const whole = t.value !== undefined && Number.isSafeInteger(t.value) && !/\/(?!1$)/.test(t.tag);
  return whole ? constant(c.store.indices, t.value!) : undefined;
}
export function neg(c: Context, a: Term): Term {
  refuseClosed([a], "a subtrahend");
  return c.mode === "reals" ? reals.scale(c, a, -1) : negate(c, a);
}

export const sub = (c: Context, a: Term, b: Term): Term => add(c, a, neg(c, b));

export function mul(c: Context, a: Term, b: Term): Term {
  const [i, j] = [asIndex(c, a), asIndex(c, b)];
  if (i && b.value !== undefined && a.kind === "index" && j) return indexTerm(c, timesIx(c.store.indices, i, b.value));
  if (j && a.value !== undefined && b.kind === "index" && i) return indexTerm(c, timesIx(c.store.indices, j, a.value));
  const gate = a.kind === "gate" ? ([a, b] as const) : ([b, a] as const);
  if (gate[0].kind === "gate" && isFiniteNum(gate[1]) && gate[1].value! > 0)
    return insideGate(c, gate[0], (x) => mul(c, x, gate[1]), "closed");
  const masked = firstOf(c, MUL_MASKED, [a, b], "");
  if (masked) return masked;
  if (c.mode === "exact") {
    const simpler = firstOf(c, MULTIPLICATION, [a, b], "");
    if (simpler) return simpler;
  }
  refuseClosed([a, b], "a product");
  return c.mode === "reals" ? reals.mul(c, a, b) : sorted(c, "mul", a, b);
}

export function div(c: Context, a: Term, b: Term): Term {
  if (isClosed(a) && isFiniteNum(b) && b.value! > 0) return mul(c, a, num(c, 1 / b.value!));
  if (a.kind === "gate" && isFiniteNum(b) && b.value! > 0) return insideGate(c, a, (x) => div(c, x, b), "closed");
  if (c.mode === "reals" && !isClosed(a) && !isClosed(b)) return reals.div(c, a, b);
  const simpler = firstOf(c, DIVISION, [a, b], "");
  if (simpler) return simpler;
  refuseClosed([a, b], "a quotient");
  return raw(c, "div", [a, b]);
}

export function maximum(c: Context, args: readonly Term[]): Term {
  const simpler = firstOf(c, MAXIMUM, args, "");
  if (simpler) return simpler;
  if (args.some(isClosed)) throw opaque("a maximum may be over masked-out values only");
  return c.mode === "reals" ? reals.max(c, args) : maxOf(c, args);
}

export function minimum(c: Context, args: readonly Term[]): Term {
  refuseClosed(args, "a minimum");
  return maxOf(c, args, "min");
}

export function unary(c: Context, f: Unary, a: Term): Term {
  if (a.kind === "gate" && f === "exp") return insideGate(c, a, (x) => unary(c, f, x), "zero");
  const simpler = firstOf(c, UNARY, [a], f);
  if (simpler) return simpler;
  refuseClosed([a], f);
  if (f === "exp" && is(a, 0)) return num(c, 1);
  if (f === "abs" && a.value !== undefined) return num(c, Math.abs(a.value));
  if (c.mode === "reals") return reals.unary(c, f, a);
  return raw(c, "unary", [f === "abs" ? bare(a) : a], f);
}

export function pow(c: Context, a: Term, b: Term): Term {
  refuseClosed([a, b], "a power");
  const exponent = rationalOf(b);
  if (exponent && exponent.d <= 2n) return reals.power(c, a, exponent);
  return raw(c, "unary", [a, b], "pow");
}

export function compare(c: Context, how: Comparison, a: Term, b: Term): Term {
  refuseClosed([a, b], "a comparison");
  if (a.value !== undefined && b.value !== undefined && (a === b || a.value !== b.value)) {
    const [x, y] = [a.value, b.value];
    return num(c, Number(how === "less" ? x < y : how === "equal" ? x === y : x <= y));
  }
  return raw(c, "compare", how === "equal" ? [a, b].sort(inOrder) : [a, b], how);
}

export function select(c: Context, cond: Term, yes: () => Term, no: () => Term): Term {
  refuseClosed([cond], "a condition");
  if (cond.value !== undefined) return cond.value !== 0 ? yes() : no();
  const [a, b] = [yes(), no()];
  refuseClosed([a, b], "a selection");
  return a === b ? a : raw(c, "select", [cond, a, b]);
}

/** Rounding to a float type is the identity over the reals; casts to integers never are. */
export function round(c: Context, dtype: DType, a: Term): Term {
  if (c.mode === "reals" && dtype.startsWith("fp")) return a;
  if (a.value !== undefined && c.mode === "exact") return num(c, roundTo(dtype, a.value));
  if (a.kind === "gate") return insideGate(c, a, (x) => round(c, dtype, x), "closed");
  const simpler = firstOf(c, ROUND, [a], dtype);
  if (simpler) return simpler;
  refuseClosed([a], `a cast to ${dtype}`);
  return raw(c, "round", [a], dtype);
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
      return maximum(c, args);
    case "min":
      return minimum(c, args);
    case "unary":
      return b ? pow(c, a!, b) : unary(c, like.tag as Unary, a!);
    case "compare":
      return compare(c, like.tag as Comparison, a!, b!);
    case "select":
      return select(
        c,
        a!,
        () => b!,
        () => d!,
      );
    case "round":
      return round(c, like.tag as DType, a!);
    case "index":
      return indexTerm(c, ix[0]!);
    case "app":
      return reapply(c, like, args, ix, rebuild);
    case "linear":
    case "product":
      return reals.rebuild(c, like, args);
    default:
      return intern(c.store, {
        kind: like.kind,
        tag: like.tag,
        args,
        ix,
        ...(like.value === undefined ? {} : { value: like.value }),
        ...(like.dtype ? { dtype: like.dtype } : {}),
      });
  }
}
