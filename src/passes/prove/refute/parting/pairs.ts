/** The pairs of values that a finding may be about, and what they are called. */
import { type Graph, schedule } from "../../../../dsl/graph.ts";
import { tokenAxisOf } from "../../../../dsl/host/output-rows.ts";
import type { Graphs } from "../../../../dsl/host/twins.ts";
import { nowhere } from "../../../../dsl/site.ts";
import type { Tensor } from "../../../../dsl/tensor.ts";
import type { Pair } from "../../program/relation.ts";
import type { Finding } from "../finding.ts";
import type { Parting, Twin } from "./descent.ts";

/**
 * Whether a graph was read from a package: its names may be anybody's, and equal ones of two graphs mean nothing. What an
 * author named alike in two graphs is meant to be the same.
 */
export const isRead = (graph: Graph): boolean =>
  schedule(graph).some(({ def, site }) => def.kind === "op" && site === nowhere);

/** A value of a package by its name; the op where it has none. */
export const shownNameOf = ({ name, def }: Tensor): string =>
  name ?? (def.kind === "op" ? def.op : def.kind === "const" || def.kind === "weight" ? def.kind : def.name);

/** Two values as rows of the tokens, or as what a state holds at exit; undefined where they are neither. */
export function pairOfTwin({ block, step }: Graphs, tokens: number, twin: Twin): Pair | undefined {
  const named = { name: shownNameOf(twin.block), block: twin.block, step: twin.step };
  const axis = tokenAxisOf(twin.block, twin.step, tokens);
  const isExit = block.states.some(
    ({ name, exit }) => exit === twin.block && step.states.find((s) => s.name === name)?.exit === twin.step,
  );
  if (isExit) return { ...named, what: "state" };
  if (axis === undefined) return undefined;
  return { ...named, what: "value", ...(axis === "none" ? {} : { tokenAxis: axis }) };
}

/** What is told of a parting besides its value and place. */
export const asideOf = (found: Parting): Pick<Finding, "twin" | "unpaired" | "later"> => ({
  ...(shownNameOf(found.block) === shownNameOf(found.step) ? {} : { twin: shownNameOf(found.step) }),
  ...(found.unpaired ? { unpaired: found.unpaired.map(shownNameOf) } : {}),
  ...(found.later ? { later: true } : {}),
});
