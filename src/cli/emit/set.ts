/** All that one emit writes: packages, certificate and fixtures are staged, then placed as one set or not at all. */
import { basename, join } from "node:path";
import { isUserError, UserError } from "../../dsl/user-error.ts";
import { type EmitSummary, packageTarget } from "../../emit/write/package.ts";
import type { Target } from "../../files/target.ts";
import { openTransaction } from "../../files/transaction.ts";
import type { Refuted } from "../../passes/prove/report/verdict.ts";
import { Interrupted } from "../errors/interrupted.ts";
import { certificateName, linesName, namesBeside } from "./names.ts";
import { type EmitJob, type StagedPackages, stagePackages, throwIfInterrupted } from "./packages.ts";
import type { ProofOnBytes } from "./proof.ts";
import type { FedRows } from "./rows.ts";

/** A set that stands in its folder. */
export interface PlacedSet {
  readonly packages: readonly EmitSummary[];
  /** One for each block; absent when they were skipped. */
  readonly proofs?: readonly ProofOnBytes[];
  /** Paths of what was written beside the packages: a certificate for each proof. */
  readonly certificates: readonly string[];
  readonly ropeTables?: string;
  readonly ropeData?: string;
  readonly fixtures?: string;
  readonly data?: string;
  /** The author's lines, where there is an author. */
  readonly lines?: string;
  /** What rows the fixtures feed beside the usual ones. */
  readonly rows?: readonly FedRows[];
}

/** The set that stands, or the refutation because of which nothing does. */
export type EmittedSet =
  | ({ readonly kind: "placed" } & PlacedSet)
  | { readonly kind: "refuted"; readonly verdict: Refuted; readonly function?: string };

/**
 * Stages and proves, then places. A failure, a refutation or an interrupt leaves nothing behind, and what was there as
 * it was; what cannot be tidied up is a warning.
 * @throws UserError for what the disk or the weights refuse; Interrupted when the user interrupts
 */
export async function emitSet(job: EmitJob): Promise<EmittedSet> {
  const { folder, io } = job;
  const warn = (text: string): void => io.err(`warning: ${text}`);
  const transaction = await openTransaction({ folder, targets: targetsOf(job), warn });
  const abandon = async (): Promise<void> => (await transaction.abandon()).forEach(warn);
  const staged = await stageSet(job, transaction.staging).catch(async (error: unknown) => {
    await abandon();
    if (io.signal.aborted) throw new Interrupted("interrupted; nothing was written");
    throw underFinalNames(error, transaction.staging, folder);
  });
  if (staged.kind === "refuted") {
    await abandon();
    return staged;
  }
  const warnings = await transaction.commit(namesOf(staged)).catch(async (error: unknown) => {
    await abandon();
    throw error;
  });
  warnings.forEach(warn);
  return staged;
}

/** The folder where a set is staged is gone when its error is read. */
const underFinalNames = (error: unknown, staging: string, folder: string): unknown =>
  isUserError(error) ? new UserError(error.message.replaceAll(staging, folder), error.mend) : error;

/** What an earlier emit left beside packages of this name speaks of other bytes: it is a part of what is replaced. */
function targetsOf({ planned, args }: EmitJob): readonly Target[] {
  const { ropeData, ropeTables, data, fixtures } = namesBeside(planned.name);
  const file = (name: string, what: string): Target => ({ name, replace: true, kind: { name: what } });
  return [
    ...planned.packages.map(({ name }) => packageTarget(name, args.flag("force"))),
    file(ropeData, "file of RoPE rows"),
    file(ropeTables, "record of RoPE tables"),
    file(data, "file of fixtures"),
    file(linesName(planned.name), "file of lines"),
    ...planned.blocks.map((block) => file(certificateName(planned.name, block), "certificate")),
    file(fixtures, "manifest of fixtures"),
  ];
}

const namesOf = (set: PlacedSet): readonly string[] => {
  const { packages, ropeData, ropeTables, data, lines, certificates, fixtures } = set;
  const beside = [ropeData, ropeTables, data, lines, ...certificates, fixtures];
  return [...packages.map(({ path }) => path), ...beside].flatMap((path) => (path ? [basename(path)] : []));
};

async function stageSet(job: EmitJob, staging: string): Promise<EmittedSet> {
  const { subject, planned, folder, args, io } = job;
  const wanted = args.flag("fixtures");
  const recording = wanted ? await import("./later.ts") : undefined;
  await recording?.checkOnlyFixtures(folder, planned.name);
  const staged = await stagePackages(job, staging);
  const clones = Promise.all(staged.weights.map(({ whole }) => whole));
  // A failure is met when the proof is done; until then nobody waits for it.
  clones.catch(() => {});
  const proofs = args.flag("no-prove") ? undefined : await proven(job, staging, staged).finally(() => clones);
  await clones;
  const refuted = refutedIn(proofs ?? []);
  if (refuted) return refuted;
  if (subject.ropeList || proofs) await writeBeside(job, staging, proofs ?? []);
  const rows = await recording?.emitFixtures(job, staging, proofs !== undefined);
  const hasLines = await recording?.writeLines(job, staging, staged.summaries);
  await throwIfInterrupted(io);
  const beside = namesBeside(planned.name);
  return {
    kind: "placed",
    packages: staged.summaries,
    ...(proofs ? { proofs } : {}),
    certificates: (proofs ?? []).map((proof) => join(folder, certificateName(planned.name, proof))),
    ...(subject.ropeList
      ? { ropeTables: join(folder, beside.ropeTables), ropeData: join(folder, beside.ropeData) }
      : {}),
    ...(hasLines ? { lines: join(folder, linesName(planned.name)) } : {}),
    ...(rows ? { rows, fixtures: join(folder, beside.fixtures), data: join(folder, beside.data) } : {}),
  };
}

/** The prover is loaded once the weights are written: nothing waits for it before. */
async function proven(job: EmitJob, staging: string, staged: StagedPackages): Promise<readonly ProofOnBytes[]> {
  const { proofOn } = await import("./later.ts");
  return proofOn(job, staging, staged);
}

async function writeBeside(job: EmitJob, staging: string, proofs: readonly ProofOnBytes[]): Promise<void> {
  const { emitRopeTables, writeCertificate } = await import("./later.ts");
  await emitRopeTables(job, staging);
  for (const proof of proofs) await writeCertificate(job, staging, proof);
}

function refutedIn(proofs: readonly ProofOnBytes[]): Extract<EmittedSet, { kind: "refuted" }> | undefined {
  const { verdict, function: name } = proofs.at(-1) ?? {};
  if (verdict?.verdict !== "REFUTED") return undefined;
  return { kind: "refuted", verdict, ...(name === undefined ? {} : { function: name }) };
}
