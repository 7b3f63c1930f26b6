/** The packages of one emit: written where they are staged, and proven on what is read back from there. */
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import type { Graph } from "../dsl/graph.ts";
import { declaredRoles } from "../dsl/roles.ts";
import { meetInputs } from "../dsl/twins.ts";
import { graphOf, readPackage } from "../emit/read/read.ts";
import { type EmitSummary, fillPackage } from "../emit/write/package.ts";
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

/** Writes every package into the folder where it is staged. @throws UserError for what disk or weights refuse */
export async function stagePackages(job: EmitJob, staging: string): Promise<readonly EmitSummary[]> {
  const { io, store } = job;
  const summaries: EmitSummary[] = [];
  for (const { tokens, graph, name } of job.planned) {
    const progress = io.progress(`writing t${tokens}`);
    const options = { path: join(job.folder, name), signal: io.signal, onProgress: progress.update };
    summaries.push(await fillPackage(graph, store, join(staging, name), options).finally(progress.end));
  }
  return summaries;
}

/** Proves what was staged. @throws the signal's reason when the user interrupts */
export async function proofOn(job: EmitJob, staging: string): Promise<ProofOnBytes> {
  const proof = proofOf(job, staging);
  await throwIfInterrupted(job.io);
  return proof;
}

/** An interrupt that came while the process was busy is delivered only when it is not. @throws the signal's reason */
export async function throwIfInterrupted({ signal }: Io): Promise<void> {
  await setImmediate();
  signal.throwIfAborted();
}

/** The verdict on what the files say. */
function proofOf({ subject, planned, store }: EmitJob, staging: string): ProofOnBytes {
  const [block, step = block] = planned.map(({ name }) => graphOf(readPackage(join(staging, name))));
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
