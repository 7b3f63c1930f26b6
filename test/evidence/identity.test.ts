/** The identity of a graph with its weights is that of the package that would be written. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { schedule } from "../../src/dsl/graph.ts";
import { graphOf, readPackage } from "../../src/emit/read/read.ts";
import { writePackage } from "../../src/emit/write/package.ts";
import { settingsDigest, settingsOf } from "../../src/evidence/format/settings.ts";
import { packagedHash } from "../../src/evidence/identity.ts";
import { PHI4_MINI } from "../../src/models/config.ts";
import { decoderLayers } from "../../src/models/layers.ts";
import { graphHash } from "../../src/passes/prove/report/certificate.ts";
import { generatedStore, storedShapes } from "../../src/weights/generated.ts";
import { SMALL_DECODERS } from "../support/graphs/decoders.ts";

const folder = mkdtempSync(join(tmpdir(), "graphc-identity-"));
afterAll(() => rmSync(folder, { recursive: true }));

test.each([...SMALL_DECODERS])("of a layer of %s", async (name, { decoder }) => {
  const graph = decoderLayers(decoder, { tokens: 2, maxSeq: 16 });
  const shapes = storedShapes(schedule(graph));
  const path = join(folder, `${name.replaceAll(/\W/g, "-")}.mlpackage`);
  await writePackage(graph, generatedStore(shapes, 1), path);
  const written = graphHash(graphOf(readPackage(path)));
  expect(await packagedHash(graph, generatedStore(shapes, 1))).toBe(written);
  expect(await packagedHash(graph, generatedStore(shapes, 2))).not.toBe(written);
});

test("settings are one record in whatever order, and another where anything differs", () => {
  const digest = settingsDigest(PHI4_MINI);
  const shuffled = Object.fromEntries(Object.entries(PHI4_MINI).reverse()) as unknown as typeof PHI4_MINI;
  expect(settingsDigest(shuffled)).toBe(digest);
  expect(settingsDigest(JSON.parse(JSON.stringify(PHI4_MINI)))).toBe(digest);
  expect(settingsDigest({ ...PHI4_MINI, eps: 1e-6 })).not.toBe(digest);
  // A list that follows from max_seq is the list that somebody chose.
  const list = { list: "long", forSequencesFrom: 1, forSequencesUpTo: 2, factorsSHA256: "" } as const;
  expect(settingsDigest(settingsOf(PHI4_MINI, list))).not.toBe(digest);
  expect(settingsOf(PHI4_MINI, undefined)).toBe(PHI4_MINI);
});
