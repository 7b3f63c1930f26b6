/** Reads a build folder's evidence, and decides whether more than one layer may be emitted. */
import { join } from "node:path";
import { UserError } from "../dsl/user-error.ts";
import { statOf } from "../files/regular.ts";
import { layersText } from "../models/kinds.ts";
import type { AssumedList } from "../models/rope-list.ts";
import { listConflict } from "./assumed-list.ts";
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

/** A layer's graph apart from its weights, and the layers that it stands for. */
export interface JudgedKind {
  readonly graph: string;
  readonly layers: readonly number[];
}

/** On what ground more than one layer was emitted; goes into the output. */
export type Ground =
  | {
      readonly kind: "evidence";
      /** The one-layer build of each kind. */
      readonly builds: readonly (JudgedKind & { readonly chip: string; readonly osBuild: string })[];
    }
  | { readonly kind: "ahead of evidence"; readonly kinds: readonly JudgedKind[]; readonly open: readonly string[] };

/** What is to be emitted, and what is known of one-layer builds. */
export interface StackRequest {
  readonly layers: number;
  /** Every kind of layer in it: identity of its one-layer graph, as its fixtures give it. */
  readonly kinds: readonly JudgedKind[];
  /** Which of LongRoPE's lists it takes. */
  readonly ropeList?: AssumedList;
  /** The one-layer builds that there are. */
  readonly judged: readonly JudgedBuild[];
  /** --ahead-of-evidence */
  readonly ahead: boolean;
}

/**
 * Undefined for one layer. For more: passed evidence of the same graph for every kind of layer, or the user's word that none is
 * wanted yet.
 * @throws UserError without either.
 */
export function groundFor(request: StackRequest): Ground | undefined {
  const { layers, kinds, ahead } = request;
  if (layers <= 1) return undefined;
  const looked = kinds.map((kind) => lookedAt(kind, request));
  const open = looked.flatMap((one) => one.open);
  const builds = looked.flatMap(({ build }) => build ?? []);
  if (open.length === 0 && builds.length === kinds.length) return { kind: "evidence", builds };
  if (ahead) return { kind: "ahead of evidence", kinds, open };
  const each = kinds.length > 1 ? ", a build for each kind of layer" : "";
  throw new UserError(
    `${layers} layers ask for passed evidence of the one-layer gate on the same graph${each} (${open.join("; ")})`,
    `run graphc-ane gate on ${kinds.length > 1 ? "these builds (--evidence DIR for each)" : "its build"}, or say --ahead-of-evidence`,
  );
}

interface LookedAt {
  readonly open: readonly string[];
  readonly build?: JudgedKind & { readonly chip: string; readonly osBuild: string };
}

/** What is open for one kind, by the build of it that leaves least open. */
function lookedAt(kind: JudgedKind, { kinds, judged, ropeList }: StackRequest): LookedAt {
  const of = kinds.length > 1 ? ` of ${layersText(kind.layers)}` : "";
  if (judged.length === 0) return { open: [`there is no one-layer build${of}`] };
  const same = judged.filter(({ build }) => build.manifest.graph === kind.graph);
  if (same.length === 0) {
    const [other] = judged.length === 1 && kinds.length === 1 ? ["the one-layer build is of another graph"] : [];
    return { open: [other ?? `no one-layer build is of the graph${of || " that is asked for"}`] };
  }
  const found = same.map((one) => openOf(one, ropeList, of));
  const least = Math.min(...found.map(({ length }) => length));
  const best = found.findIndex(({ length }) => length === least);
  const { evidence } = same[best]!;
  if (least > 0 || !evidence) return { open: found[best]! };
  return { open: [], build: { ...kind, chip: evidence.system.chip, osBuild: evidence.system.osBuild } };
}

function openOf({ build, judgement }: JudgedBuild, ropeList: AssumedList | undefined, of: string): readonly string[] {
  const conflict = listConflict(build.manifest.ropeList, ropeList);
  return [
    ...(conflict === undefined ? [] : [`the one-layer build${of} takes ${conflict}`]),
    ...judgement.findings.filter(({ status }) => status !== "yes").map(({ item, status }) => `${item}${of}: ${status}`),
  ];
}
