/** What the host feeds to a run, from the data of a sample. */
import type { Graph } from "../../../dsl/graph.ts";
import type { Twins } from "../../../dsl/host/twins.ts";
import { maskValues, type Role, type Roles, type RowsBehind } from "../../../dsl/role.ts";
import type { Tensor } from "../../../dsl/tensor.ts";
import { arrayOf, type NDArray, tabulate } from "../../interpret/array.ts";

/** The data of one run of both graphs. Arrays by name: inputs with rows (all tokens), states, and stored weights. */
export interface Sample {
  readonly arrays: ReadonlyMap<string, Float64Array>;
  /** Cache row of each token. */
  readonly rows: readonly number[];
  /** Tokens that are padding: their column of the write mask is all zero. */
  readonly dead?: ReadonlySet<number>;
  /** By the name of a mask: the cache rows that a token sees, its own and those of later tokens aside. */
  readonly visible: ReadonlyMap<string, readonly boolean[]>;
}

/** Where an input, a state or a stored tensor has its numbers in a sample: names of two kinds may be the same. */
export const keyOfInput = (name: string): string => `input ${name}`;
/** Of a state at entry. */
export const keyOfState = (name: string): string => `state ${name}`;
/** Of a stored tensor. */
export const keyOfWeight = (base: string): string => `weight ${base}`;

/** The name of an input. */
export const nameOf = (x: Tensor): string => x.name ?? "";

/** The inputs of a graph with their roles. */
export const fedRows = (graph: Graph, roles: Roles) =>
  graph.inputs.map((value) => ({ value, role: roles.get(nameOf(value))! }));

/** What the host feeds to a run of a graph that begins at token `first`. */
export function feeds(graph: Graph, pair: Twins, sample: Sample, first: number) {
  return Object.fromEntries(
    fedRows(graph, pair.roles).map(({ value, role }) => [nameOf(value), feed(value, role, pair.tokens, sample, first)]),
  );
}

/**
 * Whether every mask of −∞ shuts an entry that it need not: a row that no later token writes. A cache of one row has no such
 * entry.
 */
export function shutsSomewhere({ roles, tokens, slots = 0 }: Twins, { rows, visible }: Sample): boolean {
  if (slots < 2) return true;
  return [...visible].every(([name, seen]) => {
    const role = roles.get(name);
    if (role?.kind !== "mask" || role.closed !== Number.NEGATIVE_INFINITY) return true;
    return seen.some((open, row) => !open && rows.indexOf(row) < tokens - 1);
  });
}

function feed(
  value: Tensor,
  role: Role,
  tokens: number,
  { arrays, rows, visible, dead }: Sample,
  first: number,
): NDArray {
  const { type } = value;
  const token = (ix: readonly number[], axis: number | undefined) => first + (axis === undefined ? 0 : ix[axis]!);
  const name = nameOf(value);
  const data = arrays.get(keyOfInput(name));
  switch (role.kind) {
    case "shared":
      return arrayOf(type.dtype, type.shape, data!);
    case "rows": {
      const inner = type.shape.slice(role.tokenAxis + 1).reduce((a, b) => a * b, 1);
      const own = type.shape[role.tokenAxis]!;
      return tabulate(type, (ix) => {
        const outer = ix.slice(0, role.tokenAxis).reduce((sum, i, axis) => sum * type.shape[axis]! + i, 0);
        const rest = ix
          .slice(role.tokenAxis + 1)
          .reduce((sum, i, k) => sum * type.shape[role.tokenAxis + 1 + k]! + i, 0);
        const all = own === 1 ? tokens : own;
        return data![(outer * all + token(ix, role.tokenAxis)) * inner + rest]!;
      });
    }
    case "position":
      return tabulate(type, (ix) => rows[token(ix, role.tokenAxis)]! + (role.offset ?? 0));
    case "write_mask":
      return tabulate(type, (ix) => {
        const own = token(ix, role.tokenAxis);
        return Number(!dead?.has(own) && rows[own] === ix[role.slotAxis]!);
      });
    case "mask": {
      const values = maskValues(role, type.dtype);
      if (role.behind) {
        const { slotAxis, behind } = role;
        return tabulate(type, (ix) => {
          const place = { own: token(ix, role.tokenAxis), first, slot: ix[slotAxis]!, behind };
          return isOpenJoined(place, rows, visible.get(name)!) ? values.open : values.closed;
        });
      }
      return tabulate(type, (ix) => {
        const owner = rows.indexOf(ix[role.slotAxis]!);
        const own = token(ix, role.tokenAxis);
        const open = owner < own ? visible.get(name)![ix[role.slotAxis]!]! : owner === own;
        return open ? values.open : values.closed;
      });
    }
  }
}

/** An entry of a mask whose columns are cache rows and then the call's own: the token, the call's first one, and the column. */
interface JoinedPlace {
  readonly own: number;
  readonly first: number;
  readonly slot: number;
  readonly behind: RowsBehind;
}

/** Whether such an entry is open: P13 of a window, P14 of a cache to which the host appends. */
function isOpenJoined(
  { own, first, slot, behind: { rows: before, update } }: JoinedPlace,
  rows: Sample["rows"],
  visible: readonly boolean[],
): boolean {
  if (update === "shift") {
    const place = first + slot;
    return (place >= own && place < before + own && visible[place]!) || place === before + own;
  }
  const owner = slot < before ? rows.indexOf(slot) : first + slot - before;
  // A row that an earlier token of the block appended is open as the block's own column of it is.
  if (slot < before && owner >= 0) return owner < first && visible[before + owner]!;
  return owner < 0 ? visible[slot]! : owner === own || (owner < own && visible[before + owner]!);
}
