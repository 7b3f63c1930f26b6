/** What a certificate records of the roles that somebody stated is what the judge proves by again. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type GivenRoles, type KnownRole, type RoleFacts, recordsOf } from "../../src/dsl/role.ts";
import { readCertificate, statedRoles } from "../../src/evidence/format/certificate-read.ts";
import { testFolder } from "../support/cli.ts";

const GRAPH = { name: "g", sha256: "0".repeat(64) };

async function readBack(roles: ReadonlyMap<string, KnownRole>): Promise<GivenRoles> {
  const path = join(testFolder(), "g.certificate.json");
  const certificate = {
    format: "graphc-certificate-1",
    tool: "graphc",
    block: GRAPH,
    step: GRAPH,
    verdict: "PROVEN",
    level: "exact",
    roles: recordsOf(roles, []),
    preconditions: [],
  };
  writeFileSync(path, JSON.stringify(certificate));
  return statedRoles(await readCertificate(path));
}

const STATED: readonly Exclude<RoleFacts, undefined>[] = [
  { kind: "rows", tokenAxis: 2, rope: "sin" },
  { kind: "mask", tokenAxis: 2, slotAxis: 3, open: 1, closed: -2000 },
  { kind: "mask", tokenAxis: 2, slotAxis: 3, closed: Number.NEGATIVE_INFINITY },
  { kind: "write_mask", tokenAxis: 3, slotAxis: 2 },
  { kind: "position", tokenAxis: 0, first: "start" },
  { kind: "position", tokenAxis: 0, offset: -3 },
  { kind: "shared" },
];

test.each(STATED)("%o", async (facts) => {
  const found = await readBack(new Map([["x", { ...facts, source: "declared" } as KnownRole]]));
  expect([...found]).toEqual([["x", { facts, source: "declared" }]]);
});

test("a role that was only guessed is no statement", async () => {
  expect(await readBack(new Map([["x", { kind: "shared", source: "name" } as KnownRole]]))).toEqual(new Map());
});
