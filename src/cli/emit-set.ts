/** All that one emit writes: packages, certificate and fixtures are staged, then placed as one set or not at all. */
import { basename, join } from "node:path";
import { isUserError, UserError } from "../dsl/user-error.ts";
import { type EmitSummary, packageTarget } from "../emit/write/package.ts";
import type { Target } from "../files/target.ts";
import { openTransaction } from "../files/transaction.ts";
import type { Refuted } from "../passes/prove/report/verdict.ts";
import { checkOnlyFixtures, emitFixtures, emitRopeTables, namesBeside, writeCertificate } from "./emit-evidence.ts";
import { type EmitJob, type ProofOnBytes, proofOn, stagePackages, throwIfInterrupted } from "./emit-packages.ts";
import { Interrupted } from "./interrupted.ts";

/** A set that stands in its folder. */
export interface PlacedSet {
  readonly packages: readonly EmitSummary[];
  /** Absent when it was skipped. */
  readonly proof?: ProofOnBytes;
  /** Paths of what was written beside the packages. */
  readonly certificate?: string;
  readonly ropeTables?: string;
  readonly ropeData?: string;
  readonly fixtures?: string;
  readonly data?: string;
}

/** The set that stands, or the refutation because of which nothing does. */
export type EmittedSet =
  | ({ readonly kind: "placed" } & PlacedSet)
  | { readonly kind: "refuted"; readonly verdict: Refuted };

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
function targetsOf({ subject, planned, args }: EmitJob): readonly Target[] {
  const { ropeData, ropeTables, data, certificate, fixtures } = namesBeside(subject.name);
  const file = (name: string, what: string): Target => ({ name, replace: true, kind: { name: what } });
  return [
    ...planned.map(({ name }) => packageTarget(name, args.flag("force"))),
    file(ropeData, "file of RoPE rows"),
    file(ropeTables, "record of RoPE tables"),
    file(data, "file of fixtures"),
    file(certificate, "certificate"),
    file(fixtures, "manifest of fixtures"),
  ];
}

const namesOf = ({ packages, ropeData, ropeTables, data, certificate, fixtures }: PlacedSet): readonly string[] =>
  [...packages.map(({ path }) => path), ropeData, ropeTables, data, certificate, fixtures].flatMap((path) =>
    path ? [basename(path)] : [],
  );

async function stageSet(job: EmitJob, staging: string): Promise<EmittedSet> {
  const { subject, folder, args, io } = job;
  const wanted = args.flag("fixtures");
  if (wanted) await checkOnlyFixtures(folder, subject.name);
  const staged = await stagePackages(job, staging);
  const clones = Promise.all(staged.weights.map(({ whole }) => whole));
  // A failure is met when the proof is done; until then nobody waits for it.
  clones.catch(() => {});
  const proof = args.flag("no-prove") ? undefined : await proofOn(job, staging, staged).finally(() => clones);
  await clones;
  if (proof?.verdict.verdict === "REFUTED") return { kind: "refuted", verdict: proof.verdict };
  await emitRopeTables(job, staging);
  if (proof) await writeCertificate(job, staging, proof);
  if (wanted) await emitFixtures(job, staging, proof !== undefined);
  await throwIfInterrupted(io);
  const beside = namesBeside(subject.name);
  return {
    kind: "placed",
    packages: staged.summaries,
    ...(proof ? { proof, certificate: join(folder, beside.certificate) } : {}),
    ...(subject.ropeList
      ? { ropeTables: join(folder, beside.ropeTables), ropeData: join(folder, beside.ropeData) }
      : {}),
    ...(wanted ? { fixtures: join(folder, beside.fixtures), data: join(folder, beside.data) } : {}),
  };
}
