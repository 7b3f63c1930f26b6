/** The packages of one emit: staged, proven on what was read back from the staged bytes, then all placed or none. */
import { setImmediate } from "node:timers/promises";
import type { Graph } from "../dsl/graph.ts";
import { declaredRoles } from "../dsl/roles.ts";
import { meetInputs } from "../dsl/twins.ts";
import { graphOf, readPackage } from "../emit/read/read.ts";
import { type EmitSummary, type StagedPackage, stagePackage } from "../emit/write/package.ts";
import { discardAll, placeAll } from "../files/stage.ts";
import { checkProvable } from "../passes/prove/program/pair.ts";
import { prove } from "../passes/prove/prove.ts";
import type { Refuted, Verdict } from "../passes/prove/report/verdict.ts";
import type { WeightStore } from "../weights/store.ts";
import { askForRoles } from "./ask-roles.ts";
import type { Args } from "./command.ts";
import { packagePath } from "./emit-evidence.ts";
import { Interrupted } from "./interrupted.ts";
import type { Io } from "./io.ts";
import { requestedSize, type Subject } from "./target.ts";

/** A package that is to be written: its graph for so many tokens, and its place. */
export interface PlannedPackage {
  readonly tokens: number;
  readonly graph: Graph;
  readonly path: string;
}

/** One run of `graphc emit`. */
export interface EmitJob {
  readonly subject: Subject;
  /** The block, then the single token; one package where the block is a single token. */
  readonly planned: readonly PlannedPackage[];
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

/** The packages that stand, or the refutation because of which none does. */
export type Emitted =
  | {
      readonly kind: "placed";
      readonly packages: readonly EmitSummary[];
      /** Absent when it was skipped. */
      readonly proof?: ProofOnBytes;
    }
  | { readonly kind: "refuted"; readonly verdict: Refuted };

/** What will be written into the folder. The graphs are built, and so checked, before anything is. @throws UserError for a block too long to prove */
export function planPackages(subject: Subject, args: Args, folder: string): readonly PlannedPackage[] {
  const size = requestedSize(args);
  const counts = size.tokens === 1 ? [1] : [size.tokens, 1];
  const planned = counts.map((tokens) => ({
    tokens,
    graph: subject.build({ ...size, tokens }),
    path: packagePath(folder, subject, tokens),
  }));
  const [block, step = block] = planned.map(({ graph }) => graph);
  if (!args.flag("no-prove")) checkProvable(meetInputs(block!, step!).tokens);
  return planned;
}

/**
 * Stages, proves, then places. A failure or an interrupt leaves nothing behind, and what was there as it was.
 * @throws UserError for what the places or the weights refuse, and when the user interrupts
 */
export async function emitPackages(job: EmitJob): Promise<Emitted> {
  const staged = await stageAll(job);
  const proof = await proofOn(job, staged).catch((error: unknown) => undo(job, staged, error));
  if (proof?.verdict.verdict === "REFUTED") {
    await discardAll(staged);
    return { kind: "refuted", verdict: proof.verdict };
  }
  await placeAll(staged);
  return { kind: "placed", packages: staged.map(({ summary }) => summary), ...(proof ? { proof } : {}) };
}

/** Writes every package beside its place. */
async function stageAll(job: EmitJob): Promise<readonly StagedPackage[]> {
  const staged: StagedPackage[] = [];
  try {
    for (const planned of job.planned) staged.push(await stage(planned, job));
    return staged;
  } catch (error) {
    return undo(job, staged, error);
  }
}

async function stage({ tokens, graph, path }: PlannedPackage, { io, args, store }: EmitJob): Promise<StagedPackage> {
  const progress = io.progress(`writing t${tokens}`);
  try {
    const options = { force: args.flag("force"), signal: io.signal, onProgress: progress.update };
    return await stagePackage(graph, store, path, options);
  } finally {
    progress.end();
  }
}

/** Undefined when the proof is not wanted. */
async function proofOn(job: EmitJob, staged: readonly StagedPackage[]): Promise<ProofOnBytes | undefined> {
  const proof = job.args.flag("no-prove") ? undefined : proofOf(job, staged);
  // An interrupt that came while the prover was busy is delivered only now.
  await setImmediate();
  job.io.signal.throwIfAborted();
  return proof;
}

/** The verdict on what the files say. */
function proofOf({ subject, planned, store }: EmitJob, staged: readonly StagedPackage[]): ProofOnBytes {
  const [block, step = block] = staged.map(({ folder }) => graphOf(readPackage(folder)));
  const read = { block: block!, step: step! };
  const [source, twin = source] = planned.map(({ graph }) => graph);
  // A package holds no roles: those that the author declared hold for its bytes.
  const roles = declaredRoles([source!, twin!]);
  const [bad] = store.report().nonFinite;
  const known = bad ? { notFinite: { name: bad.tensor, count: bad.count } } : {};
  const verdict = prove(read.block, read.step, { counterexample: false, small: subject.small, roles, ...known });
  if (verdict.verdict === "PROVEN") return { ...read, verdict };
  // The graphs that were written know the author's lines, and small ones make a readable counterexample.
  const explained = prove(source!, twin!, { small: subject.small });
  if (explained.verdict !== "PROVEN") askForRoles({ block: source!, step: twin! }, new Map());
  // A proof of the source says nothing about the bytes.
  return { ...read, verdict: explained.verdict === "PROVEN" ? verdict : explained };
}

async function undo({ io }: EmitJob, staged: readonly StagedPackage[], error: unknown): Promise<never> {
  await discardAll(staged);
  throw io.signal.aborted ? new Interrupted("interrupted; nothing was written") : error;
}
