/** The two graphs of `graphc equal`: of packages, or of models and graph files, built for calls of the same T. */
import { realpathSync } from "node:fs";
import { isFlexible } from "../../api/package-subjects.ts";
import { type Graph, schedule } from "../../dsl/graph.ts";
import type { Graphs } from "../../dsl/host/twins.ts";
import { UserError } from "../../dsl/user-error.ts";
import type { WeightSource } from "../../dsl/weight-source.ts";
import { weightDigest } from "../../emit/diff/checkpoint-hashes.ts";
import { packageWeights } from "../../emit/read/blobs/package-store.ts";
import { graphOf, readPackage } from "../../emit/read/read.ts";
import type { WeightStore } from "../../weights/store.ts";
import type { Args } from "../options/command.ts";
import { isCheckpoint, isGraphFile, isPackage, type OperandKind } from "../options/operand-kind.ts";
import { requestedSize } from "../options/size-options.ts";
import { tellKinds } from "../subject/each-kind.ts";
import { functionOf } from "../subject/pair.ts";
import { besideOtherRows } from "../subject/subject.ts";
import { subjectOf } from "../subject/target.ts";
import type { Io } from "../terminal/io.ts";

/** One of the two graphs. */
export interface Comparand {
  readonly graph: Graph;
  readonly shown: string;
  /** T, where the options chose it. */
  readonly tokens?: number;
  /** The same at its smallest sizes; graph files only. */
  readonly small?: (tokens: number) => Graph;
  /** The same beside so many cache rows; models and graph files only. */
  readonly beside?: (maxSeq: number) => Graph;
  /** Opens the weights, where they are somebody's: in a package or a checkpoint, not made from a seed. */
  readonly openWeights?: () => Promise<WeightStore>;
}

/** Both; packages can be run with the weights that they hold. */
export interface ComparedGraphs {
  readonly a: Comparand;
  readonly b: Comparand;
  readonly packages: boolean;
  /** Rows of the KV cache, where the options chose them. */
  readonly maxSeq?: number;
}

/**
 * The graphs that the operands name.
 * @throws UserError for a package beside a model, whose weights are known by name and not by content; for a file beside itself
 */
export async function comparedGraphs(args: Args, io: Io): Promise<ComparedGraphs> {
  const [first, second] = args.operands as [string, string];
  if (isPackage(first) !== isPackage(second))
    throw new UserError(
      `of ${first} and ${second} one is a package and one is not, so that their weights cannot be told to be the same`,
      "give two packages: graphc emit writes one of a model or a graph file",
    );
  if (isPackage(first)) return packages(first, second, args);
  const [one, other] = [await modelAt(first, args, io), await modelAt(second, args, io)];
  if (placeOf(first) === placeOf(second)) throw besideItself(second);
  if (args.operands.some(isCheckpoint) && one.openWeights && other.openWeights) await checkSameWeights(one, other);
  return { a: one, b: other, packages: false, maxSeq: requestedSize(args).maxSeq };
}

/**
 * A proof may find a part of a tensor in one graph within another part in the other: of a tensor that both read, the parts of either are compared.
 * @throws UserError where such a part holds other numbers in the second
 */
async function checkSameWeights(one: Comparand, other: Comparand): Promise<void> {
  const [own, its] = [checkpointWeights(one.graph), checkpointWeights(other.graph)];
  const [ownTensors, itsTensors] = [own, its].map((weights) => new Set(weights.flatMap(tensorsOf)));
  const stores = [await one.openWeights!(), await other.openWeights!()] as const;
  try {
    for (const { source, type } of [...own, ...its]) {
      if (!tensorsOf({ source }).some((name) => ownTensors!.has(name) && itsTensors!.has(name))) continue;
      const [a, b] = [await weightDigest(stores[0], source, type), await weightDigest(stores[1], source, type)];
      if (a !== b)
        throw new UserError(
          `weight "${source.tensor}" of ${other.shown} is not that of ${one.shown}, and checkpoints are compared by the names of weights`,
          "give two packages: graphc emit writes one of each",
        );
    }
  } finally {
    await Promise.all(stores.map((store) => store.close()));
  }
}

type CheckpointSource = Extract<WeightSource, { from: "checkpoint" }>;

const tensorsOf = ({ source }: { readonly source: CheckpointSource }) =>
  (source.joined ?? [source]).map(({ tensor }) => tensor);

const checkpointWeights = (graph: Graph) =>
  schedule(graph).flatMap(({ def, type }) =>
    def.kind === "weight" && def.source.from === "checkpoint" ? [{ source: def.source, type }] : [],
  );

function packages(first: string, second: string, args: Args): ComparedGraphs {
  const [own, other] = [readPackage(first), readPackage(second)];
  const chosen = [functionOf(own, args, "function"), functionOf(other, args, "step-function")] as const;
  const open = [isFlexible(own, chosen[0].function), isFlexible(other, chosen[1].function)] as const;
  const kinds: readonly OperandKind[] = open.includes(true) ? ["package", "flexible package"] : ["package"];
  args.settle(first, kinds);
  if (placeOf(first) === placeOf(second) && chosen[0].function === chosen[1].function) throw besideItself(second);
  const at = (k: 0 | 1): Comparand => {
    const size = open[k] ? { tokens: args.whole("tokens") } : {};
    return {
      graph: graphOf([own, other][k]!, { ...chosen[k], ...size }),
      shown: [first, second][k]!,
      openWeights: async () => packageWeights(),
      ...size,
    };
  };
  return { a: at(0), b: at(1), packages: true };
}

async function modelAt(operand: string, args: Args, io: Io): Promise<Comparand> {
  const subject = await subjectOf(operand, args, io);
  tellKinds(subject.model, io);
  const { tokens } = requestedSize(args);
  const graph = subject.build(requestedSize(args));
  return {
    graph,
    shown: operand,
    tokens,
    ...(subject.storedWeights ? { openWeights: () => subject.openWeights(graph) } : {}),
    // A model's smallest sizes are its own: beside another's they would be another pair.
    beside: (maxSeq) => subject.build({ tokens, maxSeq }),
    ...(isGraphFile(operand) ? { small: (count) => subject.small(count)[tokens === 1 ? "step" : "block"] } : {}),
  };
}

/** Where a file is, by whatever path; the word itself for what is none. */
function placeOf(operand: string): string {
  try {
    return realpathSync(operand);
  } catch {
    return operand;
  }
}

const besideItself = (operand: string): UserError =>
  new UserError(`${operand} is given twice, so that there is nothing to compare`, "give two graphs of the same T");

/** Both at their smallest sizes, where there are such; called as the large ones are. */
export const smallOf = (
  { a, b }: ComparedGraphs,
  rename: (graph: Graph) => Graph,
): ((tokens: number) => Graphs) | undefined => {
  const [one, other] = [a.small, b.small];
  return one && other ? (tokens) => ({ block: one(tokens), step: rename(other(tokens)) }) : undefined;
};

/** Both beside another number of cache rows, where one of them is an author's text, in which a number may be theirs by chance. */
export const otherRowsOf = (
  { a, b, maxSeq }: ComparedGraphs,
  rename: (graph: Graph) => Graph,
): (() => Graphs) | undefined => {
  const [one, other] = [a.beside, b.beside];
  if (!one || !other || maxSeq === undefined || !(a.small || b.small)) return undefined;
  return besideOtherRows(maxSeq, (rows) => ({ block: one(rows), step: rename(other(rows)) }));
};
