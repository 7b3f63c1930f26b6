/** Attempts at a proof, the strongest claim first: every segment between cuts is proven, the whole is as weak as the weakest. */
import type { Graph } from "../../dsl/graph.ts";
import { type Assumptions, type Mode, newRecord, type Record } from "./logic/setting.ts";
import { cutsWithout } from "./program/cuts.ts";
import type { ProvenPair } from "./program/pair.ts";
import { type CutPairs, newPrograms } from "./program/program.ts";
import { compare, type Pair } from "./program/relation.ts";
import { type Segment, segmentsOf } from "./program/segments.ts";
import { explain } from "./refute/explain.ts";
import { type Finding, withoutHint } from "./refute/finding.ts";
import { type Context, newContext } from "./rules/context.ts";
import type { RuleBook } from "./rules/rule-book.ts";

export interface Task {
  readonly pair: ProvenPair;
  readonly rules: RuleBook;
  readonly progress?: (done: number, total: number) => void;
}

/** A pair that could not be proven. Finding the first value that differs costs time, so it is done when asked for. */
export interface Failure {
  readonly pair: Pair;
  explain(): Finding;
}

export interface Outcome {
  readonly record: Record;
  /** Terms made, places compared. */
  readonly terms: number;
  readonly compared: number;
  readonly level: Mode;
  readonly failed?: Failure;
  readonly notExact?: Failure;
  readonly segments: number;
  /** Segments that are not renamings of another. */
  readonly distinct: number;
}

/** What is assumed, weaker claims later. A block that has one position for all of its tokens has contiguous rows or none. */
export function assumptionsOf({ roles, tokens }: ProvenPair): readonly Assumptions[] {
  const positions = [...roles.values()].filter((role) => role.kind === "position");
  const single = tokens > 1 && positions.some((role) => role.tokenAxis === undefined);
  const layouts = single ? [true] : positions.length > 0 && tokens > 1 ? [false, true] : [false];
  return layouts.flatMap((contiguous) =>
    (["exact", "reals"] as const).flatMap((mode) =>
      [false, true].map((twoValued) => ({ mode, twoValued, contiguous })),
    ),
  );
}

/** Proves every segment between cuts. */
export function proveCut(
  task: Task,
  cuts: readonly Pair[],
  results: readonly Pair[],
  attempts: readonly Assumptions[],
): Outcome {
  const { pair } = task;
  const sums = { record: newRecord(), terms: 0, compared: 0 };
  const segments = segmentsOf([...cuts, ...results], cutsWithout(cuts, []), pair);
  const proven = new Map<string, Proof>();
  let level: Mode = "exact";
  let notExact: Failure | undefined;
  for (const [k, segment] of segments.entries()) {
    task.progress?.(k, segments.length);
    const proof =
      proven.get(segment.signature) ?? proveSegment(task, segment, cutsWithout(cuts, segment.pairs), sums, attempts);
    proven.set(segment.signature, proof);
    const sizes = { segments: segments.length, distinct: proven.size };
    if (proof.failed) return { ...sums, level, failed: proof.failed, ...sizes };
    if (proof.level === "reals") level = "reals";
    notExact ??= proof.notExact;
  }
  const sizes = { segments: segments.length, distinct: proven.size };
  return { ...sums, level, ...sizes, ...(notExact ? { notExact } : {}) };
}

interface Proof {
  readonly level: Mode;
  readonly failed?: Failure;
  readonly notExact?: Failure;
}

interface Sums {
  readonly record: Record;
  terms: number;
  compared: number;
}

function proveSegment(
  task: Task,
  segment: Segment,
  cuts: CutPairs,
  sums: Sums,
  attempts: readonly Assumptions[],
): Proof {
  const failures: { readonly failure: Failure; readonly assumed: Assumptions }[] = [];
  for (const assumed of attempts) {
    if (assumed.twoValued && !hasMask(task.pair)) continue;
    const c = newContext(assumed, task.pair, task.rules);
    const failure = attempt(c, task.pair, segment, cuts, sums);
    sums.terms += c.store.terms.size;
    if (!failure) {
      gather(sums.record, c);
      const exact = failures.findLast((x) => x.assumed.mode === "exact")?.failure;
      return { level: assumed.mode, ...(exact && assumed.mode === "reals" ? { notExact: exact } : {}) };
    }
    failures.push({ failure, assumed });
  }
  const all = failures.map((x) => x.failure);
  return { level: "reals", failed: { pair: all[0]!.pair, explain: () => clearest(all) } };
}

const hasMask = ({ roles }: ProvenPair): boolean => [...roles.values()].some((role) => role.kind === "mask");

/** The exact terms read better; the reals tell what is more than a rounding. */
function clearest(failures: readonly Failure[]): Finding {
  const exact = failures[0]!.explain();
  const reals = failures.at(-1)!.explain();
  if (exact.value !== reals.value) return reals;
  return { ...withoutHint(exact), ...(reals.hint === undefined ? {} : { hint: reals.hint }) };
}

/** The first pair of a segment that is not equal; undefined when all are. */
function attempt(c: Context, pair: ProvenPair, segment: Segment, cuts: CutPairs, sums: Sums): Failure | undefined {
  const p = newPrograms(c, pair, cuts);
  const graphs: { readonly block: Graph; readonly step: Graph } = pair;
  for (const results of segment.pairs) {
    const { compared, difference } = compare(p, results);
    sums.compared += compared;
    if (difference) return { pair: results, explain: () => explain(p, graphs, difference) };
  }
  return undefined;
}

function gather(into: Record, { record }: Context): void {
  for (const [id, names] of record.used) into.used.set(id, new Set([...(into.used.get(id) ?? []), ...names]));
  for (const [rule, n] of record.counts) into.counts.set(rule, (into.counts.get(rule) ?? 0) + n);
  for (const size of record.rowAxes) into.rowAxes.add(size);
  into.gap = Math.min(into.gap, record.gap);
}
