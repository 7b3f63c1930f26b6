/**
 * Proves that a block graph of T tokens equals T one-token graphs one after another, for all weights, inputs and cache
 * contents. docs/equivalence.md states the theorem and why the method is sound.
 */
import { GraphError } from "../../dsl/error.ts";
import type { Graph } from "../../dsl/graph.ts";
import { nowhere } from "../../dsl/site.ts";
import { type Context, type Mode, newContext } from "./context.ts";
import { corollariesOf } from "./corollaries.ts";
import { type CounterexampleOptions, searchDifference } from "./counterexample.ts";
import { cutsWithout, findCuts } from "./cuts.ts";
import { explain } from "./explain.ts";
import type { LeafOptions } from "./leaves.ts";
import { gapBound, PRECONDITIONS, type Precondition } from "./preconditions.ts";
import { type CutPairs, newPrograms } from "./program.ts";
import { compare, type Pair, tokenAxisOf } from "./relation.ts";
import { findRoles, type Roles } from "./roles.ts";
import { type Segment, segmentsOf } from "./segments.ts";
import type { Finding, Used, Verdict } from "./verdict.ts";

export interface ProveOptions extends Pick<LeafOptions, "weightIdentity">, CounterexampleOptions {
  /** Rules whose side condition is dropped. Only for tests of the prover. */
  readonly broken?: ReadonlySet<string>;
  /** False: do not look for an input on which the graphs differ. */
  readonly counterexample?: boolean;
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
  const graphs = { block, step };
  const roles = findRoles(block, step);
  const cuts = findCuts(block, step, roles);
  let outcome = proveCut(graphs, roles, cuts, options);
  const found = outcome.finding && options.counterexample !== false ? searchDifference(graphs, roles, options) : undefined;
  // A cut that does not hold proves nothing about the whole: without it the graphs may still be equal.
  if (outcome.finding && cuts.length > 0 && !found?.counterexample && cuts.length <= MOST_UNCUT)
    outcome = better(outcome, proveCut(graphs, roles, [], options));
  const { ledger, level, finding, notExact, segments, distinct } = outcome;
  const common = {
    sizes: { tokens: roles.tokens, slots: roles.slots, terms: ledger.terms, compared: ledger.compared, segments, distinct },
    preconditions: usedOf(ledger.used),
    ...(ledger.used.has("P8") ? { gapBound: gapBound(Math.min(...ledger.scales)) } : {}),
    rules: Object.fromEntries([...ledger.rules].sort((a, b) => b[1] - a[1])),
    milliseconds: performance.now() - began,
  };
  if (!finding)
    return {
      verdict: "PROVEN",
      level,
      ...common,
      corollaries: corollariesOf(graphs, roles, ledger.used),
      ...(notExact ? { notExact } : {}),
    };
  if (found?.counterexample) return { verdict: "REFUTED", ...common, finding, counterexample: found.counterexample };
  return { verdict: "NOT PROVEN", ...common, finding, searched: found?.searched ?? "no input was tried" };
}

/** Above this many cuts the graphs are not tried as a whole. */
const MOST_UNCUT = 8;

interface Outcome {
  readonly ledger: Ledger;
  readonly level: Mode;
  readonly finding?: Finding;
  readonly notExact?: Finding;
  readonly segments: number;
  readonly distinct: number;
}

const better = (a: Outcome, b: Outcome): Outcome => (b.finding ? a : b);

/** Proves every segment between cuts; the level is that of the weakest. */
function proveCut(graphs: Graphs, roles: Roles, cuts: readonly Pair[], options: ProveOptions): Outcome {
  const ledger: Ledger = { used: new Set(), rules: new Map(), scales: new Set([1]), terms: 0, compared: 0 };
  const pairs = [...cuts, ...resultPairs(graphs, roles)];
  const all = cutsWithout(cuts, []);
  const segments = segmentsOf(pairs, all, graphs, roles);
  const proven = new Map<string, Proof>();
  let level: Mode = "exact";
  let notExact: Finding | undefined;
  let distinct = 0;
  for (const [k, segment] of segments.entries()) {
    options.progress?.(k, segments.length);
    const known = proven.get(segment.signature);
    if (!known) distinct++;
    const proof = known ?? proveSegment(graphs, roles, segment, cutsWithout(cuts, segment.pairs), ledger, options);
    proven.set(segment.signature, proof);
    if (proof.finding) return { ledger, level, finding: proof.finding, segments: segments.length, distinct };
    if (proof.level === "reals") level = "reals";
    notExact ??= proof.notExact;
  }
  return { ledger, level, segments: segments.length, distinct, ...(notExact ? { notExact } : {}) };
}

interface Proof {
  readonly level: Mode;
  readonly finding?: Finding;
  readonly notExact?: Finding;
}

function proveSegment(
  graphs: Graphs,
  roles: Roles,
  segment: Segment,
  cuts: CutPairs,
  ledger: Ledger,
  options: ProveOptions,
): Proof {
  let exact: Finding | undefined;
  let last: Finding | undefined;
  for (const { mode, twoValued } of ATTEMPTS) {
    const c = newContext(mode, twoValued, options.broken ?? new Set());
    const finding = attempt(c, graphs, roles, segment, cuts, ledger, options);
    if (!finding) {
      gather(ledger, c);
      return { level: mode, ...(exact && mode === "reals" ? { notExact: exact } : {}) };
    }
    exact ??= finding;
    last = finding;
    // A value that cannot be read at all cannot be read in a weaker mode either.
    if (finding.reason && twoValued) break;
  }
  // The exact terms read better; the reals tell what is more than a rounding.
  return { level: "reals", finding: exact!.value === last!.value ? exact! : last! };
}

/** The first difference of a segment in words; undefined when all pairs are equal. */
function attempt(
  c: Context,
  graphs: Graphs,
  roles: Roles,
  segment: Segment,
  cuts: CutPairs,
  ledger: Ledger,
  options: ProveOptions,
): Finding | undefined {
  const p = newPrograms(c, graphs, roles, cuts, options);
  try {
    for (const pair of segment.pairs) {
      const { compared, difference } = compare(p, pair);
      ledger.compared += compared;
      if (difference) return explain(p, graphs, difference);
    }
    return undefined;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const [pair] = segment.pairs;
    return { value: pair!.name, where: "the whole segment", reason: "the graph is too deep", op: "", site: nowhere };
  } finally {
    ledger.terms += c.store.terms.size;
  }
}

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

