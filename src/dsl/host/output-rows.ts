/** Which rows of a block's outputs are read, and along which axis they lie: a row per token, or that of one token alone. */
import { GraphError } from "../error.ts";
import type { Graph } from "../graph.ts";
import type { Tensor } from "../tensor.ts";
import { sameType, show } from "../type.ts";

/** The tokens whose rows of an output the host reads, and the axis of the rows; without one the output is the row of a single token. */
export interface OutputRows {
  readonly tokens: readonly number[];
  readonly axis?: number;
}

interface Twinned {
  readonly block: Graph;
  readonly step: Graph;
  /** T. */
  readonly tokens: number;
}

/** The rows that are read of an output that both graphs have. @throws GraphError where it has none that could be compared */
export function outputRows(twinned: Twinned, name: string): OutputRows {
  const { only, axis } = readOf(twinned, name);
  const tokens = only === undefined ? Array.from({ length: twinned.tokens }, (_, t) => t) : [only];
  return { tokens, ...(axis === undefined ? {} : { axis }) };
}

/** The token whose row alone is read, all where there is none, and the axis: without a list of T tokens, since nobody has said yet that T is not 2^31. */
function readOf({ block, step, tokens }: Twinned, name: string): { readonly only?: number; readonly axis?: number } {
  const [value, twin] = [block.outputs[name]!, step.outputs[name]!];
  const [only, axis] = [block.readRow?.get(name), tokenAxisOf(value, twin, tokens)];
  if (only !== undefined && !(only < tokens))
    throw new GraphError(`the host is said to read row ${only} of output "${name}", of ${tokens} tokens`, value.site);
  if (typeof axis === "number") return { axis, ...(only === undefined ? {} : { only }) };
  if (axis === "none") return { only: 0 };
  if (only !== undefined && sameType(value.type, twin.type)) return { only };
  throw new GraphError(noRows(name, value, twin, tokens), value.site, [], ONE_ROW);
}

/** Every output has a twin, and rows to compare. @throws GraphError where one has not */
export function checkOutputs(block: Graph, step: Graph, tokens: number): void {
  for (const [name, value] of Object.entries(block.outputs)) {
    if (!Object.hasOwn(step.outputs, name)) throw missing("output", name, block, step, value);
    readOf({ block, step, tokens }, name);
  }
  for (const [name, value] of Object.entries(step.outputs))
    if (!Object.hasOwn(block.outputs, name)) throw missing("output", name, step, block, value);
}

const ONE_ROW =
  'where the host does not read it, an interface file says so: "outputs": { NAME: "ignore" }; where it is the row of one token, which: "first", "last" or a number from 0';

function noRows(name: string, { type }: Tensor, { type: one }: Tensor, tokens: number): string {
  const types = `output "${name}" is ${show(type)} in the block, ${show(one)} in the step`;
  if (type.dtype !== one.dtype) return types;
  if (tokens === 1) return `${types}: by its inputs the block is of one token, so that both have one shape`;
  return `${types}: it has no row per token to compare, ${tokens} in the block for 1 in the step along one axis`;
}

/** That one of two graphs lacks what the other has. */
export const missing = (what: string, name: string, graph: Graph, other: Graph, { site }: Tensor): GraphError =>
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
