/**
 * Judges evidence against the build that it claims to be of. Verdicts in the file are not trusted: bytes, placement and
 * every figure are judged again, with bounds of our own (judge-parity.ts).
 */
import { namesConstexpr } from "../dsl/traits.ts";
import { listConflict } from "./assumed-list.ts";
import type { CertificateClaim } from "./certificate-read.ts";
import type { FolderDigest } from "./digests.ts";
import { COMPARISONS, type Evidence, GATES, ROLES } from "./evidence.ts";
import type { FixtureManifest } from "./fixtures-shape.ts";
import { type GateFinding, missing, no, yes } from "./gate-finding.ts";
import { CACHES_FED, judgeCaches } from "./judge-caches.ts";
import { judgeParity } from "./judge-parity.ts";

/** All findings on a build. */
export interface Judgement {
  /** Everything is `yes`. */
  readonly passes: boolean;
  readonly findings: readonly GateFinding[];
}

/** The build as it lies on disk. */
export interface BuildOnDisk {
  readonly manifest: FixtureManifest;
  /** Digest of the manifest file. */
  readonly manifestSHA256: string;
  readonly block: FolderDigest;
  readonly step: FolderDigest;
  readonly certificate?: { readonly sha256: string; readonly contents: CertificateClaim };
}

/** P8 bounds numbers inside the graph, which no input shows. */
const ASSUMABLE = new Set(["P8"]);

/** One finding for each thing that must hold before more than one layer is built. */
export function judgeEvidence(build: BuildOnDisk, evidence: Evidence | undefined): Judgement {
  const proof = proven(build);
  const owned = evidence ? belongs(build, evidence) : missing("evidence", "run graphc-ane gate on a Mac");
  const measured =
    evidence && owned.status === "yes"
      ? [
          preconditions(build, evidence),
          compiled(evidence),
          ...ROLES.map((role) => resident(evidence, role, build.manifest)),
          ...judgeParity(build.manifest, evidence),
          ...judgeCaches(build.manifest, evidence),
        ]
      : measuredItems(build).map((item) => missing(item, "no evidence of these bytes"));
  const findings = [proof, ...listFindings(build), owned, ...measured];
  return { passes: findings.every((finding) => finding.status === "yes"), findings };
}

const measuredItems = ({ manifest }: BuildOnDisk): readonly string[] => [
  "preconditions",
  "compiled",
  ...ROLES.map((role) => `resident ${role}`),
  ...COMPARISONS,
  ...(manifest.caches?.length ? [CACHES_FED] : []),
];

/** What the certificate says, if it is the one that the fixtures were written with. */
function proven({ manifest, certificate }: BuildOnDisk): GateFinding {
  const item = "proven";
  if (!manifest.certificate || !certificate) return missing(item, "there is no certificate; see graphc prove");
  if (certificate.sha256 !== manifest.certificate.sha256) return no(item, "the certificate is not this build's");
  const { verdict, level } = certificate.contents;
  if (verdict !== "PROVEN") return no(item, `the certificate says ${verdict}`);
  return yes(item, `PROVEN (${level}) under ${idsOf(certificate.contents).join(", ") || "no precondition"}`);
}

/** Whether fixtures and certificate are of one list of factors; nothing where the model has none. */
function listFindings({ manifest, certificate }: BuildOnDisk): readonly GateFinding[] {
  const [fed, claimed] = [manifest.ropeList, certificate?.contents.ropeList];
  if (!fed && !claimed) return [];
  const item = "RoPE list";
  if (!certificate) return [missing(item, "there is no certificate that says which list the build takes")];
  const conflict = listConflict(claimed, fed);
  if (conflict !== undefined || !fed) return [no(item, `the certificate is of ${conflict}`)];
  return [yes(item, `${fed.list}, for sequences of ${fed.forSequencesFrom} to ${fed.forSequencesUpTo} tokens`)];
}

const idsOf = ({ preconditions }: CertificateClaim): readonly string[] => preconditions.map(({ id }) => id);

/** Is it a device's evidence, of these very bytes? */
function belongs(build: BuildOnDisk, evidence: Evidence): GateFinding {
  const other = otherBytes(build, evidence);
  if (other) return no("evidence", `it is of other bytes: ${other}`);
  const { tool, system, units } = evidence;
  if (tool.engine !== "Core ML") return no("evidence", `it was made by the ${tool.engine}, not on a device`);
  if (units !== "cpuAndNeuralEngine") return no("evidence", `it was measured with units ${units}`);
  const open = GATES.filter((gate, i) => evidence.gates[i]?.gate !== gate || evidence.gates[i]?.verdict !== "pass");
  const [first] = open;
  if (first !== undefined) {
    const gate = evidence.gates.find(({ gate }) => gate === first);
    return no("evidence", `gate ${first}: ${gate ? `${gate.verdict} ${gate.message}`.trim() : "not there"}`);
  }
  return yes("evidence", `${system.chip}, macOS ${system.osVersion} (${system.osBuild}), ${tool.name} ${tool.version}`);
}

function otherBytes(build: BuildOnDisk, evidence: Evidence): string | undefined {
  const { manifest } = build;
  for (const role of ROLES) {
    const [measured, ...more] = evidence.packages.filter((x) => x.role === role);
    const name = manifest[role].package;
    if (!measured || more.length > 0) return `it names no ${role} package`;
    if (build[role].sha256 !== manifest[role].sha256) return `${name} is not the package of the fixtures`;
    if (measured.sha256 !== build[role].sha256) return `${name} has changed`;
    if ((measured.function ?? undefined) !== (manifest[role].function ?? undefined))
      return `another function of ${name}`;
  }
  if (evidence.fixtures.manifestSHA256 !== build.manifestSHA256) return "the fixtures have changed";
  if (evidence.fixtures.dataSHA256 !== manifest.data.sha256) return "the fixtures' data have changed";
  if (evidence.certificate?.sha256 !== build.certificate?.sha256) return "the certificate has changed";
  return undefined;
}

function preconditions({ certificate }: BuildOnDisk, evidence: Evidence): GateFinding {
  const asserted = new Map(evidence.preconditions.map(({ id, status }) => [id, status]));
  const open = (certificate ? idsOf(certificate.contents) : []).filter(
    (id) => asserted.get(id) !== "asserted" && !(ASSUMABLE.has(id) && asserted.get(id) === "assumed"),
  );
  if (open.length > 0) return no("preconditions", `not asserted on what was fed: ${open.join(", ")}`);
  const assumed = [...asserted].filter(([, status]) => status === "assumed").map(([id]) => id);
  return yes("preconditions", assumed.length === 0 ? "all asserted" : `asserted; assumed: ${assumed.join(", ")}`);
}

function compiled({ packages }: Evidence): GateFinding {
  const open = packages.filter((x) => !x.compiledSHA256).map(({ name }) => name);
  return open.length > 0
    ? no("compiled", `${open.join(", ")} did not compile`)
    : yes("compiled", packages.map(({ name }) => name).join(", "));
}

const isConstant = (kind: string): boolean => kind === "const" || namesConstexpr(kind);

/** Every operation on the Neural Engine, constants without a device aside. */
function resident(evidence: Evidence, role: (typeof ROLES)[number], manifest: FixtureManifest): GateFinding {
  const item = `resident ${role}`;
  const [one, ...more] = evidence.residency.filter((x) => x.role === role);
  if (!one || more.length > 0) return missing(item, "the plan was not read");
  const { counts, offenders, computeOperations } = one.report;
  const { function: fn = undefined } = manifest[role];
  if (fn && one.report.function !== fn) return no(item, `the plan is of ${one.report.function}, not of ${fn}`);
  const strays = counts.filter(
    ({ kind, device }) => device !== "Neural Engine" && !(device === "undetermined" && isConstant(kind)),
  );
  const [stray] = strays;
  if (stray) return no(item, `${stray.operations} ${stray.kind} on: ${stray.device}`);
  if (offenders.length > 0) return no(item, `${offenders.length} operations are not on the Neural Engine`);
  const onEngine = counts.filter(({ kind }) => !isConstant(kind)).reduce((sum, { operations }) => sum + operations, 0);
  if (computeOperations <= 0 || onEngine !== computeOperations) return no(item, "the plan's counts do not add up");
  return yes(item, `all ${computeOperations} operations of ${one.report.function}`);
}
