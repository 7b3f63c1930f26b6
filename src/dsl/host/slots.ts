/** How many rows a cache has, and along which axis: told by a mask, by what writes to it, or by its shape. */
import { type Graph, schedule } from "../graph.ts";
import type { Role, Roles } from "../role.ts";
import type { OpDef, Tensor } from "../tensor.ts";
import { type Shape, sameType } from "../type.ts";

/** Rows of the cache; absent when the interface tells of none. */
export function slotsOf(block: Graph, roles: Roles): number | undefined {
  for (const { name = "", type } of block.inputs) {
    const role = roles.get(name);
    if (tellsSlots(role)) return type.shape[role.slotAxis];
  }
  return writtenRows(block) ?? block.states[0]?.entry.type.shape.at(-2);
}

/** Whether an axis of a mask counts the rows of a cache, and nothing else. */
export const tellsSlots = (role: Role | undefined): role is Extract<Role, { readonly slotAxis: number }> =>
  role?.kind === "write_mask" || (role?.kind === "mask" && role.behind === undefined);

/** The size of the axis along which a state is written at positions that are known at run time only. */
function writtenRows(block: Graph): number | undefined {
  for (const { def } of schedule(block)) {
    if (def.kind !== "op") continue;
    const data = writtenTo(def);
    const axis = data && block.states.some(({ entry }) => sameType(entry.type, data.type)) ? writeAxis(def) : undefined;
    if (axis !== undefined) return data?.type.shape[axis];
  }
  return undefined;
}

/** What an op writes to at run-time positions. */
function writtenTo({ op, operands }: OpDef): Tensor | undefined {
  const isKnown = (x: Tensor | undefined) => x?.def.kind === "const";
  if (op === "slice_update") return isKnown(operands.begin as Tensor) ? undefined : (operands.x as Tensor);
  if (op !== "scatter" && op !== "scatter_along_axis") return undefined;
  return isKnown(operands.indices as Tensor) ? undefined : (operands.data as Tensor);
}

/** Of a slice the one axis that it does not fill. */
function writeAxis({ op, operands, attrs }: OpDef): number | undefined {
  if (op !== "slice_update") return attrs.axis as number;
  const [x, update] = [operands.x, operands.update].map((operand) => (operand as Tensor).type.shape) as [Shape, Shape];
  const partly = x.flatMap((n, axis) => (n === update[axis] ? [] : [axis]));
  return x.length === update.length && partly.length === 1 ? partly[0] : undefined;
}

/** The axis of a state [...] that counts cache rows: the last of that size before the features, if there is one. */
export function slotAxisOf(shape: Shape, slots: number): number | undefined {
  const axis = shape.slice(0, -1).lastIndexOf(slots);
  return axis < 0 ? undefined : axis;
}
