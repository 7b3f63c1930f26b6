/** Masks whose columns are the rows of caches and then those of the call's own tokens: which they are is told by their shapes. */
import type { Graph } from "../graph.ts";
import type { RowsBehind } from "../role.ts";
import type { Tensor } from "../tensor.ts";

/** The rows before those of the call's own tokens, and the axes of such a mask. */
export interface JoinedMask {
  readonly behind: RowsBehind;
  readonly tokenAxis: number;
  readonly slotAxis: number;
}

/**
 * By two axes in which block and step differ: T tokens and one, and as many rows more than caches have into which the host shifts, or to which
 * it appends. Caches of one size of which some are shifted and some appended to do not tell.
 */
export function joinedMask(graphs: readonly Graph[], x: Tensor, twin: Tensor, tokens: number): JoinedMask | undefined {
  const [own, other] = [x.type.shape, twin.type.shape];
  const differing = own.flatMap((n, axis) => (n === other[axis] ? [] : [axis]));
  if (own.length !== other.length || differing.length !== 2) return undefined;
  const tokenAxis = differing.find((axis) => own[axis] === tokens && other[axis] === 1);
  const slotAxis = differing.find((axis) => axis !== tokenAxis);
  if (tokenAxis === undefined || slotAxis === undefined) return undefined;
  const rows = own[slotAxis]! - tokens;
  const update = other[slotAxis] === rows + 1 ? updateOf(graphs, rows) : undefined;
  return update && { behind: { rows, update }, tokenAxis, slotAxis };
}

/** The same of one token, where block and step have one shape: by the size of the slot axis, which no cache has. */
export function joinedOfOne(graphs: readonly Graph[], size: number): RowsBehind | undefined {
  const isCache = graphs.some(({ states }) => states.some(({ entry }) => entry.type.shape.includes(size)));
  const update = isCache ? undefined : updateOf(graphs, size - 1);
  return update && { rows: size - 1, update };
}

/** What the host does with the caches of so many rows; undefined where there are none, or of both kinds. */
function updateOf(graphs: readonly Graph[], rows: number): RowsBehind["update"] | undefined {
  const found = new Set(
    graphs.flatMap(({ states }) =>
      states.flatMap(({ entry, host }) => {
        const ofRows = host?.axis !== undefined && entry.type.shape[host.axis] === rows;
        return ofRows && (host.update === "shift" || host.update === "append") ? [host.update] : [];
      }),
    ),
  );
  return found.size === 1 ? [...found][0] : undefined;
}
