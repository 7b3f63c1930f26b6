/**
 * Proves that a block graph of T tokens equals T one-token graphs one after another, for all weights, inputs and cache
 * contents. docs/equivalence.md states the theorem and why the method is sound.
 */
import { GraphError } from "../../dsl/error.ts";
import type { Graph } from "../../dsl/graph.ts";
import { sameType, show } from "../../dsl/type.ts";
import { assumptionsOf, type Outcome, proveCut, type Task } from "./attempts.ts";
import { findCuts } from "./program/cuts.ts";
import type { ProvenPair } from "./program/program.ts";
import { type Pair, tokenAxisOf } from "./program/relation.ts";
import { findRoles } from "./program/roles.ts";
import { type PlaceOf, type WeightPlace, weightPlace } from "./reading/leaves.ts";
import { type CounterexampleOptions, costOf, searchDifference } from "./refute/counterexample.ts";
import { withoutHint } from "./refute/finding.ts";
import { fingerprint, PRIMES } from "./refute/fingerprint.ts";
import { corollariesOf } from "./report/corollaries.ts";
import { usedOf } from "./report/used.ts";
import type { SecondOpinion, Verdict } from "./report/verdict.ts";
import { RULES, type RuleBook } from "./rules/rule-book.ts";

export interface ProveOptions extends CounterexampleOptions {
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
  const pair: ProvenPair = { block, step, roles: findRoles(block, step), placeOf };
  const task: Task = { pair, rules, ...(progress ? { progress } : {}) };
  const results = resultPairs(pair);
  const cuts = findCuts(block, step, pair.roles);
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

function commonOf({ roles }: ProvenPair, { record, segments, distinct, terms, compared }: Outcome, began: number) {
  const { tokens, slots } = roles;
  return {
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
  const own = options.small ? options.small(Math.min(2, pair.roles.tokens)) : pair;
  if (options.secondOpinion === false || costOf(own) > SECOND_OPINION_LIMIT) return {};
  const found = { ...pair, ...own, roles: findRoles(own.block, own.step) };
  const seed = options.seed ?? 1;
  return { secondOpinion: PRIMES.map((prime) => ({ prime, ...fingerprint(found, { prime, seed }) })) };
}

/** States and outputs, which are what the theorem is about: of both graphs, by name. */
function resultPairs({ block, step, roles }: ProvenPair): readonly Pair[] {
  for (const [a, b] of [
    [block, step],
    [step, block],
  ] as const) {
    for (const { name, exit } of a.states)
      if (!b.states.some((s) => s.name === name))
        throw new GraphError(`state "${name}" of ${a.name} is missing in ${b.name}`, exit.site);
    for (const [name, value] of Object.entries(a.outputs))
      if (!Object.hasOwn(b.outputs, name))
        throw new GraphError(`output "${name}" of ${a.name} is missing in ${b.name}`, value.site);
  }
  const states = block.states.map(({ name, exit }): Pair => {
    const twin = step.states.find((s) => s.name === name)!.exit;
    if (!sameType(exit.type, twin.type))
      throw new GraphError(
        `state "${name}" is ${show(exit.type)} in the block, ${show(twin.type)} in the step`,
        exit.site,
      );
    return { what: "state", name, block: exit, step: twin };
  });
  const outputs = Object.entries(block.outputs).map(([name, value]): Pair => {
    const twin = step.outputs[name]!;
    const axis = tokenAxisOf(value, twin, roles.tokens);
    if (axis === undefined) throw new GraphError(`output "${name}" has no row per token to compare`, value.site);
    return { what: "output", name, block: value, step: twin, ...(axis === "none" ? {} : { tokenAxis: axis }) };
  });
  return [...states, ...outputs];
}
