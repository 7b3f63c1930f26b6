/**
 * What a token leaves behind in the states, read off the terms of a proof: which elements a single step changes, and
 * whether anything it computes depends on cache rows that hold rejected tokens. Such rows are shut for the step by the mask
 * (they are the w_j of later tokens), or its own row before it is written.
 */
import type { Tensor } from "../../../dsl/tensor.ts";
import { asAtom } from "../logic/index-bounds.ts";
import type { Atom, Ix } from "../logic/indices.ts";
import { isOpaque } from "../logic/opaque.ts";
import type { Term } from "../logic/terms.ts";
import { type Copy, element, type Programs } from "../program/program.ts";
import { boxesOf, type Pair } from "../program/relation.ts";
import { placeOf } from "../reading/rows.ts";

/** Why something does not follow; absent where it does. */
export interface Consequences {
  /** A state element that a step changes though it is not in the row of its token. */
  readonly changes?: string;
  /** A new row that still depends on what stood there. */
  readonly keepsOld?: string;
  /** A result that depends on a row that is shut for its token. */
  readonly readsStale?: string;
  /** What padding does: a result that no longer equals the steps', or a state that a call for padding changes. */
  readonly padding?: string;
}

/**
 * Of the first step of a block of two tokens or more: its results in the segment's pairs, at every place. A value that
 * cannot be read is a reason as well.
 */
export function aftermathOf(p: Programs, pairs: readonly Pair[]): Consequences {
  const first = p.steps[0]!;
  const axes = rowAxesOf(p);
  const found: { -readonly [K in keyof Consequences]: Consequences[K] } = {};
  for (const pair of pairs) {
    for (const ix of boxesOf(p, pair, (box) => void element(p, first, pair.step, box))) {
      const term = termAt(p, first, pair, ix);
      if (pair.what !== "state") {
        if (!term || readsShut(p, term, axes))
          found.readsStale ??= `${pair.name} depends on cache rows that are shut for its token`;
        continue;
      }
      const place = ix.map((i) => placeOf(p.c, i)).find((x) => x !== undefined);
      if (place !== 0) {
        if (!term || !isEntry(term, pair.name, ix))
          found.changes ??= `a step changes ${pair.name} beyond the row of its token`;
      } else if (!term || readsShut(p, term, axes))
        found.keepsOld ??= `the new row of ${pair.name} depends on what stood in it`;
    }
  }
  return found;
}

/** A state that the first step changes although its token is padding. */
export function changedByPadding(p: Programs, pairs: readonly Pair[]): string | undefined {
  const first = p.steps[0]!;
  const changed = pairs.find((pair) => {
    if (pair.what !== "state") return false;
    const boxes = boxesOf(p, pair, (box) => void element(p, first, pair.step, box));
    return boxes.some((ix) => {
      const term = termAt(p, first, pair, ix);
      return !term || !isEntry(term, pair.name, ix);
    });
  });
  return changed?.name;
}

function termAt(p: Programs, copy: Copy, { step }: Pair, ix: readonly Ix[]): Term | undefined {
  try {
    return element(p, copy, step, ix);
  } catch (reason) {
    if (isOpaque(reason)) return undefined;
    throw reason;
  }
}

/** Whether the term is the element of the state at entry, at the same place. */
const isEntry = (t: Term, name: string, ix: readonly Ix[]): boolean =>
  t.kind === "leaf" && t.leaf.of === "state" && t.leaf.name === name && t.ix.every((i, k) => i === ix[k]);

/** Index arguments of the reduction whose body is looked at. */
interface Opened {
  readonly params: readonly boolean[];
  /** Whether its variable runs over rows that no token writes. */
  readonly others: boolean;
  readonly seen: Set<Term>;
}

/** Of a state, by its name: the axes along which the first step tells its rows apart. */
type RowAxes = (state: string) => readonly number[];

/** That is where tokens write. Of a stack only the states that a segment reads are looked at, each once. */
function rowAxesOf(p: Programs): RowAxes {
  const first = p.steps[0]!;
  const known = new Map<string, readonly number[]>();
  return (name) => {
    const found = known.get(name) ?? axesOf(p, name, first.graph.states.find((state) => state.name === name)!.exit);
    known.set(name, found);
    return found;
  };
}

function axesOf(p: Programs, name: string, exit: Tensor): readonly number[] {
  const pair: Pair = { what: "state", name, block: exit, step: exit };
  const boxes = boxesOf(p, pair, (box) => void element(p, p.steps[0]!, exit, box));
  const axes = boxes.flatMap((ix) => ix.flatMap((i, axis) => (placeOf(p.c, i) === undefined ? [] : [axis])));
  return [...new Set(axes)];
}

/** Whether an element of a state that stands in the term is not known to be in a row that no token writes. */
function readsShut(p: Programs, root: Term, axes: RowAxes): boolean {
  const whole = new Set<Term>();
  // A term may be as deep as the graph is long: no recursion.
  const stack: (readonly [Term, Opened | undefined])[] = [[root, undefined]];
  for (let next = stack.pop(); next; next = stack.pop()) {
    const [t, opened] = next;
    const seen = opened?.seen ?? whole;
    if (seen.has(t)) continue;
    seen.add(t);
    if (t.kind === "leaf" && t.leaf.of === "state") {
      // Of several axes that rows are told apart by, each would have to be another's.
      const own = axes(t.leaf.name);
      if (own.length === 0 || !own.every((axis) => isOther(p, t.ix[axis]!, opened))) return true;
    }
    for (const x of t.args) stack.push([x, opened]);
    for (const x of t.ix.flatMap((i) => i.atoms))
      stack.push(...valuesIn(p, x).map((value) => [value, undefined] as const));
    if (t.kind !== "app") continue;
    const others = t.lam.over.kind === "other rows";
    stack.push([t.lam.body, { params: t.ix.map((i) => isOther(p, i, opened)), others, seen: new Set() }]);
  }
  return false;
}

/** The terms that an atom of an index is a place by. */
function valuesIn(p: Programs, a: Atom): readonly Term[] {
  if (a.kind === "quotient") return a.of.atoms.flatMap((x) => valuesIn(p, x));
  return a.kind === "value" ? [p.c.store.values.get(a.of)!] : [];
}

/** Whether an index is a row that no token writes, also as the variable or a parameter of an opened reduction. */
function isOther(p: Programs, i: Ix, opened: Opened | undefined): boolean {
  const atom = asAtom(i);
  if (atom?.kind === "bound") return opened?.others ?? false;
  if (atom?.kind === "param") return opened?.params[atom.place] ?? false;
  return placeOf(p.c, i) === "other";
}
