/** What one emit will write: a block and its step as two packages, or functions of several sizes as one. */
import { functionsOf } from "../../build/functions.ts";
import { type FunctionSize, functionsIn } from "../../build/sizes.ts";
import type { Graph } from "../../dsl/graph.ts";
import { meetInputs } from "../../dsl/host/twins.ts";
import type { LiftOptions } from "../../emit/read/lift/lift.ts";
import type { Lowered } from "../../emit/write/lower.ts";
import { checkProvable } from "../../passes/prove/program/reach.ts";
import type { Args } from "../options/command.ts";
import { requestedSize } from "../options/size-options.ts";
import type { OpenedGraphs } from "../ranges/author/claim.ts";
import type { Subject } from "../subject/subject.ts";

/** A package that is to be written, under its name in the folder. */
export interface PlannedPackage {
  readonly name: string;
  /** Its graph, or what its functions were lowered to. */
  readonly source: Graph | Lowered;
  /** What is written, for the progress. */
  readonly label: string;
}

/** A graph for so many tokens, in one of the packages. */
export interface PlannedGraph extends Partial<Pick<LiftOptions, "function">> {
  readonly tokens: number;
  readonly graph: Graph;
  /** The package's name. */
  readonly in: string;
}

/** All packages of an emit, and the graphs in them: each of the blocks is proven against the step. */
export interface PlannedSet {
  /** What the names of its files begin with. */
  readonly name: string;
  readonly packages: readonly PlannedPackage[];
  /** The step alone where its packages are for a single token. */
  readonly blocks: readonly PlannedGraph[];
  readonly step: PlannedGraph;
}

/** What will be written. The graphs are built, and so checked, before anything is. @throws UserError for a block too long to prove */
export function planPackages(subject: Subject, args: Args): PlannedSet {
  const listed = args.text("functions");
  const planned =
    listed === undefined ? plannedTwins(subject, args) : plannedFunctions(subject, args, functionsIn(listed));
  const { blocks, step } = planned;
  if (!args.flag("no-prove")) for (const { graph } of blocks) checkProvable(meetInputs(graph, step.graph).tokens);
  return planned;
}

/** The block and the single token, a package each; one package where the block is a single token. */
function plannedTwins({ name, build }: Subject, args: Args): PlannedSet {
  const size = requestedSize(args);
  const counts = size.tokens === 1 ? [1] : [size.tokens, 1];
  const graphs = counts.map((tokens) => ({
    tokens,
    graph: build({ ...size, tokens }),
    in: `${name}.t${tokens}.mlpackage`,
  }));
  const packages = graphs.map(({ tokens, graph, in: file }) => ({ name: file, source: graph, label: `t${tokens}` }));
  return { name, packages, blocks: graphs.slice(0, 1), step: graphs.at(-1)! };
}

/** All in one package, whose name is that of its functions. */
function plannedFunctions({ name, build }: Subject, args: Args, functions: readonly FunctionSize[]): PlannedSet {
  const whole = [name, functions.map((one) => one.name).join("-")].join(".");
  const file = `${whole}.mlpackage`;
  const { maxSeq } = requestedSize(args);
  const graphs = functions.map(({ name: fn, tokens }) => ({
    function: fn,
    tokens,
    graph: build({ tokens, maxSeq }),
    in: file,
  }));
  const graphOfSize = new Map(graphs.map(({ tokens, graph }) => [tokens, graph]));
  const source = functionsOf(functions, (tokens) => graphOfSize.get(tokens)!);
  return {
    name: whole,
    packages: [{ name: file, source, label: functions.map((one) => one.name).join() }],
    blocks: graphs.filter(({ tokens }) => tokens > 1),
    step: graphs.find(({ tokens }) => tokens === 1)!,
  };
}

/** The graphs that are bounded, on a store of their own: what converting costs the packages is told once. */
export const boundedOf = (subject: Subject, { blocks, step }: PlannedSet): OpenedGraphs => ({
  blocks: blocks.map(({ graph }) => graph),
  step: step.graph,
  roles: new Map(),
  config: subject.config,
  openWeights: () => subject.openWeights(step.graph),
});
