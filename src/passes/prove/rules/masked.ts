/** Rules about masked-out entries, by how far down they lie. Such an entry never counts as equal to anything but itself. */

import { type Ceiling, ceiling, ceilingOf, gapUnder } from "../logic/ceiling.ts";
import { atMost } from "../logic/make.ts";
import { UNDERFLOW } from "../logic/preconditions.ts";
import { type Head, intern, internLam, type Term } from "../logic/terms.ts";
import { filling, isVisible } from "../logic/visible.ts";
import { maxOf } from "./choice.ts";
import type { Context } from "./context.ts";
import { type Decision, hit, type TermRule } from "./rule.ts";

/** Below this bound of P8 nothing is masked out that a score could not undo. */
const LEAST_GAP = 16;

/** Notes what P8 has to promise for a masked-out value to lie below the limit; false where it cannot. */
function leaves(c: Context, { base }: Ceiling, gap: number): boolean {
  // Where no host adds −∞, P7 says that there is none.
  if (gap < LEAST_GAP || (base === Number.NEGATIVE_INFINITY && !c.bottomless)) return false;
  c.record.gap = Math.min(c.record.gap, gap);
  return true;
}

export const EXP_UNDERFLOW: TermRule = {
  name: "exp-underflow",
  tag: "masked",
  says: "exp(x) → 0",
  needs: "x is masked out, and stays at or below −104 whatever within the bound of P8 was added to it",
  uses: ["P8"],
  lemma: { arity: 1, left: (_, x) => Math.fround(Math.exp(x!)), right: () => 0, holds: (x) => x! <= UNDERFLOW },
  match: (c, [x], head) => {
    const found = head.kind === "unary" ? ceilingOf(x!) : undefined;
    if (head.kind !== "unary" || !found) return undefined;
    return hit(head.fn === "exp" && leaves(c, found, gapUnder(found, UNDERFLOW)), () => zero(c));
  },
};

const zero = (c: Context): Term => intern(c.store, c.mode === "reals" ? REAL_ZERO : { kind: "num", value: 0 });
const REAL_ZERO: Head = { kind: "num", value: 0, exact: { n: 0n, d: 1n } };

export const MAX_DROP: TermRule = {
  name: "max-drop",
  tag: "masked",
  says: "max(x, y) → x",
  needs: "x is a visible score or a number, y is masked out and stays below it within the bound of P8",
  uses: ["P4", "P8"],
  lemma: { arity: 2, left: (_, x, y) => Math.max(x!, y!), right: (_, x) => x!, holds: (x, y) => y! <= x! },
  match: (c, all, head) => {
    if (head.kind !== "max") return undefined;
    // A maximum among them is of pieces of the same row, and may have been without a visible score of its own.
    const args = all.flatMap((t) => (t.kind === "max" ? t.args : [t]));
    if (!args.some(canDrop)) return undefined;
    const floor = floorOf(args);
    const kept = args.flatMap((t) => without(c, t, floor));
    const same = kept.length === args.length && kept.every((t, k) => t === args[k]);
    return hit(floor !== undefined && !same, () => maxOf(c, "max", kept.length > 0 ? kept : args.slice(0, 1)));
  },
};

/** What a maximum is not below: −B beside a visible score, or a number that is among its arguments. */
function floorOf(args: readonly Term[]): Floor | undefined {
  const visible = args.filter((t) => !canDrop(t) && isVisible(t));
  const numbers = visible.map((t) => atMost(t, -1));
  if (numbers.includes(undefined)) return "score";
  return numbers.length > 0 ? Math.max(...numbers.map((x) => -x!)) : undefined;
}
type Floor = "score" | number;

/** A number by itself stays: it is the same on both sides, and may be the end of a clip. */
const canDrop = (t: Term): boolean => t.kind !== "num" && (ceilingOf(t) !== undefined || shutBranch(t) !== undefined);

/** An argument of a maximum without what is masked out in it. */
function without(c: Context, t: Term, floor: Floor | undefined): readonly Term[] {
  const below = (found: Ceiling): boolean => {
    if (floor === undefined) return true;
    const beside = { ...found, count: found.count + 1 };
    return leaves(c, found, floor === "score" ? gapUnder(beside, 0) : gapUnder(found, floor));
  };
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
  const below = ceiling(body.args[2]!, 1, filling(t.args));
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
