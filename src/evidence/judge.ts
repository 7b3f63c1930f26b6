/**
 * Judges evidence against the build that it claims to be of. Verdicts in the file are not trusted: bytes, placement and
 * every figure are judged again, with the bounds of this file.
 */

import { namesConstexpr } from "../dsl/traits.ts";
import type { FolderDigest } from "./digests.ts";
import type { Comparison, Evidence } from "./evidence.ts";
import type { FixtureManifest } from "./fixtures.ts";

/** Is it so? `missing`: nobody has looked. */
export type Status = "yes" | "no" | "missing";

export interface Finding {
  readonly item: string;
  readonly status: Status;
  readonly note: string;
}

export interface Judgement {
  /** Everything is `yes`. */
  readonly passes: boolean;
  readonly findings: readonly Finding[];
}

/** The build as it lies on disk. */
export interface BuildOnDisk {
  readonly manifest: FixtureManifest;
  /** Digest of the manifest file. */
  readonly manifestSHA256: string;
  readonly block: FolderDigest;
  readonly step: FolderDigest;
  readonly certificate?: { readonly sha256: string; readonly json: unknown };
}

/**
 * Bounds per token on hidden − x and on state rows: three to ten times the noise of fp16 partial sums in different
 * chunks, a tenth or less of what the mildest known fault does (tools/README.md, "Tolerances").
 */
const BOUNDS = { relativeL2: 1e-2, oneMinusCosine: 1e-4, worstOverRms: 5e-2 } as const;

const GATES = ["preconditions", "compile", "residency", "parity", "same bytes"];

/** P8 bounds numbers inside the graph, which no input shows. */
const ASSUMABLE = new Set(["P8"]);

const yes = (item: string, note: string): Finding => ({ item, status: "yes", note });
const no = (item: string, note: string): Finding => ({ item, status: "no", note });
const missing = (item: string, note: string): Finding => ({ item, status: "missing", note });

/** One finding for each thing that must hold before more than one layer is built. */
export function judgeEvidence(build: BuildOnDisk, evidence: Evidence | undefined): Judgement {
  const proof = proven(build);
  const owned = evidence ? belongs(build, evidence) : missing("evidence", "run graphc-ane gate on a Mac");
  const measured =
    evidence && owned.status === "yes"
      ? [
          preconditions(build, evidence),
          compiled(evidence),
          resident(evidence, "block"),
          resident(evidence, "step"),
          ...parity(build.manifest, evidence),
        ]
      : MEASURED.map((item) => missing(item, "no evidence of these bytes"));
  const findings = [proof, owned, ...measured];
  return { passes: findings.every((finding) => finding.status === "yes"), findings };
}

const KINDS = ["block against steps", "block against fp64", "steps against fp64"] as const;
const MEASURED = ["preconditions", "compiled", "resident block", "resident step", ...KINDS];

/** What the certificate says, if it is the one that the fixtures were written with. */
function proven({ manifest, certificate }: BuildOnDisk): Finding {
  const item = "proven";
  if (!manifest.certificate || !certificate) return missing(item, "there is no certificate; see graphc prove");
  if (certificate.sha256 !== manifest.certificate.sha256) return no(item, "the certificate is not this build's");
  const { verdict, level } = (certificate.json ?? {}) as { readonly verdict?: unknown; readonly level?: unknown };
  if (verdict !== "PROVEN") return no(item, `the certificate says ${String(verdict)}`);
  return yes(
    item,
    `PROVEN (${String(level)}) under ${preconditionIds(certificate.json).join(", ") || "no precondition"}`,
  );
}

function preconditionIds(json: unknown): readonly string[] {
  const { preconditions } = (json ?? {}) as { readonly preconditions?: unknown };
  if (!Array.isArray(preconditions)) return [];
  return preconditions.map((x: unknown) => (typeof x === "string" ? x : String((x as { id?: unknown } | null)?.id)));
}

/** Is it a device's evidence, of these very bytes? */
function belongs(build: BuildOnDisk, evidence: Evidence): Finding {
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
  for (const role of ["block", "step"] as const) {
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

function preconditions({ certificate }: BuildOnDisk, evidence: Evidence): Finding {
  const asserted = new Map(evidence.preconditions.map(({ id, status }) => [id, status]));
  const open = preconditionIds(certificate?.json).filter(
    (id) => asserted.get(id) !== "asserted" && !(ASSUMABLE.has(id) && asserted.get(id) === "assumed"),
  );
  if (open.length > 0) return no("preconditions", `not asserted on what was fed: ${open.join(", ")}`);
  const assumed = [...asserted].filter(([, status]) => status === "assumed").map(([id]) => id);
  return yes("preconditions", assumed.length === 0 ? "all asserted" : `asserted; assumed: ${assumed.join(", ")}`);
}

function compiled({ packages }: Evidence): Finding {
  const open = packages.filter((x) => !x.compiledSHA256).map(({ name }) => name);
  return open.length > 0
    ? no("compiled", `${open.join(", ")} did not compile`)
    : yes("compiled", packages.map(({ name }) => name).join(", "));
}

const isConstant = (kind: string): boolean => kind === "const" || namesConstexpr(kind);

/** Every operation on the Neural Engine, constants without a device aside. */
function resident(evidence: Evidence, role: string): Finding {
  const item = `resident ${role}`;
  const [one, ...more] = evidence.residency.filter((x) => x.role === role);
  if (!one || more.length > 0) return missing(item, "the plan was not read");
  const { counts, offenders, computeOperations } = one.report;
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

/** A finding for each kind of comparison: every row that the fixtures ask for is there and within bounds. */
function parity(manifest: FixtureManifest, { parity: report }: Evidence): readonly Finding[] {
  if (!report) return KINDS.map((kind) => missing(kind, "parity was not measured"));
  const [fault] = report.faults;
  return KINDS.map((kind) => {
    if (fault !== undefined) return no(kind, fault);
    const rows = report.comparisons.filter((row) => row.kind === kind);
    const compared = new Set(rows.map(keyOf));
    const wanted = wantedRows(manifest, kind);
    const absent = wanted.filter((key) => !compared.has(key));
    if (absent.length > 0) return no(kind, `${absent.length} of ${wanted.length} rows were not compared`);
    const bad = rows.filter((row) => !within(row));
    const [first] = bad;
    if (first) return no(kind, `${bad.length} of ${rows.length} rows out of bounds, first: ${placeOf(first)}`);
    const equal = rows.filter((row) => row.equalBits).length;
    return yes(kind, `${rows.length} rows within bounds, ${equal} with equal bits; worst ${worstOf(rows)}`);
  });
}

const keyOf = (x: Pick<Comparison, "call" | "token" | "row" | "value">) => [x.call, x.token, x.row, x.value].join("|");
const placeOf = (x: Comparison) => `call ${x.call} token ${x.token} (row ${x.row}), ${x.value}`;

function wantedRows({ calls, outputs, states }: FixtureManifest, kind: Comparison["kind"]): readonly string[] {
  const values = [
    ...outputs.map(({ name, residual }) => (residual === undefined ? name : `${name} - ${residual}`)),
    ...states.map(({ name }) => name),
  ];
  return calls.flatMap(({ rows, steps }, call) =>
    rows.flatMap((row, token) => {
      if (row === null || (kind !== "block against fp64" && !steps.includes(token))) return [];
      return values.map((value) => keyOf({ call, token, row, value }));
    }),
  );
}

function within({ figures }: Comparison): boolean {
  const keeps = (name: keyof typeof BOUNDS) => {
    const x = figures[name];
    return typeof x === "number" && x >= 0 && x <= BOUNDS[name];
  };
  return figures.finite && keeps("relativeL2") && keeps("oneMinusCosine") && keeps("worstOverRms");
}

function worstOf(rows: readonly Comparison[]): string {
  const worst = (name: keyof typeof BOUNDS) => Math.max(0, ...rows.map(({ figures }) => Number(figures[name])));
  const show = (x: number) => (x === 0 ? "0" : x.toExponential(1));
  return `relative L2 ${show(worst("relativeL2"))}, 1-cos ${show(worst("oneMinusCosine"))}`;
}
