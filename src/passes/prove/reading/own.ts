/**
 * What no rule sees into: rows that are put in order, and arithmetic in an order that is an op's own. Such a term equals
 * only one of the same name over the same terms, at the same place.
 */
import type { Sorting } from "../../../dsl/algebra.ts";
import { isCases } from "../logic/cases.ts";
import { asAtom } from "../logic/index-bounds.ts";
import { constant, type Ix, variable } from "../logic/indices.ts";
import { close } from "../logic/lambda.ts";
import { num, raw } from "../logic/make.ts";
import { opaque } from "../logic/opaque.ts";
import { deeper } from "../logic/setting.ts";
import type { Term } from "../logic/terms.ts";
import type { Context } from "../rules/context.ts";

/** Elements that are listed one by one where a row has no single formula. */
const MOST_LISTED = 1024;

/** What stands at `at` when the n elements are put in order. */
export function sorted(
  c: Context,
  { op, descending, gives }: Sorting,
  n: number,
  at: Ix,
  element: (k: Ix) => Term,
): Term {
  if (n === 1) return gives === "place" ? num(c, 0) : element(constant(c.store.indices, 0));
  const name = `${op}, ${gives} in ${descending ? "falling" : "rising"} order`;
  return raw(c, { kind: "own", name }, rowOf(c, n, element), [at]);
}

/** A row as one closed term, or as its elements: closed terms are equal only where all elements are. */
function rowOf(c: Context, n: number, element: (k: Ix) => Term): readonly Term[] {
  const s = c.store.indices;
  return deeper(c, (label) => {
    const v = variable(s, label, n);
    try {
      // Any reduction would do: what is closed stands for the row, and is never simplified.
      return [close(c, "sum", { kind: "interval", n }, asAtom(v)!, element(v))];
    } catch (found) {
      if (!isCases(found) || found.cases !== asAtom(v)) throw found;
      if (found.by === "rows" || n > MOST_LISTED)
        throw opaque({ code: "undecided", what: "the order of a row", index: v });
      return Array.from({ length: n }, (_, k) => element(constant(s, k)));
    }
  });
}

/** Over the reals the value; in bits what only this op gives. A number or an element is the same in any order. */
export function ownOrder(c: Context, op: string, at: readonly Ix[], value: Term, elements: readonly Term[] = []): Term {
  if (c.mode === "reals" || value.kind === "num" || value.kind === "leaf") return value;
  return raw(c, { kind: "own", name: `${op}, in its order` }, [value, ...elements], at);
}
