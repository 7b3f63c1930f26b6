/** Errors as text or data: the sentence, the author's line with a caret, and where each operand was made. */
import { readFileSync } from "node:fs";
import { dirname, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { type GraphError, isGraphError } from "../dsl/error.ts";
import type { Frame, Site } from "../dsl/site.ts";
import { isUserError, sentenceOf } from "../dsl/user-error.ts";
import { systemRefusal } from "../files/files.ts";
import type { ExitCode } from "./command.ts";
import { Interrupted } from "./interrupted.ts";

/** The library's own folder: frames in it are not the author's. */
const OWN_CODE = dirname(dirname(fileURLToPath(import.meta.url)));

/** An error as `--json` prints it. Columns and lines count from 1. */
export interface ErrorRecord {
  /** Whose mistake: the user's outside or inside a graph, or ours; or no mistake at all. */
  readonly kind: "user" | "graph" | "interrupted" | "fault";
  /** What is wrong. A fault of ours has its stack here. */
  readonly message: string;
  /** What to do about it. */
  readonly mend?: string;
  /** The author's line that made the op. */
  readonly at?: Frame;
  /** The op's operands: name, type, and where each was made. */
  readonly notes?: readonly { readonly label: string; readonly type: string; readonly at?: Frame }[];
}

/** What went wrong, for a person and for a program, and the exit code it deserves. */
export interface ErrorReport {
  readonly text: string;
  readonly record: ErrorRecord;
  readonly code: ExitCode;
}

/** Turns whatever was thrown into a report; never throws. `dump` is a folder with what a report of a fault needs. */
export function reportError(error: unknown, dump?: string): ErrorReport {
  if (isGraphError(error)) return { text: reportGraphError(error), record: graphRecord(error), code: 2 };
  if (isUserError(error)) return { text: `error: ${sentenceOf(error)}`, record: errorRecord("user", error), code: 2 };
  if (error instanceof Interrupted)
    return { text: `error: ${error.message}`, record: errorRecord("interrupted", error), code: 130 };
  const refusal = systemRefusal(error);
  if (refusal) return reportError(refusal);
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const mend = dump === undefined ? "please report this" : `please report this, with ${dump}`;
  const text = `graphc failed by a fault of its own; ${mend}:\n${message}`;
  return { text, record: { kind: "fault", message, mend }, code: 3 };
}

const errorRecord = (
  kind: ErrorRecord["kind"],
  { message, mend }: { message: string; mend?: string },
): ErrorRecord => ({
  kind,
  message,
  ...(mend === undefined ? {} : { mend }),
});

function graphRecord(error: GraphError): ErrorRecord {
  const at = placed(error.site);
  const notes = error.notes.map(({ label, type, site }) => ({ label, type, ...placed(site) }));
  return { ...errorRecord("graph", error), ...at, ...(notes.length === 0 ? {} : { notes }) };
}

function placed(site: Site): { readonly at?: Frame } {
  const at = authorFrame(site);
  return at ? { at } : {};
}

/** The message, the line that made the op, and one line per operand. */
export function reportGraphError(error: GraphError): string {
  const width = Math.max(0, ...error.notes.map((note) => `${note.label}: ${note.type}`.length));
  const notes = error.notes.map((note) => {
    const frame = authorFrame(note.site);
    return `  ${`${note.label}: ${note.type}`.padEnd(width)}${frame ? `  made at ${place(frame)}` : ""}`;
  });
  return [`error: ${sentenceOf(error)}`, ...excerpt(authorFrame(error.site)), ...notes].join("\n");
}

/** The innermost frame outside the library; a built-in model has none, so its own line is shown. */
export function authorFrame(site: Site, library = OWN_CODE): Frame | undefined {
  const frames = site.frames();
  return frames.find((frame) => !frame.file.startsWith(library)) ?? frames[0];
}

/** `file:line:column`, the file from the working folder on where it lies below it. */
export function place(frame: Frame): string {
  const path = relative(process.cwd(), frame.file);
  return `${path.startsWith("..") ? frame.file : path}:${frame.line}:${frame.column}`;
}

function excerpt(frame: Frame | undefined): readonly string[] {
  if (!frame) return [];
  const source = sourceLine(frame);
  if (source === undefined) return [`  at ${place(frame)}`];
  const gutter = `  ${frame.line} | `;
  return [
    `  at ${place(frame)}`,
    gutter + source,
    `${" ".repeat(gutter.length - 2)}| ${" ".repeat(frame.column - 1)}^`,
  ];
}

function sourceLine(frame: Frame): string | undefined {
  try {
    return readFileSync(frame.file, "utf8").split("\n")[frame.line - 1];
  } catch {
    return undefined; // A site may point into a file that is gone; the message stands without the excerpt.
  }
}
