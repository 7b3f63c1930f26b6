/** Reads a build folder's evidence, and decides whether more than one layer may be emitted. */
import { join } from "node:path";
import { UserError } from "../dsl/user-error.ts";
import { statOf } from "../files/regular.ts";
import { readCertificate } from "./certificate-read.ts";
import { digestFile, digestFolder } from "./digests.ts";
import { type Evidence, readEvidence } from "./evidence.ts";
import { readFixtures } from "./fixtures-read.ts";
import { type BuildOnDisk, type Judgement, judgeEvidence } from "./judge.ts";

/** A build folder, its evidence as far as there is any, and the judgement on it. */
export interface JudgedBuild {
  readonly build: BuildOnDisk;
  readonly evidence?: Evidence;
  readonly judgement: Judgement;
}

/**
 * Judges the evidence.json of a folder that `graphc emit --fixtures` wrote.
 * @throws UserError when the folder is no such build or a file in it is broken; absent evidence is a finding.
 */
export async function judgeBuild(folder: string): Promise<JudgedBuild> {
  const { manifest, sha256 } = await readFixtures(folder);
  const certificate = manifest.certificate && join(folder, manifest.certificate.file);
  const build: BuildOnDisk = {
    manifest,
    manifestSHA256: sha256,
    block: await digestFolder(join(folder, manifest.block.package)),
    step: await digestFolder(join(folder, manifest.step.package)),
    ...(certificate
      ? {
          certificate: {
            sha256: await digestFile(certificate),
            contents: await readCertificate(certificate),
          },
        }
      : {}),
  };
  const path = join(folder, "evidence.json");
  const evidence = (await statOf(path)) ? await readEvidence(path) : undefined;
  return { build, ...(evidence ? { evidence } : {}), judgement: judgeEvidence(build, evidence) };
}

/** On what ground more than one layer was emitted; goes into the output. */
export type Ground =
  | { readonly kind: "evidence"; readonly graph: string; readonly chip: string; readonly osBuild: string }
  | { readonly kind: "ahead of evidence"; readonly graph: string; readonly open: readonly string[] };

/** What is to be emitted, and what is known of the one-layer build. */
export interface StackRequest {
  readonly layers: number;
  /** Identity of the one-layer graph, as its fixtures give it. */
  readonly graph: string;
  /** The one-layer build, where there is one. */
  readonly judged?: JudgedBuild;
  /** --ahead-of-evidence */
  readonly ahead: boolean;
}

/**
 * Undefined for one layer. For more: passed evidence of the same graph, or the user's word that none is wanted yet.
 * @throws UserError without either.
 */
export function groundFor({ layers, graph, judged, ahead }: StackRequest): Ground | undefined {
  if (layers <= 1) return undefined;
  const open = openItems(graph, judged);
  const { evidence } = judged ?? {};
  if (open.length === 0 && evidence)
    return { kind: "evidence", graph, chip: evidence.system.chip, osBuild: evidence.system.osBuild };
  if (ahead) return { kind: "ahead of evidence", graph, open };
  throw new UserError(
    `${layers} layers ask for passed evidence of the one-layer gate on the same graph (${open.join("; ")})`,
    "run graphc-ane gate on its build, or say --ahead-of-evidence",
  );
}

function openItems(graph: string, judged: JudgedBuild | undefined): readonly string[] {
  if (!judged) return ["there is no one-layer build"];
  if (judged.build.manifest.graph !== graph) return ["the one-layer build is of another graph"];
  return judged.judgement.findings
    .filter(({ status }) => status !== "yes")
    .map(({ item, status }) => `${item}: ${status}`);
}
