/** Workflow commands of GitHub Actions: a no, or an error, as an annotation beside the author's line. */
import { relative } from "node:path";
import { printable } from "../../dsl/printable.ts";
import type { Frame } from "../../dsl/site.ts";
import type { ErrorRecord } from "../errors/report.ts";

/** What GitHub shows: in red, in yellow, or as a remark. */
export type Level = "error" | "warning" | "notice";

/** One annotation, a line; without a place it stands on the page of the run. */
export interface Annotation {
  readonly level: Level;
  readonly title: string;
  /** May have several lines. */
  readonly text: string;
  readonly at?: Frame | undefined;
}

/** Whether a command line, which may be a wrong one, asks for annotations. */
export const asksForGithub = (argv: readonly string[]): boolean =>
  argv.some((word, i) => word === "--format=github" || (word === "--format" && argv[i + 1] === "github"));

/**
 * `::error file=…,line=4,col=9,title=…::…`, whose file is told from the working folder on.
 * Source of the form and of its escapes: https://docs.github.com/actions/reference/workflow-commands-for-github-actions, and
 * `escapeData`, `escapeProperty` of its toolkit (https://github.com/actions/toolkit, its package core).
 */
export function annotationLine({ level, title, text, at }: Annotation): string {
  const place = at ? { file: fileOf(at), line: `${at.line}`, col: `${at.column}` } : {};
  const properties = Object.entries({ ...place, title: printable(title) }).map(([key, x]) => `${key}=${property(x)}`);
  return `::${level} ${properties.join(",")}::${data(text.split("\n").map(printable).join("\n"))}`;
}

/** An error with its mend. */
export const errorAnnotation = ({ kind, message, mend, at }: ErrorRecord): string =>
  annotationLine({
    level: "error",
    title: kind === "fault" ? "a fault of graphc" : "graphc",
    text: mend === undefined ? message : `${message}\n${mend}`,
    at,
  });

/** As a path of the repository where the file lies below the working folder, which in a workflow is its root. */
function fileOf({ file }: Frame): string {
  const path = relative(process.cwd(), file);
  return printable(path.startsWith("..") ? file : path);
}

const data = (text: string): string => text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");

const property = (text: string): string => data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
