/**
 * Reductions with a bound variable. A closed one has a canonical body: what does not depend on the variable is lifted
 * out, indices as parameters and terms as holes, so that equal reductions in different places share one body.
 */
import { type Context, deeper } from "./context.ts";
import {
  type Atom,
  asAtom,
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
import { intern, internLam, type Reduction, type Term } from "./terms.ts";

/** Rebuilds a term of the given kind from new parts, simplifying; scalar.ts supplies it. */
export type Rebuild = (c: Context, like: Term, args: readonly Term[], ix: readonly Ix[]) => Term;

/** Reduction of `body` over the variable `v`; `n` is 0 for a reduction over the rest of the cache rows. */
export function close(c: Context, reduction: Reduction, n: number, v: Atom, body: Term): Term {
  return once(c.store.closed, `${reduction} ${n} ${v.id} ${body.id}`, () => closeNew(c, reduction, n, v, body));
}

/** The value of a function of the key, made at most once. */
function once<K>(memo: Map<K, Term>, key: K, make: () => Term): Term {
  const known = memo.get(key);
  if (known) return known;
  const made = make();
  memo.set(key, made);
  return made;
}

function closeNew(c: Context, reduction: Reduction, n: number, v: Atom, body: Term): Term {
  const s = c.store;
  const inner = bound(s.indices, v.hi + 1);
  const lifted = newLifts(c);
  const memo = new Map<Term, Term>();
  const visit = (t: Term): Term => {
    if (!t.free.includes(v)) return t.value === undefined ? lifted.hole(t) : t;
    const known = memo.get(t);
    if (known) return known;
    const result = intern(s, {
      ...partsOf(t),
      args: t.args.map(visit),
      ix: t.ix.map((i) => liftIx(c, i, v, inner, lifted.param)),
    });
    memo.set(t, result);
    return result;
  };
  const lam = internLam(s, reduction, n, visit(body));
  return intern(s, { kind: "app", lam, ix: lifted.params, args: lifted.holes });
}

/** The parts of a term that a copy with other arguments keeps. */
const partsOf = ({ kind, tag, lam, dtype }: Term) => ({
  kind,
  tag,
  ...(lam ? { lam } : {}),
  ...(kind === "leaf" && dtype ? { dtype } : {}),
});

function newLifts(c: Context) {
  const [params, holes]: [Ix[], Term[]] = [[], []];
  const placeIn = <X>(list: X[], x: X): number => (list.includes(x) ? list.indexOf(x) : list.push(x) - 1);
  return {
    params,
    holes,
    param: (i: Ix): Ix => param(c.store.indices, placeIn(params, i)),
    hole: (t: Term): Term => {
      const tag = `${placeIn(holes, t)}${t.dtype ? `:${t.dtype}` : ""}`;
      return intern(c.store, { kind: "hole", tag, ...(t.dtype ? { dtype: t.dtype } : {}) });
    },
  };
}

/** Replaces v by the bound variable and the largest part without v by a parameter; numbers and rows stay. */
function liftIx(c: Context, i: Ix, v: Atom, inner: Ix, lift: (i: Ix) => Ix): Ix {
  const s = c.store.indices;
  if (i.free.length === 0) return i;
  if (!i.free.includes(v)) return lift(i);
  let [own, outer] = [constant(s, 0), constant(s, i.c)];
  i.atoms.forEach((a, k) => {
    if (a === v) own = plus(s, own, times(s, inner, i.coefs[k]!));
    else if (a.src?.free.includes(v))
      own = plus(s, own, times(s, div(s, liftIx(c, a.src, v, inner, lift), a.n), i.coefs[k]!));
    else outer = plus(s, outer, times(s, atomIx(s, a), i.coefs[k]!));
  });
  return plus(s, own, outer.free.length === 0 ? outer : lift(outer));
}

/** The body of a closed reduction with its variable at `index`. */
export function instantiate(c: Context, app: Term, index: Ix, rebuild: Rebuild): Term {
  const at = (a: Atom): Ix | undefined => (a.kind === "bound" ? index : a.kind === "param" ? app.ix[a.n] : undefined);
  return once(c.store.opened, `${app.id} ${index.id}`, () => replace(c, app.lam!.body, at, rebuild, app.args));
}

/** Replaces index variables in a term. */
export function substitute(c: Context, t: Term, to: (a: Atom) => Ix | undefined, rebuild: Rebuild): Term {
  return replace(c, t, to, rebuild, undefined);
}

function replace(
  c: Context,
  root: Term,
  to: (a: Atom) => Ix | undefined,
  rebuild: Rebuild,
  holes: readonly Term[] | undefined,
): Term {
  const memo = new Map<Term, Term>();
  const visit = (t: Term): Term => {
    if (t.kind === "hole" && holes) return holes[Number.parseInt(t.tag, 10)]!;
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
export function reapply(c: Context, app: Term, args: readonly Term[], ix: readonly Ix[], rebuild: Rebuild): Term {
  const lam = app.lam!;
  const moved = intern(c.store, { kind: "app", lam, ix, args });
  const same = args.every((a, k) => a === app.args[k]) && ix.every((i, k) => i === app.ix[k]);
  if (same || (!lam.unsettled && isCanonical(args, ix) && sameDtypes(args, app.args))) return moved;
  return once(c.store.moved, moved, () =>
    deeper(c, (label) => {
      const v = boundOf(c, moved, label);
      return rereduce(c, moved, v, instantiate(c, moved, v, rebuild), rebuild);
    }),
  );
}

/** A fresh variable to open a reduction with. */
export function boundOf(c: Context, app: Term, label: string): Ix {
  const { n } = app.lam!;
  return n > 0 ? variable(c.store.indices, label, n) : rest(c.store.indices, label, restSize(app));
}

/** Size of the cache that a reduction over the rest of its rows belongs to, from its bound variable. */
function restSize(app: Term): number {
  const find = (t: Term): number | undefined => {
    for (const a of t.free) if (a.kind === "bound") return a.hi + 1;
    return undefined;
  };
  return find(app.lam!.body) ?? 1;
}

/** Closes an opened body again, by the rules for reductions. */
function rereduce(c: Context, app: Term, v: Ix, body: Term, rebuild: Rebuild): Term {
  const atom = asAtom(v);
  const closed = atom ? close(c, app.lam!.reduction, app.lam!.n, atom, body) : body;
  return closed.kind === "app" ? rebuild(c, closed, closed.args, closed.ix) : closed;
}

const isCanonical = (args: readonly Term[], ix: readonly Ix[]): boolean =>
  new Set(args).size === args.length &&
  new Set(ix).size === ix.length &&
  args.every((a) => a.value === undefined) &&
  ix.every((i) => i.free.length > 0);

const sameDtypes = (a: readonly Term[], b: readonly Term[]): boolean => a.every((x, k) => x.dtype === b[k]!.dtype);
