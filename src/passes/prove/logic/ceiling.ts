/**
 * How far down a masked-out entry lies: a number like any other, a score plus −10000, but far below every visible score. How
 * far is worked out here from what has been done to it: what was added, scaled, clipped and rounded since.
 */

import { numberOf } from "./facts.ts";
import { atMost, isNumber } from "./make.ts";
import { toNumber } from "./rational.ts";
import type { Term } from "./terms.ts";
import { FAR, type Filling, filling, isVisible } from "./visible.ts";

/** base + count·B: no less than the value, where B bounds all that was added to a masked-out entry (P8). */
export interface Ceiling {
  readonly base: number;
  readonly count: number;
}

/** Half a unit in the last place, relative: of fp16, and of the fp32 that an op reckons in. */
const HALF_ULP: Readonly<Record<string, number>> = { fp16: 2 ** -11, fp32: 2 ** -24 };

/** Which way a term is looked at: itself, or its negative. */
type Sign = 1 | -1;

const memo = { 1: new WeakMap<Term, Ceiling | "none">(), [-1]: new WeakMap<Term, Ceiling | "none">() } as const;

/** How far down a masked-out term lies; undefined for any other. */
export const ceilingOf = (t: Term): Ceiling | undefined => ceiling(t, 1);

/** The same of a term, or of its negative, in a body whose holes are filled. */
export function ceiling(t: Term, sign: Sign, frame?: Filling): Ceiling | undefined {
  const known = frame?.ceilings ?? memo;
  // A term may be as deep as the graph is long: no recursion.
  const stack: (readonly [Term, Sign])[] = known[sign].has(t) ? [] : [[t, sign]];
  for (let next = stack.at(-1); next; next = stack.at(-1)) {
    const open = partsOf(...next).filter(([x, s]) => !known[s].has(x));
    stack.push(...open);
    if (open.length > 0) continue;
    stack.pop();
    const of: Of = (x, s = next[1]) => asFound(known[s].get(x));
    known[next[1]].set(next[0], findCeiling(...next, of, frame) ?? "none");
  }
  return asFound(known[sign].get(t));
}

const asFound = (found: Ceiling | "none" | undefined): Ceiling | undefined => (found === "none" ? undefined : found);

/** The terms on whose ceilings that of a term depends, and which way each is looked at. */
function partsOf(t: Term, sign: Sign): readonly (readonly [Term, Sign])[] {
  switch (t.kind) {
    case "neg":
      return [[t.args[0]!, sign === 1 ? -1 : 1]];
    case "mul":
    case "div":
      return t.args.flatMap((x) => [[x, 1] as const, [x, -1] as const]);
    case "add":
    case "round":
    case "max":
    case "min":
    case "select":
    case "app":
      return t.args.map((x) => [x, sign] as const);
    default:
      return [];
  }
}

function findCeiling(t: Term, sign: Sign, of: Of, frame: Filling | undefined): Ceiling | undefined {
  switch (t.kind) {
    case "num":
      if (numberOf(t) === -sign * Number.POSITIVE_INFINITY) return { base: Number.NEGATIVE_INFINITY, count: 0 };
      return isFar(atMost(t, sign)) ? { base: atMost(t, sign)!, count: 0 } : undefined;
    case "hole":
      return frame && ceiling(frame.args[t.place]!, sign, frame.outer);
    case "neg":
      return of(t.args[0]!, sign === 1 ? -1 : 1);
    case "add":
      return sumOf(t.args, sign, of, frame);
    case "linear":
      return ofLinear(t, sign, frame);
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
      return t.lam.reduction === "sum" ? undefined : ceiling(t.lam.body, sign, filling(t.args, frame));
    default:
      return undefined;
  }
}

const isFar = (x: number | undefined): boolean => x !== undefined && x <= FAR;

type Of = (t: Term, sign?: Sign) => Ceiling | undefined;

/** A masked-out entry and what is added to it: a number counts as itself, anything else as B. */
function sumOf(args: readonly Term[], sign: Sign, of: Of, frame: Filling | undefined): Ceiling | undefined {
  const parts = args.map((x) => of(x));
  if (parts.every((x) => x === undefined)) return undefined;
  // B bounds scores. What may be as far away itself (a maximum of entries that are all masked out) is none.
  if (args.some((x, k) => !parts[k] && atMost(x, sign) === undefined && !isVisible(x, frame))) return undefined;
  let [base, count] = [0, 0];
  args.forEach((arg, k) => {
    const own = parts[k];
    const value = atMost(arg, sign);
    base += own ? own.base : (value ?? 0);
    count += own ? own.count : value === undefined ? 1 : 0;
  });
  return rounded({ base, count }, HALF_ULP.fp32);
}

/** Over the reals a factor may have been taken in or out, so a term counts at least as B. */
function ofLinear(t: Extract<Term, { kind: "linear" }>, sign: Sign, frame: Filling | undefined): Ceiling | undefined {
  const base = sign * toNumber(t.constant);
  if (!(base <= FAR) || !t.args.every((x) => isVisible(x, frame))) return undefined;
  return { base, count: t.coefs.reduce((sum, q) => sum + Math.max(1, Math.abs(toNumber(q))), 0) };
}

/** A number times a masked-out entry, or such an entry over one. */
function scaled(t: Term, sign: Sign, of: Of): Ceiling | undefined {
  const [a, b] = t.args as readonly [Term, Term];
  const [x, y] = t.kind === "mul" && isNumber(a) ? [b, a] : [a, b];
  // What rounding adds below is far more than a factor that is no double is off by.
  const value = isNumber(y) && Number.isFinite(y.value) ? y.value : undefined;
  if (value === undefined || value === 0) return undefined;
  const own = of(x, value > 0 === (sign === 1) ? 1 : -1);
  if (!own) return undefined;
  const k = Math.abs(t.kind === "mul" ? value : 1 / value);
  return rounded({ base: own.base * k, count: own.count * k }, HALF_ULP.fp32);
}

/** Rounding moves a value up by half a unit in its last place at the most. */
function rounded(x: Ceiling | undefined, half: number | undefined): Ceiling | undefined {
  if (!x || half === undefined) return undefined;
  // Nothing is above −∞ but what is finite.
  if (x.base === Number.NEGATIVE_INFINITY) return x;
  return { base: x.base + Math.abs(x.base) * half, count: x.count * (1 + half) };
}

/** The highest of several; a number stands for itself, as in a clip. */
function highest(args: readonly Term[], sign: Sign, of: Of): Ceiling | undefined {
  if (args.every((x) => of(x) === undefined)) return undefined;
  const all: Ceiling[] = [];
  for (const x of args) {
    const value = atMost(x, sign);
    const own = of(x) ?? (value === undefined ? undefined : { base: value, count: 0 });
    if (!own) return undefined;
    all.push(own);
  }
  return { base: Math.max(...all.map((x) => x.base)), count: Math.max(...all.map((x) => x.count)) };
}

/** One of several that is masked out: the smallest is not above it. */
const lowest = (args: readonly Term[], of: Of): Ceiling | undefined =>
  args.map((x) => of(x)).find((x) => x !== undefined);

/** The largest B for which base + count·B stays at or below `limit`. */
export const gapUnder = ({ base, count }: Ceiling, limit: number): number =>
  base > limit ? 0 : count === 0 ? Number.POSITIVE_INFINITY : Math.floor((limit - base) / count);
