/** Whether masks and positions that somebody feeds keep the contract that proofs and parity rest on. */
import type { Graph } from "../../dsl/graph.ts";
import { type MaskRole, maskValues, type Roles } from "../../dsl/role.ts";
import { stridesOf } from "../interpret/array.ts";
import { type RawArray, toNDArray } from "../kernels/raw.ts";
import type { Arrays } from "./runner.ts";

/** Sentences that name the input and the column or row that breaks its role; none when all is well. */
export function contractProblems(graph: Graph, roles: Roles, values: Arrays, slots: number): readonly string[] {
  const rows = writtenRows(graph, roles, values);
  // The write masks first: what a mask may show depends on the rows that they name.
  const order = [...roles].sort(([, a], [, b]) => rank(a.kind) - rank(b.kind));
  return order.flatMap(([name, role]) => {
    const value = values[name];
    if (!value) return [];
    if (role.kind === "write_mask") return writeProblems(name, value, role);
    if (role.kind === "mask") return maskProblems(name, value, role, ownRows(role, value) ?? rows);
    return role.kind === "position" ? positionProblems(name, value, slots, role.offset) : [];
  });
}

const rank = (kind: string): number => (kind === "write_mask" ? 0 : 1);

interface Axes {
  readonly tokenAxis: number;
  readonly slotAxis: number;
}

/** The entries of each token: [slot, value] pairs. */
function columns(value: RawArray, { tokenAxis, slotAxis }: Axes): readonly Float64Array[] {
  const { shape, data } = toNDArray(value);
  const strides = stridesOf(shape);
  return Array.from({ length: shape[tokenAxis]! }, (_, t) =>
    Float64Array.from({ length: shape[slotAxis]! }, (_, s) => data[t * strides[tokenAxis]! + s * strides[slotAxis]!]!),
  );
}

/** The cache row of each token where the write mask tells it. */
function writtenRows(graph: Graph, roles: Roles, values: Arrays): readonly (number | undefined)[] {
  for (const { name = "" } of graph.inputs) {
    const role = roles.get(name);
    if (role?.kind === "write_mask" && values[name]) {
      return columns(values[name], role).map((column) => (column.includes(1) ? column.indexOf(1) : undefined));
    }
  }
  return [];
}

/** Of a mask with the call's own rows behind those of a cache: their columns. */
function ownRows({ tokenAxis, behind }: MaskRole, { shape }: RawArray): readonly number[] | undefined {
  return behind && Array.from({ length: shape[tokenAxis]! }, (_, token) => behind.rows + token);
}

function writeProblems(name: string, value: RawArray, axes: Axes): readonly string[] {
  const all = columns(value, axes);
  const broken = all.flatMap((column, t) => {
    const stray = column.find((x) => x !== 0 && x !== 1);
    if (stray !== undefined) return [`${name}, column ${t}: holds ${stray}; a column is 1 at one row and 0 elsewhere`];
    const ones = column.filter((x) => x === 1).length;
    return ones > 1 ? [`${name}, column ${t}: names ${ones} rows; a token is written to one`] : [];
  });
  const rows = all.map((column) => column.indexOf(1));
  const twice = rows.findIndex((row, t) => row >= 0 && rows.indexOf(row) < t);
  return twice < 0
    ? broken
    : [...broken, `${name}, column ${twice}: row ${rows[twice]} is written by another column too`];
}

function maskProblems(
  name: string,
  value: RawArray,
  role: MaskRole,
  rows: readonly (number | undefined)[],
): readonly string[] {
  const { open, closed } = maskValues(role, value.dtype);
  // Where nobody said what hides a row, any number that is as low does.
  const hides = (x: number) => x === closed || (role.closed === undefined && x < closed && Number.isFinite(x));
  return columns(value, role).flatMap((column, t) => {
    const visible = (row: number) => column[row] === open;
    const odd = column.find((x) => x !== open && !hides(x));
    if (odd !== undefined)
      return [`${name}, row ${t}: holds ${odd}; an entry is ${open} where visible and ${closed} where not`];
    const own = rows[t];
    const dropped = role.behind?.update === "shift" ? column.slice(0, t).indexOf(open) : -1;
    if (dropped >= 0) return [`${name}, row ${t}: sees row ${dropped} of the window, which its step has no more`];
    if (own !== undefined && !visible(own)) return [`${name}, row ${t}: hides the token's own cache row ${own}`];
    const later = rows.slice(t + 1).find((row) => row !== undefined && visible(row));
    return own !== undefined && later !== undefined
      ? [`${name}, row ${t}: sees cache row ${later}, which a later token of the block writes`]
      : [];
  });
}

function positionProblems(name: string, value: RawArray, slots: number, offset = 0): readonly string[] {
  const positions = Array.from(value.data, (x) => x - offset);
  const outside = positions.findIndex((p) => p < 0 || p >= slots);
  if (outside >= 0)
    return [
      `${name}[${outside}] is ${value.data[outside]}${offset === 0 ? "" : `, cache row ${positions[outside]}`}; the cache has rows 0 to ${slots - 1}`,
    ];
  return new Set(positions).size < positions.length ? [`${name} names a cache row twice`] : [];
}
