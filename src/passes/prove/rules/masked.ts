/**
 * Rules about masked-out entries. Such an entry is a number like any other: a score plus −10000. All that sets it apart
 * is that it lies far below every visible score, and how far is worked out here from what has been done to it: what was
 * added, scaled, clipped and rounded since. It never counts as equal to anything but itself.
 */

import { finite } from "../logic/make.ts";
import { UNDERFLOW } from "../logic/preconditions.ts";
import { toNumber } from "../logic/rational.ts";
import { type Head, intern, internLam, type Term } from "../logic/terms.ts";
import { maxOf } from "./choice.ts";
import type { Context } from "./context.ts";
import { type Decision, hit, type TermRule } from "./rule.ts";

/** base + count·B: no less than the value, where B bounds all that was added to a masked-out entry (P8). */
export interface Ceiling {
  readonly base: number;
  readonly count: number;
}

/** What an attention mask adds to an entry that is masked out. */
export const MASKED_OUT = -10_000;
/** At and below this a constant counts as what masks an entry out. */
const FAR = -1000;
/** Below this bound of P8 nothing is masked out that a score could not undo. */
const LEAST_GAP = 16;

/** Half a unit in the last place, relative: of fp16, and of the fp32 that an op reckons in. */
const HALF_ULP: Readonly<Record<string, number>> = { fp16: 2 ** -11, fp32: 2 ** -24 };

/** Term arguments of the reduction whose body is looked at, in the context of their own. */
interface Filling {
  readonly args: readonly Term[];
  readonly outer?: Filling;
}

/** Which way a term is looked at: itself, or its negative. */
type Sign = 1 | -1;

const memo = { 1: new WeakMap<Term, Ceiling | "none">(), [-1]: new WeakMap<Term, Ceiling | "none">() } as const;

/** How far down a masked-out term lies; undefined for any other. */
export const ceilingOf = (t: Term): Ceiling | undefined => ceiling(t, 1);

function ceiling(t: Term, sign: Sign, frame?: Filling): Ceiling | undefined {
  if (frame) return findCeiling(t, sign, frame);
  const known = memo[sign].get(t);
  if (known !== undefined) return known === "none" ? undefined : known;
  const found = findCeiling(t, sign);
  memo[sign].set(t, found ?? "none");
  return found;
}

function findCeiling(t: Term, sign: Sign, frame?: Filling): Ceiling | undefined {
  const of: Of = (x, s = sign) => ceiling(x, s, frame);
  switch (t.kind) {
    case "num":
      return Number.isFinite(t.value) && sign * t.value <= FAR ? { base: sign * t.value, count: 0 } : undefined;
    case "hole":
      return frame && ceiling(frame.args[t.place]!, sign, frame.outer);
    case "neg":
      return of(t.args[0]!, sign === 1 ? -1 : 1);
    case "add":
      return sumOf(t.args, sign, of);
    case "linear":
      return ofLinear(t, sign);
    case "mul":
    case "div":
      return scaled(t, sign, of);
    case "round":
      return rounded(of(t.args[0]!), HALF_ULP[t.to]);
    case "max":
    case "min":
      // The largest is below when all are; the smallest when one is.
      return (t.kind === "max") === (sign === 1) ? highest(t.args, sign, of) : lowest(t.args, of);
    case "select":
      return t.args.slice(1).every((x) => of(x)) ? highest(t.args.slice(1), sign, of) : undefined;
    case "app":
      return t.lam.reduction === "sum"
        ? undefined
        : ceiling(t.lam.body, sign, { args: t.args, ...(frame ? { outer: frame } : {}) });
    default:
      return undefined;
  }
}

type Of = (t: Term, sign?: Sign) => Ceiling | undefined;

/** A masked-out entry and what is added to it: a number counts as itself, anything else as B. */
function sumOf(args: readonly Term[], sign: Sign, of: Of): Ceiling | undefined {
  const parts = args.map((x) => of(x));
  if (parts.every((x) => x === undefined)) return undefined;
  // What lies as far above (the maximum of entries that are all masked out, subtracted) takes the distance away again.
  if (args.some((x, k) => !parts[k] && finite(x) === undefined && of(x, sign === 1 ? -1 : 1))) return undefined;
  let [base, count] = [0, 0];
  args.forEach((arg, k) => {
    const own = parts[k];
    const value = finite(arg);
    base += own ? own.base : sign * (value ?? 0);
    count += own ? own.count : value === undefined ? 1 : 0;
  });
  return rounded({ base, count }, HALF_ULP.fp32);
}

/** Over the reals a factor may have been taken in or out, so a term counts at least as B. */
function ofLinear(t: Extract<Term, { kind: "linear" }>, sign: Sign): Ceiling | undefined {
  const base = sign * toNumber(t.constant);
  if (!(base <= FAR)) return undefined;
  return { base, count: t.coefs.reduce((sum, q) => sum + Math.max(1, Math.abs(toNumber(q))), 0) };
}

/** A number times a masked-out entry, or such an entry over one. */
function scaled(t: Term, sign: Sign, of: Of): Ceiling | undefined {
  const [a, b] = t.args as readonly [Term, Term];
  const [x, y] = t.kind === "mul" && finite(a) !== undefined ? [b, a] : [a, b];
  const value = finite(y);
  if (value === undefined || value === 0) return undefined;
  const own = of(x, value > 0 === (sign === 1) ? 1 : -1);
  if (!own) return undefined;
  const k = Math.abs(t.kind === "mul" ? value : 1 / value);
  return rounded({ base: own.base * k, count: own.count * k }, HALF_ULP.fp32);
}

/** Rounding moves a value up by half a unit in its last place at the most. */
function rounded(x: Ceiling | undefined, half: number | undefined): Ceiling | undefined {
  if (!x || half === undefined) return undefined;
  return { base: x.base + Math.abs(x.base) * half, count: x.count * (1 + half) };
}

/** The highest of several; a number stands for itself, as in a clip. */
function highest(args: readonly Term[], sign: Sign, of: Of): Ceiling | undefined {
  if (args.every((x) => of(x) === undefined)) return undefined;
  const all: Ceiling[] = [];
  for (const x of args) {
    const value = finite(x);
    const own = of(x) ?? (value === undefined ? undefined : { base: sign * value, count: 0 });
    if (!own) return undefined;
    all.push(own);
  }
  return { base: Math.max(...all.map((x) => x.base)), count: Math.max(...all.map((x) => x.count)) };
}

/** One of several that is masked out: the smallest is not above it. */
const lowest = (args: readonly Term[], of: Of): Ceiling | undefined =>
  args.map((x) => of(x)).find((x) => x !== undefined);

/** The largest B for which base + count·B stays at or below `limit`. */
const gapUnder = ({ base, count }: Ceiling, limit: number): number =>
  base > limit ? 0 : count === 0 ? Number.POSITIVE_INFINITY : Math.floor((limit - base) / count);

/** Notes what P8 has to promise for a masked-out value to lie below the limit; false where it cannot. */
function leaves(c: Context, gap: number): boolean {
  if (gap < LEAST_GAP) return false;
  c.record.gap = Math.min(c.record.gap, gap);
  return true;
}

/** Whether a term is certainly a visible score: no mask entry and nothing that masks out reaches it but through a function. */
function isVisible(root: Term, frame?: Filling): boolean {
  const seen = new Set<Term>();
  const visit = (t: Term): boolean => {
    if (t.kind === "leaf") return t.leaf.of !== "mask";
    if (t.kind === "num") return t.value > FAR;
    if (t.kind === "linear" && toNumber(t.constant) <= FAR) return false;
    if (t.kind === "unary" || t.kind === "compare" || seen.has(t)) return true;
    seen.add(t);
    if (t.kind === "hole") return frame !== undefined && isVisible(frame.args[t.place]!, frame.outer);
    if (t.kind === "app") return isVisible(t.lam.body, { args: t.args, ...(frame ? { outer: frame } : {}) });
    return (t.kind === "select" ? t.args.slice(1) : t.args).every(visit);
  };
  return visit(root);
}

function underflows(c: Context, x: Term): boolean {
  const found = ceilingOf(x);
  return found !== undefined && leaves(c, gapUnder(found, UNDERFLOW));
}

export const EXP_UNDERFLOW: TermRule = {
  name: "exp-underflow",
  tag: "masked",
  says: "exp(x) → 0",
  needs: "x is masked out, and stays at or below −104 whatever within the bound of P8 was added to it",
  uses: ["P8"],
  lemma: { arity: 1, left: (_, x) => Math.fround(Math.exp(x!)), right: () => 0, holds: (x) => x! <= UNDERFLOW },
  match: (c, [x], head) =>
    head.kind === "unary" && ceilingOf(x!) ? hit(head.fn === "exp" && underflows(c, x!), () => zero(c)) : undefined,
};

const zero = (c: Context): Term => intern(c.store, c.mode === "reals" ? REAL_ZERO : { kind: "num", value: 0 });
const REAL_ZERO: Head = { kind: "num", value: 0, exact: { n: 0n, d: 1n } };

export const MAX_DROP: TermRule = {
  name: "max-drop",
  tag: "masked",
  says: "max(x, y) → x",
  needs: "x is a visible score, y is masked out and stays below any score within the bound of P8",
  uses: ["P4", "P8"],
  lemma: { arity: 2, left: (_, x, y) => Math.max(x!, y!), right: (_, x) => x!, holds: (x, y) => y! <= x! },
  match: (c, args, head) => {
    if (head.kind !== "max" || !args.some(canDrop)) return undefined;
    const visible = args.some((t) => !canDrop(t) && isVisible(t));
    const kept = args.flatMap((t) => without(c, t, visible));
    const same = kept.length === args.length && kept.every((t, k) => t === args[k]);
    return hit(visible && !same, () => maxOf(c, "max", kept.length > 0 ? kept : args.slice(0, 1)));
  },
};

/** A number by itself stays: it is the same on both sides, and may be the end of a clip. */
const canDrop = (t: Term): boolean => t.kind !== "num" && (ceilingOf(t) !== undefined || shutBranch(t) !== undefined);

/** An argument of a maximum without what is masked out in it. */
function without(c: Context, t: Term, checked: boolean): readonly Term[] {
  const below = ({ base, count }: Ceiling): boolean => !checked || leaves(c, gapUnder({ base, count: count + 1 }, 0));
  if (!canDrop(t)) return [t];
  const own = ceilingOf(t);
  if (own) return below(own) ? [] : [t];
  const shut = shutBranch(t);
  return shut && below(shut.ceiling) ? [shut.opened(c)] : [t];
}

/** A selection, or a maximum of selections, of which the branch that is taken where the mask is shut is masked out. */
function shutBranch(t: Term): { readonly ceiling: Ceiling; opened(c: Context): Term } | undefined {
  if (t.kind === "select") {
    const ceiling = ceilingOf(t.args[2]!);
    return (
      ceiling && { ceiling, opened: (c) => intern(c.store, { kind: "select" }, [t.args[0]!, t.args[1]!, least(c)]) }
    );
  }
  if (t.kind !== "app" || t.lam.reduction !== "max" || t.lam.body.kind !== "select") return undefined;
  const { over, body } = t.lam;
  const below = ceiling(body.args[2]!, 1, { args: t.args });
  if (!below) return undefined;
  const opened = (c: Context): Term => {
    const open = intern(c.store, { kind: "select" }, [body.args[0]!, body.args[1]!, least(c)]);
    return intern(c.store, { kind: "app", lam: internLam(c.store, "max", over, open) }, t.args, t.ix);
  };
  return { ceiling: below, opened };
}

const least = (c: Context): Term => intern(c.store, { kind: "num", value: Number.NEGATIVE_INFINITY });

export const LIFT_MASK: Decision<[args: readonly Term[]]> = {
  name: "lift-mask",
  tag: "exact",
  says: "f(select(mask = 0, a, b), …) → select(mask = 0, f(a, …), f(b, …))",
  needs: "all selections among the arguments have the same condition, which is on one mask entry",
  lemma: {
    arity: 4,
    left: (r, m, a, b, x) => r((m === 0 ? a! : b!) + x!),
    right: (r, m, a, b, x) => (m === 0 ? r(a! + x!) : r(b! + x!)),
  },
  when: (args) => new Set(args.filter(isGate).map((t) => t.args[0])).size === 1,
};

/** A selection by whether an entry of a two-valued mask is 0. */
export const isGate = (t: Term): boolean => t.kind === "select" && isOpen(t.args[0]!);

const isOpen = (t: Term): boolean =>
  t.kind === "compare" && t.how === "equal" && t.args.some((x) => x.kind === "leaf" && x.leaf.of === "mask");
