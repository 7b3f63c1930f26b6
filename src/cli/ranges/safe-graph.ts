/** `--engine-safe` of an author's graph: the powers of two with which every limit holds for every input within the bounds. */
import { schedule } from "../../dsl/graph.ts";
import type { Size, SizedModel } from "../../dsl/model.ts";
import type { Tensor } from "../../dsl/tensor.ts";
import { UserError } from "../../dsl/user-error.ts";
import { hold } from "../../passes/ranges/held/hold.ts";
import { type Needs, needsOf } from "../../passes/ranges/held/needs.ts";
import type { Args } from "../command.ts";
import { boundedOf, planPackages } from "../emit-plan.ts";
import type { Io } from "../io.ts";
import { type Subject, smallPair } from "../subject.ts";
import { boundWords, valueWords } from "./author-text.ts";
import { type BoundedGraphs, boundedGraphs, brokenIn, type OpenedGraphs } from "./graph-claim.ts";

/** What is held at a power of two, or summed up at one and undone behind the sum. */
export interface HeldValue {
  readonly value: Tensor;
  readonly exponent: number;
}

/** What was chosen, and what is known of the graphs with it. */
export interface SafeGraph {
  readonly kind: "safe";
  readonly exponents: readonly HeldValue[];
  readonly bounded: BoundedGraphs;
  /** Graphs of any size without, and with. */
  readonly plain: SizedModel;
  readonly held: SizedModel;
}

/** No powers of two do, and why. */
export interface UnsafeGraph {
  readonly kind: "unsafe";
  readonly why: string;
  readonly mend: string;
}

/** The graphs that are bounded, from a model of any size. */
export type OpenedAs = (build: SizedModel) => OpenedGraphs;

const BOUNDS = "give smaller bounds with --bound, or scale it in the graph";

/** Chooses, and bounds what was chosen. @throws UserError where block and step are not made alike, and for what the weights refuse */
export async function safeGraphOf(
  plain: SizedModel,
  openedAs: OpenedAs,
  args: Args,
  io: Io,
): Promise<SafeGraph | UnsafeGraph> {
  const bound = async (build: SizedModel): Promise<BoundedGraphs> => {
    const opened = openedAs(build);
    const store = await opened.openWeights();
    return boundedGraphs(opened, store, args, io).finally(() => store.close());
  };
  const before = await bound(plain);
  if (before.graphs.some(({ graph }) => graph.states.some(({ host }) => host)))
    return { kind: "unsafe", why: "its host keeps the caches", mend: "write it with caches as states" };
  const needs = needsOf(before.graphs);
  const exponents = new Map<Tensor, number>();
  for (const { graph } of before.graphs) {
    const found = hold(graph, needs);
    if (found.kind === "unheld")
      return { kind: "unsafe", why: `${valueWords(found.value)} ${found.why}`, mend: BOUNDS };
    if (graph === before.graphs[0]!.graph)
      for (const [value, exponent] of found.exponents) exponents.set(value, exponent);
  }
  const held = heldModel(plain, needs);
  const bounded = exponents.size === 0 ? before : await bound(held);
  const broken = brokenIn(bounded.graphs) ?? scoresIn(bounded);
  if (broken !== undefined) return { kind: "unsafe", why: broken, mend: BOUNDS };
  return {
    kind: "safe",
    exponents: [...exponents].map(([value, exponent]) => ({ value, exponent })),
    bounded,
    plain,
    held,
  };
}

/** The subject with its graphs held, block and step at the same powers, if the options ask for it. @throws UserError where no powers do */
export async function safeSubject(subject: Subject, args: Args, io: Io): Promise<Subject> {
  if (subject.config || !args.flag("engine-safe")) return subject;
  const openedAs: OpenedAs = (build) => boundedOf(subject, planPackages({ ...subject, build }, args));
  const safeGraph = await safeGraphOf(subject.build, openedAs, args, io);
  if (safeGraph.kind === "unsafe")
    throw new UserError(`--engine-safe cannot make this graph safe: ${safeGraph.why}`, safeGraph.mend);
  const { plain, held: build } = safeGraph;
  return {
    ...subject,
    build,
    kinds: (size) => [{ graph: build(size), layers: [] }],
    small: smallPair(build),
    safeGraph,
    plain: (size) => ({
      graph: plain(size),
      residual: 0,
      small: () => ({ block: build(SMALL), step: plain(SMALL) }),
    }),
  };
}

/** One token beside two cache rows. */
const SMALL: Size = { tokens: 1, maxSeq: 2 };

/** Every graph that is built, held. */
const heldModel =
  (build: SizedModel, needs: Needs): SizedModel =>
  (size) => {
    const graph = build(size);
    const held = schedule(graph).length === needs.length ? hold(graph, needs) : undefined;
    if (held?.kind === "held") return held.graph;
    throw new UserError(
      `--engine-safe holds graphs of every size at the same powers, and at T=${size.tokens} beside ${size.maxSeq} rows this one is made of other ops`,
      "write it by the same code for every size",
    );
  };

/** Scores beyond P8's bound, and masks that are no addends: no power of two mends these. */
function scoresIn({ graphs }: BoundedGraphs): string | undefined {
  for (const { bounds, tokens } of graphs) {
    const [other] = bounds.unscored;
    if (other) return `${valueWords(other)} takes a mask otherwise than by adding it, so that its scores are not known`;
    const one = bounds.values.find(({ kind, most, limit }) => kind === "score" && !(most < limit));
    if (one) return `${boundWords(one)}, at T=${tokens}`;
  }
  return undefined;
}
