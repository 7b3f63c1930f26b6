/**
 * What the host feeds: the role of each input of a block graph, found by comparing it with its one-token twin. The
 * names are those of the field's runtimes (docs/architecture.md, "The interface of a layer package").
 */
import { GraphError } from "./error.ts";
import type { Graph } from "./graph.ts";
import type { Shape } from "./type.ts";

/**
 * What a graph input is for, which tells how a block's contents split into those of its steps. Axes count from the
 * front.
 */
export type Role =
  /** One row per token: hidden rows, RoPE rows. Row t of the block is the row of step t. */
  | { readonly kind: "rows"; readonly tokenAxis: number; readonly rope?: RopePart }
  /** Additive attention mask, 0 where visible and −10⁴ where not. */
  | { readonly kind: "mask"; readonly tokenAxis: number; readonly slotAxis: number }
  /** One column per token, 1 at the cache row that it writes and 0 elsewhere. */
  | { readonly kind: "write_mask"; readonly tokenAxis: number; readonly slotAxis: number }
  /** int32 cache row of each token; with no token axis, the row of the first one. */
  | { readonly kind: "position"; readonly tokenAxis?: number }
  /** The same at every call. */
  | { readonly kind: "shared" };

/** The part of the RoPE table that rows are: such a row is a function of its token's position alone. */
export type RopePart = "cos" | "sin";

/** The roles of inputs by name. */
export type Roles = Readonly<Record<string, Role>>;

/** The axes of a role, without its kind. */
export const axesOf = (role: Role): { readonly tokenAxis?: number; readonly slotAxis?: number } => ({
  ...("tokenAxis" in role && role.tokenAxis !== undefined ? { tokenAxis: role.tokenAxis } : {}),
  ...("slotAxis" in role ? { slotAxis: role.slotAxis } : {}),
});

const MASK_NAMES = new Set(["attn_mask", "causal_mask", "attention_mask", "mask"]);
const WRITE_MASK_NAMES = new Set(["kv_write_mask", "write_mask", "update_mask"]);
const POSITION_NAMES = new Set(["position", "positions", "cache_position", "current_pos", "pos"]);
const ROPE_NAMES: ReadonlyMap<string, RopePart> = new Map([
  ["rope_cos", "cos"],
  ["rope_sin", "sin"],
]);

/** Whether an input of this name tells which cache rows are written, as a mask or as positions. */
export const tellsRows = (name: string): boolean => WRITE_MASK_NAMES.has(name) || POSITION_NAMES.has(name);

/**
 * The roles of the block's inputs.
 * @throws GraphError when block and step do not have the same interface apart from one token axis per input.
 */
export function rolesOf(block: Graph, step: Graph): Roles {
  const steps = new Map(step.inputs.map((x) => [x.name, x]));
  return Object.fromEntries(
    block.inputs.map((x) => {
      const name = x.name ?? "";
      const twin = steps.get(name);
      if (!twin) throw new GraphError(`input "${name}" of ${block.name} is missing in ${step.name}`, x.site);
      return [name, roleOf(name, x.type.shape, tokenAxisOf(block, name, x.type.shape, twin.type.shape))];
    }),
  );
}

/** The one axis in which the block's shape differs from the step's; there the step has size 1. */
function tokenAxisOf(graph: Graph, name: string, block: Shape, step: Shape): number | undefined {
  const differing = block.flatMap((n, axis) => (n === step[axis] ? [] : [axis]));
  const [axis] = differing;
  if (block.length !== step.length || differing.length > 1 || (axis !== undefined && step[axis] !== 1)) {
    const shapes = `[${block.join(",")}] and [${step.join(",")}]`;
    throw new GraphError(
      `input "${name}" of ${graph.name} must differ from its one-token twin in one axis of size 1: ${shapes}`,
      graph.inputs.find((x) => x.name === name)!.site,
    );
  }
  return axis;
}

function roleOf(name: string, shape: Shape, differing: number | undefined): Role {
  if (POSITION_NAMES.has(name))
    return { kind: "position", ...(differing === undefined ? {} : { tokenAxis: differing }) };
  const masked = MASK_NAMES.has(name) ? "mask" : WRITE_MASK_NAMES.has(name) ? "write_mask" : undefined;
  const usual = masked === "write_mask" ? shape.length - 1 : shape.length - 2;
  if (masked)
    return { kind: masked, tokenAxis: differing ?? usual, slotAxis: 2 * shape.length - 3 - (differing ?? usual) };
  // With T = 1 no axis differs: the token axis of rows is then immaterial.
  if (differing === undefined) return { kind: "shared" };
  const rope = ROPE_NAMES.get(name);
  return { kind: "rows", tokenAxis: differing, ...(rope ? { rope } : {}) };
}
