/** The packages of one emit: written where they are staged, and proven on what is read back from there. */
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { type EmitSummary, type FilledPackage, fillPackage } from "../../emit/write/package.ts";
import type { WeightFile } from "../../emit/write/weight-file.ts";
import type { Ground } from "../../evidence/policy.ts";
import type { HashThread } from "../../files/hash-thread.ts";
import type { WeightStore } from "../../weights/store.ts";
import type { Args } from "../options/command.ts";
import type { Guaranteed } from "../ranges/claim.ts";
import type { Subject } from "../subject/subject.ts";
import type { Io } from "../terminal/io.ts";
import type { PlannedSet } from "./plan.ts";
import type { ProofOnBytes } from "./proof.ts";

/** One run of `graphc emit`. */
export interface EmitJob {
  readonly subject: Subject;
  readonly planned: PlannedSet;
  /** Where all that is written will stand; an absolute path. */
  readonly folder: string;
  readonly store: WeightStore;
  /** Bounds of the layers from their weights, where they were asked for. */
  readonly guaranteed?: Guaranteed;
  readonly args: Args;
  readonly io: Io;
  /** A thread for digests that was started already. */
  readonly hashing?: HashThread;
  /** On what ground more than one layer is written. */
  readonly ground?: Ground;
}

/** Of block and steps, or of exponents, something is not proven. */
export const isOpen = ({ verdict, equality }: Pick<ProofOnBytes, "verdict" | "equality">): boolean =>
  verdict.verdict !== "PROVEN" || (equality !== undefined && equality.verdict !== "PROVEN");

/** The packages in the folder where they are staged. */
export interface StagedPackages {
  readonly summaries: readonly EmitSummary[];
  /** Their weight files, in the same order. */
  readonly weights: readonly WeightFile[];
}

/** Writes every package into the folder where it is staged. @throws UserError for what disk or weights refuse */
export async function stagePackages(job: EmitJob, staging: string): Promise<StagedPackages> {
  const { io, store, hashing } = job;
  const filled: FilledPackage[] = [];
  for (const { source, name, label } of job.planned.packages) {
    const progress = io.progress(`writing ${label}`);
    const [twin] = filled.map(({ weights }) => weights);
    const options = {
      path: join(job.folder, name),
      signal: io.signal,
      onProgress: progress.update,
      ...(hashing ? { hashing } : {}),
    };
    const made = fillPackage(source, store, join(staging, name), { ...options, ...(twin ? { twin } : {}) });
    filled.push(await made.finally(progress.end));
  }
  return { summaries: filled.map(({ summary }) => summary), weights: filled.map(({ weights }) => weights) };
}

/** An interrupt that came while the process was busy is delivered only when it is not. @throws the signal's reason */
export async function throwIfInterrupted({ signal }: Io): Promise<void> {
  await setImmediate();
  signal.throwIfAborted();
}
