/** Reads what the judge needs of a `NAME.certificate.json` (src/passes/prove/report/certificate.ts makes it). */
import {
  type GivenRoles,
  MINUS_INFINITY,
  ROLE_KINDS,
  ROPE_PARTS,
  type RoleFacts,
  type RoleRecord,
} from "../../dsl/role.ts";
import { UserError } from "../../dsl/user-error.ts";
import { strictJsonOf } from "../../files/json.ts";
import { either, fields, list, type Of, oneOf, optional, shaped } from "../../files/json-shape.ts";
import { readRegular } from "../../files/regular.ts";
import { ASSUMED_LIST } from "../assumed-list.ts";

const GRAPH = fields({ name: "string", sha256: "sha256" });

/** Every field of a record, so that none that is written is left out when it is read. */
const ROLE_FIELDS = {
  input: "string",
  role: oneOf(...ROLE_KINDS),
  open: optional("number"),
  closed: optional(either("number", oneOf(MINUS_INFINITY))),
  tokenAxis: optional("count"),
  slotAxis: optional("count"),
  rope: optional(oneOf(...ROPE_PARTS)),
  first: optional("string"),
  offset: optional("number"),
  rows: optional("string"),
  update: optional("string"),
  source: oneOf("option", "interface file", "preset", "declared", "name", "shape"),
} as const satisfies Readonly<Record<keyof RoleRecord, unknown>>;
const ROLE = fields(ROLE_FIELDS);

const CERTIFICATE = fields({
  format: oneOf("graphc-certificate-1"),
  tool: "string",
  block: GRAPH,
  step: GRAPH,
  verdict: oneOf("PROVEN", "REFUTED", "NOT PROVEN"),
  /** Of a proof: equal bits, or equal over the reals. */
  level: optional(oneOf("exact", "reals")),
  roles: list(ROLE),
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

/** The roles that were stated by somebody, and not learnt from names and shapes; caches are told by the packages. */
export const statedRoles = ({ roles }: CertificateClaim): GivenRoles =>
  new Map(
    roles.flatMap((record) => {
      const { input, role: kind, source } = record;
      if (kind === "cache" || source === "name" || source === "shape") return [];
      return [[input, { facts: { ...factsIn(record), kind }, source }] as const];
    }),
  );

function factsIn({ open, closed, tokenAxis, slotAxis, rope, first, offset }: Of<typeof ROLE>): Omit<RoleFacts, "kind"> {
  return {
    ...(typeof open === "number" ? { open } : {}),
    ...(closed === MINUS_INFINITY
      ? { closed: Number.NEGATIVE_INFINITY }
      : typeof closed === "number"
        ? { closed }
        : {}),
    ...(typeof tokenAxis === "number" ? { tokenAxis } : {}),
    ...(typeof slotAxis === "number" ? { slotAxis } : {}),
    ...(rope ? { rope } : {}),
    ...(typeof first === "string" ? { first } : {}),
    ...(typeof offset === "number" ? { offset } : {}),
  };
}
