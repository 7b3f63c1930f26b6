/**
 * Proves that a block graph of T tokens equals T one-token graphs one after another, for all weights, inputs and cache
 * contents. docs/equivalence.md states the theorem and why the method is sound.
 */
import type { Graph } from "../../dsl/graph.ts";
import { type GivenRoles, recordsOf } from "../../dsl/role.ts";
import { tokenAxisOf } from "../../dsl/twins.ts";
import { assumptionsOf, type Outcome, proveCut, type Task } from "./attempts.ts";
import { findCuts } from "./program/cuts.ts";
import { type ProvenPair, provenPair } from "./program/pair.ts";
import type { Pair } from "./program/relation.ts";
import { type PlaceOf, type WeightPlace, weightPlace } from "./reading/leaves.ts";
import { type CounterexampleOptions, costOf, searchDifference } from "./refute/counterexample.ts";
import { withoutHint } from "./refute/finding.ts";
import { fingerprint, PRIMES } from "./refute/fingerprint.ts";
import { corollariesOf } from "./report/corollaries.ts";
import { usedOf } from "./report/used.ts";
import type { SecondOpinion, Verdict } from "./report/verdict.ts";
import { RULES, type RuleBook } from "./rules/rule-book.ts";

export interface ProveOptions extends CounterexampleOptions {
  /** Roles of inputs that are stated outside the graphs. */
  readonly roles?: GivenRoles;
  /** Tells of weights that are parts of one another; a weight is itself where it says nothing. */
  readonly weightIdentity?: (...weight: Parameters<PlaceOf>) => WeightPlace | undefined;
  /** The rules to prove by; those of rules/rule-book.ts when absent. */
  readonly rules?: RuleBook;
  /** False: do not look for an input on which the graphs differ. */
  readonly counterexample?: boolean;
  /** False: do not evaluate small graphs over prime fields. */
  readonly secondOpinion?: boolean;
  readonly progress?: (done: number, total: number) => void;
}

/** Above this many cuts the graphs are not tried as a whole. */
const MOST_UNCUT = 8;

/** @throws GraphError when the interfaces of the two graphs do not match. */
export function prove(block: Graph, step: Graph, options: ProveOptions = {}): Verdict {
  const began = performance.now();
  const { weightIdentity, rules = RULES, progress } = options;
  const placeOf: PlaceOf = (...weight) => weightIdentity?.(...weight) ?? weightPlace(...weight);
  const pair = provenPair(block, step, placeOf, options.roles);
  const task: Task = { pair, rules, ...(progress ? { progress } : {}) };
  const results = resultPairs(pair);
  const cuts = findCuts(pair);
  const attempts = assumptionsOf(pair);
  let outcome = proveCut(task, cuts, results, attempts);
  const search = outcome.failed && options.counterexample !== false ? searchDifference(pair, options) : undefined;
  if (outcome.failed && cuts.length > 0 && cuts.length <= MOST_UNCUT && !search?.counterexample) {
    // A cut that does not hold proves nothing about the whole, and one that does may lose what a result needs.
    const whole = proveCut(task, [], results, attempts);
    if (!whole.failed) outcome = whole;
  }
  const common = { ...commonOf(pair, outcome, began), ...opinionOf(pair, options) };
  if (!outcome.failed) {
    const corollaries = corollariesOf(pair, outcome.record.used);
    const { level, notExact } = outcome;
    const weaker = notExact ? { notExact: withoutHint(notExact.explain()) } : {};
    return { verdict: "PROVEN", level, ...common, corollaries, ...weaker };
  }
  const finding = outcome.failed.explain();
  if (search?.counterexample)
    return { verdict: "REFUTED", ...common, finding: withoutHint(finding), counterexample: search.counterexample };
  return { verdict: "NOT PROVEN", ...common, finding, searched: search?.searched ?? "no input was tried" };
}

function commonOf(
  { roles, tokens, slots = 0 }: ProvenPair,
  { record, segments, distinct, terms, compared }: Outcome,
  began: number,
) {
  return {
    roles: recordsOf(roles),
    sizes: { tokens, slots, terms, compared, segments, distinct },
    preconditions: usedOf(record),
    ...(Number.isFinite(record.gap) ? { gapBound: record.gap } : {}),
    rules: Object.fromEntries([...record.counts].sort((a, b) => b[1] - a[1])),
    milliseconds: performance.now() - began,
  };
}

/** Scalar operations above which no second opinion is asked for. */
const SECOND_OPINION_LIMIT = 3e5;

function opinionOf(pair: ProvenPair, options: ProveOptions): { readonly secondOpinion?: readonly SecondOpinion[] } {
  const own = options.small ? options.small(Math.min(2, pair.tokens)) : pair;
  if (options.secondOpinion === false || costOf(own) > SECOND_OPINION_LIMIT) return {};
  const found = provenPair(own.block, own.step, pair.placeOf, pair.given);
  const seed = options.seed ?? 1;
  return { secondOpinion: PRIMES.map((prime) => ({ prime, ...fingerprint(found, { prime, seed }) })) };
}

/** States and outputs, which are what the theorem is about. */
function resultPairs({ block, step, tokens }: ProvenPair): readonly Pair[] {
  const states = block.states.map(({ name, exit }): Pair => {
    const twin = step.states.find((s) => s.name === name)!.exit;
    return { what: "state", name, block: exit, step: twin };
  });
  const outputs = Object.entries(block.outputs).map(([name, value]): Pair => {
    const twin = step.outputs[name]!;
    const axis = tokenAxisOf(value, twin, tokens);
    return { what: "output", name, block: value, step: twin, ...(typeof axis === "number" ? { tokenAxis: axis } : {}) };
  });
  return [...states, ...outputs];
}
