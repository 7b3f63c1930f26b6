/** What `emit` says of layers with exponents: that they are the layers without, and how far from fp64 both are on the engine. */
import { type EngineDrift, type EngineDriftJob, engineDrift } from "../../build/engine-drift.ts";
import type { BuildPlan } from "../../build/plan.ts";
import { twinOf } from "../../build/shard.ts";
import { equalToPlain } from "../../build/without-exponents.ts";
import { rolesOfBytes } from "../../dsl/host/roles.ts";
import { placeInFile } from "../../emit/read/blobs/weight-identity.ts";
import { graphOf, type Package } from "../../emit/read/read.ts";
import type { WeightFile } from "../../emit/write/weight-file.ts";
import type { Verdict } from "../../passes/prove/report/verdict.ts";
import type { WeightStore } from "../../weights/store.ts";
import { requestedSize } from "../options/size-options.ts";
import { type GraphDrift, graphDrift } from "../ranges/author/drift.ts";
import { CLAMPS, EXPONENTS, GRAPH_CLAMPS, GRAPH_EXPONENTS } from "../ranges/safe-text.ts";
import type { Subject } from "../subject/subject.ts";
import type { Io } from "../terminal/io.ts";
import type { Sides } from "../verdict/sides.ts";
import type { EmitJob } from "./packages.ts";
import type { PlannedGraph } from "./plan.ts";

/** The step that blocks are proven against, beside the same layers without exponents on the weights of its package; none without exponents. */
export function equalityOf(
  { subject, planned, args }: EmitJob,
  opened: () => Package,
  weights: WeightFile,
): Verdict | undefined {
  if (!subject.plain) return undefined;
  const pkg = opened();
  const twin = subject.plain({ ...requestedSize(args), tokens: 1 });
  const step = twinOf(pkg, planned.step.graph, weights);
  return equalToPlain(graphOf(step), graphOf(twinOf(pkg, twin.graph, weights)), twin, {
    weightIdentity: placeInFile,
    roles: rolesOfBytes([twin.graph]),
  });
}

/** What stands on both sides of that proof. */
export function sidesOf({ safe, safeGraph, layers = [] }: Subject): Sides {
  if (safeGraph) return safeGraph.clamps?.values.length ? GRAPH_CLAMPS : GRAPH_EXPONENTS;
  return layers.some((layer) => safe?.exponents.layers[layer]?.clamps) ? CLAMPS : EXPONENTS;
}

/** Both ways on rows of the embedding, where there are exponents. @throws UserError for what the weights refuse */
export async function emitDrift({ subject, store, args, io }: EmitJob): Promise<EngineDrift | undefined> {
  const { config, safe } = subject;
  if (!safe || !config) return undefined;
  const layers = { first: args.whole("layer"), count: args.whole("layers"), head: false };
  return shown({ decoder: config, store, ...layers }, io);
}

/** The same of an author's block, on random inputs. @throws UserError for what the weights refuse */
export async function emitGraphDrift({ subject, planned, store, args, io }: EmitJob): Promise<GraphDrift | undefined> {
  if (!subject.safeGraph) return undefined;
  const [{ graph: block, tokens }] = planned.blocks as readonly [PlannedGraph];
  const { maxSeq } = requestedSize(args);
  return graphDrift({ block, step: planned.step.graph, tokens, maxSeq, safe: subject.safeGraph }, store, args, io);
}

/** The same of a whole model, its logits with it. @throws UserError for what the weights refuse */
export const buildDrift = ({ decoder }: BuildPlan, store: WeightStore, io: Io): Promise<EngineDrift> =>
  shown({ decoder, store, first: 0, count: decoder.layers, head: true }, io);

function shown(job: EngineDriftJob, io: Io): Promise<EngineDrift> {
  const progress = io.progress("running on the engine's arithmetic");
  return engineDrift({ ...job, signal: io.signal, onProgress: progress.update }).finally(progress.end);
}
