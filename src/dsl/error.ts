/** A mistake in a graph: data first (what, where, which operands, what to do); `report` in the CLI turns it into text. */
import type { Site } from "./site.ts";

/** An operand as an error shows it. */
export interface Note {
  /** The operand's name in the op, such as `x`. */
  readonly label: string;
  /** Its type, as shown. */
  readonly type: string;
  /** Where it was made. */
  readonly site: Site;
}

/** Thrown by everything that builds or checks a graph. `message` is one sentence; exit code 2. */
export class GraphError extends Error {
  override readonly name = "GraphError";
  readonly site: Site;
  readonly notes: readonly Note[];
  /** What to do about it, without the message before it. */
  readonly mend?: string;

  constructor(message: string, site: Site, notes: readonly Note[] = [], mend?: string) {
    super(message);
    this.site = site;
    this.notes = notes;
    if (mend !== undefined) this.mend = mend;
  }
}

/** By name, not by instanceof: the author's file may have loaded its own copy of the library. */
export const isGraphError = (error: unknown): error is GraphError =>
  error instanceof Error && error.name === "GraphError";
