/** What is known of an author's inputs: from their roles, and from what was said of them. */
import type { Graph } from "../../dsl/graph.ts";
import { type KnownRole, maskValues } from "../../dsl/role.ts";
import type { Tensor } from "../../dsl/tensor.ts";
import type { Known } from "../../passes/ranges/graph/bound-graph.ts";
import { evenly, type Numbers, type Region, stridesAlong } from "../../passes/ranges/graph/region.ts";
import type { InputBound } from "./author-samples.ts";

/** Whether rows are those of RoPE's table. */
export const isRope = (role: KnownRole | undefined): boolean => role?.kind === "rows" && role.rope !== undefined;

/** What is known of a graph, every bound of rows times a factor. */
interface Given {
  readonly block: Graph;
  readonly roles: ReadonlyMap<string, KnownRole>;
  readonly weights: ReadonlyMap<Tensor, Numbers>;
  readonly given: ReadonlyMap<string, InputBound>;
  readonly factor: number;
}

/** For the pass. */
export function knownOf({ block, roles, weights, given, factor }: Given): Known {
  const masks = block.inputs.filter((x) => roles.get(x.name ?? "")?.kind === "mask");
  return {
    masks: new Set(masks),
    weight: (x) => weights.get(x)!,
    input: (x) => inputRegion(x, roles.get(x.name ?? ""), given.get(x.name ?? ""), factor),
  };
}

function inputRegion(x: Tensor, role: KnownRole | undefined, bound: InputBound | undefined, factor: number): Region {
  const { shape } = x.type;
  if (role?.kind === "mask") {
    const { open, closed } = maskValues(role, x.type.dtype);
    return evenly(shape, Math.min(open, closed), Math.max(open, closed));
  }
  if (role?.kind === "write_mask")
    return { ...evenly(shape, 0, 1), lengths: [role.tokenAxis, role.slotAxis].map((axis) => lengthsOf(x, axis, 1, 1)) };
  if (!bound) return evenly(shape, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
  const scale = isRope(role) ? 1 : factor;
  const most = bound.most * scale;
  return {
    ...evenly(shape, -most, most),
    lengths: bound.norms.map((one) => lengthsOf(x, one.axis, 2, one.most * scale)),
  };
}

function lengthsOf({ type: { shape } }: Tensor, axis: number, p: 1 | 2, most: number) {
  const { outer, inner } = stridesAlong(shape, axis);
  return { p, axis, most: new Float64Array(outer * inner).fill(most) } as const;
}
