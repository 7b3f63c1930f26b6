/** What the weights of an author's graphs guarantee beside a proof of them, for inputs within what was given. */
import type { Graph } from "../../../dsl/graph.ts";
import { meet } from "../../../dsl/host/twins.ts";
import type { GivenRoles } from "../../../dsl/role.ts";
import type { Decoder } from "../../../models/decoder.ts";
import type { Verdict } from "../../../passes/prove/report/verdict.ts";
import { boundGraphs } from "../../../passes/ranges/graph/bound-graph.ts";
import { type Gap, gapOf } from "../../../passes/ranges/graph/gap.ts";
import { type GraphBounds, keeps, type ValueBound } from "../../../passes/ranges/graph/judged.ts";
import { emptyLemmas } from "../../../passes/ranges/graph/lemmas.ts";
import { LIMITS } from "../../../passes/ranges/limits.ts";
import type { WeightStore } from "../../../weights/store.ts";
import type { Args } from "../../options/command.ts";
import type { Io } from "../../terminal/io.ts";
import type { Held, RangesRecord } from "../claim-record.ts";
import { withForms } from "../forms.ts";
import { type GivenInputs, givenOf } from "./author.ts";
import { knownOf } from "./inputs.ts";
import { boundWords, figure, GIVEN_OF_GRAPHS, givenWords, valueWords } from "./text.ts";
import { readWeights } from "./weights.ts";

/** Blocks and their step, which share their caches, and a way to their weights. */
export interface OpenedGraphs {
  readonly blocks: readonly Graph[];
  readonly step: Graph;
  readonly roles: GivenRoles;
  /** Of a checkpoint's layers, which are bounded as such. */
  readonly config?: Decoder | undefined;
  openWeights(): Promise<WeightStore>;
}

/** One of the graphs. */
interface BoundedGraph {
  readonly tokens: number;
  /** With the host's caches as states. */
  readonly graph: Graph;
  readonly bounds: GraphBounds;
  readonly gap: Gap;
}

/** The graphs, every value of each bounded for any order of calls on their common caches. */
export interface BoundedGraphs extends GivenInputs {
  readonly of: "graphs";
  readonly graphs: readonly BoundedGraph[];
}

/** Bounds them. @throws UserError for a bound of no input, and for what the weights refuse */
export async function boundedGraphs(
  { blocks, step, roles: stated }: OpenedGraphs,
  store: WeightStore,
  args: Args,
  io: Io,
): Promise<BoundedGraphs> {
  const pairs = blocks.map((block) => meet(block, step, stated));
  const [first] = pairs as [(typeof pairs)[number]];
  const { given, free } = givenOf(first.block, first.roles, args);
  const all = [
    ...pairs.map(({ block, tokens, roles }) => ({ graph: block, tokens, roles })),
    ...(pairs.some(({ tokens }) => tokens === 1) ? [] : [{ graph: first.step, tokens: 1, roles: first.roles }]),
  ];
  const weights = await readWeights(
    all.map(({ graph }) => graph),
    store,
    io,
  );
  const progress = io.progress("bounding values");
  const graphs = await withForms(async (gramOf) => {
    progress.update(0, 1);
    const known = all.map(({ graph, roles }) => ({
      graph,
      known: knownOf({ block: graph, roles, weights, given, factor: 1, lemmas: emptyLemmas(gramOf) }),
    }));
    return boundGraphs(known).map((bounds, k) => ({
      tokens: all[k]!.tokens,
      graph: all[k]!.graph,
      bounds,
      gap: gapOf(known[k]!.graph, known[k]!.known.masks, bounds.regions),
    }));
  }).finally(progress.end);
  return { of: "graphs", graphs, given, free };
}

/** Every bound, by graph and value. */
export interface GraphsRecord extends RangesRecord {
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly graphs: readonly { readonly tokens: number; readonly values: readonly object[] }[];
}

/** The claim, and which of the preconditions of a verdict are met. */
export function graphsClaim(
  bounded: BoundedGraphs,
  verdict: Pick<Verdict, "preconditions"> & { readonly gapBound?: number },
): GraphsRecord {
  const { graphs, given } = bounded;
  const bad = brokenIn(graphs);
  const used = new Set(verdict.preconditions.map(({ id }) => id));
  return {
    claim: bad === undefined ? "ORDER-FREE (engine)" : "NOT ORDER-FREE (engine)",
    says: bad ?? orderFreeWords(bounded),
    given: [...givenWords(given), ...GIVEN_OF_GRAPHS],
    preconditions: [
      ...(used.has("P7") ? [finite(bad)] : []),
      ...(used.has("P8") && verdict.gapBound !== undefined ? [scores(graphs, verdict.gapBound)] : []),
    ],
    inputs: Object.fromEntries(given),
    graphs: graphs.map(({ tokens, bounds }) => ({ tokens, values: bounds.values.map(recordOf) })),
  };
}

const recordOf = ({ value, kind, limit, most }: ValueBound) => ({
  value: valueWords(value),
  kind,
  limit,
  most: Number.isFinite(most) ? most : null,
});

/** The first number that may leave its type or the accumulator, in words; scores are P8's. None where everything holds. */
export function brokenIn(graphs: readonly BoundedGraph[]): string | undefined {
  for (const { tokens, bounds } of graphs) {
    // What it spoils is told by what is wrong with it.
    const weight = bounds.values.find(({ value }) => value.def.kind === "weight");
    if (weight) return boundWords(weight);
    const [state] = bounds.growing;
    if (state !== undefined) return `state ${state} is not bounded: as far as is known it grows from call to call`;
    const one = bounds.values.find((x) => x.kind !== "score" && !keeps(x));
    if (one) return `${boundWords(one)}, at T=${tokens}`;
    if (bounds.values.length === 0) return `nothing of the graph at T=${tokens} was bounded`;
  }
  return undefined;
}

/** Of sums of products the largest. */
function orderFreeWords({ graphs }: BoundedGraphs): string {
  const sums = graphs.flatMap(({ tokens, bounds }) =>
    bounds.values.filter(({ kind }) => kind === "accumulator").map((one) => ({ ...one, tokens })),
  );
  const sizes = graphs.map(({ tokens }) => `T=${tokens}`).join(" and ");
  if (sums.length === 0) return `there is no sum of products at ${sizes}`;
  const { value, most, tokens } = sums.reduce((a, b) => (b.most > a.most ? b : a));
  return `no sum of products at ${sizes} reaches ${LIMITS.accumulator} in any order (at most ${figure(Math.ceil(most))}, ${valueWords(value)} at T=${tokens}), so that order and T change no bit of it; accumulator as on M4 and M6`;
}

const finite = (bad: string | undefined): Held => ({
  id: "P7",
  met: bad === undefined,
  says: bad ?? "the weights are finite, and so is every value of the graphs, while the inputs are within their bounds",
});

/** The largest score of all graphs; of one in which a mask goes other ways than into a softmax nothing is known. */
function scores(graphs: readonly BoundedGraph[], bound: number): Held {
  const lost = graphs.find(({ gap }) => gap.lost.length > 0);
  if (lost)
    return {
      id: "P8",
      met: false,
      says: `of ${valueWords(lost.gap.lost[0]!)} it is not known here whether it masks something out, or what it does to what is masked out`,
    };
  const found = graphs.map(({ gap }) => gap.most).filter((x) => x !== undefined);
  if (found.length < graphs.length) return { id: "P8", met: false, says: "no mask is added to scores" };
  const most = Math.max(...found);
  return {
    id: "P8",
    met: most <= bound,
    says: `|score| and |row maximum| are up to ${Number.isFinite(most) ? Math.ceil(most) : "any number"}, of ${bound}`,
  };
}
