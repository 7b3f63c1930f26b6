/**
 * Proves that a block graph of T tokens equals T one-token graphs one after another, for all weights, inputs and cache
 * contents. docs/equivalence.md states the theorem and why the method is sound.
 */
import type { Graph } from "../../dsl/graph.ts";
import { hostCaches } from "../../dsl/host/host-caches.ts";
import type { Graphs } from "../../dsl/host/twins.ts";
import { type GivenRoles, recordsOf } from "../../dsl/role.ts";
import { nowhere } from "../../dsl/site.ts";
import { assumptionsOf } from "./assumptions.ts";
import { type Outcome, proveCut, type Task } from "./attempts.ts";
import type { Reason } from "./logic/opaque.ts";
import { findCuts } from "./program/cuts.ts";
import { type ProvenPair, provenPair } from "./program/pair.ts";
import { resultPairs } from "./program/results.ts";
import type { TableOf } from "./program/unpacked.ts";
import { type PlaceOf, type WeightPlace, weightPlace } from "./reading/leaves.ts";
import { type CounterexampleOptions, searchDifference } from "./refute/counterexample.ts";
import { type Finding, withoutHint } from "./refute/finding.ts";
import { newOpinions, type Opinions } from "./refute/opinions.ts";
import { pinpoint } from "./refute/pinpoint.ts";
import { holdsElsewhere, isProvenToo, type ProofOf } from "./report/any-size.ts";
import { type Corollary, corollariesOf } from "./report/corollaries.ts";
import { usedOf } from "./report/used.ts";
import type { Verdict } from "./report/verdict.ts";
import { RULES, type RuleBook } from "./rules/rule-book.ts";

/** How to prove, and what to try besides. */
export interface ProveOptions extends CounterexampleOptions {
  /** Roles of inputs that are stated outside the graphs. */
  readonly roles?: GivenRoles;
  /** Tells of weights that are parts of one another; a weight is itself where it says nothing. */
  readonly weightIdentity?: (...weight: Parameters<PlaceOf>) => WeightPlace | undefined;
  /** Tells of stored tensors that are constants, such as the tables of a mask. */
  readonly tableOf?: TableOf;
  /** The rules to prove by; those of rules/rule-book.ts when absent. */
  readonly rules?: RuleBook;
  /** A weight that is known not to be finite, where the weights are at hand: what P7 promises is then known to be false. */
  readonly notFinite?: { readonly name: string; readonly count: number };
  /** False: do not look for an input on which the graphs differ. */
  readonly counterexample?: boolean;
  /**
   * Of an author's text, in which a number may be a size by chance: the same graphs beside another number of cache rows; it throws where they
   * cannot be built. Without it all sizes are believed to give the same model.
   */
  readonly otherRows?: () => Graphs;
  /** Why none is looked for, in place of the sentence that says so. */
  readonly notSearched?: string;
  /** False: derive no corollaries; the verdict then has none. */
  readonly corollaries?: boolean;
  /** False: neither attack a proof nor evaluate small graphs over prime fields. */
  readonly secondOpinion?: boolean;
  readonly progress?: (done: number, total: number) => void;
}

type Without<V, K extends PropertyKey> = V extends unknown ? Omit<V, K> : never;
type Untimed = Without<Verdict, "milliseconds">;

/** Above this many cuts the graphs are not tried as a whole. */
const MOST_UNCUT = 8;

/**
 * The time told is that of all of it: proof, attack, corollaries, search.
 *
 * @throws GraphError when the interfaces of the two graphs do not match.
 * @throws ProofContradicted when the attack on a proof succeeds: a fault of the prover.
 */
export function prove(block: Graph, step: Graph, options: ProveOptions = {}): Verdict {
  const began = performance.now();
  const verdict = judge(block, step, options);
  return { ...verdict, milliseconds: performance.now() - began };
}

function judge(block: Graph, step: Graph, options: ProveOptions): Untimed {
  const { weightIdentity, rules = RULES, progress, tableOf, roles } = options;
  const placeOf: PlaceOf = (...weight) => weightIdentity?.(...weight) ?? weightPlace(...weight);
  const stored = { placeOf, ...(tableOf ? { tableOf } : {}), ...(roles ? { given: roles } : {}) };
  const pair = provenPair(block, step, stored);
  const derives = options.corollaries !== false;
  const task: Task = { pair, rules, derives, ...(progress ? { progress } : {}) };
  const results = resultPairs(pair);
  const cuts = findCuts(pair);
  const attempts = assumptionsOf(pair);
  const outcome = proveCut(task, cuts, results, attempts);
  const again: ProofOf = ({ block, step }) => judge(block, step, againOptions(options));
  const opinions =
    options.secondOpinion === false ? undefined : newOpinions(pair, options, options.otherRows && isProvenToo(again));
  const told = { pair, options, opinions, again };
  if (!outcome.failed) return proven(told, outcome);
  // What a proof of this pair might need. That rows follow each other is among it, whether or not an attempt came as far as to ask
  // for it: graphs that differ on other rows alone are equal under P2'.
  const search =
    options.counterexample !== false
      ? searchDifference(pair, options, { rows: "contiguous", gap: outcome.triedGap })
      : { searched: options.notSearched ?? UNSEARCHED };
  if (cuts.length > 0 && cuts.length <= MOST_UNCUT && !search.counterexample) {
    // A cut that does not hold proves nothing about the whole, and one that does may lose what a result needs.
    const whole = proveCut(task, [], results, attempts);
    if (!whole.failed) return proven(told, whole);
  }
  const common = { ...commonOf(pair, outcome), ...opinions?.fields({ contiguous: outcome.tried.has("P2'") }) };
  const finding = outcome.failed.explain();
  if (!search.counterexample) return { verdict: "NOT PROVEN", ...common, finding, searched: search.searched };
  const { counterexample } = search;
  // Runs of graphs that are as large as that are not made for each value.
  if (counterexample.weights === "own")
    return { verdict: "REFUTED", ...common, finding: withoutHint(finding), counterexample };
  return { verdict: "REFUTED", ...common, ...pinpoint(finding, counterexample, outcome.failed.explainAt) };
}

const UNSEARCHED = "no input was tried";

/** What is to be told of, and what else is asked about it. */
interface Asked {
  readonly pair: ProvenPair;
  readonly options: ProveOptions;
  readonly opinions: Opinions | undefined;
  readonly again: ProofOf;
}

/** A proof and no more. */
const againOptions = ({ otherRows: _, progress: __, ...options }: ProveOptions): ProveOptions => ({
  ...options,
  counterexample: false,
  corollaries: false,
  secondOpinion: false,
});

/** What comes of a proof: it is attacked, and what it assumes is looked at, before it is told. */
function proven({ pair, options, opinions, again }: Asked, outcome: Outcome): Untimed {
  const { level, notExact, record } = outcome;
  const assumed = commonOf(pair, outcome);
  if (options.notFinite && record.used.has("P7")) {
    const finding = stopped({ code: "not finite", ...options.notFinite });
    return { verdict: "NOT PROVEN", ...assumed, finding, searched: "P7 is known to be false" };
  }
  const room = Math.min(...record.rowAxes) - record.leastRow;
  if (record.used.has("P2") && room < pair.tokens) {
    const finding = stopped({ code: "no room", tokens: pair.tokens, rows: Math.max(room, 0) });
    return { verdict: "NOT PROVEN", ...assumed, finding, searched: "P2 cannot be met" };
  }
  const rows = rowsOf(record);
  const attacked = opinions?.attacked({ level, gap: record.gap, ...rows });
  if (attacked && !attacked.witness) {
    const finding = stopped({ code: "vacuous", unmet: attacked.unmet ?? "" });
    const common = { ...assumed, ...opinions?.fields(rows) };
    return { verdict: "NOT PROVEN", ...common, finding, searched: `${attacked.runs} inputs` };
  }
  const common = { ...assumed, ...opinions?.fields({ level, ...rows }) };
  const corollaries = options.corollaries === false ? [] : derived(pair, outcome, opinions);
  const unsized = !record.sized && !pair.rowMeans;
  return {
    verdict: "PROVEN",
    level,
    ...common,
    anyCacheSize: unsized && holdsElsewhere(pair, { level, ...assumed }, options.otherRows, again),
    corollaries,
    ...(notExact ? { notExact: withoutHint(notExact.explain()) } : {}),
    ...(attacked ? { attacked } : {}),
  };
}

/** The corollaries. That of padding is attacked as the proof is: it has a witness of its own, or is denied. */
function derived(pair: ProvenPair, outcome: Outcome, opinions: Opinions | undefined): readonly Corollary[] {
  const all = corollariesOf(pair, outcome);
  if (!opinions || !all.some(({ name, holds }) => name === "padding" && holds)) return all;
  const { level, record } = outcome;
  const attacked = opinions.attacked({ level, gap: record.gap, ...rowsOf(record), padding: true });
  if (!attacked || attacked.witness) return all;
  const padding = `no block with padding in it keeps the preconditions: ${attacked.unmet ?? ""}`;
  return corollariesOf(pair, { ...outcome, consequences: { ...outcome.consequences, padding } });
}

/** What P2 and P2' ask of rows. */
const rowsOf = ({ used, leastRow, rowAxes }: Outcome["record"]) => ({
  contiguous: used.has("P2'"),
  within: [leastRow, Math.min(...rowAxes)] as const,
});

function commonOf(
  { block, roles, tokens, slots = 0 }: ProvenPair,
  { record, segments, distinct, terms, compared }: Outcome,
) {
  return {
    roles: recordsOf(roles, hostCaches(block)),
    sizes: { tokens, slots, terms, compared, segments, distinct },
    preconditions: usedOf(record),
    ...(Number.isFinite(record.gap) ? { gapBound: record.gap } : {}),
    rules: Object.fromEntries([...record.counts].sort((a, b) => b[1] - a[1])),
  };
}

/** Why a proof that stands is not told: what it assumes is false, or nothing meets it. */
const stopped = (reason: Reason): Finding => ({
  value: "",
  where: "",
  reason,
  op: "",
  site: nowhere,
});
