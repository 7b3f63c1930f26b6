/**
 * Scalar terms of the prover. Two terms with the same structure are the same object, so equality is identity. This
 * file only interns; what may be rewritten into what is in rules/ and scalar.ts.
 */
import { roundTo } from "../../../dsl/number.ts";
import type { DType } from "../../../dsl/type.ts";
import { type Buckets, find, insert, mix, newBuckets, numberOf, sameItems } from "./buckets.ts";
import { type Atom, type Indices, type Ix, newIndices } from "./indices.ts";

export type TermKind =
  /** A number; `tag` is its exact value. */
  | "num"
  /** An element of an input, state, weight or constant table: `tag` is its name, `ix` the place. */
  | "leaf"
  /** An index as a number. */
  | "index"
  /** A masked-out value: some value far below every visible score. Not equal to anything; `tag` is the mask's scale. */
  | "closed"
  /** A visible or masked-out score: args[1] where args[0], an entry of a two-valued mask, is 0. */
  | "gate"
  /** A closed reduction over an index: `lam` applied to the index arguments `ix` and the term arguments `args`. */
  | "app"
  /** A sum cut into consecutive pieces of the lengths in `tag`. */
  | "segments"
  /** A sum over the cache rows: args are the summands at w_0, …, w_{T-1}, then the sum over all other rows. */
  | "rows"
  /** Place of a term argument in a closed reduction. */
  | "hole"
  | "add"
  | "neg"
  | "mul"
  | "div"
  | "max"
  | "min"
  /** `tag` is the function. */
  | "unary"
  | "compare"
  | "select"
  /** The element of dtype `tag` nearest to the argument. */
  | "round"
  /** Reals mode: a linear combination or a product of powers; `tag` holds the rational coefficients or exponents. */
  | "linear"
  | "product";

export interface Term {
  readonly id: number;
  readonly kind: TermKind;
  readonly tag: string;
  readonly args: readonly Term[];
  readonly ix: readonly Ix[];
  readonly lam?: Lam;
  /** Of a number term. */
  readonly value?: number;
  /** Every value the term can take is of this type; absent when not known. */
  readonly dtype?: DType;
  /** Index variables it depends on, in rising id. */
  readonly free: readonly Atom[];
  /** Hash of the structure without the names of variables, for sorting. */
  readonly skeleton: number;
}

export type Reduction = "sum" | "max" | "min";

/** The body of a reduction over a variable `bound`, closed: all that comes from outside is a parameter or a hole. */
export interface Lam {
  readonly id: number;
  readonly reduction: Reduction;
  /** Size of the range; 0 for the cache rows that no token writes. */
  readonly n: number;
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
}

export const newStore = (): Store => ({
  indices: newIndices(),
  terms: newBuckets(),
  lams: new Map(),
  closed: new Map(),
  opened: new Map(),
  moved: new Map(),
});

export interface Parts {
  readonly kind: TermKind;
  readonly tag?: string;
  readonly args?: readonly Term[];
  readonly ix?: readonly Ix[];
  readonly lam?: Lam;
  readonly value?: number;
  readonly dtype?: DType;
}

const NONE: readonly never[] = [];

export function intern(s: Store, parts: Parts): Term {
  const { kind, tag = "", args = NONE, ix = NONE, lam, value } = parts;
  let hash = mix(numberOf(s.terms, kind), numberOf(s.terms, tag));
  if (lam) hash = mix(hash, lam.id);
  for (const a of args) hash = mix(hash, a.id);
  for (const i of ix) hash = mix(hash, ~i.id);
  const known = find(
    s.terms,
    hash,
    (t) => t.kind === kind && t.tag === tag && t.lam === lam && sameItems(t.args, args) && sameItems(t.ix, ix),
  );
  if (known) return known;
  const dtype = parts.dtype ?? dtypeOf(kind, tag, args, lam);
  const term: Term = {
    id: s.terms.size++,
    kind,
    tag,
    args,
    ix,
    ...(lam ? { lam } : {}),
    ...(value === undefined ? {} : { value }),
    ...(dtype ? { dtype } : {}),
    free: freeOf(args, ix),
    skeleton: skeletonOf(kind, tag, args, lam),
  };
  insert(s.terms, hash, term);
  return term;
}

function freeOf(args: readonly Term[], ix: readonly Ix[]): readonly Atom[] {
  let free: readonly Atom[] = NONE;
  for (const x of args) free = union(free, x.free);
  for (const x of ix) free = union(free, x.free);
  return free;
}

function union(a: readonly Atom[], b: readonly Atom[]): readonly Atom[] {
  if (b.length === 0 || a === b) return a;
  if (a.length === 0) return b;
  if (b.every((x) => a.includes(x))) return a;
  return [...new Set([...a, ...b])].sort((x, y) => x.id - y.id);
}

function skeletonOf(kind: TermKind, tag: string, args: readonly Term[], lam: Lam | undefined): number {
  let h = hashText(kind, hashText(tag, 0x811c9dc5));
  if (lam) h = mix(mix(h, lam.n), lam.body.skeleton);
  for (const a of args) h = mix(h, a.skeleton);
  return h;
}

function hashText(text: string, seed: number): number {
  let h = seed;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h;
}

/** What is known of the type of a compound's values from its parts. */
function dtypeOf(kind: TermKind, tag: string, args: readonly Term[], lam: Lam | undefined): DType | undefined {
  switch (kind) {
    case "round":
      return tag as DType;
    case "index":
      return "int32";
    case "compare":
      return "bool";
    case "neg":
      // Minus the least int32 is not an int32; floats are symmetric.
      return args[0]!.dtype === "fp16" || args[0]!.dtype === "fp32" ? args[0]!.dtype : undefined;
    case "max":
    case "min":
      return common(args);
    case "select":
      return common(args.slice(1));
    case "app":
      return lam!.reduction === "sum" ? undefined : lam!.body.dtype;
    default:
      return undefined;
  }
}

function common(args: readonly Term[]): DType | undefined {
  const first = args[0]?.dtype ?? (args[0]?.value === undefined ? undefined : "num");
  if (first === undefined) return undefined;
  const known = args.find((a) => a.dtype)?.dtype;
  return known && args.every((a) => fits(a, known)) ? known : undefined;
}

/** Whether every value of the term is of the dtype: rounding to it then changes nothing. */
export function fits(term: Term, dtype: DType): boolean {
  if (term.value !== undefined) return roundTo(dtype, term.value) === term.value;
  const from = term.dtype;
  if (from === undefined) return false;
  return from === dtype || (from === "fp16" && dtype === "fp32") || from === "bool";
}

/** Interns a closed body. */
export function internLam(s: Store, reduction: Reduction, n: number, body: Term): Lam {
  const key = `${reduction} ${n} ${body.id}`;
  const known = s.lams.get(key);
  if (known) return known;
  const lam: Lam = { id: s.lams.size, reduction, n, body, unsettled: isUnsettled(body) };
  s.lams.set(key, lam);
  return lam;
}

const like = (a: Term, b: Term): boolean => bareSkeleton(a) === bareSkeleton(b);
const bareSkeleton = (t: Term): number => (t.kind === "neg" ? t.args[0]!.skeleton : t.skeleton);
const COMMUTATIVE: readonly TermKind[] = ["add", "mul", "max", "min", "linear", "product"];

function isUnsettled(body: Term): boolean {
  const ranged = (i: Ix): boolean =>
    i.atoms.some((a) => a.src?.free.some((x) => x.kind === "param") || (a.src !== undefined && ranged(a.src)));
  const seen = new Set<Term>();
  const visit = (t: Term): boolean => {
    if (seen.has(t)) return false;
    seen.add(t);
    const twins = COMMUTATIVE.includes(t.kind) && t.args.some((x, k) => k > 0 && like(x, t.args[k - 1]!));
    return twins || t.ix.some(ranged) || t.args.some(visit);
  };
  return visit(body);
}
