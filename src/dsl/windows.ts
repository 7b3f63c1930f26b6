/** Masks over windows that the host shifts: which they are is told by their shapes. */
import type { Graph } from "./graph.ts";
import type { Tensor } from "./tensor.ts";

/** A window that the host shifts, behind whose rows a mask has those of the call's own tokens. */
export interface WindowBehind {
  readonly size: number;
  readonly tokenAxis: number;
  readonly slotAxis: number;
}

/** By two axes in which block and step differ: T tokens and one, and as many rows more than a window has. */
export function windowBehind(
  graphs: readonly Graph[],
  x: Tensor,
  twin: Tensor,
  tokens: number,
): WindowBehind | undefined {
  const [own, other] = [x.type.shape, twin.type.shape];
  const differing = own.flatMap((n, axis) => (n === other[axis] ? [] : [axis]));
  if (own.length !== other.length || differing.length !== 2) return undefined;
  const tokenAxis = differing.find((axis) => own[axis] === tokens && other[axis] === 1);
  const slotAxis = differing.find((axis) => axis !== tokenAxis);
  if (tokenAxis === undefined || slotAxis === undefined) return undefined;
  const size = own[slotAxis]! - tokens;
  const isWindow = other[slotAxis] === size + 1 && graphs.some((graph) => shiftedSizes(graph).includes(size));
  return isWindow ? { size, tokenAxis, slotAxis } : undefined;
}

/** The numbers of rows of caches that the host shifts. */
const shiftedSizes = ({ states }: Graph): readonly number[] =>
  states.flatMap(({ entry, host }) =>
    host?.update === "shift" && host.axis !== undefined ? [entry.type.shape[host.axis]!] : [],
  );
