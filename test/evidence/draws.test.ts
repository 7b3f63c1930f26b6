/** How a device is judged on rows beside the usual ones: by bounds of their own, and what merely had to be finite is said. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { evidenceOf } from "../../src/evidence/format/evidence.ts";
import { readBuild, withComputed } from "../../src/evidence/judge/build.ts";
import { type BuildOnDisk, judgeEvidence } from "../../src/evidence/judge/judge.ts";
import { honestEvidence, type Json } from "../support/evidence/evidence.ts";
import { writeBuild } from "../support/evidence/fixtures.ts";

const folders = ["plain", "predicted"].map((name) => mkdtempSync(join(tmpdir(), `graphc-draws-${name}-`)));
let plain: BuildOnDisk;
let predicted: BuildOnDisk;
beforeAll(async () => {
  const [a, b] = folders as [string, string];
  await writeBuild(a);
  await writeBuild(b, "state", "m4");
  plain = await withComputed(a, await readBuild(a));
  predicted = await withComputed(b, await readBuild(b));
}, 120_000);
afterAll(() => {
  for (const each of folders) rmSync(each, { recursive: true });
});

const findings = (on: BuildOnDisk, edit: (evidence: Json) => unknown = () => {}) => {
  const evidence = honestEvidence(on);
  edit(evidence);
  return judgeEvidence(on, evidenceOf(evidence, "evidence.json")).findings;
};
const openOf = (...args: Parameters<typeof findings>): readonly string[] =>
  findings(...args)
    .filter(({ status }) => status !== "yes")
    .map(({ item, note }) => `${item}: ${note}`);

/** Rows of one kind against fp64, or all three ways, so far off. */
const far =
  (kind: string, relativeL2: number, ways: readonly string[] = ["block against fp64", "steps against fp64"]) =>
  (evidence: Json) => {
    const index = plain.manifest.calls.findIndex(({ draw }) => draw.kind === kind);
    for (const row of evidence.parity.comparisons)
      if (row.call === index && ways.includes(row.kind))
        Object.assign(row.figures, {
          relativeL2,
          oneMinusCosine: (relativeL2 * relativeL2) / 2,
          worstOverRms: 1.5 * relativeL2,
        });
  };

test("an honest device passes, and the rows of each kind are counted", () => {
  expect(openOf(plain)).toEqual([]);
  const note = findings(plain).find(({ item }) => item === "block against fp64")!.note;
  expect(note).toMatch(/; of rows \d+ usual, 12 outliers, 12 large, 12 small, 12 of them merely finite, for nothing/);
  expect(findings(predicted).find(({ item }) => item === "block against fp64")!.note).not.toContain("merely finite");
  expect(findings(plain).find(({ item }) => item === "block against steps")!.note).not.toContain("merely finite");
});

describe("without a prediction", () => {
  test.each(["usual", "outliers", "large"])("%s rows that are a tenth off are out of bounds", (kind) => {
    expect(openOf(plain, far(kind, 0.1))[0]).toContain("block against fp64: 12 of");
  });

  test("small ones are not held to fp64, and block and steps of them are held to each other", () => {
    expect(openOf(plain, far("small", 0.5))).toEqual([]);
    expect(openOf(plain, far("small", 0.02, ["block against steps"]))[0]).toContain("block against steps: 12 of");
  });

  test("small ones have to be finite", () => {
    const wrong = openOf(plain, (evidence) => {
      const index = plain.manifest.calls.findIndex(({ draw }) => draw.kind === "small");
      const row = evidence.parity.comparisons.find(
        (one: Json) => one.call === index && one.kind === "block against fp64",
      );
      row.figures = { finite: false };
    });
    expect(wrong[0]).toContain("block against fp64: 1 of");
  });
});

test("with a prediction small rows are held to it, and on another chip they are not", () => {
  expect(openOf(predicted, far("small", 0.1))[0]).toContain("block against fp64: 12 of");
  const other = (edit: (evidence: Json) => unknown) => (evidence: Json) => {
    evidence.system.chip = "Apple M4 Pro";
    evidence.parity.predicted = null;
    edit(evidence);
  };
  expect(openOf(predicted, other(far("small", 0.1)))).toEqual([]);
  expect(openOf(predicted, other(far("large", 0.1)))[0]).toContain("block against fp64: 12 of");
});

test("large rows are judged as they are: less the residual they are not what was asked for", () => {
  const wrong = openOf(plain, (evidence) => {
    const index = plain.manifest.calls.findIndex(({ draw }) => draw.kind === "large");
    for (const row of evidence.parity.comparisons)
      if (row.call === index && row.value === "hidden") row.value = "hidden - x";
  });
  expect(wrong[0]).toContain("block against steps: 4 of");
});

test("kinds that are left out are said", () => {
  const build = { ...plain, manifest: { ...plain.manifest, leftOut: ["large", "small"] as const } };
  const note = judgeEvidence(build, honestEvidence(build)).findings.find(
    ({ item }) => item === "steps against fp64",
  )!.note;
  expect(note).toContain("; the packages bear no large and no small rows");
});
