/** What is known of an author's inputs: from their roles, and from what was said of them. */
import type { Graph } from "../../../dsl/graph.ts";
import { type KnownRole, maskValues } from "../../../dsl/role.ts";
import type { Tensor } from "../../../dsl/tensor.ts";
import type { Known } from "../../../passes/ranges/graph/bound-graph.ts";
import type { Lemmas } from "../../../passes/ranges/graph/lemmas.ts";
import type { Numbers } from "../../../passes/ranges/graph/numbers.ts";
import { evenly, type Region, stridesAlong } from "../../../passes/ranges/graph/region.ts";
import type { InputBound } from "./samples.ts";

/** Whether rows are those of RoPE's table. */
export const isRope = (role: KnownRole | undefined): boolean => role?.kind === "rows" && role.rope !== undefined;

/** What is known of a graph, every bound of rows times a factor. */
interface Given {
  readonly block: Graph;
  readonly roles: ReadonlyMap<string, KnownRole>;
  readonly weights: ReadonlyMap<Tensor, Numbers>;
  readonly given: ReadonlyMap<string, InputBound>;
  readonly factor: number;
  readonly lemmas: Lemmas;
}

/** For the pass. */
export function knownOf({ block, roles, weights, given, factor, lemmas }: Given): Known {
  const masks = block.inputs.filter((x) => roles.get(x.name ?? "")?.kind === "mask");
  return {
    masks: new Set(masks),
    tables: tablesOf(block, roles),
    lemmas,
    weight: (x) => weights.get(x)!,
    input: (x) => inputRegion(x, roles.get(x.name ?? ""), given.get(x.name ?? ""), factor),
  };
}

/** Cosines and sines of one table: the only ones of a shape, or those whose names differ in that word alone. */
function tablesOf({ inputs }: Graph, roles: ReadonlyMap<string, KnownRole>): ReadonlyMap<Tensor, Tensor> {
  const part = (x: Tensor): string | undefined => {
    const role = roles.get(x.name ?? "");
    return role?.kind === "rows" ? role.rope : undefined;
  };
  const [cosines, sines] = ["cos", "sin"].map((one) => inputs.filter((x) => part(x) === one)) as [Tensor[], Tensor[]];
  const isSame = (a: Tensor, b: Tensor): boolean =>
    a.type.shape.length === b.type.shape.length && a.type.shape.every((n, axis) => n === b.type.shape[axis]);
  const pairs = cosines.flatMap((cos) => {
    const named = sines.filter((sin) => sin.name === cos.name?.replace("cos", "sin"));
    const own = cosines.length === 1 && sines.length === 1 ? sines : named;
    return own.filter((sin) => isSame(cos, sin)).map((sin) => [cos, sin] as const);
  });
  return new Map(pairs);
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
