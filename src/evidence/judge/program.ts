/** The packages of a build as they are decoded: graphs, operations by the names of their results, and sizes of rows. */
import { join } from "node:path";
import type { Graph } from "../../dsl/graph.ts";
import { namesConstexpr } from "../../dsl/traits.ts";
import { sizeOf } from "../../dsl/type.ts";
import { WEIGHTS_PATH } from "../../emit/mil/manifest.ts";
import type { MilBlock } from "../../emit/mil/records.ts";
import { liftedOf, readPackage } from "../../emit/read/read.ts";
import type { FolderDigest } from "../digests.ts";
import type { FixtureManifest } from "../format/fixtures-shape.ts";

/** An operation of a program: the op's name in MIL, and the names of its results. */
export interface ProgramOperation {
  readonly kind: string;
  readonly values: readonly string[];
}

/** The function of a package that is measured. */
export interface Program {
  readonly function: string;
  readonly graph: Graph;
  /** Nested blocks included, constants too. */
  readonly operations: readonly ProgramOperation[];
}

/** Both of a build. */
export interface Programs {
  readonly block: Program;
  readonly step: Program;
  /** Their weight files hold the same bytes: a weight is then known by its place. */
  readonly sameWeights: boolean;
}

/** Whether an op holds data and computes nothing: a compute plan may tell no device of it. */
export const isConstantKind = (kind: string): boolean => kind === "const" || namesConstexpr(kind);

/** Reads both packages of a build. @throws UserError that names the package and what is wrong with it */
export function programsIn(
  folder: string,
  { block, step }: FixtureManifest,
  digests: { readonly block: FolderDigest; readonly step: FolderDigest },
): Programs {
  const one = readPackage(join(folder, block.package));
  const sameWeights = digests.block.files[WEIGHTS_PATH] === digests.step.files[WEIGHTS_PATH];
  const opened = step.package === block.package ? one : readPackage(join(folder, step.package));
  // Hashed once where the bytes are the same.
  const other = sameWeights ? { ...opened, blobs: one.blobs } : opened;
  const program = (pkg: typeof one, name: string | null | undefined): Program => {
    const lifted = liftedOf(pkg, name ? { function: name } : {});
    return { function: lifted.function.name, graph: lifted.graph, operations: operationsIn(lifted.function) };
  };
  return { block: program(one, block.function), step: program(other, step.function), sameWeights };
}

/** Of a block and of those nested in it. */
export const operationsIn = ({ operations }: MilBlock): readonly ProgramOperation[] =>
  operations.flatMap(({ type, outputs, blocks }) => [
    { kind: type, values: outputs.map(({ name }) => name) },
    ...blocks.flatMap(operationsIn),
  ]);

/** How many elements a token's row of each value has, by the name of the output or state. */
export function rowSizes(
  { graph }: Program,
  { outputs, states, caches, block }: FixtureManifest,
): ReadonlyMap<string, number> {
  const ofOutputs = outputs.flatMap(({ name }) => {
    const value = graph.outputs[name];
    return value ? [[name, sizeOf(value.type.shape) / block.tokens] as const] : [];
  });
  const kept = [...states, ...(caches ?? [])].map(
    ({ name, shape, rowAxis }) => [name, sizeOf(shape) / shape[rowAxis]!] as const,
  );
  return new Map([...ofOutputs, ...kept]);
}
