/** Writes one shard into a build: staged, read back, proven against its one-token graph on the same weight file, then placed. */
import { basename, dirname, join, resolve } from "node:path";
import type { Graph } from "../dsl/graph.ts";
import { placeInFile } from "../emit/read/blobs/weight-identity.ts";
import { decodeModel } from "../emit/read/decode/decode.ts";
import { graphOf, type Package, readPackage } from "../emit/read/read.ts";
import { samePlan } from "../emit/write/blob.ts";
import { encodeModel } from "../emit/write/encode.ts";
import { lower } from "../emit/write/lower.ts";
import { type EmitSummary, type FillOptions, fillPackage, packageTarget } from "../emit/write/package.ts";
import type { WeightFile } from "../emit/write/weight-file.ts";
import { openTransaction } from "../files/transaction.ts";
import { prove } from "../passes/prove/prove.ts";
import type { Verdict } from "../passes/prove/report/verdict.ts";
import type { WeightStore } from "../weights/store.ts";
import type { PlannedHead, PlannedShard } from "./plan.ts";
import { countsIn, functionAt, liftAt } from "./sizes.ts";
import { equalToPlain } from "./without-exponents.ts";

/** How a package of a build is written. */
export interface PackageOptions extends FillOptions {
  /** Told what could not be tidied up. */
  warn?(text: string): void;
}

/** A package that stands, with the proof of a shard. */
export interface WrittenPackage {
  readonly summary: EmitSummary;
  readonly verdict?: Verdict;
  /** The function that the verdict is about, where the package has several. */
  readonly function?: string;
  /** Of a part with exponents: whether its graph for one token is the one without. */
  readonly equality?: Verdict;
}

/**
 * Writes a shard or a head below the folder. What is there under its name is replaced. A shard that is not proven is not placed.
 * @throws UserError for what disk or weights refuse
 */
export async function writePart(
  part: PlannedShard | PlannedHead,
  store: WeightStore,
  folder: string,
  options: PackageOptions = {},
): Promise<WrittenPackage> {
  const path = `${resolve(folder, part.path)}.mlpackage`;
  const [place, name] = [dirname(path), basename(path)];
  const { warn } = options;
  const targets = [packageTarget(name, true)];
  const transaction = await openTransaction({ folder: place, targets, ...(warn ? { warn } : {}) });
  const abandon = async () => {
    for (const text of await transaction.abandon()) warn?.(text);
  };
  try {
    const staged = join(transaction.staging, name);
    const { summary, weights } = await fillPackage(part.lowered, store, staged, { ...options, path });
    const proof = "step" in part ? proofOf(part, staged, weights, store) : undefined;
    const isProven = proof === undefined || proof.verdict.verdict === "PROVEN";
    const equality = isProven ? equalityOf(part, staged, weights) : undefined;
    if (!isProven || (equality && equality.verdict !== "PROVEN")) await abandon();
    else for (const text of await transaction.commit([name])) warn?.(text);
    return { summary, ...proof, ...(equality ? { equality } : {}) };
  } catch (error) {
    await abandon();
    throw error;
  }
}

/**
 * Every size of the package, that of one token too, against the graph that was planned for one token, on the package's own weights.
 * The first verdict that is not PROVEN, else the first over the reals alone, else that on the largest.
 */
function proofOf(
  { step, small, tokens }: PlannedShard,
  staged: string,
  weights: WeightFile,
  store: WeightStore,
): Pick<WrittenPackage, "function"> & { readonly verdict: Verdict } {
  const pkg = readPackage(staged);
  const [bad] = store.report().nonFinite;
  const known = bad ? { notFinite: { name: bad.tensor, count: bad.count } } : {};
  const options = { small, weightIdentity: placeInFile, ...known };
  const named = "functions" in tokens ? tokens.functions : undefined;
  const twin = graphOf(twinOf(pkg, step, weights));
  const verdictAt = (count: number, counterexample: boolean) =>
    prove(graphOf(pkg, liftAt(tokens, count)), twin, { ...options, counterexample });
  const counts = countsIn(tokens);
  const verdicts = counts.map((count) => verdictAt(count, false));
  const weakest = weakestOf(verdicts);
  const count = counts[verdicts.indexOf(weakest)]!;
  return {
    // An input on which they differ is looked for where there may be one.
    verdict: weakest.verdict === "PROVEN" ? weakest : verdictAt(count, true),
    ...(named ? { function: functionAt(named, count).name } : {}),
  };
}

/**
 * The graph for one token that the blocks of a shard were proven against, or that of the head that was written, against the one without
 * exponents, both on the package's own weights.
 */
function equalityOf(part: PlannedShard | PlannedHead, staged: string, weights: WeightFile): Verdict | undefined {
  if (!part.plain) return undefined;
  const pkg = readPackage(staged);
  const held = "step" in part ? twinOf(pkg, part.step, weights) : pkg;
  const plain = graphOf(twinOf(pkg, part.plain.graph, weights));
  return equalToPlain(graphOf(held), plain, part.plain, { weightIdentity: placeInFile });
}

/** What holds of all of them, of one or more. */
export const weakestOf = (verdicts: readonly Verdict[]): Verdict =>
  verdicts.find(({ verdict }) => verdict !== "PROVEN") ??
  verdicts.find((one) => one.verdict === "PROVEN" && one.level === "reals") ??
  verdicts.at(-1)!;

/** The package that a graph over the same weights would be, without being written: its model beside the same weight file. */
export function twinOf(pkg: Package, graph: Graph, { plan }: Pick<WeightFile, "plan">): Package {
  const { model, blobs } = lower(graph);
  if (!samePlan(blobs, plan)) throw new Error("the one-token graph of a package has another weight file");
  return { ...pkg, model: decodeModel(encodeModel(model)) };
}
