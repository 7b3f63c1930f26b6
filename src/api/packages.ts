/** Packages and graphs as the library reads, writes, prints and compares them. */

import { graphGiven } from "../dsl/given/graphs.ts";
import { optionsGiven, pathGiven, typed, wholeGiven } from "../dsl/given/values.ts";
import type { Graph } from "../dsl/graph.ts";
import { diffGraphs as differencesOf, type GraphDifference } from "../emit/diff/diff.ts";
import { graphOf as lifted, readPackage as read } from "../emit/read/read.ts";
import { type EmitSummary, writePackage as written } from "../emit/write/package.ts";
import { printGraph as printed } from "../passes/print.ts";
import type { ComparedOptions } from "./compared.ts";
import { packageGiven } from "./package-given.ts";
import { neededWeights, weightsGiven } from "./weights.ts";

/** A package that was opened by `readPackage`: what it holds is read when it is asked for. */
export interface Package {
  /** As given: the package folder or the model file. */
  readonly path: string;
  readonly modelFile: string;
  /** Names of its functions. */
  readonly functions: readonly string[];
}

/**
 * Reads a `.mlpackage` folder, or a `.mlmodel` file that stands alone, whoever wrote it. Weights are not read yet.
 * @throws UserError when the path is no package, the manifest breaks a rule, or the model is not an ML Program
 */
export function readPackage(path: string): Package {
  const pkg = read(pathGiven(path, "the package"));
  return Object.assign(pkg, { functions: pkg.model.functions.map(({ name }) => name) });
}

/** Which function of a package, and for how many tokens. */
export interface FunctionOptions {
  /** The default one when absent. */
  readonly function?: string;
  /** T, of a function of flexible size; the size of its description when absent. */
  readonly tokens?: number;
}

/**
 * A function of a package as a graph, whose weights stay in the package.
 * @throws UserError that names the package, the function, and the op that is not understood
 */
export function graphOf(pkg: Package, options: FunctionOptions = {}): Graph {
  const opened = packageGiven(pkg, "what a graph is made of");
  const given = optionsGiven(options, "graphOf", ["function", "tokens"]);
  const name = typed<string>(given.function, "function", (x) => typeof x === "string", "a name");
  const tokens = given.tokens === undefined ? undefined : wholeGiven(given.tokens, "tokens", 1);
  return lifted(opened, {
    ...(name === undefined ? {} : { function: name }),
    ...(tokens === undefined ? {} : { tokens }),
  });
}

/** How a package is written. */
export interface WriteOptions extends Pick<ComparedOptions, "weights" | "signal"> {
  /** Replace a package that is there already. */
  readonly force?: boolean;
  /** Bytes of the weight file so far, and in all. */
  onProgress?(done: number, total: number): void;
}

/**
 * Writes a graph as a Core ML package to its place, or nothing; missing parent folders are made. The same graph and weights give the same bytes
 * everywhere. It proves nothing of what it wrote: `readPackage` and `prove` do.
 * @throws GraphError when the graph cannot be a package; UserError when weights are missing, the place is taken, cannot be written or is full
 */
export async function writePackage(graph: Graph, path: string, options: WriteOptions = {}): Promise<EmitSummary> {
  const made = graphGiven(graph, "what is written");
  const place = pathGiven(path, "the place of the package");
  const given = optionsGiven(options, "writePackage", ["weights", "signal", "force", "onProgress"]);
  const force = typed<boolean>(given.force, "force", (x) => typeof x === "boolean", "true or false");
  const signal = typed<AbortSignal>(given.signal, "signal", (x) => x instanceof AbortSignal, "an AbortSignal");
  const isFunction = (x: unknown) => typeof x === "function";
  const onProgress = typed<NonNullable<WriteOptions["onProgress"]>>(
    given.onProgress,
    "onProgress",
    isFunction,
    "a function",
  );
  const store = await neededWeights([made], weightsGiven(given.weights))();
  return written(made, store, place, {
    ...(force === undefined ? {} : { force }),
    ...(signal ? { signal } : {}),
    ...(onProgress ? { onProgress } : {}),
  });
}

/** A graph as readable text, a value a line, that ends in a newline. @throws UserError for what is no graph */
export const printGraph = (graph: Graph): string => printed(graphGiven(graph, "what is printed"));

/**
 * What differs between two graphs, in the order of the first: none when they are the same computation under the same interface. Names of inner
 * values do not count, nor which of several equal spellings an op has.
 * @throws UserError for what is no graph
 */
export const diffGraphs = (before: Graph, after: Graph): readonly GraphDifference[] =>
  differencesOf(graphGiven(before, "the first graph"), graphGiven(after, "the second graph"));
