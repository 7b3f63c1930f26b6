/**
 * Reductions with a bound variable. A closed one has a canonical body: what does not depend on the variable is lifted
 * out, indices as parameters and terms as holes, so that equal reductions in different places share one body.
 */

import { asAtom } from "./index-bounds.ts";
import {
  type Atom,
  atomIx,
  bound,
  constant,
  div,
  type Ix,
  param,
  plus,
  rest,
  substIx,
  times,
  variable,
} from "./indices.ts";
import { forGood } from "./memo.ts";
import { deeper, type Setting } from "./setting.ts";
import { intern, internLam, type Lam, type Range, type Reduction, type Term } from "./terms.ts";

/** Rebuilds a term of the given kind from new parts, simplifying; ../reading/scalar.ts supplies it. */
export type Rebuild<C extends Setting> = (c: C, like: Term, args: readonly Term[], ix: readonly Ix[]) => Term;

/** A closed reduction. */
export type App = Extract<Term, { kind: "app" }>;

/** Reduction of `body` over the variable `v`, which has that range. */
export function close(c: Setting, reduction: Reduction, over: Range, v: Atom, body: Term): Term {
  const key = `${reduction} ${over.kind} ${v.id} ${body.id}`;
  return once(c, c.store.closed, key, () => closeNew(c, reduction, over, v, body));
}

/** The value of a function of the key, made at most once. */
function once<K>(c: Setting, memo: Map<K, Term>, key: K, make: () => Term): Term {
  const known = memo.get(key);
  if (known) return known;
  const made = forGood(c, make);
  memo.set(key, made);
  return made;
}

function closeNew(c: Setting, reduction: Reduction, over: Range, v: Atom, body: Term): Term {
  const s = c.store;
  const inner = bound(s.indices, v.hi + 1);
  const lifted = newLifts(c);
  const memo = new Map<Term, Term>();
  const visit = (t: Term): Term => {
    if (!t.free.includes(v)) return t.kind === "num" ? t : lifted.hole(t);
    const known = memo.get(t);
    if (known) return known;
    const ix = t.ix.map((i) => liftIx(c, i, v, inner, lifted.param));
    const result = intern(s, t, t.args.map(visit), ix);
    memo.set(t, result);
    return result;
  };
  const lam = internLam(s, reduction, over, visit(body));
  return intern(s, { kind: "app", lam }, lifted.holes, lifted.params);
}

function newLifts(c: Setting) {
  const [params, holes]: [Ix[], Term[]] = [[], []];
  const placeIn = <X>(list: X[], x: X): number => (list.includes(x) ? list.indexOf(x) : list.push(x) - 1);
  return {
    params,
    holes,
    param: (i: Ix): Ix => param(c.store.indices, placeIn(params, i)),
    hole: (t: Term): Term =>
      intern(c.store, { kind: "hole", place: placeIn(holes, t), ...(t.dtype ? { dtype: t.dtype } : {}) }),
  };
}

/** Replaces v by the bound variable and the largest part without v by a parameter; numbers and rows stay. */
function liftIx(c: Setting, i: Ix, v: Atom, inner: Ix, lift: (i: Ix) => Ix): Ix {
  const s = c.store.indices;
  if (i.free.length === 0) return i;
  if (!i.free.includes(v)) return lift(i);
  let [own, outer] = [constant(s, 0), constant(s, i.c)];
  i.atoms.forEach((a, k) => {
    if (a === v) own = plus(s, own, times(s, inner, i.coefs[k]!));
    else if (a.kind === "quotient" && a.of.free.includes(v))
      own = plus(s, own, times(s, div(s, liftIx(c, a.of, v, inner, lift), a.divisor), i.coefs[k]!));
    else outer = plus(s, outer, times(s, atomIx(s, a), i.coefs[k]!));
  });
  return plus(s, own, outer.free.length === 0 ? outer : lift(outer));
}

/** The body of a closed reduction with its variable at `index`. */
export function instantiate<C extends Setting>(c: C, app: App, index: Ix, rebuild: Rebuild<C>): Term {
  const at = (a: Atom): Ix | undefined =>
    a.kind === "bound" ? index : a.kind === "param" ? app.ix[a.place] : undefined;
  return once(c, c.store.opened, `${app.id} ${index.id}`, () => replace(c, app.lam.body, at, rebuild, app.args));
}

/** Replaces index variables in a term. */
export function substitute<C extends Setting>(
  c: C,
  t: Term,
  to: (a: Atom) => Ix | undefined,
  rebuild: Rebuild<C>,
): Term {
  return replace(c, t, to, rebuild, undefined);
}

function replace<C extends Setting>(
  c: C,
  root: Term,
  to: (a: Atom) => Ix | undefined,
  rebuild: Rebuild<C>,
  holes: readonly Term[] | undefined,
): Term {
  const memo = new Map<Term, Term>();
  const visit = (t: Term): Term => {
    if (t.kind === "hole" && holes) return holes[t.place]!;
    if (!holes && t.free.every((a) => to(a) === undefined)) return t;
    const known = memo.get(t);
    if (known) return known;
    const args = t.args.map(visit);
    const ix = t.ix.map((i) => substIx(c.store.indices, i, to));
    const result = t.kind === "app" ? reapply(c, t, args, ix, rebuild) : rebuild(c, t, args, ix);
    memo.set(t, result);
    return result;
  };
  return visit(root);
}

/** A closed reduction with other arguments; opened and closed again where that changes its canonical body. */
export function reapply<C extends Setting>(
  c: C,
  app: App,
  args: readonly Term[],
  ix: readonly Ix[],
  rebuild: Rebuild<C>,
): Term {
  const { lam } = app;
  const moved = intern(c.store, { kind: "app", lam }, args, ix) as App;
  const same = args.every((a, k) => a === app.args[k]) && ix.every((i, k) => i === app.ix[k]);
  if (same || (!lam.unsettled && isCanonical(args, ix) && sameDtypes(args, app.args))) return moved;
  return once(c, c.store.moved, moved, () =>
    deeper(c, (label) => {
      const v = variableOf(c, lam, label);
      return rereduce(c, moved, v, instantiate(c, moved, v, rebuild), rebuild);
    }),
  );
}

/** A fresh variable to open a reduction with. */
export const variableOf = (c: Setting, { over }: Lam, label: string): Ix =>
  over.kind === "interval" ? variable(c.store.indices, label, over.n) : rest(c.store.indices, label, over.size);

/** Closes an opened body again, by the rules for reductions. */
function rereduce<C extends Setting>(c: C, { lam }: App, v: Ix, body: Term, rebuild: Rebuild<C>): Term {
  const atom = asAtom(v);
  const closed = atom ? close(c, lam.reduction, lam.over, atom, body) : body;
  return closed.kind === "app" ? rebuild(c, closed, closed.args, closed.ix) : closed;
}

const isCanonical = (args: readonly Term[], ix: readonly Ix[]): boolean =>
  new Set(args).size === args.length &&
  new Set(ix).size === ix.length &&
  args.every((a) => a.kind !== "num") &&
  ix.every((i) => i.free.length > 0);

const sameDtypes = (a: readonly Term[], b: readonly Term[]): boolean => a.every((x, k) => x.dtype === b[k]!.dtype);
