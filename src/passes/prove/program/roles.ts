/** The inputs of both graphs by role, also where the two take their cache rows in different ways. */

import type { Graph } from "../../../dsl/graph.ts";
import { type Role, rolesOf } from "../../../dsl/roles.ts";
import type { Tensor } from "../../../dsl/tensor.ts";

export interface Roles {
  readonly block: Readonly<Record<string, Role>>;
  readonly step: Readonly<Record<string, Role>>;
  /** T. */
  readonly tokens: number;
  /** Rows of the cache; 0 when the graphs have none. */
  readonly slots: number;
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
  return { block: roles, step: roles, tokens, slots: slotsOf(block, roles) };
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
