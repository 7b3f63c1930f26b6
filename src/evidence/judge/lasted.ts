/** Judges whether the gate lasted as long as the predictions that it tells of: they were made one after another. */
import type { Evidence } from "../format/evidence.ts";

/** `started` is told in whole seconds, and so is `finished`. */
const SECOND = 1000;

/** What is wrong, if anything. */
export function lastedProblem({ started, finished, crossCheck, measured }: Evidence): string | undefined {
  const lasted = Date.parse(finished!) - Date.parse(started) + SECOND;
  const runs = crossCheck.flatMap(({ engine, cpuOnly }) => [engine.wallMs, cpuOnly.wallMs]);
  const times = measured?.times.flatMap((one) => {
    const { coldLoadMs, warmLoadMs, firstCallMs, calls, medianMs } = one;
    // Half of the calls take the median or more.
    return [coldLoadMs, warmLoadMs, firstCallMs, Math.floor(calls / 2) * medianMs];
  });
  const least = [...runs, ...(times ?? [])].reduce((sum, ms) => sum + (ms > 0 ? ms : 0), 0);
  if (least <= lasted) return undefined;
  return `it lasted ${lasted / SECOND} s at most, and its loads and predictions ${(least / SECOND).toPrecision(3)} s`;
}
