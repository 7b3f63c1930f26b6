/** What `emit --fixtures` says of the rows that it feeds, and the fault of I-19's replay, which plain rows do not show. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { fixtures } from "../../../src/cli/incidents/known/fixtures.ts";
import { isReplay } from "../../../src/cli/incidents/replay.ts";
import { readFixtures } from "../../../src/evidence/format/fixtures-read.ts";
import { toNDArray } from "../../../src/passes/kernels/raw.ts";
import { distance } from "../../../src/passes/parity/metrics.ts";
import { readArrays } from "../../../src/weights/safetensors/arrays.ts";
import { graphc } from "../../support/cli.ts";

const folder = mkdtempSync(join(tmpdir(), "graphc-rows-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function emitted(variant: "faulty" | "mended") {
  const [{ replay }] = fixtures as [(typeof fixtures)[number]];
  if (!isReplay(replay)) throw new Error("I-19 is not replayed");
  const out = join(folder, variant);
  const file = join(folder, `${variant}.ts`);
  const [, text, ...more] = replay.line(variant);
  writeFileSync(file, (text as { readonly text: string }).text);
  const told = await graphc(["emit", file, ...(more as string[]), "--out", out]);
  const { manifest } = await readFixtures(out);
  const arrays = await readArrays(join(out, manifest.data.file), () => "fp16");
  const far = (call: number, name: string) => {
    const [a, x] = ["block", "exact"].map((by) => toNDArray(arrays[`calls/${call}/${by}/${name}`]!).data);
    return distance(a!, x!).relativeL2;
  };
  return { told, manifest, far };
}

test("plain rows are right where the norm squares in fp16; large ones say so, and are borne by the mended norm", async () => {
  const [faulty, mended] = [await emitted("faulty"), await emitted("mended")];
  for (const [n, { label, draw }] of faulty.manifest.calls.entries())
    if (draw.kind === "usual")
      expect(faulty.far(n, "out/hidden") + faulty.far(n, "rows/k_state"), label).toBeLessThan(1e-2);
  const line = (factor: string) => `fixtures: large rows: ${factor} times the usual`;
  expect(faulty.told).toMatchObject({ code: 0, err: "" });
  expect(faulty.told.out).toContain(`${line("64")}, not 16384 times: there fp16 is not finite`);
  expect(mended.told.out).toContain(`${line("16384")}\n`);
  const factorOf = ({ manifest }: typeof faulty) =>
    manifest.calls.find(({ draw }) => draw.kind === "large")!.draw.factor;
  expect([factorOf(faulty), factorOf(mended)]).toEqual([64, 16384]);
});

test("as JSON, with what was tried first", async () => {
  const out = join(folder, "json");
  const { code, out: text } = await graphc([
    "emit",
    "examples/attention.ts",
    "--max-seq",
    "16",
    "--fixtures",
    "--json",
    "--out",
    out,
  ]);
  expect(code).toBe(0);
  const { rows } = JSON.parse(text);
  expect(rows).toContainEqual({ kind: "large", factor: 16384, tried: 16384 });
  expect(rows.map(({ kind }: { kind: string }) => kind)).toEqual(["outliers", "large", "small"]);
  expect(JSON.parse(readFileSync(join(out, "attention.fixtures.json"), "utf8")).leftOut).toEqual([]);
});
