/**
 * Pieces of equal form. n pieces whose terms differ only in constants of their indices, by equal steps, are one term
 * in the piece's number: attention written as a loop over heads becomes attention over a head axis.
 */
import { type Context, deeper } from "../logic/context.ts";
import { type Atom, asAtom, constant, div, type Ix, minus, mod, plus, times, variable } from "../logic/indices.ts";
import { boundOf, close, instantiate, substitute } from "../logic/lambda.ts";
import type { Term } from "../logic/terms.ts";
import { allowed, type Rule } from "../rules/rule.ts";
import { rebuild } from "./scalar.ts";

export const REROLL: Rule = {
  name: "re-roll",
  tag: "definition",
  says: "pieces t₀, …, tₙ₋₁ → t(i div p)",
  needs: "every piece is the common form at its number",
};

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
    return allowed(c, REROLL, fits) ? substitute(c, form, at(number), rebuild) : undefined;
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
    if (x.kind === "app" && x.lam !== y.lam) return mergeOpened(x, y);
    const args = zip(x.args, y.args, visit);
    const ix = zip(x.ix, y.ix, (i, j) => commonIx(c, i, j, n));
    return args && ix && rebuild(c, x, args, ix);
  };
  const mergeOpened = (x: Term, y: Term): Term | undefined =>
    deeper(c, (label) => {
      const v = boundOf(c, x, label);
      const body = visit(instantiate(c, x, v, rebuild), instantiate(c, y, v, rebuild));
      return body && close(c, x.lam!.reduction, x.lam!.n, asAtom(v)!, body);
    });
  return visit(a, b);
}

function sameForm(x: Term, y: Term): boolean {
  if (x.kind !== y.kind || x.tag !== y.tag || x.args.length !== y.args.length) return x.kind === "app" && sameApp(x, y);
  return x.ix.length === y.ix.length || (x.kind === "app" && sameApp(x, y));
}

const sameApp = (x: Term, y: Term): boolean =>
  y.kind === "app" && x.lam!.reduction === y.lam!.reduction && x.lam!.n === y.lam!.n;

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
