/** A model as graphc runs it: one function of the number of tokens, so that the block and the step graph are one text. */
import type { Graph } from "./graph.ts";

/** A size that TypeScript knows by name and the run time by number: `Dim<"T">` equals itself and nothing else. */
export type Dim<Name extends string> = number & { readonly dim?: Name };

/** The sizes that a model is built for; shapes are concrete, so each pair is a graph of its own. */
export interface Size {
  /** T, the number of tokens in a call. */
  readonly tokens: Dim<"T">;
  /** Rows of the KV cache. */
  readonly maxSeq: Dim<"S">;
}

/** What a graph file exports as its default. */
export type Model = (size: Size) => Graph;
