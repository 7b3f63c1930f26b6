/** Rules about cache rows, positions and masks: what the roles of the inputs say, and what index arithmetic keeps. */
import type { Ix } from "../logic/indices.ts";
import type { Decision, Making } from "./rule.ts";

/** A cache row: that of a token, or any that no token writes. */
export type Place = number | "other";

const isToken = (...x: readonly number[]): boolean => x.every((k) => Number.isInteger(k) && k >= 0 && k < 8);
/** A column of the write mask of eight rows, written out. */
const column = (token: number): readonly number[] => Array.from({ length: 8 }, (_, row) => (row === token ? 1 : 0));
/** The mask of eight tokens at rows 0 … 7, filled token by token. */
const causal = (token: number): readonly number[] => Array.from({ length: 8 }, (_, row) => (row > token ? -10_000 : 0));

export const ONE_HOT: Decision<[place: Place, token: number]> = {
  name: "write-mask",
  tag: "definition",
  says: "write_mask[w_j, t] → 1 for j = t, else 0; write_mask[any other row, t] → 0",
  needs: "the row is that of token t",
  uses: ["P1", "P2"],
  lemma: { arity: 2, left: (_, j, t) => column(t!)[j!]!, right: (_, j, t) => Number(j === t), holds: isToken },
  when: (place, token) => place === token,
};
export const PADDING: Decision<[column: "one" | "either" | "zero"]> = {
  name: "write-mask-padding",
  tag: "definition",
  says: "write_mask[any row, t] → 0",
  needs: "token t is padding: its column is all zero",
  uses: ["P11"],
  lemma: { arity: 1, left: (_, j) => column(-1)[j!]!, right: () => 0, holds: (j) => isToken(j!) },
  when: (column) => column === "zero",
};
export const MASK_SHUT: Decision<[place: Place, token: number]> = {
  name: "mask-shut",
  tag: "definition",
  says: "attn_mask[t, w_j] → its closed value (−10000 unless declared; false in a bool mask)",
  needs: "j > t",
  uses: ["P3"],
  lemma: {
    arity: 2,
    left: (_, j, t) => causal(t!)[j!]!,
    right: () => -10_000,
    holds: (j, t) => isToken(j!, t!) && j! > t!,
  },
  when: (place, token) => place !== "other" && place > token,
};
export const MASK_OPEN: Decision<[place: Place, token: number]> = {
  name: "mask-own-open",
  tag: "definition",
  says: "attn_mask[t, w_t] → its open value (0 unless declared; true in a bool mask)",
  needs: "the row is that of the token itself",
  uses: ["P4"],
  lemma: { arity: 1, left: (_, t) => causal(t!)[t!]!, right: () => 0, holds: isToken },
  when: (place, token) => place === token,
};
export const MASK_TWO_VALUED: Decision<[twoValued: boolean]> = {
  name: "mask-two-valued",
  tag: "definition",
  says: "m → select(m = open, open, closed) for a mask entry m",
  needs: "every mask entry is open or closed",
  uses: ["P5"],
  lemma: {
    arity: 1,
    left: (_, m) => m!,
    right: (_, m) => (m === 0 ? 0 : -10_000),
    holds: (m) => m === 0 || m === -10_000,
  },
  when: (twoValued) => twoValued,
};
export const ROWS_DISTINCT: Decision<[j: number, k: Place]> = {
  name: "row-distinct",
  tag: "definition",
  says: "w_j = w_k → j = k; a row that no token writes is none of them",
  needs: "the rows are those of different tokens",
  uses: ["P2"],
  // Any one-to-one choice of rows will do: here 3j + 1 mod 8.
  lemma: {
    arity: 2,
    left: (_, j, k) => Number((3 * j! + 1) % 8 === (3 * k! + 1) % 8),
    right: (_, j, k) => Number(j === k),
    holds: isToken,
  },
  when: (j, k) => j === k,
};
export const ROWS_FOLLOW: Making<[token: number, offset: number], number> = {
  name: "row-contiguous",
  tag: "definition",
  says: "(w_j + a) − (w_k + b) → (j + a) − (k + b)",
  needs: "the tokens' rows follow each other; offsets count",
  uses: ["P2", "P2'"],
  lemma: {
    arity: 4,
    left: (_, w, j, k, a) => w! + j! + a! - (w! + k!),
    right: (_, _w, j, k, a) => j! + a! - k!,
    holds: isToken,
  },
  make: (token, offset) => token + offset,
};
export const ROW_FROM_FIRST: Making<[token: number], number> = {
  name: "row-from-first",
  tag: "definition",
  says: "w_t → w_0 + t",
  needs: "the tokens' rows follow each other",
  uses: ["P2'"],
  lemma: { arity: 2, left: (_, w, t) => w! + t!, right: (_, w, t) => t! - -w!, holds: isToken },
  make: (token) => token,
};
export const INDEX_ARITHMETIC: Making<[result: Ix, operand: Ix], Ix> = {
  name: "index-arithmetic",
  tag: "exact",
  says: "sums of positions, and positions times a number → positions",
  needs:
    "whole numbers are added exactly; that int32 wraps is the rounding that follows (round-known asks for the range)",
  lemma: {
    arity: 2,
    left: (_, i, j) => i! + j!,
    right: (_, i, j) => Number(BigInt(i!) + BigInt(j!)),
    holds: (i, j) => Number.isInteger(i) && Number.isInteger(j),
  },
  make: (result) => result,
};
/** data[i] = base + outer·⌊i/period⌋ + inner·(i mod period). */
export interface Counter {
  readonly base: number;
  readonly outer: number;
  readonly inner: number;
  readonly period: number;
}
export const COUNTER: Making<[data: ArrayLike<number>], Counter | undefined> = {
  name: "counting-table",
  tag: "exact",
  says: "table[i] → base + outer·⌊i/period⌋ + inner·(i mod period)",
  needs: "every entry of the constant table is that number",
  lemma: {
    arity: 1,
    left: (_, i) => Array.from({ length: 8 }, (_x, k) => 5 + 3 * Math.floor(k / 2) + (k % 2))[i!]!,
    right: (_, i) => 5 + 3 * Math.floor(i! / 2) + (i! % 2),
    holds: isToken,
  },
  make: (data) => {
    const counter = beginningOf(data);
    const { base, outer, inner, period } = counter;
    const counts = Array.from(data).every((x, k) => x === base + outer * Math.floor(k / period) + inner * (k % period));
    return Number.isInteger(base) && counts ? counter : undefined;
  },
};
/** The counter that a table begins with. */
export function beginningOf(data: ArrayLike<number>): Counter {
  const [base, n] = [data[0]!, data.length];
  const inner = (data[1] ?? base) - base;
  let period = 1;
  while (data[period] === base + inner * period) period++;
  return { base, inner, period, outer: period < n ? data[period]! - base : 0 };
}
export const RE_ROLL: Decision<[fits: boolean]> = {
  name: "re-roll",
  tag: "definition",
  says: "pieces t₀, …, tₙ₋₁ → t(i div p)",
  needs: "every piece is the common form at its number",
  lemma: {
    arity: 2,
    left: (_, i, x) => [0, 1, 2, 3, 4, 5, 6, 7].map((n) => n * x!)[i!]!,
    right: (_, i, x) => i! * x!,
    holds: (i) => isToken(i!),
  },
  when: (fits) => fits,
};
