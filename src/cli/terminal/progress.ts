/** How far a long job is, and how long it will take: one line. */
import type { Progress } from "../../api/open-graphs.ts";

/** The part of a terminal stream that progress needs. */
export interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const REDRAW_MS = 100;
const QUIET_MS = 10_000;
const BAR = 24;
/** Before so much time has gone a rate is a guess. */
const RATED_MS = 2000;

/**
 * One line rewritten at most ten times a second on a terminal; elsewhere a plain line every ten seconds, so that logs
 * stay short and a slow job is not silent.
 */
export function startProgress(label: string, screen: Screen, now: () => number = Date.now): Progress {
  const live = screen.isTTY === true && (screen.columns ?? 0) > 0;
  let last = live ? 0 : now();
  let begun: { readonly at: number; readonly done: number } | undefined;
  return {
    update(done, total) {
      // What was done before the first word of it, in an earlier run, took no time.
      begun ??= { at: now(), done };
      if (now() - last < (live ? REDRAW_MS : QUIET_MS)) return;
      last = now();
      const share = total === 0 ? 1 : Math.min(1, done / total);
      const told = `${`${Math.floor(share * 100)}%`.padStart(4)}${leftText(begun, done, total, last)}`;
      const filled = Math.round(share * BAR);
      const line = `${label} [${"#".repeat(filled)}${".".repeat(BAR - filled)}]${told}`;
      screen.write(live ? `\r${line.slice(0, (screen.columns ?? 80) - 1)}\x1b[K` : `${label}${told}\n`);
    },
    end() {
      if (live) screen.write("\r\x1b[K");
    },
  };
}

/** At the rate so far; nothing while that is a guess. */
function leftText(
  begun: { readonly at: number; readonly done: number },
  done: number,
  total: number,
  now: number,
): string {
  const [elapsed, made] = [now - begun.at, done - begun.done];
  if (elapsed < RATED_MS || made <= 0 || done >= total) return "";
  return `, ${durationText(((total - done) * elapsed) / made / 1000)} left`;
}

/** In whole seconds, or in minutes from two of them on. */
function durationText(seconds: number): string {
  const whole = Math.max(1, Math.round(seconds));
  return whole < 120 ? `${whole} s` : `${Math.round(whole / 60)} min`;
}
