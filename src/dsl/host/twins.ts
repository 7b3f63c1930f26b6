/** Where a block graph of T tokens meets its one-token twin: inputs, states and outputs by name, never by their order. */
import { GraphError } from "../error.ts";
import type { Graph } from "../graph.ts";
import type { GivenRoles, HostCache, KnownRole, Roles } from "../role.ts";
import { nowhere } from "../site.ts";
import type { Tensor } from "../tensor.ts";
import { isInteger, sameType, show } from "../type.ts";
import { checkPlaces, hostCaches, withHostCaches } from "./host-caches.ts";
import { checkOutputs, missing } from "./output-rows.ts";
import { type FoundRoles, knownFacts, type OpenRole, rolesOf } from "./roles.ts";
import { slotsOf } from "./slots.ts";

/** A graph for a block of T tokens and one for a single token. */
export interface Graphs {
  readonly block: Graph;
  readonly step: Graph;
}

/** Graphs that can be compared call by call; caches that the host keeps are states of them. */
export interface Twins extends Graphs {
  /** Of the inputs of both: an input that only one side has is the other's as well, if it tells cache rows. */
  readonly roles: Roles;
  /** T. */
  readonly tokens: number;
  /** Rows of the cache; absent when the interface tells of none. */
  readonly slots?: number;
}

const NONE: GivenRoles = new Map();

/**
 * The twins that two graphs are. One may take the cache rows as a write mask and the other as positions. `given` are
 * roles stated outside the graphs.
 * @throws GraphError when another input, a state or an output has no twin, or one of a type that does not fit; when
 * a role contradicts its input, or is not known.
 */
export function twinsOf(block: Graph, step: Graph, given: GivenRoles = NONE): Twins {
  const { open, caches: _, ...twins } = meet(block, step, given);
  if (open[0]) throw unknownRole(open[0]);
  return twins;
}

/** The twins, and the inputs whose role is not known: for whoever does not need them all. @throws as `twinsOf` does. */
export function meet(block: Graph, step: Graph, given: GivenRoles = NONE): Twins & MetInputs {
  const { graphs, given: others } = withHostCaches([block, step], given);
  const twins = { block: graphs[0]!, step: graphs[1]! };
  const met = meetInputs(twins.block, twins.step, others);
  checkPlaces(graphs, met.roles);
  checkStates(twins.block, twins.step);
  checkOutputs(twins.block, twins.step, met.tokens);
  const slots = slotsOf(twins.block, met.roles);
  return { ...twins, ...met, ...(slots === undefined ? {} : { slots }) };
}

/** T, the roles of the inputs, and the inputs that are caches. */
export interface MetInputs extends FoundRoles {
  readonly tokens: number;
  readonly caches: readonly HostCache[];
}

/** T, and the roles of the inputs, whatever the graphs compute. @throws GraphError when they do not fit each other */
export function meetInputs(one: Graph, other: Graph, stated: GivenRoles = NONE): MetInputs {
  const { graphs, given } = withHostCaches([one, other], stated);
  const [block, step] = graphs as readonly [Graph, Graph];
  checkGiven([block, step], given);
  const tokens = tokensOf(block, step);
  // An input that only one graph has is judged beside a twin made up for it.
  const made = (graph: Graph, other: Graph, from: number, to: number): Graph => ({
    ...graph,
    inputs: [...graph.inputs, ...ownOf(other, graph, given).map((x) => resized(x, given, from, to))],
  });
  return {
    ...rolesOf(made(block, step, 1, tokens), made(step, block, tokens, 1), tokens, given),
    tokens,
    caches: hostCaches(block),
  };
}

/** Every input that a role is given for is there. */
function checkGiven(graphs: readonly Graph[], given: GivenRoles): void {
  const names = [...new Set(graphs.flatMap(({ inputs }) => inputs.map((x) => x.name ?? "")))];
  for (const [name, { source }] of given)
    if (!names.includes(name)) {
      const where = source === "option" ? "option --role" : source;
      const message = `there is no input "${name}", for which the ${where} gives a role`;
      throw new GraphError(message, nowhere, [], `the inputs are ${names.join(", ")}`);
    }
}

function unknownRole({ input, why }: OpenRole): GraphError {
  const { name = "", type, site } = input;
  const kinds = isInteger(type.dtype) ? ["position", "rows", "shared"] : ["rows", "mask", "write_mask", "shared"];
  const because = why === undefined ? "" : `: by its name it has one, but it ${why}`;
  return new GraphError(
    `what the host feeds to input "${name}" (${show(type)}) is not known${because}`,
    site,
    [],
    `declare its role where it is made, or say --role ${name}=${kinds[0]} (or ${kinds.slice(1).join(", ")})`,
  );
}

/** T, by the first input of both that differs between them; 1 when none does. */
function tokensOf(block: Graph, step: Graph): number {
  const twins = new Map(step.inputs.map((y) => [y.name, y]));
  for (const { name, type } of block.inputs) {
    const twin = twins.get(name);
    const axis = twin ? type.shape.findIndex((n, i) => n !== twin.type.shape[i]) : -1;
    if (axis >= 0) return type.shape[axis]!;
  }
  return 1;
}

/** The inputs that `other` does not have. @throws GraphError when one of them does not tell cache rows. */
function ownOf(graph: Graph, other: Graph, given: GivenRoles): readonly Tensor[] {
  const known = new Set(other.inputs.map((x) => x.name));
  const own = graph.inputs.filter((x) => !known.has(x.name));
  const stray = own.find((x) => !tellsRows(x, given));
  if (stray) throw missing("input", stray.name ?? "", graph, other, stray);
  return own;
}

/** Whether an input tells which cache rows are written, as a mask or as positions. */
function tellsRows(x: Tensor, given: GivenRoles): boolean {
  const kind = knownFacts(x, given)?.facts.kind;
  return kind === "write_mask" || kind === "position";
}

/** The input with its token axis, the last unless a role says otherwise, of size `to` where it has the size `from`. */
function resized(x: Tensor, given: GivenRoles, from: number, to: number): Tensor {
  const { shape } = x.type;
  const axis = knownFacts(x, given)?.facts.tokenAxis ?? shape.length - 1;
  return shape[axis] === from ? { ...x, type: { ...x.type, shape: shape.with(axis, to) } } : x;
}

/**
 * The inputs taken for rows by their shape alone that may well be masks: one of their axes has the size of a state's.
 * A no that rests on them may be a no to a wrong guess.
 */
export function doubtfulRoles({ block, roles }: Twins): readonly Tensor[] {
  const sizes = new Set(block.states.flatMap(({ entry }) => entry.type.shape.slice(0, -1)).filter((n) => n > 1));
  return block.inputs.filter((x) => {
    const role = roles.get(x.name ?? "");
    return isGuessedRows(role) && x.type.shape.some((n, axis) => axis !== role.tokenAxis && sizes.has(n));
  });
}

const isGuessedRows = (role: KnownRole | undefined): role is Extract<KnownRole, { kind: "rows" }> =>
  role?.kind === "rows" && role.source === "shape";

function checkStates(block: Graph, step: Graph): void {
  for (const { name, exit } of block.states) {
    const twin = step.states.find((s) => s.name === name);
    if (!twin) throw missing("state", name, block, step, exit);
    if (sameType(exit.type, twin.exit.type)) continue;
    const types = `${show(exit.type)} in the block, ${show(twin.exit.type)} in the step`;
    throw new GraphError(`state "${name}" is ${types}`, exit.site);
  }
  const stray = step.states.find(({ name }) => !block.states.some((s) => s.name === name));
  if (stray) throw missing("state", stray.name, step, block, stray.exit);
}
