/** A block graph and its one-token twin, from a model, a graph file or two packages, with their weights opened. */
import { freemem } from "node:os";
import { type Graphs, twinsOf } from "../dsl/twins.ts";
import { UserError } from "../dsl/user-error.ts";
import { packageWeights } from "../emit/read/package-store.ts";
import { graphOf, readPackage } from "../emit/read/read.ts";
import type { PhiConfig } from "../models/config.ts";
import type { WeightStore } from "../weights/store.ts";
import type { Args } from "./command.ts";
import { bytes } from "./table.ts";
import { isPackage, requestedSize, subjectOf } from "./target.ts";

/** The two graphs, and a way to their weights; built, but with no weight read yet. */
export interface OpenPair extends Graphs {
  readonly name: string;
  readonly config?: PhiConfig;
  /** Where the weights come from, for the report. */
  readonly weights: string;
  /** Whether they are somebody's: in a package or a checkpoint, not made from a seed. */
  readonly storedWeights: boolean;
  openWeights(): Promise<WeightStore>;
  /** The same pair at the smallest sizes, for a counterexample that a person can read; models only. */
  readonly small?: (tokens: number) => Graphs;
}

/**
 * The pair that the operands name.
 * @throws UserError when a package has no twin, or a flexible one is given alone without --tokens.
 */
export async function requestedPair(args: Args): Promise<OpenPair> {
  const [first, second] = args.operands as [string, string?];
  if (isPackage(first)) return packagePair(first, second, args);
  if (second !== undefined) throw new UserError(`"${first}" is a model`, "only packages come in pairs");
  const subject = await subjectOf(first, args);
  const size = requestedSize(args);
  const block = subject.build(size);
  return {
    name: subject.name,
    block,
    step: subject.build({ ...size, tokens: 1 }),
    ...(subject.config ? { config: subject.config } : {}),
    weights: subject.weights,
    storedWeights: args.text("weights") !== undefined,
    openWeights: () => subject.openWeights(block),
    small: subject.small,
  };
}

/** Two packages, or one of flexible size read for T tokens and for one. */
function packagePair(first: string, second: string | undefined, args: Args): OpenPair {
  const blockPackage = readPackage(first);
  const stepPackage = second === undefined ? blockPackage : readPackage(second);
  const tokens = args.whole("tokens");
  const block = graphOf(blockPackage, second === undefined ? { tokens } : {});
  const step = graphOf(stepPackage, second === undefined ? { tokens: 1 } : {});
  twinsOf(block, step);
  return {
    name: second === undefined ? first : `${first} and ${second}`,
    block,
    step,
    weights: first,
    storedWeights: true,
    openWeights: async () => packageWeights(),
  };
}

/** Says before any work that the memory will not do. @throws UserError */
export function checkMemory(needed: number, what: string): void {
  const free = freemem();
  if (needed > free) {
    throw new UserError(
      `${what} needs ${bytes(needed)} of memory, and ${bytes(free)} is free`,
      "use fewer --layers or a smaller --max-seq",
    );
  }
}
