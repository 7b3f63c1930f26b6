/** Where a block graph of T tokens meets its one-token twin: inputs, states and outputs by name, never by their order. */
import { GraphError } from "./error.ts";
import type { Graph } from "./graph.ts";
import { type Roles, rolesOf, tellsRows } from "./roles.ts";
import type { Tensor } from "./tensor.ts";
import { type Shape, sameType, show } from "./type.ts";

/** A graph for a block of T tokens and one for a single token. */
export interface Graphs {
  readonly block: Graph;
  readonly step: Graph;
}

/** Graphs that can be compared call by call. */
export interface Twins extends Graphs {
  /** Of the inputs of both: an input that only one side has is the other's as well, if it tells cache rows. */
  readonly roles: Roles;
  /** T. */
  readonly tokens: number;
  /** Rows of the cache; absent when the interface tells of none. */
  readonly slots?: number;
}

/**
 * The twins that two graphs are. One may take the cache rows as a write mask and the other as positions.
 * @throws GraphError when another input, a state or an output has no twin, or one of a type that does not fit.
 */
export function twinsOf(block: Graph, step: Graph): Twins {
  const tokens = tokensOf(block, step);
  // An input that only one graph has is judged beside a twin made up for it.
  const roles = rolesOf(
    { ...block, inputs: [...block.inputs, ...ownOf(step, block).map((x) => resized(x, 1, tokens))] },
    { ...step, inputs: [...step.inputs, ...ownOf(block, step).map((x) => resized(x, tokens, 1))] },
  );
  checkStates(block, step);
  checkOutputs(block, step, tokens);
  const slots = slotsOf(block, roles);
  return { block, step, roles, tokens, ...(slots === undefined ? {} : { slots }) };
}

/** T, by the first input of both that differs between them; 1 when none does. */
function tokensOf(block: Graph, step: Graph): number {
  for (const { name, type } of block.inputs) {
    const twin = step.inputs.find((y) => y.name === name);
    const axis = twin ? type.shape.findIndex((n, i) => n !== twin.type.shape[i]) : -1;
    if (axis >= 0) return type.shape[axis]!;
  }
  return 1;
}

/** The inputs that `other` does not have. @throws GraphError when one of them does not tell cache rows. */
function ownOf(graph: Graph, other: Graph): readonly Tensor[] {
  const known = new Set(other.inputs.map((x) => x.name));
  const own = graph.inputs.filter((x) => !known.has(x.name));
  const stray = own.find((x) => !tellsRows(x.name ?? ""));
  if (stray) throw missing("input", stray.name ?? "", graph, other, stray);
  return own;
}

/** The input with its last axis, where it has the size `from`, of size `to`. */
function resized(x: Tensor, from: number, to: number): Tensor {
  const { shape } = x.type;
  const last = shape.length - 1;
  return shape[last] === from ? { ...x, type: { ...x.type, shape: shape.with(last, to) } } : x;
}

function slotsOf(block: Graph, roles: Roles): number | undefined {
  for (const { name = "", type } of block.inputs) {
    const role = roles[name]!;
    if (role.kind === "mask" || role.kind === "write_mask") return type.shape[role.slotAxis];
  }
  return block.states[0]?.entry.type.shape.at(-2);
}

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

function checkOutputs(block: Graph, step: Graph, tokens: number): void {
  for (const [name, value] of Object.entries(block.outputs)) {
    const twin = step.outputs[name];
    if (!twin) throw missing("output", name, block, step, value);
    if (tokenAxisOf(value, twin, tokens) === undefined)
      throw new GraphError(`output "${name}" has no row per token to compare`, value.site);
  }
  for (const [name, value] of Object.entries(step.outputs))
    if (!block.outputs[name]) throw missing("output", name, step, block, value);
}

const missing = (what: string, name: string, graph: Graph, other: Graph, { site }: Tensor): GraphError =>
  new GraphError(`${what} "${name}" of ${graph.name} is missing in ${other.name}`, site);

/**
 * The axis along which a block's value [...] has a row per token, where the step's has size 1; "none" when there is one
 * token, whose row is the whole value; undefined when dtypes or shapes do not fit.
 */
export function tokenAxisOf(block: Tensor, step: Tensor, tokens: number): number | "none" | undefined {
  const [a, b] = [block.type.shape, step.type.shape];
  if (block.type.dtype !== step.type.dtype) return undefined;
  const differing = a.flatMap((n, axis) => (n === b[axis] ? [] : [axis]));
  if (a.length !== b.length || differing.length > 1) return undefined;
  const [axis] = differing;
  if (axis === undefined) return tokens === 1 ? "none" : undefined;
  return a[axis] === tokens && b[axis] === 1 ? axis : undefined;
}

/** The axis of a state [...] that counts cache rows: the last of that size before the features, if there is one. */
export function slotAxisOf(shape: Shape, slots: number): number | undefined {
  const axis = shape.slice(0, -1).lastIndexOf(slots);
  return axis < 0 ? undefined : axis;
}
