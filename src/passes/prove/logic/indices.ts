/**
 * Index expressions of the prover: interned affine forms over variables, cache rows and quotients, with intervals.
 * Two expressions with the same normal form are the same object. A remainder has no atom of its own:
 * x mod n = x − n·⌊x/n⌋, so that n·⌊x/n⌋ + x mod n is x without a rule.
 */
import { type Buckets, find, insert, mix, newBuckets, sameItems } from "./buckets.ts";

/** What an index expression is made of. */
export interface Atom {
  readonly id: number;
  /**
   * var: an axis of a compared value or the variable of an open reduction; row: the cache row that token `n` writes;
   * rest: any other cache row; bound and param: inside a closed reduction; div: ⌊src/n⌋.
   */
  readonly kind: "var" | "row" | "rest" | "bound" | "param" | "div";
  readonly label: string;
  readonly lo: number;
  readonly hi: number;
  readonly n: number;
  readonly src?: Ix;
}

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
}

export const newIndices = (): Indices => ({ constants: new Map(), atoms: new Map(), exprs: newBuckets() });

type Sum = Map<Atom, number>;

/** The key holds the range: the same name over another range is another variable. */
function atomOf(s: Indices, kind: Atom["kind"], label: string, lo: number, hi: number, n: number, src?: Ix): Atom {
  const key = `${kind} ${label} ${lo} ${hi} ${n} ${src?.id ?? ""}`;
  const known = s.atoms.get(key);
  if (known) return known;
  const atom: Atom = { id: s.atoms.size, kind, label, lo, hi, n, ...(src ? { src } : {}) };
  s.atoms.set(key, atom);
  return atom;
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
  let [x, y] = [0, 0];
  while (x < i.atoms.length || y < j.atoms.length) {
    const [a, b] = [i.atoms[x], j.atoms[y]];
    const takeA = a !== undefined && (b === undefined || a.id <= b.id);
    const takeB = b !== undefined && (a === undefined || b.id <= a.id);
    const coef = (takeA ? i.coefs[x++]! : 0) + (takeB ? k * j.coefs[y++]! : 0);
    if (coef === 0) continue;
    atoms.push((takeA ? a : b)!);
    coefs.push(coef);
  }
  return internSorted(s, atoms, coefs, i.c + k * j.c);
}

const baseOf = (a: Atom): readonly Atom[] => (a.kind === "row" ? [] : a.src ? a.src.free : [a]);

function addTo(sum: Sum, i: Ix, k: number): Sum {
  for (const [n, a] of i.atoms.entries()) sum.set(a, (sum.get(a) ?? 0) + k * i.coefs[n]!);
  return sum;
}

export function constant(s: Indices, n: number): Ix {
  const known = s.constants.get(n);
  if (known) return known;
  const made = intern(s, new Map(), n);
  s.constants.set(n, made);
  return made;
}
export const isConstantIx = (i: Ix): boolean => i.atoms.length === 0;
/** The atom by itself. */
export const atomIx = (s: Indices, a: Atom): Ix => internSorted(s, [a], [1], 0);

/** A variable over [0, n); the constant 0 when that is all it can be. */
export const variable = (s: Indices, label: string, n: number): Ix =>
  n === 1 ? constant(s, 0) : atomIx(s, atomOf(s, "var", label, 0, n - 1, n));
/** The cache row that token `token` writes, of a cache of `size` rows. */
export const row = (s: Indices, token: number, size: number): Ix =>
  atomIx(s, atomOf(s, "row", `w${token}`, 0, size - 1, token));
/** Any cache row that no token of the block writes. */
export const rest = (s: Indices, label: string, size: number): Ix =>
  atomIx(s, atomOf(s, "rest", label, 0, size - 1, size));
export const bound = (s: Indices, n: number): Ix => atomIx(s, atomOf(s, "bound", "b", 0, n - 1, n));
/** A parameter of a closed reduction. It has no range: whoever opens the reduction brings one. */
export const param = (s: Indices, n: number): Ix => atomIx(s, atomOf(s, "param", `p${n}`, -Infinity, Infinity, n));

export function plus(s: Indices, i: Ix, j: Ix): Ix {
  if (isConstantIx(j)) return shift(s, i, j.c);
  if (isConstantIx(i)) return shift(s, j, i.c);
  return combine(s, i, j, 1);
}
export function shift(s: Indices, i: Ix, c: number): Ix {
  if (c === 0) return i;
  return isConstantIx(i) ? constant(s, i.c + c) : internSorted(s, i.atoms, i.coefs, i.c + c);
}
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
  if (r.atoms.length === 1 && only!.kind === "div" && r.coefs[0] === 1)
    return div(s, shift(s, only!.src!, only!.n * r.c), only!.n * n);
  return atomIx(s, atomOf(s, "div", "", Math.floor(r.lo / n), Math.floor(r.hi / n), n, r));
}

/** ⌊i/g⌋ where g divides every coefficient. */
const divideBy = (s: Indices, i: Ix, g: number): Ix =>
  intern(s, new Map(i.atoms.map((a, k) => [a, i.coefs[k]! / g])), Math.floor(i.c / g));

function gcd(a: number, b: number): number {
  let [x, y] = [Math.abs(a), Math.abs(b)];
  while (y !== 0) [x, y] = [y, x % y];
  return x;
}

/** Interval of a sum: term by term, sharpened where quotients of one variable belong together. */
function bounds(sum: Sum, c: number): readonly [number, number] {
  let [lo, hi] = [c, c];
  for (const group of byVariable(sum)) {
    const [low, high] = digitBounds(group) ?? plainBounds(group);
    lo += low;
    hi += high;
  }
  for (const [a, coef] of sum) {
    if (a.kind !== "div" || coef % a.n !== 0 || a.src!.atoms.length < 2 || !a.src!.atoms.every((x) => sum.has(x)))
      continue;
    // coef = −k·n beside k·src: k·(src mod n) lies in k·[0, n−1].
    const k = -coef / a.n;
    const without = addTo(new Map(sum), a.src!, -k);
    without.delete(a);
    for (const [x, n] of without) if (n === 0) without.delete(x);
    if (without.size >= sum.size) continue;
    const [low, high] = bounds(without, c - k * a.src!.c);
    lo = Math.max(lo, low + Math.min(0, k * (a.n - 1)));
    hi = Math.min(hi, high + Math.max(0, k * (a.n - 1)));
  }
  return [lo, hi];
}

type Group = readonly (readonly [atom: Atom, coef: number, divisor: number])[];

function byVariable(sum: Sum): readonly Group[] {
  const groups = new Map<Atom, [Atom, number, number][]>();
  for (const [a, coef] of sum) {
    if (coef === 0) continue;
    const src = a.src;
    const plain = src && src.c === 0 && src.atoms.length === 1 && src.coefs[0] === 1 ? src.atoms[0]! : undefined;
    const base = plain ?? a;
    const group = groups.get(base) ?? [];
    group.push([a, coef, plain ? a.n : 1]);
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

/** Replaces atoms; quotients are simplified anew. */
export function substIx(s: Indices, i: Ix, to: (a: Atom) => Ix | undefined): Ix {
  if (i.free.every((a) => to(a) === undefined)) return i;
  let result = constant(s, i.c);
  i.atoms.forEach((a, k) => {
    const image = a.src ? div(s, substIx(s, a.src, to), a.n) : (to(a) ?? atomIx(s, a));
    result = plus(s, result, times(s, image, i.coefs[k]!));
  });
  return result;
}

/** The variable that the expression is, if it is just that. */
export function asAtom(i: Ix): Atom | undefined {
  return i.atoms.length === 1 && i.coefs[0] === 1 && i.c === 0 ? i.atoms[0] : undefined;
}

/** Readable form: `128·g + e`, `(4c+1) div 128`. */
export function showIx(i: Ix): string {
  const parts = i.atoms.map((a, k) => {
    const name = a.src ? `(${showIx(a.src)} div ${a.n})` : a.label;
    const coef = i.coefs[k]!;
    return coef === 1 ? name : coef === -1 ? `-${name}` : `${coef}·${name}`;
  });
  if (i.c !== 0 || parts.length === 0) parts.push(String(i.c));
  return parts.join("+").replaceAll("+-", "-");
}
