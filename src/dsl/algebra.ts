/**
 * The algebra that an op's meaning is written in. A reading of a graph supplies it: numbers for the interpreters,
 * elements of a prime field for the fingerprint, interned terms for the prover. `S` is the type of a scalar,
 * `I` the type of an index into a tensor.
 */
import type { DType, Shape } from "./type.ts";

/**
 * The types an op's declaration is written over. They are opaque: a meaning can only combine them through the algebra,
 * so it means the same in every reading. `meaningOf` in meaning.ts is where a reading puts its own types in their place.
 */
export interface Scalar {
  readonly opaque: "scalar";
}
/** A place along one axis, from 0; the other opaque type of a meaning. */
export interface Index {
  readonly opaque: "index";
}

/** Functions of one scalar that no reading is required to see into. */
export type Unary =
  | ("exp" | "exp2" | "log" | "sqrt" | "rsqrt" | "erf" | "abs")
  | ("sin" | "cos" | "tan" | "asin" | "acos" | "atan" | "sinh" | "cosh" | "tanh" | "atanh");

/** What `compare` can ask; greater and not equal are written with these. */
export type Comparison = "less" | "less_equal" | "equal";

/** What is asked of a row that is put in order: NaN last, of equal elements the one with the lower place first. */
export interface Sorting {
  /** Whose choice it is where MIL leaves one open: places of equal elements are the same only in results of one such name. */
  readonly op: string;
  readonly descending: boolean;
  readonly gives: "element" | "place";
}

/** One reading of meanings: what indices, scalars and reductions are, and how they combine. */
export interface Algebra<S = Scalar, I = Index> {
  // --- indices -----------------------------------------------------------------------------------------------
  /** The constant index `n`. */
  index(n: number): I;
  /** i + j. */
  plus(i: I, j: I): I;
  /** i · n for an integer constant n, which may be negative. */
  times(i: I, n: number): I;
  /** The index into `to` of the element that has index `ix` in `from`, both in row-major order. */
  reindex(ix: readonly I[], from: Shape, to: Shape): readonly I[];
  /** Case distinction: which of consecutive pieces of the given sizes holds `i`, and its place in that piece. */
  piece(i: I, sizes: readonly number[], pick: (n: number, rest: I) => S): S;
  /** Case distinction on `(i - begin) / stride`: a whole number in [0, size) → inside, else outside. stride ≥ 1. */
  within(i: I, begin: I, size: number, stride: number, inside: (rest: I) => S, outside: () => S): S;
  /** The index that a scalar of an integer tensor stands for. The op is defined only where it lies in [0, size). */
  indexOf(s: S, size: number): I;
  /** An index as a scalar (for ops whose result is a position). */
  scalar(i: I): S;

  // --- scalars -----------------------------------------------------------------------------------------------
  num(value: number): S;
  add(a: S, b: S): S;
  sub(a: S, b: S): S;
  mul(a: S, b: S): S;
  div(a: S, b: S): S;
  maximum(a: S, b: S): S;
  minimum(a: S, b: S): S;
  /** a to the power b by IEEE 754: 1 to any power is 1, NaN included. */
  pow(a: S, b: S): S;
  unary(f: Unary, a: S): S;
  /** 1 where the comparison holds, else 0. */
  compare(how: Comparison, a: S, b: S): S;
  /** `yes` where `cond` is not 0, else `no`. Only the chosen one counts: the other may be NaN. */
  select(cond: S, yes: () => S, no: () => S): S;
  /** The element of `dtype` nearest to `a`. The one place where precision is lost; see `OpSpec.rounds`. */
  round(dtype: DType, a: S): S;

  // --- reductions --------------------------------------------------------------------------------------------
  /** Σ over k in [0, n); the order of summation is a fixed function of n alone. */
  sum(n: number, term: (k: I) => S): S;
  /** The largest over k in [0, n). */
  max(n: number, term: (k: I) => S): S;
  /** The smallest over k in [0, n). */
  min(n: number, term: (k: I) => S): S;

  /**
   * A function of an index that is asked for again and again at the same one: the largest of a row, by each of its elements. A reading to
   * which making it anew is dear keeps what it made.
   */
  memo?(): Memo<S, I>;

  // --- what an op does in a way of its own -------------------------------------------------------------------
  /** What stands at `at` when the n elements are put in order. */
  sorted(how: Sorting, n: number, at: I, element: (k: I) => S): S;
  /**
   * `value`, which is a sum or product of several elements whose order is not the one of `sum`: its bits are those of the
   * same op at the same place over the same elements, and of nothing else. `elements`, in their order, where `value` does not tell which
   * of them is which, as of a product.
   */
  ownOrder(op: string, at: readonly I[], value: S, elements?: readonly S[]): S;
}

/** What `make` makes, which is the same wherever `at` is. */
export type Memo<S = Scalar, I = Index> = (at: readonly I[], make: () => S) => S;

/** The memo of a reading; of one that has none, what makes everything anew. */
export const memoOf = (m: Algebra): Memo => m.memo?.() ?? ((_, make) => make());

/** An operand as the meaning of an op sees it. */
export interface Read<S = Scalar, I = Index> {
  readonly shape: Shape;
  readonly dtype: DType;
  /** All its elements in row-major order, where they are known at compile time. */
  readonly values?: ArrayLike<number>;
  /** The element at an index; one index per axis. */
  at(...ix: readonly I[]): S;
}

/** The element of `x` that broadcasting pairs with index `ix` of the result. */
export function broadcastAt(m: Algebra, x: Read, ix: readonly Index[]): Scalar {
  const skip = ix.length - x.shape.length;
  const at: Index[] = [];
  for (let axis = 0; axis < x.shape.length; axis++) at.push(x.shape[axis] === 1 ? m.index(0) : ix[axis + skip]!);
  return x.at(...at);
}

/** 1 - a, for a truth value. */
export const not = (m: Algebra, a: Scalar): Scalar => m.sub(m.num(1), a);

/** Σ over several axes, outermost first. */
export const sumOver = (m: Algebra, sizes: Shape, term: (ks: readonly Index[]) => Scalar): Scalar =>
  reduceOver(m, "sum", sizes, term);

/** A reduction nested over several axes, outermost first. An axis of size 1 needs none. */
export function reduceOver(
  m: Algebra,
  how: "sum" | "max" | "min",
  sizes: Shape,
  term: (ks: readonly Index[]) => Scalar,
): Scalar {
  const from = (axis: number, before: readonly Index[]): Scalar => {
    if (axis === sizes.length) return term(before);
    const n = sizes[axis]!;
    const body = (k: Index) => from(axis + 1, [...before, k]);
    return n === 1 ? body(m.index(0)) : m[how](n, body);
  };
  return from(0, []);
}
