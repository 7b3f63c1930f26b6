/** An author's graphs with given clamps, held at the powers of two that their bounds ask for. */
import { type Graph, schedule } from "../../../dsl/graph.ts";
import type { SizedModel } from "../../../dsl/model.ts";
import type { Tensor } from "../../../dsl/tensor.ts";
import { UserError } from "../../../dsl/user-error.ts";
import { type Clamp, type ClampedGraph, clamped, type NamedClamp } from "../../../passes/ranges/held/clamps.ts";
import { hold } from "../../../passes/ranges/held/hold.ts";
import { type Needs, needsOf } from "../../../passes/ranges/held/needs.ts";
import { LIMITS } from "../../../passes/ranges/limits.ts";
import type { Args } from "../../options/command.ts";
import { requestedSize } from "../../options/size-options.ts";
import type { Io } from "../../terminal/io.ts";
import { type BoundedGraphs, boundedGraphs, brokenIn, type OpenedGraphs } from "./claim.ts";
import { boundWords, valueWords } from "./text.ts";

/** What is held at a power of two, or summed up at one and undone behind the sum. */
export interface HeldValue {
  readonly value: Tensor;
  readonly exponent: number;
}

/** A value that is clipped, and its place in the schedule of the graphs without clamps. */
export interface Clipped extends NamedClamp {
  readonly value: Tensor;
  readonly place: number;
}

/** Every limit holds for every input within the bounds. */
export interface HeldGraphs {
  readonly kind: "held";
  readonly exponents: readonly HeldValue[];
  readonly clips: readonly Clipped[];
  readonly bounded: BoundedGraphs;
  /** Graphs of any size with both. */
  readonly held: SizedModel;
}

/** Why powers of two do not, and the places of values that a clip would have to hold: none where that would not help. */
export interface NotHeld {
  readonly kind: "not held";
  readonly why: string;
  /** Where it is not the bounds that have to be smaller. */
  readonly mend?: string;
  readonly places: readonly number[];
  /** Where results of the graph have to be clipped with them. */
  readonly results: boolean;
  /** A clip has to be below this: of scores below what the prover takes for a mask's own number. */
  readonly below: number;
}

/** The graphs that are bounded, from a model of any size. */
export type OpenedAs = (build: SizedModel) => OpenedGraphs;

/** The graphs with clamps, and what is known of them before anything is held. */
interface Before {
  readonly own: ClampedGraph;
  readonly before: BoundedGraphs;
  readonly needs: Needs;
  /** Of the values of the first graph. */
  readonly exponents: ReadonlyMap<Tensor, number>;
}

/** @throws UserError where block and step are not made alike, and for what the weights refuse */
export async function heldWith(
  plain: SizedModel,
  clamps: readonly Clamp[],
  openedAs: OpenedAs,
  args: Args,
  io: Io,
): Promise<HeldGraphs | NotHeld> {
  const build: SizedModel = clamps.length === 0 ? plain : (size) => clamped(plain(size), clamps).graph;
  const bound = async (model: SizedModel): Promise<BoundedGraphs> => {
    const opened = openedAs(model);
    const store = await opened.openWeights();
    return boundedGraphs(opened, store, args, io).finally(() => store.close());
  };
  const before = await bound(build);
  if (before.graphs.some(({ graph }) => graph.states.some(({ host }) => host)))
    return { kind: "not held", why: "its host keeps the caches", mend: "write it with caches as states", ...NOWHERE };
  const found = chosenFor(before, clamped(plain(requestedSize(args)), clamps));
  if ("kind" in found) return found;
  const held = heldModel(build, found.needs);
  const bounded = found.exponents.size === 0 ? before : await bound(held);
  const broken = brokenIn(bounded.graphs) ?? scoreIn(bounded)?.why;
  if (broken !== undefined) return { kind: "not held", why: broken, ...NOWHERE };
  const clips = clipsIn(found, clamps);
  const isClip = new Set(clips.map(({ name }) => name));
  const exponents = [...found.exponents].filter(([{ name = "" }]) => !isClip.has(name));
  return {
    kind: "held",
    exponents: exponents.map(([value, exponent]) => ({ value, exponent })),
    clips,
    bounded,
    held,
  };
}

/** The powers of two that the bounds ask for, or what is in their way. */
function chosenFor(before: BoundedGraphs, own: ClampedGraph): Before | NotHeld {
  const needs = needsOf(before.graphs);
  const placesIn = (graph: Graph, values: readonly Tensor[]): readonly number[] => {
    const all = schedule(graph);
    return values.map((x) => own.places[all.indexOf(x)]!);
  };
  const exponents = before.graphs.map(({ graph }) => {
    const found = hold(graph, needs);
    if (found.kind === "held") return found.exponents;
    const { value, why, clamp } = found;
    const places = placesIn(graph, clamp.values);
    return {
      ...NOWHERE,
      kind: "not held",
      why: `${valueWords(value)} ${why}`,
      places,
      results: clamp.results,
    } as const;
  });
  const not = exponents.find((one) => "kind" in one);
  if (not) return not;
  const score = scoreIn(before);
  if (score) {
    const places = placesIn(score.graph, score.values);
    return { ...NOWHERE, kind: "not held", why: score.why, places, below: LIMITS.score };
  }
  return { own, before, needs, exponents: exponents[0] as ReadonlyMap<Tensor, number> };
}

/** The clips as they stand in the graphs that are held. */
function clipsIn({ own, before, exponents }: Before, clamps: readonly Clamp[]): readonly Clipped[] {
  const [values, names] = [schedule(before.graphs[0]!.graph), schedule(own.graph)];
  return own.clips.map((clip, k) => {
    const { place, most } = clamps[k]!;
    const exponent = exponents.get(values[names.indexOf(clip)]!) ?? 0;
    return { name: clip.name!, most, place, value: values[own.places.indexOf(place)]!, exponent };
  });
}

const NOWHERE = { places: [], results: false, below: LIMITS.fp16 } as const;

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

/** A score beyond P8's bound, or a mask that is no addend: no power of two mends these, and a clip the first alone. */
interface Unscored {
  readonly why: string;
  readonly values: readonly Tensor[];
  readonly graph: Graph;
}

function scoreIn({ graphs }: BoundedGraphs): Unscored | undefined {
  for (const { bounds, tokens, graph } of graphs) {
    const [other] = bounds.unscored;
    if (other)
      return {
        why: `${valueWords(other)} takes a mask otherwise than by adding it, so that its scores are not known`,
        values: [],
        graph,
      };
    const one = bounds.values.find(({ kind, most, limit }) => kind === "score" && !(most < limit));
    if (one) return { why: `${boundWords(one)}, at T=${tokens}`, values: [one.value], graph };
  }
  return undefined;
}
