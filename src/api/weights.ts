/** Weights for the library's functions: those of a checkpoint, or made from a seed; a package brings its own. */

import { graphGiven } from "../dsl/given/graphs.ts";
import { pathGiven, shown, wholeGiven } from "../dsl/given/values.ts";
import { type Graph, schedule } from "../dsl/graph.ts";
import { UserError } from "../dsl/user-error.ts";
import { packageWeights } from "../emit/read/blobs/package-store.ts";
import { generatedStore, storedShapes } from "../weights/generated.ts";
import { openWeights as open } from "../weights/open.ts";
import type { WeightStore } from "../weights/store.ts";

/** Open weights: what the functions of the library take as `weights`. Whoever opened them closes them. */
export interface Weights extends WeightStore {
  /** What the checkpoint's config.json says; a model function takes it as `config`, `readDecoder` understands it. */
  readonly config?: unknown;
}

/**
 * Opens the weights of a checkpoint: a Hugging Face folder or a GGUF file.
 * @throws UserError that names the file and what is wrong with it
 */
export async function openWeights(path: string): Promise<Weights> {
  return open(pathGiven(path, "the checkpoint"));
}

/**
 * Weights made from a seed for all that the graph reads of a checkpoint; the same numbers everywhere.
 * @throws UserError where the graph is none, or the seed no whole number
 */
export function generatedWeights(graph: Graph, seed = 1): Weights {
  const values = schedule(graphGiven(graph, "what weights are made for"));
  return generatedStore(storedShapes(values), wholeGiven(seed, "the seed", 0));
}

/** Of weights as they were given, or undefined. @throws UserError */
export function weightsGiven(value: unknown): WeightStore | undefined {
  if (value === undefined) return undefined;
  const { stream, close } = (value ?? {}) as Partial<WeightStore>;
  if (typeof stream === "function" && typeof close === "function") return value as WeightStore;
  throw new UserError(`weights must be open weights, not ${shown(value)}`, "openWeights() opens a checkpoint's");
}

const readsFrom = (graphs: readonly Graph[], from: "checkpoint" | "package"): boolean =>
  graphs.flatMap(schedule).some(({ def }) => def.kind === "weight" && def.source.from === from);

/** What is known of the weights that graphs read. */
export interface FoundWeights {
  /** Whether they are somebody's, so that a proof looks at them. */
  readonly stored: boolean;
  /** Absent where the graphs read a checkpoint and nobody gave one. Closing it leaves what was given open. */
  readonly openWeights?: () => Promise<WeightStore>;
}

/** Those given for what is a checkpoint's, and a package's own for the rest. */
export function weightsOf(graphs: readonly Graph[], given: WeightStore | undefined): FoundWeights {
  const own = readsFrom(graphs, "package");
  if (!given && readsFrom(graphs, "checkpoint")) return { stored: false };
  const store = packageWeights();
  const both: WeightStore = {
    stream: (source, type) => (given && source.from === "checkpoint" ? given : store).stream(source, type),
    report: () => (given ?? store).report(),
    close: () => store.close(),
  };
  return { stored: own || given !== undefined, openWeights: async () => both };
}

/** The same, where nothing can be done without them. @throws UserError */
export function neededWeights(graphs: readonly Graph[], given: WeightStore | undefined): () => Promise<WeightStore> {
  const { openWeights } = weightsOf(graphs, given);
  if (openWeights) return openWeights;
  throw new UserError(
    `${graphs[0]!.name} reads weights of a checkpoint, and none are given`,
    "give weights: openWeights(folder), or generatedWeights(graph)",
  );
}
