/** Reads a build folder and judges its evidence: packages are decoded, proven and run again. */
import { join } from "node:path";
import { readRegular, statOf } from "../../files/regular.ts";
import { digestFile, digestFolder } from "../digests.ts";
import { readCertificate, statedRoles } from "../format/certificate-read.ts";
import { type Evidence, evidenceFrom } from "../format/evidence.ts";
import { readFixtures } from "../format/fixtures-read.ts";
import { evidenceFinding } from "./belongs.ts";
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

/** The evidence of a build folder as it was read, once: what is judged and what a signature is verified over are the same bytes. */
export interface EvidenceFile {
  readonly path: string;
  /** Absent where there is no such file. */
  readonly bytes?: Uint8Array;
}

/** @throws UserError when the file is there and cannot be read */
export async function evidenceFileIn(folder: string): Promise<EvidenceFile> {
  const path = join(folder, "evidence.json");
  return (await statOf(path)) ? { path, bytes: await readRegular(path) } : { path };
}

/**
 * Judges the evidence.json of a folder that `graphc emit --fixtures` wrote, at `now` in milliseconds. The fixtures are computed again, which takes longest, only for
 * evidence that is of this build. `file`: what was read of the evidence before; it is not read again.
 * @throws UserError when the folder is no such build or a file in it is broken; absent evidence is a finding.
 */
export async function judgeBuild(
  folder: string,
  watcher: Watcher & { readonly now?: number } = {},
  file?: EvidenceFile,
): Promise<JudgedBuild> {
  // Read first: a broken file is told before packages are proven and run.
  const { path, bytes } = file ?? (await evidenceFileIn(folder));
  const evidence = bytes && evidenceFrom(bytes, path);
  const read = await readBuild(folder);
  if (!evidence) return { build: read, judgement: judgeEvidence(read, undefined) };
  const own = evidenceFinding(read, evidence, watcher.now).status === "yes";
  const build = own ? await withComputed(folder, read, watcher) : read;
  return { build, evidence, judgement: judgeEvidence(build, evidence, watcher.now) };
}

/** A build whose packages are decoded and proven again. @throws UserError as `judgeBuild` does */
export async function readBuild(folder: string): Promise<BuildOnDisk> {
  const { manifest, sha256 } = await readFixtures(folder);
  const block = await digestFolder(join(folder, manifest.block.package));
  const step = await digestFolder(join(folder, manifest.step.package));
  const programs = programsIn(folder, manifest, { block, step });
  const build = { manifest, manifestSHA256: sha256, block, step, programs };
  if (!manifest.certificate) return build;
  const path = join(folder, manifest.certificate.file);
  const contents = await readCertificate(path);
  const again = proveAgain(programs, contents);
  return { ...build, certificate: { sha256: await digestFile(path), contents, again } };
}

/** The same, with the fixtures computed again. @throws UserError when the data file is broken, or the memory will not do */
export async function withComputed(folder: string, build: BuildOnDisk, watcher: Watcher = {}): Promise<BuildOnDisk> {
  const { manifest, programs, certificate } = build;
  const roles = certificate ? statedRoles(certificate.contents) : new Map();
  const recording = await recordAgain(programs, { manifest, roles }, watcher);
  return { ...build, computed: await heldAgainst(folder, manifest, recording) };
}
