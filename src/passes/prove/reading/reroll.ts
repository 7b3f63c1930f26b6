/**
 * Pieces of equal form. n pieces whose terms differ only in constants of their indices, by equal steps, are one term
 * in the piece's number: attention written as a loop over heads becomes attention over a head axis.
 */

import { asAtom } from "../logic/index-bounds.ts";
import { type Atom, constant, div, type Ix, minus, mod, plus, times, variable } from "../logic/indices.ts";
import { type App, close, instantiate, substitute, variableOf } from "../logic/lambda.ts";
import { deeper } from "../logic/setting.ts";
import type { Lam, Term } from "../logic/terms.ts";
import type { Context } from "../rules/context.ts";
import { decides } from "../rules/rule.ts";
import { rebuild } from "./scalar.ts";

/** The piece that holds `i` as one term in its number; undefined where the pieces have no common form. */
export function reroll(
  c: Context,
  i: Ix,
  count: number,
  size: number,
  pick: (n: number, rest: Ix) => Term,
): Term | undefined {
  const s = c.store.indices;
  const rest = mod(s, i, size);
  const number = div(s, i, size);
  if (rest.lo < 0 || rest.hi >= size || number.lo < 0 || number.hi >= count) return undefined;
  const used = Array.from({ length: number.hi - number.lo + 1 }, (_, k) => number.lo + k);
  return deeper(c, (label) => {
    const hole = variable(s, `${label}#`, count);
    const at = (n: Ix) => (a: Atom) => (a === asAtom(hole) ? n : undefined);
    const terms = used.map((n) => pick(n, rest));
    const form = common(c, terms[0]!, terms[1]!, plus(s, hole, constant(s, -number.lo)));
    if (!form) return undefined;
    const fits = used.every((n, k) => substitute(c, form, at(constant(s, n)), rebuild) === terms[k]);
    return decides(c, c.rules.reroll, fits) ? substitute(c, form, at(number), rebuild) : undefined;
  });
}

/** The term in `n` that is `a` at n = 0 and `b` at n = 1, if they have one form. */
export function common(c: Context, a: Term, b: Term, n: Ix): Term | undefined {
  const memo = new Map<string, Term | undefined>();
  const visit = (x: Term, y: Term): Term | undefined => {
    if (x === y) return x;
    const key = `${x.id},${y.id}`;
    if (!memo.has(key)) memo.set(key, sameForm(x, y) ? merge(x, y) : undefined);
    return memo.get(key);
  };
  const merge = (x: Term, y: Term): Term | undefined => {
    if (x.kind === "app" && y.kind === "app" && x.lam !== y.lam) return mergeOpened(x, y);
    const args = zip(x.args, y.args, visit);
    const ix = zip(x.ix, y.ix, (i, j) => commonIx(c, i, j, n));
    return args && ix && rebuild(c, x, args, ix);
  };
  const mergeOpened = (x: App, y: App): Term | undefined =>
    deeper(c, (label) => {
      const v = variableOf(c, x.lam, label);
      const body = visit(instantiate(c, x, v, rebuild), instantiate(c, y, v, rebuild));
      return body && close(c, x.lam.reduction, x.lam.over, asAtom(v)!, body);
    });
  return visit(a, b);
}

function sameForm(x: Term, y: Term): boolean {
  if (x.kind === "app" && y.kind === "app" && sameReduction(x.lam, y.lam)) return true;
  return x.key === y.key && x.args.length === y.args.length && x.ix.length === y.ix.length;
}

/** Whether two bodies are reduced in the same way, whatever they are. */
export const sameReduction = (a: Lam, b: Lam): boolean =>
  a.reduction === b.reduction &&
  (a.over.kind === "interval"
    ? b.over.kind === "interval" && a.over.n === b.over.n
    : b.over.kind === "other rows" && a.over.size === b.over.size);

function zip<X>(a: readonly X[], b: readonly X[], f: (x: X, y: X) => X | undefined): readonly X[] | undefined {
  const result: X[] = [];
  for (const [k, x] of a.entries()) {
    const value = f(x, b[k]!);
    if (value === undefined) return undefined;
    result.push(value);
  }
  return result;
}

/** i + (j − i)·n where the two differ by a constant. */
function commonIx(c: Context, i: Ix, j: Ix, n: Ix): Ix | undefined {
  const s = c.store.indices;
  if (i === j) return i;
  const step = minus(s, j, i);
  return step.atoms.length === 0 ? plus(s, i, times(s, n, step.c)) : undefined;
}
