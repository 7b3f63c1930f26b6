/** What a command may do to the world besides files: two streams, a progress line, and the wish to stop. */

import type { Progress } from "../../api/open-graphs.ts";
import { harmless } from "../../dsl/printable.ts";
import { reasonOf } from "../../files/files.ts";
import { isPainted, painted } from "./colour.ts";
import { startProgress } from "./progress.ts";

/** Real streams in the process, kept lines in a test. */
export interface Io {
  /** A line of the result, on standard output. */
  out(line: string): void;
  /** A piece of a result that comes bit by bit: the line goes on. */
  part(text: string): void;
  /** A line about the work, on standard error. */
  err(line: string): void;
  /**
   * Aborted when the user interrupts. Asking for it takes the interrupt over from the system, which otherwise ends the
   * process at once: only a job that looks at it, and would leave something behind, may ask.
   */
  readonly signal: AbortSignal;
  /** Whether whoever read the result has gone: what would go on for ever ends then. */
  isUnread(): boolean;
  /** Shows how far a long job is; see ./progress.ts. */
  progress(label: string): Progress;
}

type Paint = (text: string) => string;

/** The real streams and signals. */
export function processIo(): Io {
  let stop: AbortSignal | undefined;
  let unread = false;
  process.stdout.on("error", resultIsLost).on("error", () => {
    unread = true;
  });
  // Where complaints cannot be written, nobody can be told.
  process.stderr.on("error", () => {});
  const [paintOut, paintErr] = [process.stdout, process.stderr].map((stream) =>
    isPainted(stream, process.env) ? painted : (text: string) => text,
  ) as [Paint, Paint];
  return {
    out: (line) => void process.stdout.write(`${paintOut(harmless(line))}\n`),
    part: (text) => void process.stdout.write(harmless(text)),
    err: (line) => void process.stderr.write(`${paintErr(harmless(line))}\n`),
    get signal() {
      stop ??= interruption();
      return stop;
    },
    isUnread: () => unread,
    progress: (label) => startProgress(label, process.stderr),
  };
}

/**
 * Whoever reads may stop reading: what is left to say goes nowhere, and the work is done as it would have been. Any
 * other refusal has lost the result, whatever the command makes of the rest.
 */
function resultIsLost(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE") return;
  process.stdout.removeListener("error", resultIsLost).on("error", () => {});
  process.stderr.write(`error: the result was not written to standard output: ${reasonOf(error) ?? error.message}\n`);
  process.on("exit", () => {
    process.exitCode = 2;
  });
}

function interruption(): AbortSignal {
  const stop = new AbortController();
  // A second one finds the system's own handler again, for whoever cannot wait.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => stop.abort(signal));
  return stop.signal;
}
