/** The inputs of both graphs by role, also where the two take their cache rows in different ways. */

import type { Graph } from "../../../dsl/graph.ts";
import { type Role, rolesOf } from "../../../dsl/roles.ts";
import type { Tensor } from "../../../dsl/tensor.ts";
import { INT32 } from "../logic/facts.ts";

export interface Roles {
  /** Of every input of either graph, by name. */
  readonly inputs: Readonly<Record<string, Role>>;
  /** T. */
  readonly tokens: number;
  /** Rows of the cache; 0 when the graphs have none. */
  readonly slots: number;
  /** The largest cache row that the interface allows for; a wider range than the true one is safe. */
  readonly lastRow: number;
}

/** @throws GraphError when the interfaces do not match. */
export function findRoles(block: Graph, step: Graph): Roles {
  const tokens = tokensOf(block, step);
  const named = (graph: Graph): ReadonlySet<string> => new Set(graph.inputs.map((x) => x.name ?? ""));
  const [inBlock, inStep] = [named(block), named(step)];
  // An input that only one graph has is judged beside a twin made up for it: the write mask of one spelling is the
  // position of another.
  const lonely = (own: Graph, other: ReadonlySet<string>) =>
    own.inputs.filter((x) => !other.has(x.name ?? "") && ROW_INPUTS.test(x.name ?? ""));
  const roles = rolesOf(
    { ...block, inputs: [...block.inputs, ...lonely(step, inBlock).map((x) => resized(x, 1, 1))] },
    { ...step, inputs: [...step.inputs, ...lonely(block, inStep).map((x) => resized(x, tokens, 1))] },
  );
  return { inputs: roles, tokens, slots: slotsOf(block, roles), lastRow: lastRowOf(block, roles) };
}

const ROW_INPUTS = /position|pos$|write_mask|update_mask/;

/** The input with its last axis, where it has the size `from`, of size `to`. */
function resized(x: Tensor, from: number, to: number): Tensor {
  const { shape } = x.type;
  const last = shape.length - 1;
  return shape[last] === from ? { ...x, type: { ...x.type, shape: shape.with(last, to) } } : x;
}

/** T, by the first input that both graphs have and that differs between them. */
function tokensOf(block: Graph, step: Graph): number {
  for (const x of block.inputs) {
    const twin = step.inputs.find((y) => y.name === x.name);
    const axis = twin ? x.type.shape.findIndex((n, i) => n !== twin.type.shape[i]) : -1;
    if (axis >= 0) return x.type.shape[axis]!;
  }
  return 1;
}

function slotsOf(block: Graph, roles: Readonly<Record<string, Role>>): number {
  for (const x of block.inputs) {
    const role = roles[x.name ?? ""];
    if (role?.kind === "mask" || role?.kind === "write_mask") return x.type.shape[role.slotAxis]!;
  }
  return block.states[0]?.entry.type.shape.at(-2) ?? 0;
}

/** A mask tells the number of rows. Else they are an axis of some state: which one is not known, so the longest counts. */
function lastRowOf(block: Graph, roles: Readonly<Record<string, Role>>): number {
  for (const x of block.inputs) {
    const role = roles[x.name ?? ""];
    if (role?.kind === "mask" || role?.kind === "write_mask") return x.type.shape[role.slotAxis]! - 1;
  }
  const axes = block.states.flatMap(({ entry }) => entry.type.shape);
  return axes.length > 0 ? Math.max(...axes) - 1 : INT32[1];
}
