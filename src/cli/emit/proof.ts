/** The proof of what was just written, on what is read back from there. */
import { join } from "node:path";
import { askForRoles } from "../../api/ask-roles.ts";
import type { Graph } from "../../dsl/graph.ts";
import { rolesOfBytes } from "../../dsl/host/roles.ts";
import type { Graphs } from "../../dsl/host/twins.ts";
import type { KnownDigest } from "../../emit/read/blobs/blob.ts";
import { placeInFile } from "../../emit/read/blobs/weight-identity.ts";
import type { LiftOptions } from "../../emit/read/lift/lift.ts";
import { graphOf, type Package, readPackage } from "../../emit/read/read.ts";
import { dataOf, samePlan } from "../../emit/write/blob.ts";
import type { WeightFile } from "../../emit/write/weight-file.ts";
import { refusing } from "../../files/files.ts";
import { WORTH_A_THREAD } from "../../files/hash.ts";
import { hashRanges } from "../../files/hash-ranges.ts";
import { beginSync } from "../../files/whole.ts";
import { prove } from "../../passes/prove/prove.ts";
import type { Verdict } from "../../passes/prove/report/verdict.ts";
import { isGraphFile } from "../options/operand-kind.ts";
import { requestedSize } from "../options/size-options.ts";
import { besideOtherRows } from "../subject/subject.ts";
import { type EmitJob, type StagedPackages, throwIfInterrupted } from "./packages.ts";
import type { PlannedGraph } from "./plan.ts";
import { equalityOf } from "./safe.ts";

/** A verdict and the graphs that it is about, as read back from the files; the block is of a function where they have names. */
export interface ProofOnBytes extends Partial<Pick<LiftOptions, "function">> {
  readonly verdict: Verdict;
  readonly block: Graph;
  readonly step: Graph;
  /** Of layers with exponents: whether the step is the one without. */
  readonly equality?: Verdict;
}

/**
 * Proves what was staged. Meanwhile clones are finished, the disk takes the weight files over, and a second thread hashes their
 * blobs for the certificate.
 * @throws UserError when the disk refuses; the signal's reason when the user interrupts
 */
export async function proofOn(
  job: EmitJob,
  staging: string,
  { weights }: StagedPackages,
): Promise<readonly ProofOnBytes[]> {
  const [first] = weights as readonly [WeightFile];
  const same = weights.every(({ plan }) => samePlan(plan, first.plan));
  const shown = join(job.folder, job.planned.packages[0]!.name);
  const sync = await refusing(shown, "write", () => beginSync([first.path]));
  const hashes =
    same && first.plan.bytes >= WORTH_A_THREAD ? hashRanges(first.path, dataOf(first.plan), job.hashing) : undefined;
  try {
    const proofs = proofsOf(job, staging, { same, digestOf: hashes?.of });
    await hashes?.settled;
    const equality = equalityOf(job, () => readPackage(join(staging, job.planned.step.in)), weights.at(-1)!);
    return equality ? proofs.map((proof) => ({ ...proof, equality })) : proofs;
  } finally {
    await hashes?.close();
    await refusing(shown, "write", () => sync.done);
    await throwIfInterrupted(job.io);
  }
}

/** What is known of the weight files that were just written. */
interface KnownWeights {
  /** They hold the same bytes. */
  readonly same: boolean;
  readonly digestOf: KnownDigest | undefined;
}

/** The verdicts on what the files say, up to the first refutation. */
function proofsOf(job: EmitJob, staging: string, known: KnownWeights): readonly ProofOnBytes[] {
  const { packages, blocks, step } = job.planned;
  const opened = openedAs(
    packages.map(({ name }) => [name, readPackage(join(staging, name), known.digestOf)] as const),
    known,
  );
  const graphIn = ({ in: file, function: fn }: PlannedGraph) =>
    graphOf(opened.get(file)!, fn === undefined ? {} : { function: fn });
  const twin = graphIn(step);
  const proofs: ProofOnBytes[] = [];
  for (const block of blocks) {
    const read = { block: block === step ? twin : graphIn(block), step: twin };
    const verdict = verdictOn(job, { block, step }, read, known);
    proofs.push({ ...read, verdict, ...(block.function === undefined ? {} : { function: block.function }) });
    if (verdict.verdict === "REFUTED") break;
  }
  return proofs;
}

/** The bytes of a clone that may still be under way are those of the first. */
function openedAs(
  packages: readonly (readonly [string, Package])[],
  { same }: KnownWeights,
): ReadonlyMap<string, Package> {
  const { blobs } = packages[0]![1];
  return new Map(packages.map(([name, pkg]) => [name, same ? { ...pkg, blobs } : pkg]));
}

/** Block and step as they were planned. */
interface PlannedPair {
  readonly block: PlannedGraph;
  readonly step: PlannedGraph;
}

/** Those of an author's text beside another number of cache rows: a number in it may be theirs by chance. */
function otherRowsOf({ subject, args }: EmitJob, { block, step }: PlannedPair) {
  if (!isGraphFile(args.operands[0]!)) return {};
  const at = ({ tokens }: PlannedGraph, maxSeq: number) => subject.build({ tokens, maxSeq });
  const pairAt = (maxSeq: number) => ({ block: at(block, maxSeq), step: at(step, maxSeq) });
  return { otherRows: besideOtherRows(requestedSize(args).maxSeq, pairAt) };
}

/** @param planned what was written, @param read what the files hold */
function verdictOn(job: EmitJob, planned: PlannedPair, read: Graphs, { same }: KnownWeights): Verdict {
  const { subject, store } = job;
  const source: Graphs = { block: planned.block.graph, step: planned.step.graph };
  const roles = rolesOfBytes([source.block, source.step]);
  const [bad] = store.report().nonFinite;
  const known = bad ? { notFinite: { name: bad.tensor, count: bad.count } } : {};
  const verdict = prove(read.block, read.step, {
    counterexample: false,
    small: subject.small,
    roles,
    ...known,
    ...otherRowsOf(job, planned),
    ...(same ? { weightIdentity: placeInFile } : {}),
  });
  if (verdict.verdict === "PROVEN") return verdict;
  // The graphs that were written know the author's lines, and small ones make a readable counterexample.
  const explained = prove(source.block, source.step, { small: subject.small });
  if (explained.verdict !== "PROVEN") askForRoles(source, new Map());
  // A proof of the source says nothing about the bytes.
  return explained.verdict === "PROVEN" ? verdict : explained;
}
