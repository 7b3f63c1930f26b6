/** Which terms are scores: nothing that masks out has a part in them, so that the bound of P8 is about them. */
import type { Ceiling } from "./ceiling.ts";
import { toNumber } from "./rational.ts";
import type { Lam, Term } from "./terms.ts";

/** At and below this a constant counts as what masks an entry out. */
export const FAR = -1000;

/** Term arguments of the reduction whose body is looked at, in the context of their own, and what was found out in it. */
export interface Filling {
  readonly args: readonly Term[];
  readonly outer: Filling | undefined;
  readonly distances: Map<Term, number>;
  readonly ceilings: Readonly<Record<1 | -1, Map<Term, Ceiling | "none">>>;
}

/** The body of a reduction with its arguments; nothing is known in it yet. */
export const filling = (args: readonly Term[], outer?: Filling): Filling => ({
  args,
  outer,
  distances: new Map(),
  ceilings: { 1: new Map(), [-1]: new Map() },
});

const distances = new WeakMap<Term, number>();

/** Functions whose values stay near 0 whatever they are of: exp of a score is one, of what is masked out 0. */
const BOUNDED: ReadonlySet<string> = new Set(["exp", "tanh", "sin", "cos"]);

/** Whether a term is a score that B bounds: nothing as far away as what a mask adds has a part in it. */
export const isVisible = (t: Term, frame?: Filling): boolean => farthest(t, frame) < -FAR;

/**
 * The size of the largest number that has a part in a term, infinite for an entry of a mask, and for a cut that may hold such. Over the reals a factor may
 * have been taken out of a sum, so what stands before a term makes its numbers larger and never smaller. Functions whose values
 * stay near 0 hide what they are of; of a maximum the nearest argument counts: the row's maximum is a score (P8).
 */
function farthest(root: Term, frame?: Filling): number {
  const known = frame?.distances ?? distances;
  // A term may be as deep as the graph is long: no recursion.
  const stack = known.has(root) ? [] : [root];
  const visit = (x: Term): number => known.get(x)!;
  for (let t = stack.at(-1); t; t = stack.at(-1)) {
    const before = stack.length;
    for (let k = 0; k < t.args.length; k++) if (!known.has(t.args[k]!)) stack.push(t.args[k]!);
    if (stack.length > before) continue;
    stack.pop();
    known.set(t, distanceOf(t, frame, visit));
  }
  return known.get(root)!;
}

function distanceOf(t: Term, frame: Filling | undefined, visit: (x: Term) => number): number {
  const largest = (args: readonly Term[]): number => args.reduce((most, x) => Math.max(most, visit(x)), 0);
  switch (t.kind) {
    case "leaf":
      return t.leaf.of === "mask" || (t.leaf.of === "cut" && t.leaf.far) ? Number.POSITIVE_INFINITY : 0;
    case "num":
      return Math.abs(t.value);
    case "linear":
      return t.args.reduce(
        (most, x, k) => Math.max(most, (flagSize(x) ?? visit(x)) * Math.max(1, Math.abs(toNumber(t.coefs[k]!)))),
        Math.abs(toNumber(t.constant)),
      );
    case "product":
      return t.args.reduce((all, x, k) => all * Math.max(1, visit(x)) ** Math.abs(toNumber(t.exponents[k]!)), 1);
    case "compare":
      return 0;
    case "unary":
      return BOUNDED.has(t.fn) ? 0 : largest(t.args);
    case "hole":
      return frame === undefined ? Number.POSITIVE_INFINITY : farthest(frame.args[t.place]!, frame.outer);
    case "app":
      return inBody(t.lam, t.args.map(visit).join(), () => farthest(t.lam.body, filling(t.args, frame)));
    case "mul":
    case "div":
      // A factor masks nothing out, but what it makes of a truth value does.
      return flagSize(t) ?? largest(t.args.filter((x) => x.kind !== "num"));
    case "max":
      return Math.min(...t.args.map(visit));
    case "min":
      // Nothing is larger for it, and what is below 0 stays: the upper end of a clip has no part in what is smaller.
      return largest(t.args.filter((x) => !(x.kind === "num" && x.value >= 0)));
    case "select":
      return largest(t.args.slice(1));
    default:
      return largest(t.args);
  }
}

const bodies = new WeakMap<Lam, Map<string, number>>();

/** Of a body all depends on how far its arguments are: what was found out for some holds for others that are as far. */
function inBody(lam: Lam, args: string, look: () => number): number {
  const found = bodies.get(lam) ?? new Map<string, number>();
  bodies.set(lam, found);
  const distance = found.get(args) ?? look();
  found.set(args, distance);
  return distance;
}

/** How deep a truth value is looked for: a mask that is written of one takes a few ops. */
const MOST_DEEP = 8;

/** The size of what is made of truth values and numbers alone: flag · −10000, (1 − flag) · 10000. Undefined for anything else. */
function flagSize(t: Term, deep = 0): number | undefined {
  if (deep > MOST_DEEP) return undefined;
  switch (t.kind) {
    case "compare":
      return 1;
    case "leaf":
      return t.leaf.dtype === "bool" && t.leaf.of !== "mask" ? 1 : undefined;
    case "neg":
    case "round":
      return flagSizes(t.args, deep)?.[0];
    case "add":
      return flagSizes(t.args, deep)?.reduce((a, b) => a + b, 0);
    case "mul":
      return flagSizes(t.args, deep)?.reduce((a, b) => a * b, 1);
    case "max":
    case "min": {
      const sizes = flagSizes(t.args, deep);
      return sizes && Math.max(...sizes);
    }
    default:
      return undefined;
  }
}

/** The sizes of all of them; undefined where one is neither a number nor made of truth values, or where all are numbers. */
function flagSizes(args: readonly Term[], deep: number): readonly number[] | undefined {
  if (args.every((x) => x.kind === "num")) return undefined;
  const sizes: number[] = [];
  for (const x of args) {
    const size = x.kind === "num" ? Math.abs(x.value) : flagSize(x, deep + 1);
    // Most have none, and the first such part tells: to look at all of them would be a tree of that depth.
    if (size === undefined) return undefined;
    sizes.push(size);
  }
  return sizes;
}
