/** What is known of a term from its parts alone: its dtype, its number, whether it fits a dtype. */
import { integerRange, roundTo } from "../../../dsl/number.ts";
import { type DType, isFloat, isInteger } from "../../../dsl/type.ts";
import type { Ix } from "./indices.ts";
import type { Head, Term } from "./terms.ts";

/** The range of positions. */
export const INT32: readonly [min: number, max: number] = integerRange("int32");

/** The number that a term is; undefined for a rational that is no double. */
export const numberOf = (t: Term): number | undefined => (t.kind === "num" && !t.near ? t.value : undefined);

/** What is known of the type of a compound's values from its parts. */
export function dtypeOf(head: Head, args: readonly Term[]): DType | undefined {
  switch (head.kind) {
    case "leaf":
      return head.leaf.dtype;
    case "hole":
      return head.dtype;
    case "round":
      return head.to;
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
      return head.lam.reduction === "sum" ? undefined : head.lam.body.dtype;
    default:
      return undefined;
  }
}

function common(args: readonly Term[]): DType | undefined {
  const known = args.find((a) => a.dtype)?.dtype;
  return known && args.every((a) => fits(a, known)) ? known : undefined;
}

type Bounds = Pick<Ix, "lo" | "hi">;

/** Whether every value of the term is of the dtype: rounding to it then changes nothing. */
export function fits(t: Term, dtype: DType): boolean {
  if (t.kind === "num") return !t.near && roundTo(dtype, t.value) === t.value;
  if (t.kind === "index") return !isFloat(dtype) && withinInteger(t.ix[0]!, dtype);
  const from = t.dtype;
  if (from === dtype || (from === "fp16" && dtype === "fp32") || from === "bool") return true;
  return from !== undefined && isInteger(from) && holdsRange(dtype, integerRange(from));
}

const holdsRange = (dtype: DType, [lo, hi]: readonly [min: number, max: number]): boolean =>
  isFloat(dtype) ? isExactIn(dtype, { lo, hi }) : isInteger(dtype) && withinInteger({ lo, hi }, dtype);

/** Whether the term is a whole number as such, of an integer type or known: over the reals too a float type may not hold it. */
export function isWhole(t: Term): boolean {
  if (t.kind === "num") return !t.near && Number.isInteger(t.value);
  return t.kind === "neg" ? isWhole(t.args[0]!) : t.dtype !== undefined && !isFloat(t.dtype);
}

/** Whether the index stays in the range of an integer type. */
export function withinInteger({ lo, hi }: Bounds, dtype: DType): boolean {
  const [least, most] = dtype === "bool" ? [0, 1] : integerRange(dtype);
  return lo >= least && hi <= most;
}

/** Up to where a float type holds every whole number. */
const WHOLE: Readonly<Record<string, number>> = { fp16: 2 ** 11, fp32: 2 ** 24 };

/** Whether a float type holds every value of the index. */
export const isExactIn = (dtype: DType, { lo, hi }: Bounds): boolean => Math.max(-lo, hi) <= (WHOLE[dtype] ?? 0);

const COMMUTATIVE: ReadonlySet<string> = new Set(["add", "mul", "max", "min", "linear", "product"]);

/** See `Lam.unsettled`. */
export function isUnsettled(body: Term): boolean {
  const ranged = (i: Ix): boolean =>
    i.atoms.some((a) => a.kind === "quotient" && a.of.free.some((x) => x.kind === "param"));
  const seen = new Set<Term>();
  const stack = [body];
  while (stack.length > 0) {
    const t = stack.pop()!;
    if (seen.has(t)) continue;
    seen.add(t);
    const twins = COMMUTATIVE.has(t.kind) && t.args.some((x, k) => k > 0 && alike(x, t.args[k - 1]!));
    if (twins || t.ix.some(ranged) || (t.kind === "app" && t.lam.unsettled)) return true;
    stack.push(...t.args);
  }
  return false;
}

/** Whether an entry of an attention mask that no precondition speaks of stands in the term. */
export function readsMask(root: Term): boolean {
  const seen = new Set<Term>();
  const stack = [root];
  // A term may be as deep as the graph is long: no recursion.
  for (let t = stack.pop(); t; t = stack.pop()) {
    if (seen.has(t)) continue;
    seen.add(t);
    if (t.kind === "leaf" && t.leaf.of === "mask") return true;
    stack.push(...t.args);
    if (t.kind === "app") stack.push(t.lam.body);
  }
  return false;
}

const alike = (a: Term, b: Term): boolean => bareSkeleton(a) === bareSkeleton(b);
const bareSkeleton = (t: Term): number => (t.kind === "neg" ? t.args[0]!.skeleton : t.skeleton);
