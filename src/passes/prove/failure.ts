/** What did not hold: the first pair of values that could not be proven, and how to tell of it. */
import type { Graphs } from "../../dsl/host/twins.ts";
import { readsMask } from "./logic/facts.ts";
import type { Programs } from "./program/program.ts";
import { compare, type Difference, type Pair } from "./program/relation.ts";
import type { Segment } from "./program/segments.ts";
import { explain, explainAt } from "./refute/explain.ts";
import { type ExplainAt, type Finding, withoutHint } from "./refute/finding.ts";

/** A pair that could not be proven. Finding the first value that differs costs time, so it is done when asked for. */
export interface Failure {
  readonly pair: Pair;
  /** Whether an entry of an attention mask stands in the terms that differ, or might. */
  readonly masked: boolean;
  explain(): Finding;
  /** The same of the value of that name, or of these values of both graphs, where they differ. */
  explainAt: ExplainAt;
}

/** The first pair of a segment that is not equal; undefined when all are. To `farPairs` are added those that are no scores. */
export function attempt(
  p: Programs,
  graphs: Graphs,
  segment: Segment,
  sums: { compared: number },
  farPairs = new Set<Pair>(),
): Failure | undefined {
  for (const results of segment.pairs) {
    const { compared, far, difference } = compare(p, results);
    sums.compared += compared;
    if (far) farPairs.add(results);
    if (difference)
      return {
        pair: results,
        masked: masked(difference),
        explain: () => explain(p, graphs, difference),
        explainAt: (name, twin) => explainAt(p, graphs, name, twin),
      };
  }
  return undefined;
}

/** Several failures of one pair, as one: told by the clearest. */
export const together = (all: readonly Failure[]): Failure => ({
  pair: all[0]!.pair,
  masked: all.some((x) => x.masked),
  explain: () => clearest(all),
  explainAt: (name, twin) => firstAt(all, name, twin),
});

/** Where a term could not be made, the mask may have been the reason. */
const masked = ({ block, step }: Difference): boolean => !block || !step || readsMask(block) || readsMask(step);

/** The exact terms read better; the reals tell what is more than a rounding. */
function clearest(failures: readonly Failure[]): Finding {
  const exact = failures[0]!.explain();
  const reals = failures.at(-1)!.explain();
  if (exact.value !== reals.value) return reals;
  return { ...withoutHint(exact), ...(reals.hint === undefined ? {} : { hint: reals.hint }) };
}

function firstAt(failures: readonly Failure[], ...asked: Parameters<ExplainAt>): Finding | undefined {
  for (const failure of failures) {
    const found = failure.explainAt(...asked);
    if (found) return found;
  }
  return undefined;
}
