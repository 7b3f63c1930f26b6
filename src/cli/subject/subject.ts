/** A model that a command works on: how it is built, and where its weights come from. */
import type { PlainTwin } from "../../build/plain-twin.ts";
import { type Graph, schedule } from "../../dsl/graph.ts";
import type { Graphs } from "../../dsl/host/twins.ts";
import type { Size, SizedModel } from "../../dsl/model.ts";
import type { Decoder } from "../../models/decoder.ts";
import type { AssumedList } from "../../models/rope-list.ts";
import { smallOrNone } from "../../passes/prove/refute/cost.ts";
import type { OpenWeights } from "../../weights/open.ts";
import type { WeightStore } from "../../weights/store.ts";
import type { Args } from "../options/command.ts";
import type { SafeGraph } from "../ranges/author/safe.ts";
import type { SafeModel } from "../ranges/engine-safe.ts";
import type { Card } from "./card.ts";

/** A model that can be built at any size, with the weights that belong to it. */
export interface Subject {
  /** Stem of the package names, such as `phi4-mini.layer0` or `llama.layer0`. */
  readonly name: string;
  readonly build: SizedModel;
  /** Facts for host data, where the model has a configuration. */
  readonly config?: Decoder;
  /** The kinds of layers that the model has, where it has layers. */
  readonly model?: ModelKinds;
  /** Which of its layers are built, where it has layers. */
  readonly layers?: readonly number[];
  /** Which of LongRoPE's lists RoPE rows are made with, where it turns the layers. */
  readonly ropeList?: AssumedList;
  /** One line that tells where the weights come from. */
  readonly weights: string;
  /** Whether they are somebody's: in a checkpoint, not made from a seed. */
  readonly storedWeights: boolean;
  /** What its checkpoint is, where the model comes from one. */
  readonly card?: Card;
  /** Opens the weights of the graph; the caller closes the store. */
  openWeights(graph: Graph): Promise<WeightStore>;
  /** Holds the weights of graphs against the headers of the checkpoint, if there is one. @throws UserError */
  checkWeights(graphs: readonly Graph[]): Promise<void>;
  /** A layer of each kind that is built, the same for all layers of that kind: the graph itself where it has no layers. */
  kinds(size: Size): readonly KindGraph[];
  /** The exponents that --engine-safe chose, and the same layers for one token without them. */
  readonly safe?: SafeModel;
  /** What it chose for an author's graph. */
  readonly safeGraph?: SafeGraph;
  readonly plain?: (size: Size) => PlainTwin;
  /** Block and step at the smallest sizes that still show a difference. */
  small(tokens: number, maxSeq?: number): Graphs;
  /** The same with every layer that the graph has, where `small` has fewer. */
  smallWhole?(tokens: number, maxSeq?: number): Graphs;
}

/** The kinds of layers of a model, of which a graph may have some. */
export interface ModelKinds {
  readonly kinds: readonly { readonly layers: readonly number[]; readonly says: string }[];
  /** Which of them are in the graph; absent where there is one kind alone. */
  readonly note?: string;
}

/** A layer that stands for all layers of its kind. */
export interface KindGraph {
  readonly graph: Graph;
  /** Those that it stands for here; none where the graph has no layers. */
  readonly layers: readonly number[];
}

/** Block and step at the smallest sizes, or beside so many cache rows. */
export const smallPair =
  (build: SizedModel) =>
  (tokens: number, maxSeq = tokens + 1) => ({
    block: build({ tokens, maxSeq }),
    step: build({ tokens: 1, maxSeq }),
  });

/** A pair beside one more cache row, or beside twice as many where a text takes no odd number. It throws where neither can be built. */
export const besideOtherRows = (maxSeq: number, pairAt: (maxSeq: number) => Graphs) => (): Graphs =>
  smallOrNone(pairAt, maxSeq + 1) ?? pairAt(2 * maxSeq);

/** Where generated weights come from. */
export const generatedLabel = (args: Args): string => `generated (seed ${args.text("seed")})`;

/** @throws UserError that names the file and what is wrong with it */
export async function openFolder(path: string): Promise<OpenWeights> {
  return (await import("../../weights/open.ts")).openWeights(path);
}

/** Weights made from a seed, for all that the graph reads. */
export async function generated(graph: Graph, args: Args): Promise<WeightStore> {
  const { generatedStore, storedShapes } = await import("../../weights/generated.ts");
  return generatedStore(storedShapes(schedule(graph)), args.whole("seed"));
}
