/** Means over the rows of a cache: they divide by the number of rows, which another graph may write as a number of its own. */
import { type Graph, schedule } from "../../../dsl/graph.ts";
import type { Roles } from "../../../dsl/role.ts";
import { type OpDef, operandsOf, type Tensor } from "../../../dsl/tensor.ts";
import { has } from "../../../dsl/traits.ts";
import type { Shape } from "../../../dsl/type.ts";

type Axes = readonly number[];

/**
 * Whether an op takes a mean along an axis that counts cache rows: one of these sizes, of a value that is made of a state, of a mask or of a
 * write mask. Where it is not clear which axes of a result count rows, those of such a size do.
 */
export function takesRowMeans(graph: Graph, sizes: ReadonlySet<number>, roles: Roles): boolean {
  const rows = new Map<Tensor, Axes>();
  const axesOf = (x: Tensor): Axes => rows.get(x) ?? [];
  for (const value of schedule(graph)) rows.set(value, rowAxes(value, axesOf, sizes, roles));
  return [...rows.keys()].some(
    ({ def }) => def.kind === "op" && meanAxes(def).some((axis) => axesOf(def.operands.x as Tensor).includes(axis)),
  );
}

/** The axes along which an op takes a mean of its operand x. */
function meanAxes({ op, operands, attrs }: OpDef): Axes {
  switch (op) {
    case "reduce_mean":
    case "layer_norm":
      return attrs.axes as Axes;
    case "instance_norm":
    case "avg_pool":
      return (operands.x as Tensor).type.shape.flatMap((_, axis) => (axis < 2 ? [] : [axis]));
    default:
      return [];
  }
}

function rowAxes(value: Tensor, axesOf: (x: Tensor) => Axes, sizes: ReadonlySet<number>, roles: Roles): Axes {
  const { def, type } = value;
  switch (def.kind) {
    case "state":
      return ofSizes(type.shape, sizes);
    case "input": {
      const role = roles.get(def.name);
      return role?.kind === "mask" || role?.kind === "write_mask" ? [role.slotAxis] : [];
    }
    case "op":
      return rowAxesOfOp(def, type.shape, axesOf);
    default:
      return [];
  }
}

function rowAxesOfOp(def: OpDef, shape: Shape, axesOf: (x: Tensor) => Axes): Axes {
  if (def.op === "matmul") return ofProduct(def, shape, axesOf);
  const operands = operandsOf(def);
  if (def.op === "concat") return [...new Set(operands.flatMap(axesOf))];
  // A product sums over the last axis of its rows, and gives another for it.
  const own = (x: Tensor): Axes =>
    def.op === "linear" ? axesOf(x).filter((axis) => axis < shape.length - 1) : axesOf(x);
  const counted = new Set(operands.flatMap((x) => own(x).map((axis) => x.type.shape[axis]!)));
  const kept = ofSizes(shape, counted);
  if (kept.length > 0 || !has(def, "view")) return kept;
  // Rows that were merged with another axis.
  return shape.flatMap((n, axis) => ([...counted].some((rows) => n % rows === 0) ? [axis] : []));
}

/** Of [.., i, k] · [.., k, j]: leading axes of both, i of the first and j of the second. */
function ofProduct({ operands, attrs }: OpDef, { length: rank }: Shape, axesOf: (x: Tensor) => Axes): Axes {
  const [x, y] = [operands.x as Tensor, operands.y as Tensor];
  const leading = (of: Tensor) => {
    const skip = rank - of.type.shape.length;
    return axesOf(of).flatMap((axis) => (axis + skip < rank - 2 ? [axis + skip] : []));
  };
  const last = (of: Tensor, fromEnd: number) => axesOf(of).includes(of.type.shape.length - fromEnd);
  return [
    ...leading(x),
    ...leading(y),
    ...(last(x, attrs.transpose_x ? 1 : 2) ? [rank - 2] : []),
    ...(last(y, attrs.transpose_y ? 2 : 1) ? [rank - 1] : []),
  ];
}

const ofSizes = (shape: Shape, sizes: ReadonlySet<number>): Axes =>
  shape.flatMap((n, axis) => (n > 1 && sizes.has(n) ? [axis] : []));
