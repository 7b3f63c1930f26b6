/**
 * Proves that a block graph of T tokens equals T one-token graphs one after another, for all weights, inputs and cache
 * contents. docs/equivalence.md states the theorem and why the method is sound.
 */
import { GraphError } from "../../dsl/error.ts";
import type { Graph } from "../../dsl/graph.ts";
import { nowhere } from "../../dsl/site.ts";
import { sameType, show } from "../../dsl/type.ts";
import { type Context, type Mode, newContext } from "./logic/context.ts";
import { gapBound, PRECONDITIONS, type Precondition } from "./logic/preconditions.ts";
import { cutsWithout, findCuts } from "./program/cuts.ts";
import { type CutPairs, newPrograms } from "./program/program.ts";
import { compare, type Pair, tokenAxisOf } from "./program/relation.ts";
import { findRoles, type Roles } from "./program/roles.ts";
import { type Segment, segmentsOf } from "./program/segments.ts";
import { type LeafOptions, weightPlace } from "./reading/leaves.ts";
import { type CounterexampleOptions, costOf, searchDifference } from "./refute/counterexample.ts";
import { explain } from "./refute/explain.ts";
import type { Finding } from "./refute/finding.ts";
import { fingerprint, PRIMES } from "./refute/fingerprint.ts";
import { corollariesOf } from "./report/corollaries.ts";
import type { SecondOpinion, Used, Verdict } from "./report/verdict.ts";

export interface ProveOptions extends Pick<LeafOptions, "weightIdentity">, CounterexampleOptions {
  /** Rules whose side condition is dropped. Only for tests of the prover. */
  readonly broken?: ReadonlySet<string>;
  /** False: do not look for an input on which the graphs differ. */
  readonly counterexample?: boolean;
  /** False: do not evaluate small graphs over prime fields. */
  readonly secondOpinion?: boolean;
  readonly progress?: (done: number, total: number) => void;
}

interface Graphs {
  readonly block: Graph;
  readonly step: Graph;
}

/** One way to attempt a proof, weaker ones later. */
interface Attempt {
  readonly mode: Mode;
  readonly twoValued: boolean;
}
const ATTEMPTS: readonly Attempt[] = [
  { mode: "exact", twoValued: false },
  { mode: "exact", twoValued: true },
  { mode: "reals", twoValued: false },
  { mode: "reals", twoValued: true },
];

/** What a proof has gathered. */
interface Ledger {
  readonly used: Set<Precondition>;
  readonly rules: Map<string, number>;
  readonly scales: Set<number>;
  terms: number;
  compared: number;
}

/** @throws GraphError when the interfaces of the two graphs do not match. */
export function prove(block: Graph, step: Graph, options: ProveOptions = {}): Verdict {
  const began = performance.now();
  const job: Job = { graphs: { block, step }, roles: findRoles(block, step), options };
  const cuts = findCuts(block, step, job.roles);
  // A fault shows in bits at once; only what looks like a matter of rounding is worth the proofs over the reals.
  let outcome = proveCut(job, cuts, ATTEMPTS);
  const search =
    outcome.failed && options.counterexample !== false ? searchDifference(job.graphs, job.roles, options) : undefined;
  if (outcome.failed && outcome.failed.pair.what === "value" && !search?.counterexample) {
    // A cut that does not hold proves nothing about the whole: without it the graphs may still be equal.
    const whole = proveCut(job, [], cuts.length <= MOST_UNCUT ? UNCUT : []);
    if (!whole.failed && whole.segments > 0) outcome = whole;
  }
  const common = { ...commonOf(job, outcome, began), ...opinionOf(job) };
  if (!outcome.failed) {
    const corollaries = corollariesOf(job.graphs, job.roles, outcome.ledger.used);
    const { level, notExact } = outcome;
    return {
      verdict: "PROVEN",
      level,
      ...common,
      corollaries,
      ...(notExact ? { notExact: withoutHint(notExact.explain()) } : {}),
    };
  }
  const finding = outcome.failed.explain();
  if (search?.counterexample)
    return { verdict: "REFUTED", ...common, finding: withoutHint(finding), counterexample: search.counterexample };
  return { verdict: "NOT PROVEN", ...common, finding, searched: search?.searched ?? "no input was tried" };
}

/** What differs on an input has nothing that would close it. */
function withoutHint({ hint: _, ...finding }: Finding): Finding {
  return finding;
}

interface Job {
  readonly graphs: Graphs;
  readonly roles: Roles;
  readonly options: ProveOptions;
}

/** Above this many cuts the graphs are not tried as a whole. */
const MOST_UNCUT = 8;
const UNCUT: readonly Attempt[] = ATTEMPTS.filter((attempt) => !attempt.twoValued);

/** A pair that could not be proven. Finding the first value that differs costs time, so it is done when asked for. */
interface Failure {
  readonly pair: Pair;
  explain(): Finding;
}

interface Outcome {
  readonly ledger: Ledger;
  readonly level: Mode;
  readonly failed?: Failure;
  readonly notExact?: Failure;
  readonly segments: number;
  readonly distinct: number;
}

function commonOf({ roles }: Job, { ledger, segments, distinct }: Outcome, began: number) {
  const { tokens, slots } = roles;
  return {
    sizes: { tokens, slots, terms: ledger.terms, compared: ledger.compared, segments, distinct },
    preconditions: usedOf(ledger.used),
    ...(ledger.used.has("P8") ? { gapBound: gapBound(Math.min(...ledger.scales)) } : {}),
    rules: Object.fromEntries([...ledger.rules].sort((a, b) => b[1] - a[1])),
    milliseconds: performance.now() - began,
  };
}

/** Scalar operations above which no second opinion is asked for. */
const SECOND_OPINION_LIMIT = 3e5;

function opinionOf({ graphs, roles, options }: Job): { readonly secondOpinion?: readonly SecondOpinion[] } {
  const own = options.small ? options.small(Math.min(2, roles.tokens)) : graphs;
  if (options.secondOpinion === false || costOf(own) > SECOND_OPINION_LIMIT) return {};
  const found = findRoles(own.block, own.step);
  const seed = options.seed ?? 1;
  return { secondOpinion: PRIMES.map((prime) => ({ prime, ...fingerprint(own, found, { prime, seed }, options) })) };
}

/** Proves every segment between cuts; the level is that of the weakest. */
function proveCut(job: Job, cuts: readonly Pair[], attempts: readonly Attempt[]): Outcome {
  const ledger: Ledger = { used: new Set(), rules: new Map(), scales: new Set([1]), terms: 0, compared: 0 };
  const pairs = [...cuts, ...resultPairs(job.graphs, job.roles)];
  const segments =
    attempts.length > 0
      ? segmentsOf(pairs, cutsWithout(cuts, []), job.graphs, {
          roles: job.roles,
          placeOf: (source, type) => job.options.weightIdentity?.(source, type) ?? weightPlace(source, type),
        })
      : [];
  const proven = new Map<string, Proof>();
  let level: Mode = "exact";
  let notExact: Failure | undefined;
  for (const [k, segment] of segments.entries()) {
    job.options.progress?.(k, segments.length);
    const proof =
      proven.get(segment.signature) ??
      proveSegment(job, segment, cutsWithout(cuts, segment.pairs), { ledger, attempts });
    proven.set(segment.signature, proof);
    const sizes = { segments: segments.length, distinct: proven.size };
    if (proof.failed) return { ledger, level, failed: proof.failed, ...sizes };
    if (proof.level === "reals") level = "reals";
    notExact ??= proof.notExact;
  }
  const sizes = { segments: segments.length, distinct: proven.size };
  return { ledger, level, ...sizes, ...(notExact ? { notExact } : {}) };
}

interface Proof {
  readonly level: Mode;
  readonly failed?: Failure;
  readonly notExact?: Failure;
}

function proveSegment(
  job: Job,
  segment: Segment,
  cuts: CutPairs,
  { ledger, attempts }: { readonly ledger: Ledger; readonly attempts: readonly Attempt[] },
): Proof {
  const failures: Failure[] = [];
  let scaled = job.roles.tokens === 1;
  for (const { mode, twoValued } of attempts) {
    // That the mask has two values matters only where it is scaled after it was added (unseen with one token).
    if (twoValued && !scaled) continue;
    const c = newContext(mode, twoValued, job.options.broken ?? new Set());
    const failed = attempt(c, job, segment, cuts, ledger);
    ledger.terms += c.store.terms.size;
    if (!failed) {
      gather(ledger, c);
      return { level: mode, ...(failures[0] && mode === "reals" ? { notExact: failures[0] } : {}) };
    }
    failures.push(failed);
    scaled ||= c.counts.has("closed-scale");
  }
  return { level: "reals", failed: { pair: failures[0]!.pair, explain: () => clearest(failures) } };
}

/** The exact terms read better; the reals tell what is more than a rounding. */
function clearest(failures: readonly Failure[]): Finding {
  const exact = failures[0]!.explain();
  const reals = failures.at(-1)!.explain();
  if (exact.value !== reals.value) return reals;
  return { ...withoutHint(exact), ...(reals.hint === undefined ? {} : { hint: reals.hint }) };
}

/** The first pair of a segment that is not equal; undefined when all are. */
function attempt(c: Context, job: Job, segment: Segment, cuts: CutPairs, ledger: Ledger): Failure | undefined {
  const p = newPrograms(c, job.graphs, job.roles, cuts, job.options);
  for (const pair of segment.pairs) {
    try {
      const { compared, difference } = compare(p, pair);
      ledger.compared += compared;
      if (difference) return { pair, explain: () => explain(p, job.graphs, difference) };
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      return { pair, explain: () => tooDeep(pair) };
    }
  }
  return undefined;
}

const tooDeep = (pair: Pair): Finding => ({
  value: pair.name,
  where: "the whole value",
  reason: "the graph is too deep to be read in one go",
  op: "",
  site: nowhere,
});

function gather(ledger: Ledger, c: Context): void {
  for (const id of c.used) ledger.used.add(id);
  for (const scale of c.scales) ledger.scales.add(scale);
  for (const [rule, n] of c.counts) ledger.rules.set(rule, (ledger.rules.get(rule) ?? 0) + n);
}

/** States and outputs, which are what the theorem is about. */
function resultPairs({ block, step }: Graphs, roles: Roles): readonly Pair[] {
  const states = block.states.map(({ name, exit }): Pair => {
    const twin = step.states.find((s) => s.name === name);
    if (!twin) throw new GraphError(`state "${name}" of ${block.name} is missing in ${step.name}`, exit.site);
    if (!sameType(exit.type, twin.exit.type))
      throw new GraphError(
        `state "${name}" is ${show(exit.type)} in the block, ${show(twin.exit.type)} in the step`,
        exit.site,
      );
    return { what: "state", name, block: exit, step: twin.exit };
  });
  const outputs = Object.entries(block.outputs).map(([name, value]): Pair => {
    const twin = step.outputs[name];
    if (!twin) throw new GraphError(`output "${name}" of ${block.name} is missing in ${step.name}`, value.site);
    const axis = tokenAxisOf(value, twin, roles.tokens);
    if (axis === undefined) throw new GraphError(`output "${name}" has no row per token to compare`, value.site);
    return { what: "output", name, block: value, step: twin, ...(axis === "none" ? {} : { tokenAxis: axis }) };
  });
  return [...states, ...outputs];
}

const usedOf = (used: ReadonlySet<Precondition>): readonly Used[] =>
  (Object.keys(PRECONDITIONS) as Precondition[])
    .filter((id) => used.has(id))
    .map((id) => ({ id, says: PRECONDITIONS[id].says }));
