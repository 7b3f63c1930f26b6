/**
 * Judges evidence against the build that it claims to be of. No verdict in the file is believed: bytes, proof, fixtures, placement and
 * every figure are judged again, with bounds of our own (docs/evidence.md, "What the judge looks at").
 */
import type { FolderDigest } from "../digests.ts";
import type { Evidence } from "../format/evidence.ts";
import type { FixtureManifest } from "../format/fixtures-shape.ts";
import { COMPARISONS } from "../format/parity.ts";
import { ROLES } from "../format/ran.ts";
import { compiledFinding, complaintsFinding, configurationFinding } from "./attested.ts";
import { evidenceFinding } from "./belongs.ts";
import { CACHES_FED, judgeCaches } from "./caches.ts";
import type { ComputedAgain } from "./computed-again.ts";
import { type GateFinding, missing, no, notShown, yes } from "./gate-finding.ts";
import { measuredFindings } from "./measured.ts";
import { judgeParity } from "./parity.ts";
import { type Programs, rowSizes } from "./program.ts";
import { type CheckedCertificate, idsOf, listFindings, provenFinding } from "./proven-again.ts";
import { RAN_ON_ENGINE, ranFinding } from "./ran.ts";
import { residentFinding } from "./residency.ts";

/** All findings on a build. */
export interface Judgement {
  /** Everything is `yes`. */
  readonly passes: boolean;
  readonly findings: readonly GateFinding[];
}

/** The build as it lies on disk, and what came of looking at it. */
export interface BuildOnDisk {
  readonly manifest: FixtureManifest;
  /** Digest of the manifest file. */
  readonly manifestSHA256: string;
  readonly block: FolderDigest;
  readonly step: FolderDigest;
  readonly certificate?: CheckedCertificate;
  /** The packages, decoded. */
  readonly programs: Programs;
  /** The fixtures, computed again; absent where nobody has. */
  readonly computed?: ComputedAgain;
}

/** P8 bounds numbers inside the graph, which no input shows. */
const ASSUMABLE = new Set(["P8"]);

/** One finding for each thing that must hold before more than one layer is built. `now`: as for `evidenceFinding`. */
export function judgeEvidence(build: BuildOnDisk, evidence: Evidence | undefined, now?: number): Judgement {
  const owned = evidence ? evidenceFinding(build, evidence, now) : missing("evidence", "run graphc-ane gate on a Mac");
  const measured =
    evidence && owned.status === "yes"
      ? measuredOn(build, evidence)
      : measuredItems(build).map((item) => missing(item, "no evidence of these bytes"));
  const findings = [provenFinding(build), fixturesFinding(build), ...listFindings(build), owned, ...measured];
  return judgementOf(findings);
}

/** All of them, and whether they pass. */
export const judgementOf = (findings: readonly GateFinding[]): Judgement => ({
  passes: findings.length > 0 && findings.every((finding) => finding.status === "yes"),
  findings,
});

function measuredOn(build: BuildOnDisk, evidence: Evidence): readonly GateFinding[] {
  const { manifest, programs, computed } = build;
  const sizes = rowSizes(programs.block, manifest);
  return [
    preconditions(build, evidence),
    compiledFinding(evidence),
    configurationFinding(manifest, evidence),
    complaintsFinding(evidence),
    ...ROLES.map((role) => residentFinding(evidence, role, programs[role])),
    ...judgeParity(manifest, evidence, sizes, computed?.bounds),
    ...judgeCaches(manifest, evidence, computed?.bounds),
    ran(build, evidence),
    ...measuredFindings(manifest, evidence, sizes),
  ];
}

const measuredItems = ({ manifest }: BuildOnDisk): readonly string[] => [
  "preconditions",
  "compiled",
  "configuration",
  "no complaint",
  ...ROLES.map((role) => `resident ${role}`),
  ...COMPARISONS,
  ...(manifest.caches?.length ? [CACHES_FED] : []),
  RAN_ON_ENGINE,
];

function fixturesFinding({ computed, manifest }: BuildOnDisk): GateFinding {
  const item = "fixtures";
  if (!computed) return missing(item, "they are computed again for evidence of these bytes");
  const { differs, arrays } = computed;
  const { predicted } = manifest;
  if (differs !== undefined) return no(item, differs);
  return yes(
    item,
    `${arrays} arrays computed again from seed ${manifest.seed}, bit by bit${predicted ? `, with the prediction for ${predicted.chip}` : ""}`,
  );
}

function preconditions({ certificate }: BuildOnDisk, evidence: Evidence): GateFinding {
  const item = "preconditions";
  if (!certificate) return missing(item, "there is no certificate that names them");
  const wanted = idsOf(certificate.contents);
  const named = evidence.preconditions.map(({ id }) => id);
  const twice = named.find((id, k) => named.indexOf(id) !== k);
  if (twice !== undefined) return no(item, `${twice} stands there twice`);
  const stranger = named.find((id) => !wanted.includes(id));
  if (stranger !== undefined) return no(item, `the proof does not lean on ${stranger}`);
  const status = new Map(evidence.preconditions.map(({ id, status }) => [id, status]));
  const open = wanted.filter(
    (id) => status.get(id) !== "asserted" && !(ASSUMABLE.has(id) && status.get(id) === "assumed"),
  );
  if (open.length > 0) return no(item, `not asserted on what was fed: ${open.join(", ")}`);
  const assumed = named.filter((id) => status.get(id) === "assumed");
  return yes(item, assumed.length === 0 ? "all asserted" : `asserted; assumed: ${assumed.join(", ")}`);
}

/** The tool stands by what the runs show, or neither does. */
function ran({ manifest }: BuildOnDisk, evidence: Evidence): GateFinding {
  const finding = ranFinding(manifest, evidence);
  const own = evidence.gates.find(({ gate }) => gate === "cross-check");
  if (finding.status !== "yes" || own?.verdict === "pass") return finding;
  return notShown(RAN_ON_ENGINE, `the tool itself says: ${own?.message ?? "nothing"}`);
}
