/** Where in the author's file a value was made. Captured cheaply for every value, decoded only when shown. */

/** One place of a stack, as a file has it: line and column from 1. */
export interface Frame {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Where a value was made; decoded from the captured stack only when someone asks. */
export interface Site {
  /** Innermost first; library frames above the captured call are not included. */
  frames(): readonly Frame[];
}

const FRAME = /\(?((?:file:\/\/)?\/[^()]+?|[A-Za-z]:\\[^()]+?):(\d+):(\d+)\)?$/;
/** Of these, as many are the library's own as calls lie within each other in a layer: ten at most (test/models/layer-lines.test.ts). */
const STACK_DEPTH = 12;

/** The place that called `callee`: frames of `callee` and below are left out by the engine itself. */
export function siteOf(callee: (...args: never[]) => unknown): Site {
  const holder: { stack?: string } = {};
  const depth = Error.stackTraceLimit;
  Error.stackTraceLimit = STACK_DEPTH;
  Error.captureStackTrace(holder, callee);
  Error.stackTraceLimit = depth;
  return { frames: () => parse(holder.stack ?? "") };
}

/** A value that no author's line made, such as one read from a package. */
export const nowhere: Site = { frames: () => [] };

function parse(stack: string): readonly Frame[] {
  return stack
    .split("\n")
    .slice(1)
    .map((text) => FRAME.exec(text.trim()))
    .filter((match) => match !== null)
    .map((match) => ({ file: match[1]!.replace(/^file:\/\//, ""), line: Number(match[2]), column: Number(match[3]) }))
    .filter((frame) => !frame.file.startsWith("node:"));
}
