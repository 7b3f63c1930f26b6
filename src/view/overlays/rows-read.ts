/** What is told of a value when it is known which tokens changed each of its elements. */
import type { Tensor } from "../../dsl/tensor.ts";
import { stridesOf } from "../../passes/interpret/array.ts";
import type { Mark } from "../data.ts";

/** Cells of a row's picture, and rows of it: more are drawn together. */
const [MOST_CELLS, MOST_ROWS] = [16, 8];

interface Beside {
  readonly tokens: number;
  /** The same value in a graph of another number of tokens, which tells the axis of tokens. */
  readonly twin: Tensor | undefined;
}

/** The mark of a value, and whether a row of it reads a token that comes after its own. */
export interface RowsRead extends Omit<Mark, "node"> {
  readonly late: boolean;
}

/** What is seen of a value of which `sets[k]` are the tokens that changed element k. */
export function rowsRead({ type }: Tensor, sets: Uint32Array, { tokens, twin }: Beside): RowsRead {
  const axis = rowAxis(type.shape, twin?.type.shape, tokens);
  const all = tokensText(union(sets));
  if (axis === undefined)
    return { late: false, tone: "plain", says: [`its numbers read ${all}; it has no axis of tokens`] };
  const rows = rowsAlong(type.shape, axis, sets);
  const told = rows.map(union);
  const isTokens = type.shape[axis] === tokens;
  // Cache rows, or heads and tokens as one axis: of which token a row is cannot be told by its number.
  const unjudged = `axis ${axis} does not count the tokens alone, so that nothing is said of reading ahead`;
  const lines = told.map((set, row) => `row ${row} reads ${tokensText(set)}`);
  const says = isTokens ? lines : [unjudged, ...lines];
  const late = told.some((set, row) => isTokens && set >>> (row + 1) !== 0);
  const mixed = told.some((set) => (set & (set - 1)) !== 0);
  return {
    late,
    tone: mixed ? "note" : "plain",
    says,
    rows: rows.slice(0, MOST_ROWS).map(cellsOf),
  };
}

/** The axis that has another size where there are other tokens: that of tokens themselves, else that of cache rows. */
function rowAxis(shape: readonly number[], twin: readonly number[] | undefined, tokens: number): number | undefined {
  if (!twin || twin.length !== shape.length) return undefined;
  const changed = shape.flatMap((n, axis) => (n === twin[axis] ? [] : [axis]));
  return changed.find((axis) => shape[axis] === tokens) ?? changed[0];
}

/** For each index along the axis the sets of its elements, in their order. */
function rowsAlong(shape: readonly number[], axis: number, sets: Uint32Array): readonly (readonly number[])[] {
  const stride = stridesOf(shape)[axis]!;
  const rows = Array.from({ length: shape[axis]! }, (): number[] => []);
  for (const [k, set] of sets.entries()) rows[Math.floor(k / stride) % shape[axis]!]!.push(set);
  return rows;
}

/** As many cells as fit, each with what any of its elements reads. */
function cellsOf(sets: readonly number[]): readonly number[] {
  const count = Math.min(MOST_CELLS, sets.length);
  return Array.from({ length: count }, (_, k) =>
    union(sets.slice(Math.floor((k * sets.length) / count), Math.floor(((k + 1) * sets.length) / count))),
  );
}

const union = (sets: ArrayLike<number>): number => Array.from(sets).reduce((all, set) => all | set, 0);

function tokensText(set: number): string {
  const tokens = Array.from({ length: 31 }, (_, t) => t).filter((t) => (set >>> t) & 1);
  if (tokens.length === 0) return "no token";
  return `${tokens.length === 1 ? "token" : "tokens"} ${tokens.join(", ")}`;
}
