/** Which outputs count: those that a host reads. The others are taken out of both graphs before these are compared, and told of. */
import type { Graph } from "../../dsl/graph.ts";
import type { GivenRoles } from "../../dsl/role.ts";
import type { Graphs } from "../../dsl/twins.ts";
import { meetInputs } from "../../dsl/twins.ts";
import { sameType } from "../../dsl/type.ts";
import { UserError } from "../../dsl/user-error.ts";

/** What is said of an output. */
export const OUTPUT_WORDS = ["all", "ignore"] as const;
/** One of them: every row of it is compared, or nothing. */
export type OutputWord = (typeof OUTPUT_WORDS)[number];

/** What is said of the outputs of graphs, by their names, and of those that give one row of several tokens. */
export interface GivenOutputs {
  readonly said: ReadonlyMap<string, OutputWord>;
  /** Outputs that are ignored where a block of several tokens gives one row of them. */
  readonly oneRow?: RegExp;
}

/** Graphs with the outputs that count, and what each of the others is called. */
export interface CountedGraphs extends Graphs {
  readonly notCompared: readonly string[];
}

/**
 * Both graphs without the outputs that do not count.
 * @throws UserError for an output that neither has, and where neither a state nor an output is left to be compared
 */
export function countedGraphs(graphs: Graphs, { said, oneRow }: GivenOutputs, given: GivenRoles): CountedGraphs {
  const { block, step } = graphs;
  const names = new Set([block, step].flatMap(({ outputs }) => Object.keys(outputs)));
  const stray = [...said.keys()].find((name) => !names.has(name));
  if (stray !== undefined)
    throw new UserError(
      `there is no output "${stray}", of which the interface file speaks`,
      `the outputs are ${[...names].join(", ")}`,
    );
  const isOneRow = (name: string): boolean =>
    !said.has(name) &&
    oneRow?.test(name) === true &&
    givesOneRow(graphs, name) &&
    meetInputs(block, step, given).tokens > 1;
  const notCompared = [...names].filter((name) => said.get(name) === "ignore" || isOneRow(name));
  if (notCompared.length === 0) return { block, step, notCompared };
  const counted = withoutOutputs(graphs, notCompared);
  const left = [counted.block, counted.step].flatMap(({ outputs, states }) => [...Object.keys(outputs), ...states]);
  const caches = [...given.values()].some(({ facts }) => facts.kind === "cache");
  if (left.length === 0 && !caches)
    throw new UserError(
      `nothing is left to be compared: there is no state, and no output counts (${notCompared.join(", ")})`,
    );
  return { ...counted, notCompared };
}

/** Whether a block's output has the shape of its step's. */
export function givesOneRow({ block, step }: Graphs, name: string): boolean {
  const [a, b] = [block, step].map(({ outputs }) => (Object.hasOwn(outputs, name) ? outputs[name] : undefined));
  return a !== undefined && b !== undefined && sameType(a.type, b.type);
}

/** Both graphs without some of their outputs. */
export const withoutOutputs = ({ block, step }: Graphs, names: readonly string[]): Graphs => ({
  block: without(block, names),
  step: without(step, names),
});

const without = (graph: Graph, names: readonly string[]): Graph => ({
  ...graph,
  outputs: Object.fromEntries(Object.entries(graph.outputs).filter(([name]) => !names.includes(name))),
});

/** `, but for y, which is not compared`; nothing where all is. */
export function notComparedText(names: readonly string[]): string {
  if (names.length === 0) return "";
  return `, but for ${names.join(" and ")}, which ${names.length > 1 ? "are" : "is"} not compared`;
}
