/** A package, model or graph file as a graph to be compared, with what tells whether its weights are those of another. */
import { resolve } from "node:path";
import type { Graph } from "../../dsl/graph.ts";
import type { CompareOptions, WeightHash } from "../../emit/diff/canonical.ts";
import { checkpointHashes } from "../../emit/diff/checkpoint-hashes.ts";
import type { MilModel } from "../../emit/mil/records.ts";
import { graphOf, readPackage } from "../../emit/read/read.ts";
import type { Args } from "../options/command.ts";
import { isPackage } from "../options/operand-kind.ts";
import { requestedSize } from "../options/size-options.ts";
import type { Io } from "../terminal/io.ts";
import { functionOf } from "./pair.ts";
import { subjectOf } from "./target.ts";

/** One of two graphs that are compared. */
export interface Comparand {
  readonly graph: Graph;
  /** Of a package, the function that the graph is of. */
  readonly function?: { readonly model: MilModel; readonly name: string };
  /** For weights that a package would hold: their hash as it would be stored. */
  readonly hash?: WeightHash;
}

/** Each side's own: two checkpoints have other numbers under the same names. */
export const hashesOf = (first?: WeightHash, second?: WeightHash): CompareOptions => ({
  hash: first ?? second,
  other: second ?? first,
});

/** The graph of a package, or a model at the sizes of the options; `hashed` asks for its weights' contents. */
export async function comparandOf(
  operand: string,
  args: Args,
  io: Io,
  { hashed, option = "function" }: { readonly hashed: boolean; readonly option?: string },
): Promise<Comparand> {
  if (isPackage(operand)) {
    const pkg = readPackage(resolve(operand));
    const name = functionOf(pkg, args, option).function ?? pkg.model.defaultFunction;
    return { graph: graphOf(pkg, { function: name }), function: { model: pkg.model, name } };
  }
  const subject = await subjectOf(operand, args, io);
  const graph = subject.build(requestedSize(args));
  if (!hashed) return { graph };
  return { graph, hash: await checkpointHashes(graph, () => subject.openWeights(graph)) };
}
