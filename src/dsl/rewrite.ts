/** Graphs made again with other values in place of some. */
import { type Graph, schedule } from "./graph.ts";
import { mapOperands, type Operands } from "./operands.ts";
import type { Tensor } from "./tensor.ts";

/** The operands of an op as they are now. */
export type OperandsNow = (operands: Operands) => Operands;

/**
 * What stands for each value of a graph once `other` has replaced some, operands before their users: where it gives none, the value is
 * the same but for its operands.
 */
export function replaced(
  graph: Graph,
  other: (value: Tensor, operandsNow: OperandsNow) => Tensor | undefined,
): (value: Tensor) => Tensor {
  const made = new Map<Tensor, Tensor>();
  const records = new Map<Operands, Operands>();
  const now = (value: Tensor): Tensor => made.get(value) ?? value;
  const operandsNow = (operands: Operands): Operands => {
    const known = records.get(operands) ?? (mapOperands(operands, now) as Operands);
    // The parts of one op are known by their one record of operands.
    records.set(operands, known);
    return known;
  };
  for (const value of schedule(graph)) {
    const { def } = value;
    const own = other(value, operandsNow);
    if (own) made.set(value, own);
    else if (def.kind === "op") made.set(value, { ...value, def: { ...def, operands: operandsNow(def.operands) } });
  }
  return now;
}

/** The graph with what its states and outputs are now. */
export const withResults = (graph: Graph, now: (value: Tensor) => Tensor): Graph => ({
  ...graph,
  states: graph.states.map((state) => ({ ...state, exit: now(state.exit) })),
  outputs: Object.fromEntries(Object.entries(graph.outputs).map(([name, value]) => [name, now(value)])),
});
