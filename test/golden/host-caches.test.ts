/**
 * What both halves must make of a host's caches: the manifest of a tiny build under golden/, and the digest of each cache after each of its
 * calls where the new rows are numbers that are known. tools/Tests/GateTests/HostTests.swift reads the same two files.
 */
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { FIXTURES, type FixtureManifest } from "../../src/evidence/format/fixtures-shape.ts";
import { shaped } from "../../src/files/json-shape.ts";
import { withRows } from "../../src/passes/parity/record/host-rows.ts";
import { writeBuild } from "../support/evidence/fixtures.ts";
import { ROOT } from "../support/root.ts";

const FOLDER = process.env.GRAPHC_GOLDEN ?? join(ROOT, "golden");

test("host-caches.fixtures.json", async () => {
  const folder = mkdtempSync(join(tmpdir(), "graphc-golden-"));
  try {
    await writeBuild(folder, "io");
    // What the bytes of packages are is held elsewhere.
    const text = readFileSync(join(folder, "tiny.fixtures.json"), "utf8").replace(/[0-9a-f]{64}/g, "0".repeat(64));
    await expect(text).toMatchFileSnapshot(join(FOLDER, "host-caches.fixtures.json"));
    const manifest = shaped(JSON.parse(text), FIXTURES, (problem) => new Error(problem));
    const digests = `${JSON.stringify(digestsOf(manifest), null, 2)}\n`;
    await expect(digests).toMatchFileSnapshot(join(FOLDER, "host-caches.digests.json"));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** After each call, by the name of the cache. Element i of what cache c is told in call n has the bits 1 + 7 i + 1000 n + 100 c. */
function digestsOf({ caches, calls, block }: FixtureManifest) {
  const kept = caches!.map((cache) => ({ ...cache, update: "slot" as const }));
  let contents = Object.fromEntries(
    kept.map(({ name, shape }) => [name, { dtype: "fp16" as const, shape, data: new Uint16Array(sizeOf(shape)) }]),
  );
  return calls.map(({ rows, accepted }, n) => {
    const outputs = Object.fromEntries(
      kept.map((cache, c) => {
        const shape = cache.shape.with(cache.rowAxis, block.tokens);
        const data = Uint16Array.from({ length: sizeOf(shape) }, (_, i) => 1 + 7 * i + 1000 * n + 100 * c);
        return [cache.rows, { dtype: "fp16" as const, shape, data }];
      }),
    );
    const tokens = rows.slice(0, accepted).map((row, token) => ({ row: row!, token }));
    contents = withRows(contents, outputs, kept, tokens) as typeof contents;
    return Object.fromEntries(kept.map(({ name }) => [name, digest(contents[name]!.data)]));
  });
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((n, size) => n * size, 1);

function digest(data: Uint16Array): string {
  const bytes = Buffer.alloc(2 * data.length);
  for (const [i, bits] of data.entries()) bytes.writeUInt16LE(bits, 2 * i);
  return createHash("sha256").update(bytes).digest("hex");
}
