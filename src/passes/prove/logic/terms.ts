/**
 * Scalar terms of the prover. Two terms with the same structure are the same object, so equality is identity. This
 * file only interns; what may be rewritten into what is in rules/.
 */
import type { Comparison, Unary } from "../../../dsl/algebra.ts";
import type { DType } from "../../../dsl/type.ts";
import { type Buckets, find, hashText, insert, mix, mixIds, newBuckets, sameItems, textIn } from "./buckets.ts";
import { dtypeOf, isUnsettled } from "./facts.ts";
import { freeOf } from "./free.ts";
import { watchHeap } from "./heap.ts";
import { type Atom, type Indices, type Ix, newIndices } from "./indices.ts";
import { type Leaf, leafKey } from "./leaf.ts";
import { type Rational, showQ } from "./rational.ts";

/** What a term is, its children (`args`, `ix`) aside. */
export type Head =
  /** A number. Over the reals `exact` is its value, and `value` the nearest double: `near` where that is another number. */
  | { readonly kind: "num"; readonly value: number; readonly exact?: Rational; readonly near?: true }
  /** An element of an input, state, weight, constant table or cut; `ix` is the place. */
  | { readonly kind: "leaf"; readonly leaf: Leaf }
  | { readonly kind: "index" } // an index as a number
  /** A closed reduction: `lam` applied to the index arguments `ix` and the term arguments `args`. */
  | { readonly kind: "app"; readonly lam: Lam }
  | { readonly kind: "pieces"; readonly lengths: readonly number[] } // a sum cut into consecutive pieces of these lengths
  /** A sum over `size` cache rows, or those of a ring: args are the summands at the tokens' rows, then the sum over all other rows. */
  | { readonly kind: "rows"; readonly size: number; readonly ring: boolean }
  | { readonly kind: "own"; readonly name: string } // what only an op of this name gives of these arguments and places
  /** Place of a term argument in a closed reduction. */
  | { readonly kind: "hole"; readonly place: number; readonly dtype?: DType }
  | { readonly kind: "add" | "neg" | "mul" | "div" | "max" | "min" | "pow" }
  | { readonly kind: "unary"; readonly fn: Unary }
  | { readonly kind: "compare"; readonly how: Comparison } // 1 where it holds of the two arguments, else 0
  | { readonly kind: "select" } // args[1] where args[0] is not 0, else args[2]
  /** The element of dtype `to` nearest to the argument. */
  | { readonly kind: "round"; readonly to: DType }
  /** Over the reals: constant + Σ coefs[k]·args[k], and Π args[k]^exponents[k]. */
  | { readonly kind: "linear"; readonly constant: Rational; readonly coefs: readonly Rational[] }
  | { readonly kind: "product"; readonly exponents: readonly Rational[] };

/** The kinds of terms. */
export type TermKind = Head["kind"];

interface Body {
  readonly id: number;
  /** The head alone, and as text: equal for equal heads. The number of that text in the store is quicker to compare. */
  readonly head: Head;
  readonly key: string;
  readonly number: number;
  readonly args: readonly Term[];
  readonly ix: readonly Ix[];
  /** Every value the term can take is of this type; undefined when not known. */
  readonly dtype: DType | undefined;
  /** Index variables it depends on, in rising id. */
  readonly free: readonly Atom[];
  /** Hash of the structure without the names of variables, for sorting. */
  readonly skeleton: number;
}

/** A head over children. Made by `intern` alone. */
export type Term = Body & Head;

/** How a reduction combines its elements. */
export type Reduction = "sum" | "max" | "min";

/** What a reduction runs over: [0, n), or the rows of a cache axis of `size` that no token writes. */
export type Range =
  | { readonly kind: "interval"; readonly n: number }
  | { readonly kind: "other rows"; readonly size: number };

/** The body of a reduction over a variable, closed: all that comes from outside is a parameter or a hole. */
export interface Lam {
  readonly id: number;
  readonly reduction: Reduction;
  readonly over: Range;
  readonly body: Term;
  /**
   * Other arguments may change its form: a quotient in the body depends on a parameter, or two arguments of a
   * commutative function are alike but for parameters, so that their order depends on these.
   */
  readonly unsettled: boolean;
}

/** Owner of all terms of one proof. */
export interface Store {
  readonly indices: Indices;
  readonly terms: Buckets<Term>;
  readonly lams: Map<string, Lam>;
  /** Reductions that were closed, opened at an index, or given other arguments: each is a function of its key. */
  readonly closed: Map<string, Term>;
  readonly opened: Map<string, Term>;
  readonly moved: Map<Term, Term>;
  /** Terms that stand in an index as a place, by their number. */
  readonly values: Map<number, Term>;
}

/** A store without terms. */
export const newStore = (): Store => ({
  indices: newIndices(),
  terms: newBuckets(),
  lams: new Map(),
  closed: new Map(),
  opened: new Map(),
  moved: new Map(),
  values: new Map(),
});

const NONE: readonly never[] = [];
/** The one term with this head and these children. */
export function intern(s: Store, head: Head | Term, args: readonly Term[] = NONE, ix: readonly Ix[] = NONE): Term {
  const key = "key" in head ? head.key : keyOf(head);
  const { number, hash: ofKey } = textIn(s.terms, key);
  const hash = mixIds(mixIds(mix(0, number), args), ix);
  const known = find(s.terms, hash, (t) => t.number === number && sameItems(t.args, args) && sameItems(t.ix, ix));
  if (known) return known;
  const plain: Head = "head" in head ? head.head : head;
  const body: Body = {
    id: s.terms.size++,
    head: plain,
    key,
    number,
    args,
    ix,
    dtype: dtypeOf(plain, args),
    free: freeOf(args, ix),
    skeleton: skeletonOf(plain, ofKey, args),
  };
  // Two objects spread into a third cost V8 as much as all else here together.
  const term: Term = Object.assign(body, plain);
  insert(s.terms, hash, term);
  watchHeap(term.id);
  return term;
}

/** The only place that turns the parts of a head into text. */
function keyOf(h: Head): string {
  switch (h.kind) {
    case "num":
      return h.exact ? `num ${showQ(h.exact)}` : `num ${h.value}`;
    case "leaf":
      return `leaf ${leafKey(h.leaf)}`;
    case "app":
      return `app ${h.lam.id}`;
    case "pieces":
      return `pieces ${h.lengths}`;
    case "hole":
      return `hole ${h.place} ${h.dtype ?? ""}`;
    case "own":
      return `own ${h.name}`;
    case "unary":
      return h.fn;
    case "compare":
      return `compare ${h.how}`;
    case "round":
      return `round ${h.to}`;
    case "linear":
      return `linear ${showQ(h.constant)} ${h.coefs.map(showQ)}`;
    case "product":
      return `product ${h.exponents.map(showQ)}`;
    case "rows":
      return `${h.ring ? "rows of a ring" : h.kind} ${h.size}`;
    default:
      return h.kind;
  }
}

function skeletonOf(head: Head, ofKey: number, args: readonly Term[]): number {
  // The number of a body says when it was made, not what it is.
  let h = head.kind === "app" ? hashText("app") : ofKey;
  if (head.kind === "app")
    h = mix(mix(h, sizeOf(head.lam.over)), head.lam.body.skeleton ^ hashText(head.lam.reduction));
  for (const a of args) h = mix(h, a.skeleton);
  return h;
}
const sizeOf = (r: Range): number => (r.kind === "interval" ? r.n : -r.size);

/** Interns a closed body. */
export function internLam(s: Store, reduction: Reduction, over: Range, body: Term): Lam {
  const key = `${reduction} ${sizeOf(over)} ${body.id}`;
  const known = s.lams.get(key);
  if (known) return known;
  const lam: Lam = { id: s.lams.size, reduction, over, body, unsettled: isUnsettled(body) };
  s.lams.set(key, lam);
  return lam;
}
