/**
 * Rules about masked-out values. Such a value is not a number of the proof: all that is known is that it lies so far
 * below every visible score that its exponential is 0 (P8). Where no rule applies the proof stops.
 */

import type { Context } from "../logic/context.ts";
import { closed, inOrder, is, isClosed, isFiniteNum, num } from "../logic/make.ts";
import { gapBound } from "../logic/preconditions.ts";
import type { Term } from "../logic/terms.ts";
import { raw } from "./arithmetic.ts";
import type { Hit, Rule, TermRule } from "./rule.ts";

const hit = (side: boolean, result: () => Term): Hit => ({ side, result });
/** The masked-out argument (or gated, or mask entry: by `test`) and the other one. */
const pairOf = (args: readonly Term[], test: (t: Term) => boolean): readonly [Term, Term] | undefined =>
  test(args[0]!) ? [args[0]!, args[1]!] : test(args[1]!) ? [args[1]!, args[0]!] : undefined;

const scaleOf = (t: Term): number => Number(t.tag);
/** Leaves of attention masks are told by their tag; classes.ts makes them. */
export const MASK_TAG = "mask:";
const isMask = (t: Term): boolean => t.kind === "leaf" && t.tag.startsWith(MASK_TAG);

/** A constant that is added to a masked-out entry must respect the bound that P8 puts on everything added. */
export const small = (t: Term): boolean => !isFiniteNum(t) || Math.abs(t.value!) <= gapBound(1);

export const CLOSED: readonly TermRule[] = [
  {
    name: "closed-add",
    on: "add",
    tag: "closed",
    says: "closed + x → closed",
    needs: "x is within the bound of P8; a constant beyond it is refused",
    uses: ["P7", "P8"],
    match: (_, args) => {
      const pair = pairOf(args, isClosed);
      return pair && hit(small(pair[1]), () => pair[0]);
    },
  },
  {
    name: "closed-scale",
    on: "mul",
    tag: "closed",
    says: "closed · k → closed",
    needs: "k is a positive constant; it narrows the bound of P8",
    uses: ["P8"],
    match: (c, args) => {
      const pair = pairOf(args, isClosed);
      if (!pair || !isFiniteNum(pair[1])) return undefined;
      return hit(pair[1].value! > 0, () => closed(c, scaleOf(pair[0]) * Math.abs(pair[1].value!)));
    },
  },
  {
    name: "closed-round",
    on: "round",
    tag: "closed",
    says: "round(d, closed) → closed",
    needs: "d is a float type",
    uses: ["P8"],
    match: (_, [x], dtype) => (isClosed(x!) ? hit(dtype.startsWith("fp"), () => x!) : undefined),
  },
  {
    name: "closed-exp",
    on: "unary",
    tag: "closed",
    says: "exp(closed) → 0",
    needs: "the function is exp",
    uses: ["P8"],
    lemma: { arity: 1, left: (r, x) => r(Math.exp(x!)), right: () => 0, holds: (x) => x! <= -104 },
    match: (c, [x], f) => {
      if (!isClosed(x!)) return undefined;
      return hit(f === "exp", () => {
        c.scales.add(scaleOf(x!));
        return num(c, 0);
      });
    },
  },
];

/** Under P5 an entry of the mask is 0 or masked-out, so score + mask is the score or masked-out. */
export const GATES: readonly TermRule[] = [
  {
    name: "gate-mask",
    on: "add",
    tag: "closed",
    says: "x + mask → x where the mask is 0, else closed",
    needs: "every mask entry is 0 or −10000",
    uses: ["P5", "P8"],
    lemma: { arity: 1, left: (r, x) => r(x! + 0), right: (_, x) => x! },
    match: (c, args) => {
      const pair = pairOf(args, isMask);
      return pair && hit(c.twoValued, () => raw(c, "gate", pair));
    },
  },
];

export const GATE_ADD: Rule = {
  name: "gate-add",
  tag: "closed",
  says: "gate(m, x) + y → gate(m, x + y)",
  needs: "y is not masked-out itself, and within the bound of P8",
  uses: ["P5", "P8"],
};

/** Functions of one argument go inside a gate where they map masked-out to masked-out, or to 0. */
export const insideGate = (c: Context, gate: Term, f: (x: Term) => Term, outside: "closed" | "zero"): Term => {
  const [mask, x] = gate.args as readonly [Term, Term];
  const value = f(x);
  if (outside === "closed") return raw(c, "gate", [mask, value]);
  return raw(c, "select", [raw(c, "compare", [mask, num(c, 0)], "equal"), value, num(c, 0)]);
};

export const MAXIMUM: readonly TermRule[] = [
  {
    name: "max-closed",
    on: "max",
    tag: "closed",
    says: "max(x, closed) → x",
    needs: "a visible score is among the arguments",
    uses: ["P4", "P8"],
    match: (c, args) => {
      const open = args.filter((t) => !isClosed(t));
      if (open.length === args.length) return undefined;
      const visible = open.some((t) => small(t) && !mayBeMasked(t));
      return hit(visible, () => (open.length === 0 ? num(c, 0) : maxOf(c, open)));
    },
  },
];

/** Term arguments of the reduction whose body is looked at, in the context of their own. */
interface Frame {
  readonly args: readonly Term[];
  readonly outer?: Frame;
}

/** Whether a mask entry of unknown value reaches the term other than through an exponential or another function. */
function mayBeMasked(root: Term, frame?: Frame): boolean {
  if (frame) return reachesMask(root, frame);
  const known = maskReach.get(root);
  if (known !== undefined) return known;
  const reaches = reachesMask(root);
  maskReach.set(root, reaches);
  return reaches;
}

/** Answers for terms outside any reduction, which are functions of the term. */
const maskReach = new WeakMap<Term, boolean>();

function reachesMask(root: Term, frame?: Frame): boolean {
  const seen = new Set<Term>();
  const visit = (t: Term): boolean => {
    if (t.kind === "gate" || isMask(t)) return true;
    if (t.kind === "unary" || seen.has(t)) return false;
    seen.add(t);
    if (t.kind === "hole") return frame ? mayBeMasked(frame.args[Number.parseInt(t.tag, 10)]!, frame.outer) : true;
    if (t.kind === "app") return mayBeMasked(t.lam!.body, { args: t.args, ...(frame ? { outer: frame } : {}) });
    return t.args.some(visit);
  };
  return visit(root);
}

/** Maximum of a set: order and repetition do not matter, bit for bit. */
export function maxOf(c: Context, args: readonly Term[], kind: "max" | "min" = "max"): Term {
  const flat = new Set(args.flatMap((t) => (t.kind === kind ? t.args : [t])));
  const numbers = [...flat].filter((t) => is(t, t.value ?? Number.NaN));
  const others = [...flat].filter((t) => !numbers.includes(t));
  const pick = kind === "max" ? Math.max : Math.min;
  const best = pick(...numbers.map((t) => t.value!));
  const all = [...others, ...numbers.filter((t) => is(t, best))].sort(inOrder);
  return all.length === 1 ? all[0]! : raw(c, kind, all);
}
