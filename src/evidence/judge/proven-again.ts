/** Proves the very packages again, and hashes their graphs: a certificate is believed in nothing. */
import { isDeepStrictEqual } from "node:util";
import { placeInFile } from "../../emit/read/blobs/weight-identity.ts";
import type { Decoder } from "../../models/decoder.ts";
import type { AssumedList } from "../../models/rope-list.ts";
import { prove } from "../../passes/prove/prove.ts";
import { graphHash } from "../../passes/prove/report/certificate.ts";
import type { Verdict } from "../../passes/prove/report/verdict.ts";
import { assumedList, listConflict } from "../assumed-list.ts";
import { type CertificateClaim, statedRoles } from "../format/certificate-read.ts";
import type { FixtureManifest } from "../format/fixtures-shape.ts";
import { type GateFinding, missing, no, yes } from "./gate-finding.ts";
import type { Programs } from "./program.ts";

/** What the packages are, and what is proven of them today. */
export interface ProvenAgain {
  /** `graphHash` of each. */
  readonly block: string;
  readonly step: string;
  readonly verdict: Verdict;
}

/** A certificate as it lies on disk, and the proof that was made again with the roles that it states. */
export interface CheckedCertificate {
  readonly sha256: string;
  readonly contents: CertificateClaim;
  readonly again: ProvenAgain;
}

/** @throws GraphError when block and step have no common interface */
export function proveAgain({ block, step, sameWeights }: Programs, claim: CertificateClaim): ProvenAgain {
  const verdict = prove(block.graph, step.graph, {
    counterexample: false,
    corollaries: false,
    roles: statedRoles(claim),
    ...(sameWeights ? { weightIdentity: placeInFile } : {}),
  });
  return { block: graphHash(block.graph), step: graphHash(step.graph), verdict };
}

/** What the judge needs of the build for it. */
export interface Certified {
  readonly manifest: FixtureManifest;
  readonly certificate?: CheckedCertificate;
}

/** The ids of the preconditions that a certificate leans on. */
export const idsOf = ({ preconditions }: CertificateClaim): readonly string[] => preconditions.map(({ id }) => id);

/** Whether the certificate is this build's, and what it says is so. */
export function provenFinding({ manifest, certificate }: Certified): GateFinding {
  const item = "proven";
  if (!manifest.certificate || !certificate) return missing(item, "there is no certificate; see graphc prove");
  if (certificate.sha256 !== manifest.certificate.sha256) return no(item, "the certificate is not this build's");
  const wrong = claimProblem(certificate) ?? rolesProblem(manifest, certificate);
  if (wrong !== undefined) return no(item, wrong);
  const { contents } = certificate;
  return yes(
    item,
    `PROVEN (${contents.level}) under ${idsOf(contents).join(", ") || "no precondition"}, again just now`,
  );
}

function claimProblem({ contents, again }: CheckedCertificate): string | undefined {
  const { verdict, level } = contents;
  if (verdict !== "PROVEN") return `the certificate says ${verdict}`;
  for (const role of ["block", "step"] as const)
    if (contents[role].sha256 !== again[role])
      return `the certificate is of another graph than the ${role} package holds`;
  const now = again.verdict;
  if (now.verdict !== "PROVEN") return `proven again, the packages are ${now.verdict}`;
  if (level !== now.level)
    return `the certificate claims ${level ?? "no level"}, and the packages are PROVEN (${now.level})`;
  const [claimed, used] = [idsOf(contents), now.preconditions.map(({ id }) => id)].map((ids) =>
    [...ids].sort().join(", "),
  );
  if (claimed !== used)
    return `the certificate leans on ${claimed || "nothing"}, and the proof on ${used || "nothing"}`;
  return undefined;
}

/** The roles of the certificate are those of the proof, and what the fixtures feed. */
function rolesProblem({ inputs }: FixtureManifest, { contents, again }: CheckedCertificate): string | undefined {
  if (!isDeepStrictEqual(plain(contents.roles), plain(again.verdict.roles)))
    return "the roles in the certificate are not those that the proof found";
  const claimed = new Map(contents.roles.map((one) => [one.input, one]));
  const other = inputs.find(({ name, role }) => claimed.get(name)?.role !== role);
  return other && `the fixtures feed ${other.name} as ${other.role}, and the proof knows another role`;
}

const plain = (x: unknown): unknown => JSON.parse(JSON.stringify(x));

/** Whether fixtures and certificate are of one list of factors; nothing where the model has none. */
export function listFindings({ manifest, certificate }: Certified): readonly GateFinding[] {
  const [fed, claimed] = [manifest.ropeList, certificate?.contents.ropeList];
  if (!fed && !claimed) return [];
  const item = "RoPE list";
  if (!certificate) return [missing(item, "there is no certificate that says which list the build takes")];
  const conflict = listConflict(claimed, fed);
  if (conflict !== undefined || !fed) return [no(item, `the certificate is of ${conflict}`)];
  if (!isDeepStrictEqual(plain(fed), listOf(manifest)))
    return [no(item, "it is not the list of the fixtures' settings and cache")];
  return [yes(item, `${fed.list}, for sequences of ${fed.forSequencesFrom} to ${fed.forSequencesUpTo} tokens`)];
}

/** The list that rows are made with by the settings, of which the data are computed again. */
function listOf({ settings, maxSeq }: FixtureManifest): AssumedList | undefined {
  const rope = settings?.rope;
  if (!rope?.shortFactor || !rope.longFactor) return undefined;
  return assumedList({ ...settings, pattern: [{ span: "main", turned: true }] } as unknown as Decoder, [0], maxSeq);
}
