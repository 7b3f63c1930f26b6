/** The packages of one emit: written where they are staged, and proven on what is read back from there. */
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import type { Graph } from "../dsl/graph.ts";
import { declaredRoles } from "../dsl/roles.ts";
import { meetInputs } from "../dsl/twins.ts";
import type { KnownDigest } from "../emit/read/blob.ts";
import { graphOf, readPackage } from "../emit/read/read.ts";
import { placeInFile } from "../emit/read/weight-identity.ts";
import { dataOf, samePlan } from "../emit/write/blob.ts";
import { type EmitSummary, type FilledPackage, fillPackage } from "../emit/write/package.ts";
import type { WeightFile } from "../emit/write/weight-file.ts";
import { refusing } from "../files/files.ts";
import { WORTH_A_THREAD } from "../files/hash.ts";
import { hashRanges } from "../files/hash-ranges.ts";
import { beginSync } from "../files/whole.ts";
import { checkProvable } from "../passes/prove/program/pair.ts";
import { prove } from "../passes/prove/prove.ts";
import type { Verdict } from "../passes/prove/report/verdict.ts";
import type { WeightStore } from "../weights/store.ts";
import { askForRoles } from "./ask-roles.ts";
import type { Args } from "./command.ts";
import type { Io } from "./io.ts";
import type { Subject } from "./subject.ts";
import { requestedSize } from "./target.ts";

/** A package that is to be written: its graph for so many tokens, and its name in the folder. */
export interface PlannedPackage {
  readonly tokens: number;
  readonly graph: Graph;
  readonly name: string;
}

/** One run of `graphc emit`. */
export interface EmitJob {
  readonly subject: Subject;
  /** The block, then the single token; one package where the block is a single token. */
  readonly planned: readonly PlannedPackage[];
  /** Where all that is written will stand; an absolute path. */
  readonly folder: string;
  readonly store: WeightStore;
  readonly args: Args;
  readonly io: Io;
}

/** A verdict and the graphs that it is about, as read back from the files. */
export interface ProofOnBytes {
  readonly verdict: Verdict;
  readonly block: Graph;
  readonly step: Graph;
}

/** What will be written. The graphs are built, and so checked, before anything is. @throws UserError for a block too long to prove */
export function planPackages(subject: Subject, args: Args): readonly PlannedPackage[] {
  const size = requestedSize(args);
  const counts = size.tokens === 1 ? [1] : [size.tokens, 1];
  const planned = counts.map((tokens) => ({
    tokens,
    graph: subject.build({ ...size, tokens }),
    name: `${subject.name}.t${tokens}.mlpackage`,
  }));
  const [block, step = block] = planned.map(({ graph }) => graph);
  if (!args.flag("no-prove")) checkProvable(meetInputs(block!, step!).tokens);
  return planned;
}

/** The packages in the folder where they are staged. */
export interface StagedPackages {
  readonly summaries: readonly EmitSummary[];
  /** Their weight files, in the same order. */
  readonly weights: readonly WeightFile[];
}

/** Writes every package into the folder where it is staged. @throws UserError for what disk or weights refuse */
export async function stagePackages(job: EmitJob, staging: string): Promise<StagedPackages> {
  const { io, store } = job;
  const filled: FilledPackage[] = [];
  for (const { tokens, graph, name } of job.planned) {
    const progress = io.progress(`writing t${tokens}`);
    const [twin] = filled.map(({ weights }) => weights);
    const options = { path: join(job.folder, name), signal: io.signal, onProgress: progress.update };
    const made = fillPackage(graph, store, join(staging, name), { ...options, ...(twin ? { twin } : {}) });
    filled.push(await made.finally(progress.end));
  }
  return { summaries: filled.map(({ summary }) => summary), weights: filled.map(({ weights }) => weights) };
}

/**
 * Proves what was staged. Meanwhile clones are finished, the disk takes the weight files over, and a second thread hashes their
 * blobs for the certificate.
 * @throws UserError when the disk refuses; the signal's reason when the user interrupts
 */
export async function proofOn(job: EmitJob, staging: string, { weights }: StagedPackages): Promise<ProofOnBytes> {
  const [first] = weights as readonly [WeightFile];
  const same = weights.every(({ plan }) => samePlan(plan, first.plan));
  const shown = join(job.folder, job.planned[0]!.name);
  const sync = await refusing(shown, "write", () => beginSync([first.path]));
  const hashes = same && first.plan.bytes >= WORTH_A_THREAD ? hashRanges(first.path, dataOf(first.plan)) : undefined;
  try {
    const proof = proofOf(job, staging, { same, digestOf: hashes?.of });
    await hashes?.settled;
    return proof;
  } finally {
    await hashes?.close();
    await refusing(shown, "write", () => sync.done);
    await throwIfInterrupted(job.io);
  }
}

/** An interrupt that came while the process was busy is delivered only when it is not. @throws the signal's reason */
export async function throwIfInterrupted({ signal }: Io): Promise<void> {
  await setImmediate();
  signal.throwIfAborted();
}

/** What is known of the weight files that were just written. */
interface KnownWeights {
  /** They hold the same bytes. */
  readonly same: boolean;
  readonly digestOf: KnownDigest | undefined;
}

/** The verdict on what the files say. */
function proofOf(
  { subject, planned, store }: EmitJob,
  staging: string,
  { same, digestOf }: KnownWeights,
): ProofOnBytes {
  const [first, ...others] = planned.map(({ name }) => readPackage(join(staging, name), digestOf));
  // The bytes of a clone that may still be under way are those of the first.
  const twins = same ? others.map((other) => ({ ...other, blobs: first!.blobs })) : others;
  const [block, step = block] = [first!, ...twins].map((read) => graphOf(read));
  const read = { block: block!, step: step! };
  const [source, twin = source] = planned.map(({ graph }) => graph);
  // A package holds no roles but those of caches: those that the author declared hold for its bytes.
  const declared = declaredRoles([source!, twin!]);
  const roles = new Map([...declared].filter(([, { facts }]) => facts.kind !== "cache"));
  const [bad] = store.report().nonFinite;
  const known = bad ? { notFinite: { name: bad.tensor, count: bad.count } } : {};
  const verdict = prove(read.block, read.step, {
    counterexample: false,
    small: subject.small,
    roles,
    ...known,
    ...(same ? { weightIdentity: placeInFile } : {}),
  });
  if (verdict.verdict === "PROVEN") return { ...read, verdict };
  // The graphs that were written know the author's lines, and small ones make a readable counterexample.
  const explained = prove(source!, twin!, { small: subject.small });
  if (explained.verdict !== "PROVEN") askForRoles({ block: source!, step: twin! }, new Map());
  // A proof of the source says nothing about the bytes.
  return { ...read, verdict: explained.verdict === "PROVEN" ? verdict : explained };
}
