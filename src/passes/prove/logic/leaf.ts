/** Where the numbers of a proof come from. A leaf is told by its kind and its name: equal names of two kinds are no match. */
import type { DType } from "../../../dsl/type.ts";

/** What a leaf of a term is an element of. */
export type Leaf =
  /** Rows of the host's, or what it feeds alike at every call. */
  | { readonly of: "input"; readonly name: string; readonly dtype: DType }
  /** An attention mask, at a cache row that no precondition speaks of. */
  | { readonly of: "mask"; readonly name: string; readonly dtype: DType }
  /** A state before the first token. */
  | { readonly of: "state"; readonly name: string; readonly dtype: DType }
  /** A stored tensor. */
  | { readonly of: "weight"; readonly base: string; readonly dtype: DType }
  /** A table of constants, by the SHA-256 of its numbers. */
  | { readonly of: "table"; readonly sha256: string; readonly dtype: DType }
  /** What the write mask holds for a token at its own row, where the token may be padding: 0 or 1. */
  | { readonly of: "column"; readonly token: number; readonly dtype: "bool" }
  /** A pair of values that was proven equal, by its number. `far` where an entry of it may be masked out, or lie as far away. */
  | { readonly of: "cut"; readonly number: number; readonly dtype: DType; readonly far?: boolean };

/** Names come last and unescaped: nothing follows that they could imitate. */
export function leafKey(l: Leaf): string {
  const head = `${l.of} ${l.dtype}`;
  switch (l.of) {
    case "input":
    case "mask":
    case "state":
      return `${head} ${l.name}`;
    case "weight":
      return `${head} ${l.base}`;
    case "table":
      return `${head} ${l.sha256}`;
    case "column":
      return `${head} ${l.token}`;
    case "cut":
      return `${head} ${l.number}${l.far ? " far" : ""}`;
  }
}

/** A leaf for people: `x`, `k₀`, `w_qkv`. */
export function showLeaf(l: Leaf): string {
  switch (l.of) {
    case "input":
    case "mask":
      return l.name;
    case "state":
      return `${l.name}₀`;
    case "weight":
      return l.base.replace("\0", "");
    case "table":
      return `constant ${l.sha256.slice(0, 8)}`;
    case "column":
      return `write mask of token ${l.token}`;
    case "cut":
      return `cut ${l.number}`;
  }
}
