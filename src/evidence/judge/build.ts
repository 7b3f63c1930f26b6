/** Reads a build folder and judges its evidence: packages are decoded, proven and run again. */
import { join } from "node:path";
import { statOf } from "../../files/regular.ts";
import { digestFile, digestFolder } from "../digests.ts";
import { readCertificate, statedRoles } from "../format/certificate-read.ts";
import { type Evidence, readEvidence } from "../format/evidence.ts";
import { readFixtures } from "../format/fixtures-read.ts";
import { heldAgainst, recordAgain, type Watcher } from "./computed-again.ts";
import { type BuildOnDisk, type Judgement, judgeEvidence } from "./judge.ts";
import { programsIn } from "./program.ts";
import { proveAgain } from "./proven-again.ts";

/** A build folder, its evidence as far as there is any, and the judgement on it. */
export interface JudgedBuild {
  readonly build: BuildOnDisk;
  readonly evidence?: Evidence;
  readonly judgement: Judgement;
}

/** The evidence of a build folder. */
export const evidenceIn = (folder: string): string => join(folder, "evidence.json");

/**
 * Judges the evidence.json of a folder that `graphc emit --fixtures` wrote.
 * @throws UserError when the folder is no such build or a file in it is broken; absent evidence is a finding.
 */
export async function judgeBuild(folder: string, watcher: Watcher = {}): Promise<JudgedBuild> {
  const path = evidenceIn(folder);
  // Read first: a broken file is told before packages are run.
  const evidence = (await statOf(path)) ? await readEvidence(path) : undefined;
  const build = await readBuild(folder, watcher);
  return { build, ...(evidence ? { evidence } : {}), judgement: judgeEvidence(build, evidence) };
}

/** All that is judged but the evidence. @throws UserError as `judgeBuild` does */
export async function readBuild(folder: string, watcher: Watcher = {}): Promise<BuildOnDisk> {
  const { manifest, sha256 } = await readFixtures(folder);
  const block = await digestFolder(join(folder, manifest.block.package));
  const step = await digestFolder(join(folder, manifest.step.package));
  const programs = programsIn(folder, manifest, { block, step });
  const path = manifest.certificate && join(folder, manifest.certificate.file);
  const contents = path === undefined || path === null ? undefined : await readCertificate(path);
  const certificate = contents && {
    sha256: await digestFile(path!),
    contents,
    again: proveAgain(programs, contents),
  };
  const roles = contents ? statedRoles(contents) : new Map();
  const computed = await heldAgainst(folder, manifest, await recordAgain(programs, { manifest, roles }, watcher));
  return { manifest, manifestSHA256: sha256, block, step, programs, computed, ...(certificate ? { certificate } : {}) };
}
