/** Errors as text or data: the sentence, the author's line with a caret, and where each operand was made. */
import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { type GraphError, isGraphError } from "../../dsl/error.ts";
import { largest } from "../../dsl/number.ts";
import { harmless, printable, printableSentence } from "../../dsl/printable.ts";
import type { Frame, Site } from "../../dsl/site.ts";
import { isUserError, sentenceOf } from "../../dsl/user-error.ts";
import { systemRefusal } from "../../files/files.ts";
import type { ExitCode } from "../options/command.ts";
import { OWN_CODE } from "../own-code.ts";
import { Interrupted } from "./interrupted.ts";

/** The longest sentence that is told whole; names in it are far shorter. */
const LONGEST = 2000;
/** Of a line of the author's, what stands before and behind the place that is meant. */
const BESIDE = 120;

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
  if (isUserError(error)) return { text: errorLine(error), record: errorRecord("user", error), code: 2 };
  if (error instanceof Interrupted)
    return { text: errorLine(error), record: errorRecord("interrupted", error), code: 130 };
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
  message: printableSentence(message, LONGEST),
  ...(mend === undefined ? {} : { mend: printableSentence(mend, LONGEST) }),
});

/** What went wrong as one line, whatever names from files it holds. */
const errorLine = (error: { readonly message: string; readonly mend?: string }): string =>
  `error: ${printableSentence(sentenceOf(error), LONGEST)}`;

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
  const shown = error.notes.map(({ label, type, site }) => ({ text: printable(`${label}: ${type}`), site }));
  const width = largest(
    shown.map(({ text }) => text.length),
    0,
  );
  const notes = shown.map(({ text, site }) => {
    const frame = authorFrame(site);
    return `  ${text.padEnd(width)}${frame ? `  made at ${place(frame)}` : ""}`;
  });
  return [errorLine(error), ...excerpt(authorFrame(error.site)), ...notes].join("\n");
}

/** The innermost frame outside the library; none of a built-in model, whose values are known by their names alone. */
export const authorFrame = (site: Site, library = OWN_CODE): Frame | undefined =>
  site.frames().find((frame) => !frame.file.startsWith(library));

/** `file:line:column`, the file from the working folder on where it lies below it. */
export function place(frame: Frame): string {
  const path = relative(process.cwd(), frame.file);
  return printable(`${path.startsWith("..") ? frame.file : path}:${frame.line}:${frame.column}`);
}

/** The line itself with a caret below the column that is meant; the place alone where the file is gone. */
export function excerpt(frame: Frame | undefined): readonly string[] {
  if (!frame) return [];
  const source = sourceLine(frame);
  if (source === undefined) return [`  at ${place(frame)}`];
  const gutter = `  ${frame.line} | `;
  const begin = Math.max(0, frame.column - 1 - BESIDE);
  const shown = harmless(source.slice(begin, frame.column - 1 + BESIDE));
  return [
    `  at ${place(frame)}`,
    gutter + shown,
    `${" ".repeat(gutter.length - 2)}| ${" ".repeat(frame.column - 1 - begin)}^`,
  ];
}

function sourceLine(frame: Frame): string | undefined {
  try {
    return readFileSync(frame.file, "utf8").split("\n")[frame.line - 1];
  } catch {
    return undefined; // A site may point into a file that is gone; the message stands without the excerpt.
  }
}
