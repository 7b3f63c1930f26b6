/** Reads what the judge needs of a `NAME.certificate.json` (src/passes/prove/report/certificate.ts makes it). */
import { UserError } from "../dsl/user-error.ts";
import { strictJsonOf } from "../files/json.ts";
import { fields, list, type Of, oneOf, optional, shaped } from "../files/json-shape.ts";
import { readRegular } from "../files/regular.ts";
import { ASSUMED_LIST } from "./assumed-list.ts";

const CERTIFICATE = fields({
  verdict: oneOf("PROVEN", "REFUTED", "NOT PROVEN"),
  /** Of a proof: equal bits, or equal over the reals. */
  level: optional(oneOf("exact", "reals")),
  preconditions: list(fields({ id: "string" })),
  ropeList: optional(ASSUMED_LIST),
});

/** The claim of a certificate and what it leans on; the file holds more. */
export type CertificateClaim = Of<typeof CERTIFICATE>;

/** @throws UserError when the file cannot be read or is not a certificate */
export async function readCertificate(path: string): Promise<CertificateClaim> {
  const json = strictJsonOf(await readRegular(path), path);
  return shaped(json, CERTIFICATE, (problem) => new UserError(`${path} is not a certificate: ${problem}`));
}
