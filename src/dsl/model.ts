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

/** What a model function receives. */
export interface ModelInput extends Size {
  /** The layer that is asked for (`--layer`); 0 when nobody asks. */
  readonly layer: number;
  /** What the checkpoint's config.json says (`--weights`), fields as Hugging Face names them; absent without a checkpoint. */
  readonly config?: Readonly<Record<string, unknown>>;
}

/** What a graph file exports as its default. */
export type Model = (given: ModelInput) => Graph;

/** A model of which everything but its sizes is known. */
export type SizedModel = (size: Size) => Graph;
