/** Errors as text: the sentence, the author's line with a caret, and where each operand was made. */
import { readFileSync } from "node:fs";
import { dirname, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { type GraphError, isGraphError } from "../dsl/error.ts";
import type { Frame, Site } from "../dsl/site.ts";
import { isUserError } from "../dsl/user-error.ts";
import type { ExitCode } from "./command.ts";

/** The library's own folder: frames in it are not the author's. */
const LIBRARY = dirname(dirname(fileURLToPath(import.meta.url)));

/** What went wrong, for a person, and the exit code it deserves. */
export function reportError(error: unknown): { readonly text: string; readonly code: ExitCode } {
  if (isGraphError(error)) return { text: reportGraphError(error), code: 2 };
  if (isUserError(error)) return { text: `error: ${error.message}`, code: 2 };
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { text: `graphc failed by a fault of its own; please report this:\n${detail}`, code: 3 };
}

/** The message, the line that made the op, and one line per operand. */
export function reportGraphError(error: GraphError): string {
  const width = Math.max(0, ...error.notes.map((note) => `${note.label}: ${note.type}`.length));
  const notes = error.notes.map((note) => {
    const frame = authorFrame(note.site);
    return `  ${`${note.label}: ${note.type}`.padEnd(width)}${frame ? `  made at ${place(frame)}` : ""}`;
  });
  return [`error: ${error.message}`, ...excerpt(authorFrame(error.site)), ...notes].join("\n");
}

/** The innermost frame outside the library; a built-in model has none, so its own line is shown. */
export function authorFrame(site: Site, library = LIBRARY): Frame | undefined {
  const frames = site.frames();
  return frames.find((frame) => !frame.file.startsWith(library)) ?? frames[0];
}

export function place(frame: Frame): string {
  const path = relative(process.cwd(), frame.file);
  return `${path.startsWith("..") ? frame.file : path}:${frame.line}:${frame.column}`;
}

function excerpt(frame: Frame | undefined): readonly string[] {
  if (!frame) return [];
  const source = lineOf(frame);
  if (source === undefined) return [`  at ${place(frame)}`];
  const gutter = `  ${frame.line} | `;
  return [
    `  at ${place(frame)}`,
    gutter + source,
    `${" ".repeat(gutter.length - 2)}| ${" ".repeat(frame.column - 1)}^`,
  ];
}

function lineOf(frame: Frame): string | undefined {
  try {
    return readFileSync(frame.file, "utf8").split("\n")[frame.line - 1];
  } catch {
    return undefined; // A site may point into a file that is gone; the message stands without the excerpt.
  }
}
