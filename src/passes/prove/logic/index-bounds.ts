/** Intervals of index expressions: term by term, sharpened where quotients of one variable belong together. */
import type { Atom, Ix } from "./indices.ts";

/** A sum of atoms with their coefficients, in any order. */
export type Sum = Map<Atom, number>;

/** Adds k·i to a sum, the constant of i aside. */
export function addTo(sum: Sum, i: Ix, k: number): Sum {
  for (const [n, a] of i.atoms.entries()) sum.set(a, (sum.get(a) ?? 0) + k * i.coefs[n]!);
  return sum;
}

/** The atom that the expression is, if it is just that. */
export function asAtom(i: Ix): Atom | undefined {
  return i.atoms.length === 1 && i.coefs[0] === 1 && i.c === 0 ? i.atoms[0] : undefined;
}

/** Interval of a sum: term by term, sharpened where quotients of one variable belong together. */
export function bounds(sum: Sum, c: number): readonly [number, number] {
  let [lo, hi] = [c, c];
  for (const group of byVariable(sum)) {
    const [low, high] = digitBounds(group) ?? plainBounds(group);
    lo += low;
    hi += high;
  }
  for (const [a, coef] of sum) {
    if (a.kind !== "quotient" || coef % a.divisor !== 0) continue;
    if ((a.of.atoms.length < 2 && a.of.atoms[0]?.kind !== "row") || !a.of.atoms.every((x) => sum.has(x))) continue;
    // coef = −k·n beside k·of: k·(of mod n) lies in k·[0, n−1].
    const k = -coef / a.divisor;
    const without = addTo(new Map(sum), a.of, -k);
    without.delete(a);
    for (const [x, n] of without) if (n === 0) without.delete(x);
    if (without.size >= sum.size) continue;
    const [low, high] = bounds(without, c - k * a.of.c);
    lo = Math.max(lo, low + Math.min(0, k * (a.divisor - 1)));
    hi = Math.min(hi, high + Math.max(0, k * (a.divisor - 1)));
  }
  return [lo, hi];
}

type Group = readonly (readonly [atom: Atom, coef: number, divisor: number])[];

function byVariable(sum: Sum): readonly Group[] {
  const groups = new Map<Atom, [Atom, number, number][]>();
  for (const [a, coef] of sum) {
    if (coef === 0) continue;
    const plain = a.kind === "quotient" ? asAtom(a.of) : undefined;
    const base = plain ?? a;
    const group = groups.get(base) ?? [];
    group.push([a, coef, a.kind === "quotient" && plain ? a.divisor : 1]);
    groups.set(base, group);
  }
  return [...groups.values()];
}

function plainBounds(group: Group): readonly [number, number] {
  let [lo, hi] = [0, 0];
  for (const [a, coef] of group) {
    lo += coef > 0 ? coef * a.lo : coef * a.hi;
    hi += coef > 0 ? coef * a.hi : coef * a.lo;
  }
  return [lo, hi];
}

/** Σ aₖ·⌊v/dₖ⌋ with d₁ | d₂ | …, written in v's digits to the bases dₖ₊₁/dₖ, which vary independently. */
function digitBounds(group: Group): readonly [number, number] | undefined {
  if (group.length < 2) return undefined;
  const chain = [...group].sort((x, y) => x[2] - y[2]);
  const divisors = chain.map((x) => x[2]);
  if (divisors.some((d, k) => k > 0 && d % divisors[k - 1]! !== 0)) return undefined;
  const top = chain.at(-1)![0];
  let [lo, hi] = [0, 0];
  for (let k = 0; k < chain.length; k++) {
    const weight = chain.slice(0, k + 1).reduce((w, [, coef, d]) => w + (coef * divisors[k]!) / d, 0);
    const last = k === chain.length - 1;
    const [min, max] = last ? [top.lo, top.hi] : [0, divisors[k + 1]! / divisors[k]! - 1];
    if (weight === 0) continue;
    lo += weight > 0 ? weight * min : weight * max;
    hi += weight > 0 ? weight * max : weight * min;
  }
  return [lo, hi];
}
