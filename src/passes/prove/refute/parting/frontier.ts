/** Where two graphs are written in different ways: the first values of each that the other does not have. */
import { operandsOf, type Tensor } from "../../../../dsl/tensor.ts";
import { aligned, isStored, type Judge, type Twin } from "./descent.ts";

/** The values of both graphs, operands before users. */
interface Values {
  readonly block: readonly Tensor[];
  readonly step: readonly Tensor[];
}

type Seen = Pick<Judge, "fit" | "tells">;

/**
 * Values beneath a twin that are made by the same op from equal operands, that should be equal and are not. Those of one
 * graph that have an equal in the other end the search: what differs beneath them does not come through.
 */
export function frontierOf(judge: Seen, values: Values, twin: Twin): readonly Twin[] {
  const equal = (block: Tensor, step: Tensor): boolean => ["equal", "later"].includes(judge.fit({ block, step }));
  const met = {
    block: once((v) => values.step.some((w) => w.def.kind === "op" && equal(v, w))),
    step: once((w) => values.block.some((v) => v.def.kind === "op" && equal(v, w))),
  };
  const steps = [...edgeOf(twin.step, met.step)];
  return edgeOf(twin.block, met.block).flatMap((block): readonly Twin[] => {
    const at = steps.findIndex((step) => judge.tells({ block, step }) && madeAlike(judge, { block, step }));
    return at < 0 ? [] : [{ block, step: steps.splice(at, 1)[0]! }];
  });
}

/** By the same op from operands that are equal, constants aside: at least one of them was computed, or fed. */
function madeAlike(judge: Seen, twin: Twin): boolean {
  const operands = aligned(judge, twin);
  const fed = operands?.filter(({ block, step }) => !isStored(block) || !isStored(step)) ?? [];
  return fed.length > 0 && fed.every((x) => judge.fit(x) === "equal");
}

/** Values beneath one that have no equal, while all that they are made from is a leaf or has one. */
function edgeOf(top: Tensor, met: (value: Tensor) => boolean): readonly Tensor[] {
  const edge: Tensor[] = [];
  const entered = new Set<Tensor>();
  const stack = [top];
  for (let value = stack.pop(); value; value = stack.pop()) {
    if (entered.has(value) || value.def.kind !== "op") continue;
    entered.add(value);
    const beneath = operandsOf(value.def).filter((x) => x.def.kind === "op" && !met(x));
    if (beneath.length === 0 && value !== top) edge.push(value);
    stack.push(...beneath);
  }
  return edge;
}

function once(ask: (value: Tensor) => boolean): (value: Tensor) => boolean {
  const known = new Map<Tensor, boolean>();
  return (value) => {
    const found = known.get(value) ?? ask(value);
    known.set(value, found);
    return found;
  };
}
