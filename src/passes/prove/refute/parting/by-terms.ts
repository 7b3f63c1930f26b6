/** What terms say of the values of two graphs: for graphs that are not run. */

import type { Graphs } from "../../../../dsl/host/twins.ts";
import type { Tensor } from "../../../../dsl/tensor.ts";
import { storedText } from "../../program/literals.ts";
import type { Programs } from "../../program/program.ts";
import { compare, type Ignored } from "../../program/relation.ts";
import type { Fit, Judge, Twin } from "./descent.ts";
import { pairOfTwin } from "./pairs.ts";

/** Judges by the terms of both programs. What cannot be read counts as different; values that were proven are equal. */
export function byTerms(p: Programs, graphs: Graphs, ignored: Ignored): Judge {
  const known = new Map<Tensor, Map<Tensor, Fit>>();
  const look = (twin: Twin): Fit => {
    const { block, step } = twin;
    if (block.def.kind !== "op" || step.def.kind !== "op") return sameLeaf(p, twin) ? "equal" : "unlike";
    const cut = p.block.cuts.get(block);
    if (cut) return p.steps[0]!.cuts.get(step)?.number === cut.number ? "equal" : "unlike";
    const pair = pairOfTwin(graphs, p.c.tokens, twin);
    if (!pair) return storedText(block, p.placeOf) === storedText(step, p.placeOf) ? "equal" : "unlike";
    return compare(p, pair, ignored).difference ? "differs" : "equal";
  };
  return {
    fit(twin) {
      const own = known.get(twin.block) ?? new Map<Tensor, Fit>();
      known.set(twin.block, own);
      const found = own.get(twin.step) ?? look(twin);
      own.set(twin.step, found);
      return found;
    },
    tells: (twin) => pairOfTwin(graphs, p.c.tokens, twin) !== undefined,
    met: () => false,
    remembers: () => true,
    shows: () => false,
    frontier: () => [],
  };
}

/** Inputs and states by their names, what is stored by what it holds. */
function sameLeaf({ placeOf }: Programs, { block: { def, ...block }, step }: Twin): boolean {
  if (def.kind === "input" || def.kind === "state") return def.kind === step.def.kind && def.name === step.def.name;
  return storedText({ def, ...block }, placeOf) === storedText(step, placeOf);
}
