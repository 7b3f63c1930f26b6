/**
 * Index expressions of the prover: interned affine forms over variables, cache rows and quotients, with intervals.
 * Two expressions with the same normal form are the same object. A remainder has no atom of its own:
 * x mod n = x − n·⌊x/n⌋, so that n·⌊x/n⌋ + x mod n is x without a rule.
 */

import { type Buckets, find, insert, mix, newBuckets, sameItems } from "./buckets.ts";
import { bounds, type Sum } from "./index-bounds.ts";

/** What an index expression is made of. Its value lies in [lo, hi]. */
export type Atom = { readonly id: number; readonly label: string; readonly lo: number; readonly hi: number } & AtomKind;

type AtomKind =
  /** An axis of a compared value, or the variable of an open reduction: [0, size). */
  | { readonly kind: "var"; readonly size: number }
  /** The cache row that a token writes. */
  | { readonly kind: "row"; readonly token: number }
  /** Any cache row, of an axis of `size`, that no token of the block writes. */
  | { readonly kind: "rest"; readonly size: number }
  /** The variable of a closed reduction: [0, size). */
  | { readonly kind: "bound"; readonly size: number }
  /** A parameter of a closed reduction. */
  | { readonly kind: "param"; readonly place: number }
  /** A whole number that is computed at run time, by the term of that number: the same at every place. In [0, size) by P12. */
  | { readonly kind: "value"; readonly of: number; readonly size: number }
  /** ⌊of / divisor⌋. */
  | { readonly kind: "quotient"; readonly of: Ix; readonly divisor: number };

/** c + Σ coefs[i]·atoms[i], atoms in rising id, no coefficient 0. Its value lies in [lo, hi]. */
export interface Ix {
  readonly id: number;
  readonly atoms: readonly Atom[];
  readonly coefs: readonly number[];
  readonly c: number;
  readonly lo: number;
  readonly hi: number;
  /** Variables it depends on; rows are not variables. */
  readonly free: readonly Atom[];
}

/** Owner of all index expressions of one proof. */
export interface Indices {
  readonly constants: Map<number, Ix>;
  readonly atoms: Map<string, Atom>;
  readonly exprs: Buckets<Ix>;
  /** Of each atom the expression that is the atom alone. */
  readonly alone: Map<Atom, Ix>;
}

/** A store without expressions. */
export const newIndices = (): Indices => ({
  constants: new Map(),
  atoms: new Map(),
  exprs: newBuckets(),
  alone: new Map(),
});

/** The range is part of the identity: the same name over another range is another variable. */
function atomOf(s: Indices, kind: AtomKind, label: string, lo: number, hi: number): Atom {
  const key = keyOf(kind, label, hi);
  const known = s.atoms.get(key);
  if (known) return known;
  const atom: Atom = { id: s.atoms.size, label, lo, hi, ...kind };
  s.atoms.set(key, atom);
  return atom;
}

/** All that tells an atom from others: the rest follows from it. */
function keyOf(a: AtomKind, label: string, hi: number): string {
  switch (a.kind) {
    case "row":
      return `row ${a.token} ${hi}`;
    case "param":
      return `param ${a.place}`;
    case "quotient":
      return `quotient ${a.of.id} ${a.divisor}`;
    case "value":
      return `value ${a.of} ${a.size}`;
    case "bound":
      return `bound ${a.size}`;
    default:
      return `${a.kind} ${a.size} ${label}`;
  }
}

/** From a map in any order. */
function intern(s: Indices, sum: Sum, c: number): Ix {
  const atoms = [...sum.keys()].filter((a) => sum.get(a) !== 0);
  if (atoms.length > 1) atoms.sort((a, b) => a.id - b.id);
  return internSorted(
    s,
    atoms,
    atoms.map((a) => sum.get(a)!),
    c,
  );
}

/** From atoms in rising id with their coefficients, none of them 0. */
function internSorted(s: Indices, atoms: readonly Atom[], coefs: readonly number[], c: number): Ix {
  let hash = mix(0, c);
  for (let k = 0; k < atoms.length; k++) hash = mix(mix(hash, atoms[k]!.id), coefs[k]!);
  const known = find(s.exprs, hash, (x) => x.c === c && sameItems(x.atoms, atoms) && sameItems(x.coefs, coefs));
  if (known) return known;
  const [lo, hi] = bounds(new Map(atoms.map((a, k) => [a, coefs[k]!])), c);
  const free = [...new Set(atoms.flatMap(baseOf))].sort((a, b) => a.id - b.id);
  const expr: Ix = { id: s.exprs.size++, atoms, coefs, c, lo, hi, free };
  insert(s.exprs, hash, expr);
  return expr;
}

/** i + k·j, merging the two sorted lists. */
function combine(s: Indices, i: Ix, j: Ix, k: number): Ix {
  const atoms: Atom[] = [];
  const coefs: number[] = [];
  let x = 0;
  let y = 0;
  while (x < i.atoms.length || y < j.atoms.length) {
    const a = i.atoms[x];
    const b = j.atoms[y];
    const takeA = a !== undefined && (b === undefined || a.id <= b.id);
    const takeB = b !== undefined && (a === undefined || b.id <= a.id);
    const coef = (takeA ? i.coefs[x++]! : 0) + (takeB ? k * j.coefs[y++]! : 0);
    if (coef === 0) continue;
    atoms.push((takeA ? a : b)!);
    coefs.push(coef);
  }
  return internSorted(s, atoms, coefs, i.c + k * j.c);
}

function baseOf(a: Atom): readonly Atom[] {
  if (a.kind === "row" || a.kind === "value") return [];
  return a.kind === "quotient" ? a.of.free : [a];
}

/** The number n as an index. */
export function constant(s: Indices, n: number): Ix {
  const known = s.constants.get(n);
  if (known) return known;
  const made = intern(s, new Map(), n);
  s.constants.set(n, made);
  return made;
}
/** Whether the index is a number. */
export const isConstantIx = (i: Ix): boolean => i.atoms.length === 0;
/** The atom by itself. */
export function atomIx(s: Indices, a: Atom): Ix {
  const known = s.alone.get(a);
  if (known) return known;
  const made = internSorted(s, [a], [1], 0);
  s.alone.set(a, made);
  return made;
}

/** A variable over [0, n); the constant 0 when that is all it can be. */
export const variable = (s: Indices, label: string, n: number): Ix =>
  n === 1 ? constant(s, 0) : atomIx(s, atomOf(s, { kind: "var", size: n }, label, 0, n - 1));
/** The cache row that token `token` writes, at most `last`. */
export const row = (s: Indices, token: number, last: number): Ix =>
  atomIx(s, atomOf(s, { kind: "row", token }, `w${token}`, 0, last));
/** Any row of a cache axis of `size` that no token of the block writes. */
export const rest = (s: Indices, label: string, size: number): Ix =>
  atomIx(s, atomOf(s, { kind: "rest", size }, label, 0, size - 1));
/** The term of that number as a place in an axis of `size`. */
export const valueIx = (s: Indices, of: number, size: number): Ix =>
  atomIx(s, atomOf(s, { kind: "value", of, size }, `t${of}`, 0, size - 1));
/** The variable of a closed reduction over [0, size). */
export const bound = (s: Indices, size: number): Ix => atomIx(s, atomOf(s, { kind: "bound", size }, "b", 0, size - 1));
/** A parameter of a closed reduction. It has no range: whoever opens the reduction brings one. */
export const param = (s: Indices, place: number): Ix =>
  atomIx(s, atomOf(s, { kind: "param", place }, `p${place}`, -Infinity, Infinity));

/** i + j. */
export function plus(s: Indices, i: Ix, j: Ix): Ix {
  if (isConstantIx(j)) return shift(s, i, j.c);
  if (isConstantIx(i)) return shift(s, j, i.c);
  return combine(s, i, j, 1);
}
/** i + c. */
export function shift(s: Indices, i: Ix, c: number): Ix {
  if (c === 0) return i;
  return isConstantIx(i) ? constant(s, i.c + c) : internSorted(s, i.atoms, i.coefs, i.c + c);
}
/** k · i, for a whole number k. */
export const times = (s: Indices, i: Ix, k: number): Ix =>
  k === 1
    ? i
    : k === 0 || isConstantIx(i)
      ? constant(s, k === 0 ? 0 : k * i.c)
      : internSorted(
          s,
          i.atoms,
          i.coefs.map((x) => k * x),
          k * i.c,
        );
/** i − j. */
export const minus = (s: Indices, i: Ix, j: Ix): Ix => combine(s, i, j, -1);
/** x mod n. */
export const mod = (s: Indices, i: Ix, n: number): Ix =>
  i.lo >= 0 && i.hi < n ? i : minus(s, i, times(s, div(s, i, n), n));

/** ⌊i/n⌋ for n ≥ 1. */
export function div(s: Indices, i: Ix, n: number): Ix {
  if (n === 1) return i;
  if (isConstantIx(i)) return constant(s, Math.floor(i.c / n));
  if (i.lo >= 0 && i.hi < n) return constant(s, 0);
  const [quotient, left]: [Sum, Sum] = [new Map(), new Map()];
  i.atoms.forEach((a, k) => {
    const whole = nearestQuotient(i.coefs[k]!, n);
    if (whole !== 0) quotient.set(a, whole);
    if (i.coefs[k]! !== whole * n) left.set(a, i.coefs[k]! - whole * n);
  });
  const whole = Math.floor(i.c / n);
  const result = intern(s, quotient, whole);
  return plus(s, result, divReduced(s, intern(s, left, i.c - whole * n), n));
}

/**
 * The quotient of a coefficient that is split off. Any whole number would be right: ⌊(q·n + r)/n⌋ = q + ⌊r/n⌋. Rounding
 * a half upwards gives −x and x the same remainder for n = 2, so that both are recognised as one parity.
 */
function nearestQuotient(coefficient: number, n: number): number {
  const whole = Math.trunc(coefficient / n);
  const left = coefficient - whole * n;
  return left < 0 && -2 * left >= n ? whole - 1 : whole;
}

/** ⌊r/n⌋ where no coefficient of r reaches n. */
function divReduced(s: Indices, r: Ix, n: number): Ix {
  if (Math.floor(r.lo / n) === Math.floor(r.hi / n)) return constant(s, Math.floor(r.lo / n));
  const common = r.coefs.reduce(gcd, n);
  if (common > 1) return div(s, divideBy(s, r, common), n / common);
  const order = r.atoms.map((a, k) => [a, r.coefs[k]!] as const).sort((x, y) => Math.abs(y[1]) - Math.abs(x[1]));
  for (let count = 1; count < order.length; count++) {
    // ⌊(g·h + low)/(g·m)⌋ = ⌊h/m⌋ for 0 ≤ low < g.
    const g = order.slice(0, count).reduce((d, [, coef]) => gcd(d, coef), n);
    const [lo, hi] = bounds(new Map(order.slice(count)), r.c);
    if (g > 1 && lo >= 0 && hi < g) return div(s, divideBy(s, intern(s, new Map(order.slice(0, count)), 0), g), n / g);
  }
  const [only] = r.atoms;
  // ⌊(⌊x/a⌋ + c)/n⌋ = ⌊(x + a·c)/(a·n)⌋.
  if (r.atoms.length === 1 && only!.kind === "quotient" && r.coefs[0] === 1)
    return div(s, shift(s, only!.of, only!.divisor * r.c), only!.divisor * n);
  return atomIx(s, atomOf(s, { kind: "quotient", of: r, divisor: n }, "", Math.floor(r.lo / n), Math.floor(r.hi / n)));
}

/** ⌊i/g⌋ where g divides every coefficient. */
const divideBy = (s: Indices, i: Ix, g: number): Ix =>
  intern(s, new Map(i.atoms.map((a, k) => [a, i.coefs[k]! / g])), Math.floor(i.c / g));

function gcd(a: number, b: number): number {
  let [x, y] = [Math.abs(a), Math.abs(b)];
  while (y !== 0) [x, y] = [y, x % y];
  return x;
}

/** Replaces atoms; quotients are simplified anew. */
export function substIx(s: Indices, i: Ix, to: (a: Atom) => Ix | undefined): Ix {
  if (i.free.every((a) => to(a) === undefined)) return i;
  let result = constant(s, i.c);
  i.atoms.forEach((a, k) => {
    const image = a.kind === "quotient" ? div(s, substIx(s, a.of, to), a.divisor) : (to(a) ?? atomIx(s, a));
    result = plus(s, result, times(s, image, i.coefs[k]!));
  });
  return result;
}

/** Readable form: `128·g + e`, `(4c+1) div 128`. */
export function showIx(i: Ix): string {
  const parts = i.atoms.map((a, k) => {
    const name = a.kind === "quotient" ? `(${showIx(a.of)} div ${a.divisor})` : a.label;
    const coef = i.coefs[k]!;
    return coef === 1 ? name : coef === -1 ? `-${name}` : `${coef}·${name}`;
  });
  if (i.c !== 0 || parts.length === 0) parts.push(String(i.c));
  return parts.join("+").replaceAll("+-", "-");
}
