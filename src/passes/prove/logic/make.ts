/** Leaf-level terms and questions about terms that every rule file needs. */
import type { Tensor } from "../../../dsl/tensor.ts";
import type { Context } from "./context.ts";
import type { Ix } from "./indices.ts";
import { fromNumber, parseQ, type Rational, showQ, toNumber } from "./rational.ts";
import { intern, type Term } from "./terms.ts";

/** A number. The two zeros are one: claims are up to the sign of zero. Over the reals it is an exact rational. */
export function num(c: Context, value: number): Term {
  if (c.mode === "reals" && Number.isFinite(value)) return numQ(c, fromNumber(value));
  const x = value === 0 ? 0 : value;
  return intern(c.store, { kind: "num", tag: String(x), value: x });
}

/** A rational number; its `value` is only the nearest double. */
export const numQ = (c: Context, q: Rational): Term =>
  intern(c.store, { kind: "num", tag: showQ(q), value: toNumber(q) });

/** The exact value of a number term over the reals. */
export const rationalOf = (t: Term): Rational | undefined =>
  t.kind === "num" && t.tag.includes("/") ? parseQ(t.tag) : undefined;

/** An index as a number; a constant one is a number. */
export const indexTerm = (c: Context, i: Ix): Term =>
  i.atoms.length === 0 ? num(c, i.c) : intern(c.store, { kind: "index", ix: [i] });

/** A masked-out value; `scale` is what the mask has been multiplied by. */
export const closed = (c: Context, scale = 1): Term => intern(c.store, { kind: "closed", tag: String(scale) });

export const isClosed = (t: Term): boolean => t.kind === "closed";
export const isFiniteNum = (t: Term): boolean => t.value !== undefined && Number.isFinite(t.value);
export const is = (t: Term, value: number): boolean => t.value === value;

/** The term without its minus sign. */
export const bare = (t: Term): Term => (t.kind === "neg" ? t.args[0]! : t);

/** A proof stops here: the term cannot be given a meaning. The reason is for people. */
export interface Opaque {
  readonly opaque: string;
  /** The value whose element it was. */
  readonly at?: Tensor;
}
export const opaque = (why: string): Opaque => ({ opaque: why });
export const isOpaque = (x: unknown): x is Opaque => typeof x === "object" && x !== null && "opaque" in x;

/** Sorts the arguments of a commutative function: by structure, then by place, never by name alone. */
export function inOrder(a: Term, b: Term): number {
  if (a === b) return 0;
  return a.skeleton - b.skeleton || comparePlaces(a, b, 4) || a.id - b.id;
}

function comparePlaces(a: Term, b: Term, depth: number): number {
  if (a === b) return 0;
  for (let k = 0; k < a.ix.length && k < b.ix.length; k++) {
    const order = compareIx(a.ix[k]!, b.ix[k]!);
    if (order !== 0) return order;
  }
  if (depth === 0) return 0;
  for (let k = 0; k < a.args.length && k < b.args.length; k++) {
    const order = comparePlaces(a.args[k]!, b.args[k]!, depth - 1);
    if (order !== 0) return order;
  }
  return 0;
}

function compareIx(i: Ix, j: Ix): number {
  if (i === j) return 0;
  if (i.atoms.length !== j.atoms.length) return i.atoms.length - j.atoms.length;
  for (let k = 0; k < i.coefs.length; k++) if (i.coefs[k] !== j.coefs[k]) return i.coefs[k]! - j.coefs[k]!;
  return i.c - j.c;
}
