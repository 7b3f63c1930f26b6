/** Attempts at a proof, the strongest claim first: every segment between cuts is proven, the whole is as weak as the weakest. */
import { attempt, type Failure, together } from "./failure.ts";
import type { Precondition } from "./logic/preconditions.ts";
import { type Assumptions, gather, type Mode, newRecord, type Record } from "./logic/setting.ts";
import type { Store } from "./logic/terms.ts";
import { cutPairs, cutsWithout } from "./program/cuts.ts";
import type { ProvenPair } from "./program/pair.ts";
import { type CutPairs, newPrograms, type Programs } from "./program/program.ts";
import type { Pair } from "./program/relation.ts";
import { type Segment, segmentsOf } from "./program/segments.ts";
import { aftermathOf, type Consequences, changedByPadding } from "./report/aftermath.ts";
import { newContext } from "./rules/context.ts";
import type { RuleBook } from "./rules/rule-book.ts";

/** What is to be proven, by which rules. */
export interface Task {
  readonly pair: ProvenPair;
  readonly rules: RuleBook;
  /** Whether corollaries are asked for. */
  readonly derives: boolean;
  readonly progress?: (done: number, total: number) => void;
}

/** How an attempt at the whole ended: proven at a level, or failed at a pair. */
export interface Outcome {
  readonly record: Record;
  /** Terms made, places compared. */
  readonly terms: number;
  readonly compared: number;
  readonly level: Mode;
  readonly failed?: Failure;
  readonly notExact?: Failure;
  /** Preconditions that attempts came to need, those that failed included: a counterexample has to keep them. */
  readonly tried: ReadonlySet<Precondition>;
  /** The least bound of P8 that they came to need. */
  readonly triedGap: number;
  readonly consequences: Consequences;
  readonly segments: number;
  /** Segments that are not renamings of another. */
  readonly distinct: number;
}

/** Proves every segment between cuts. */
export function proveCut(
  task: Task,
  cuts: readonly Pair[],
  results: readonly Pair[],
  attempts: readonly Assumptions[],
): Outcome {
  const { pair } = task;
  const sums: Sums = {
    record: newRecord(),
    tried: new Set(),
    triedGap: Number.POSITIVE_INFINITY,
    terms: 0,
    compared: 0,
    consequences: {},
  };
  const all = cutPairs(cuts);
  const segments = segmentsOf([...cuts, ...results], all, pair);
  const proven = new Map<string, Proof>();
  const far = new Set<number>();
  let level: Mode = "exact";
  let notExact: Failure | undefined;
  let distinct = 0;
  for (const [k, segment] of segments.entries()) {
    task.progress?.(k, segments.length);
    // Which of its cuts are no scores is not in a signature.
    const known = segment.reads.some((n) => far.has(n)) ? undefined : proven.get(segment.signature);
    const proof = known ?? proveSegment(task, segment, cutsWithout(all, segment.pairs, far), sums, attempts);
    if (!known) distinct++;
    if (!proof.named && !segment.reads.some((n) => far.has(n))) proven.set(segment.signature, proof);
    for (const place of proof.far) far.add(all.block.get(segment.pairs[place]!.block)!.number);
    for (const name of segment.rows) sums.record.used.get("P6")?.add(name);
    const sizes = { segments: segments.length, distinct };
    if (proof.failed) return { ...sums, level, failed: proof.failed, ...sizes };
    if (proof.level === "reals") level = "reals";
    notExact ??= proof.notExact;
  }
  const sizes = { segments: segments.length, distinct };
  return { ...sums, level, ...sizes, ...(notExact ? { notExact } : {}) };
}

interface Proof {
  readonly level: Mode;
  readonly failed?: Failure;
  readonly notExact?: Failure;
  /** Which of the pairs are values that are no scores, where it is proven. */
  readonly far: readonly number[];
  /** Whether a precondition names rows or states, so that it holds for no renaming. */
  readonly named: boolean;
}

interface Sums {
  readonly record: Record;
  readonly tried: Set<Precondition>;
  triedGap: number;
  consequences: Consequences;
  terms: number;
  compared: number;
}

/**
 * The strongest claim first. Where tokens may be padding, that is claimed of them before all: a proof for columns that may
 * be zero is one for columns that are not.
 */
function proveSegment(
  task: Task,
  segment: Segment,
  cuts: CutPairs,
  sums: Sums,
  attempts: readonly Assumptions[],
): Proof {
  const failures: { readonly failure: Failure; readonly assumed: Assumptions }[] = [];
  const tryWith = (assumed: Assumptions): Tried => {
    const p = programsFor(task, assumed, cuts);
    const far = new Set<Pair>();
    const failure = attempt(p, task.pair, segment, sums, far);
    sums.terms += p.c.store.terms.size;
    sums.triedGap = Math.min(sums.triedGap, p.c.record.gap);
    if (!failure) gather(sums.record, p.c.record);
    return { p, failure, far };
  };
  const padded = mayPad(task) ? tryWith({ ...attempts[0]!, column: "either" }) : undefined;
  for (const [k, assumed] of attempts.entries()) {
    // That the mask has two values matters only where an entry of it stands in what differs.
    if (assumed.twoValued && failures.at(-1)?.failure.masked === false) continue;
    const { p, failure, far } = k === 0 && padded && !padded.failure ? padded : tryWith(assumed);
    // What an attempt takes for granted says nothing of what the graphs need.
    if (!assumed.contiguous) for (const id of p.c.record.used.keys()) sums.tried.add(id);
    if (!failure) {
      const known = k === 0 ? padded?.failure : undefined;
      sums.consequences = { ...consequencesOf(task, { p, segment, cuts, known }), ...sums.consequences };
      const exact = failures.findLast((x) => x.assumed.mode === "exact")?.failure;
      return {
        level: assumed.mode,
        ...(exact && assumed.mode === "reals" ? { notExact: exact } : {}),
        far: segment.pairs.flatMap((pair, place) => (far.has(pair) ? [place] : [])),
        named: p.c.record.used.has("P12"),
      };
    }
    failures.push({ failure, assumed });
  }
  return { level: "reals", failed: together(failures.map((x) => x.failure)), far: [], named: false };
}

interface Tried {
  readonly p: Programs;
  readonly failure: Failure | undefined;
  readonly far: ReadonlySet<Pair>;
}

function programsFor({ pair, rules }: Task, assumed: Assumptions, cuts: CutPairs, store?: Store): Programs {
  const { mode, twoValued, contiguous, column } = assumed;
  return newPrograms(newContext({ mode, twoValued, contiguous, column }, pair, rules, store), pair, cuts);
}

/** The same programs under another assumption, which only the reading of write masks asks about: terms that there are are used again, and not noted again. */
const withColumn = (task: Task, { c }: Programs, column: Assumptions["column"], cuts: CutPairs): Programs =>
  programsFor(task, { ...c, column }, cuts, c.store);

/** Whether the corollary on padding is a question: there are columns of a write mask, and no position that always writes. */
function mayPad({ pair, derives }: Task): boolean {
  const kinds = [...pair.roles.values()].map((role) => role.kind);
  return derives && pair.tokens > 1 && kinds.includes("write_mask") && !kinds.includes("position");
}

/** A segment that was proven. */
interface Proven {
  readonly p: Programs;
  readonly segment: Segment;
  readonly cuts: CutPairs;
  /** How the same claim failed where tokens may be padding, if it did. */
  readonly known: Failure | undefined;
}

/** What follows from a segment that was proven, or why it does not. Nothing is said of a block of one token. */
function consequencesOf(task: Task, proven: Proven): Consequences {
  if (task.pair.tokens < 2 || !task.derives) return {};
  const { p, segment, cuts } = proven;
  // A row that may not have been written is read as one that was.
  const written = p.c.record.used.has("P11") ? withColumn(task, p, "one", cuts) : p;
  const found = aftermathOf(written, segment.pairs);
  const padding = mayPad(task) ? paddingOf(task, proven) : undefined;
  return padding === undefined ? found : { ...found, padding };
}

/**
 * Whether any tokens of a block may be padding: block and steps are equal whatever the columns hold, and a step for
 * padding leaves the states as they are, so that it need not be made. Else what stands in the way.
 */
function paddingOf(task: Task, { p, segment, cuts, known }: Proven): string | undefined {
  const under = (column: "either" | "zero") => withColumn(task, p, column, cuts);
  const failure =
    known ?? (p.c.column === "one" ? attempt(under("either"), task.pair, segment, { compared: 0 }) : undefined);
  if (failure) return `${failure.pair.name} is not that of single steps when some tokens are padding`;
  const changed = changedByPadding(under("zero"), segment.pairs);
  return changed === undefined ? undefined : `a call for padding changes ${changed}`;
}
