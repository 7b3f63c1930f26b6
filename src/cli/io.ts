/** What a command may do to the world besides files: two streams, a progress line, and the wish to stop. */
import { reasonOf } from "../files/files.ts";
import { harmless } from "../files/printable.ts";

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
  /** Shows how far a long job is; see `startProgress`. */
  progress(label: string): Progress;
}

/** A job under way; `done` and `total` in any one unit. */
export interface Progress {
  update(done: number, total: number): void;
  end(): void;
}

/** The part of a terminal stream that progress needs. */
export interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const REDRAW_MS = 100;
const QUIET_MS = 10_000;
const BAR = 24;

/**
 * One line rewritten at most ten times a second on a terminal; elsewhere a plain line every ten seconds, so that logs
 * stay short and a slow job is not silent.
 */
export function startProgress(label: string, screen: Screen, now: () => number = Date.now): Progress {
  const live = screen.isTTY === true && (screen.columns ?? 0) > 0;
  let last = live ? 0 : now();
  return {
    update(done, total) {
      if (now() - last < (live ? REDRAW_MS : QUIET_MS)) return;
      last = now();
      const share = total === 0 ? 1 : Math.min(1, done / total);
      const percent = `${Math.floor(share * 100)}%`.padStart(4);
      const filled = Math.round(share * BAR);
      const line = `${label} [${"#".repeat(filled)}${".".repeat(BAR - filled)}]${percent}`;
      screen.write(live ? `\r${line.slice(0, (screen.columns ?? 80) - 1)}\x1b[K` : `${label}${percent}\n`);
    },
    end() {
      if (live) screen.write("\r\x1b[K");
    },
  };
}

/** The real streams and signals. */
export function processIo(): Io {
  let stop: AbortSignal | undefined;
  process.stdout.on("error", resultIsLost);
  // Where complaints cannot be written, nobody can be told.
  process.stderr.on("error", () => {});
  return {
    out: (line) => void process.stdout.write(`${harmless(line)}\n`),
    part: (text) => void process.stdout.write(harmless(text)),
    err: (line) => void process.stderr.write(`${harmless(line)}\n`),
    get signal() {
      stop ??= interruption();
      return stop;
    },
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
