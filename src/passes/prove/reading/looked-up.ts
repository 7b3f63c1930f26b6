/** Places that are numbers computed at run time: what P12 asks of them, and where it says more over the reals. */
import { isFloat, isInteger } from "../../../dsl/type.ts";
import { type Ix, valueIx } from "../logic/indices.ts";
import { opaque } from "../logic/opaque.ts";
import { need } from "../logic/setting.ts";
import type { Term } from "../logic/terms.ts";
import type { Context } from "../rules/context.ts";

/** A whole number that is computed at run time, the same at every place: the same term looks up the same place. */
export function placeOfValue(c: Context, t: Term, size: number): Ix {
  if (!t.dtype || !isInteger(t.dtype) || t.free.length > 0) throw opaque({ code: "run-time index", from: t.kind });
  const { names, floats } = madeOf(t);
  const which = t.kind === "leaf" ? names.join() : `what is computed from ${names.join(" and ")}`;
  need(c, "P12", names.length > 0 ? `${which} in [0, ${size})` : undefined);
  // Over the reals the place is that of numbers without a rounding, and a rounding may make it another one.
  if (c.mode === "reals" && floats) c.record.roundedPlaces = true;
  c.store.values.set(t.id, t);
  return valueIx(c.store.indices, t.id, size);
}

interface Sources {
  /** Inputs and states, in the order of their names. */
  readonly names: readonly string[];
  /** Whether a float is among what it is made of. */
  readonly floats: boolean;
}

function madeOf(root: Term): Sources {
  const names = new Set<string>();
  const seen = new Set<Term>();
  const stack = [root];
  let floats = false;
  // A term may be as deep as the graph is long: no recursion.
  for (let t = stack.pop(); t; t = stack.pop()) {
    if (seen.has(t)) continue;
    seen.add(t);
    // What a cut stands for was computed before it, of whatever.
    floats ||= (t.dtype !== undefined && isFloat(t.dtype)) || (t.kind === "leaf" && t.leaf.of === "cut");
    if (t.kind === "leaf" && "name" in t.leaf) names.add(t.leaf.name);
    stack.push(...t.args);
    if (t.kind === "app") stack.push(t.lam.body);
  }
  return { names: [...names].sort(), floats };
}
