/** Forged and edited files, one a line: what is edited, and the sentence with which it is refused. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { evidenceFrom } from "../../src/evidence/format/evidence.ts";
import { readBuild, withComputed } from "../../src/evidence/judge/build.ts";
import { type BuildOnDisk, judgeEvidence } from "../../src/evidence/judge/judge.ts";
import { judgeParity } from "../../src/evidence/judge/parity.ts";
import { rowSizes } from "../../src/evidence/judge/program.ts";
import { honestEvidence, type Json } from "../support/evidence/evidence.ts";
import { writeBuild } from "../support/evidence/fixtures.ts";
import { FORGERIES, type Forgery, HARMLESS } from "../support/evidence/forgeries.ts";
import { TEXTS } from "../support/evidence/forgeries-text.ts";

const folder = mkdtempSync(join(tmpdir(), "graphc-forged-"));
let build: BuildOnDisk;
let honest: string;

beforeAll(async () => {
  await writeBuild(folder);
  build = await withComputed(folder, await readBuild(folder));
  honest = JSON.stringify(honestEvidence(build));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Honest evidence with an edit. */
function edited(edit: Forgery["edit"]): Json {
  const evidence = JSON.parse(honest);
  edit(evidence, build);
  return evidence;
}

/** Evidence as a file would hold it. */
const evidenceAsFile = (json: Json) => evidenceFrom(Buffer.from(JSON.stringify(json)), "evidence.json");

/** What is said of evidence that was edited so. */
const saidOf = (edit: Forgery["edit"]) => saidOfText(JSON.stringify(edited(edit)));

/** What is said of a file: its refusal, or every finding that is no yes. */
function saidOfText(text: string): readonly string[] {
  try {
    const { passes, findings } = judgeEvidence(build, evidenceFrom(Buffer.from(text), "evidence.json"));
    const open = findings.filter(({ status }) => status !== "yes");
    expect(passes).toBe(open.length === 0);
    return open.map(({ item, status, note }) => `${item}: ${status}: ${note}`);
  } catch (error) {
    return [(error as Error).message];
  }
}

test("what nobody edited passes", () => {
  expect(saidOf(() => {})).toEqual([]);
});

test("what passes is told in figures", () => {
  const notes = new Map(
    judgeEvidence(build, evidenceAsFile(JSON.parse(honest))).findings.map(({ item, note }) => [item, note]),
  );
  const { length } = evidenceAsFile(JSON.parse(honest)).parity!.comparisons;
  expect(notes.get("preconditions")).toBe("asserted; assumed: P8");
  expect(notes.get("block against steps")).toMatch(
    new RegExp(
      `^${length / 3} rows within bounds, ${length / 3} with equal bits; worst relative L2 0, 1-cos 0; of rows `,
    ),
  );
  expect(notes.get("steps against fp64")).toMatch(
    new RegExp(
      `^${length / 3} rows within bounds, 0 with equal bits; worst relative L2 1.0e-3, 1-cos 1.0e-7; of rows `,
    ),
  );
  // The tiny build bears all kinds of rows.
  expect(notes.get("block against steps")).not.toContain("bear no");
  expect(notes.get("compiled")).toBe("tiny.t4.mlpackage, tiny.t1.mlpackage; the same before and after");
  expect(notes.get("ran on the engine")).toMatch(
    /^block: other bits in (\d+) of \1 predictions, 0\.300 ms of CPU time a call, 11\.0 with cpuOnly; step: other bits in (\d+) of \2 /,
  );
  expect(notes.get("measured")).toBe(
    "a block of 4 4.00 ms, a step 3.00 ms: 4 steps take 3.00 times as long; loaded in 2.00e+3 ms, again in 90.0 ms; the engine's hidden is 1.0e-3 from the CPU's after one layer, 3.2e-2 after 32",
  );
});

test.each([
  [
    "a day before it was finished",
    "2025-11-26T06:01:59Z",
    "it was finished on 2025-11-27T06:02:00Z, which is yet to come",
  ],
  ["a day before it was finished, to the second", "2025-11-26T06:02:00Z", undefined],
  ["a year after", "2026-11-27T06:02:00Z", undefined],
])("judged %s", (_, now, says) => {
  const [finding] = judgeEvidence(build, evidenceAsFile(JSON.parse(honest)), Date.parse(now)).findings.filter(
    ({ status }) => status !== "yes",
  );
  expect(finding?.note).toBe(says);
});

test.each(TEXTS)("a text with %s", (_, says, edit) => {
  const text = edit(honest);
  expect(text).not.toBe(honest);
  const said = saidOfText(text);
  if (says === undefined) expect(said).toEqual([]);
  else expect(said[0]).toContain(says);
});

test("what is asked for is what is missing where nobody measured it", () => {
  const itemsOf = (evidence?: Json) => judgeEvidence(build, evidence).findings.map(({ item }) => item);
  expect([...itemsOf(), "measured"]).toEqual(itemsOf(JSON.parse(honest)));
});

test("fixtures that nobody computed again are missing, and nothing else", () => {
  const { computed: _, ...uncomputed } = build;
  const { passes, findings } = judgeEvidence(uncomputed, evidenceAsFile(JSON.parse(honest)));
  expect(passes).toBe(false);
  expect(findings.filter(({ status }) => status !== "yes").map(({ item, status }) => [item, status])).toEqual([
    ["fixtures", "missing"],
  ]);
});

test("that all are asserted is said where none is assumed", () => {
  const evidence = JSON.parse(honest);
  for (const one of evidence.preconditions) one.status = "asserted";
  const { findings } = judgeEvidence(build, evidenceAsFile(evidence));
  expect(findings.find(({ item }) => item === "preconditions")).toMatchObject({ status: "yes", note: "all asserted" });
});

test("of values of which nobody knows the size nothing is believed", () => {
  for (const { status, note } of judgeParity(build.manifest, evidenceAsFile(JSON.parse(honest)), new Map()))
    expect([status, note]).toEqual(["no", "nobody knows how long a row of hidden - x is"]);
});

test("steps are asked for where the fixtures step, and nowhere else", () => {
  const manifest: Json = structuredClone(build.manifest);
  const sizes = rowSizes(build.programs.block, build.manifest);
  const call = manifest.calls.findIndex(({ steps, accepted }: Json) => steps.length > accepted);
  const token = manifest.calls[call].steps.pop();
  const judged = (evidence: Json) => judgeParity(manifest, evidenceAsFile(evidence), sizes).map(({ note }) => note);
  const evidence = JSON.parse(honest);
  expect(judged(evidence)[0]).toContain(`the fixtures have no call ${call} token ${token}`);
  const isStepped = (row: Json) => row.kind === "block against fp64" || row.call !== call || row.token !== token;
  evidence.parity.comparisons = evidence.parity.comparisons.filter(isStepped);
  for (const note of judged(evidence)) expect(note).toContain("rows within bounds");
});

test("a gate without a message is told without one", () => {
  expect(saidOf((e) => (e.gates[3].verdict = "running"))[0]).toBe("evidence: no: gate parity: running");
});

test("the function of the fixtures is asked for, of package, loaded model and plan", () => {
  const manifest = { ...build.manifest, block: { ...build.manifest.block, function: "verify4" } };
  const openOf = (evidence: Json) =>
    judgeEvidence({ ...build, manifest }, evidenceAsFile(evidence))
      .findings.filter(({ status }) => status !== "yes")
      .map(({ item, note }) => `${item}: ${note}`);
  const evidence = JSON.parse(honest);
  expect(openOf(evidence)[0]).toBe("evidence: it is of other bytes: another function of tiny.t4.mlpackage");
  evidence.packages[0].function = "verify4";
  expect(openOf(evidence)).toEqual([
    "configuration: the block was loaded with the default function, not with function verify4",
  ]);
  evidence.attested[0].function = "verify4";
  expect(openOf(evidence)).toEqual([
    "configuration: the block was planned with the default function, not with function verify4",
  ]);
  evidence.attested[0].plan.function = "verify4";
  expect(openOf(evidence)).toEqual([]);
});

test("without a certificate nothing is proven, whatever the evidence names", () => {
  const { certificate: _, ...rest } = build;
  const { certificate: __, ...manifest } = build.manifest;
  const evidence = JSON.parse(honest);
  delete evidence.certificate;
  evidence.preconditions = [];
  const { passes, findings } = judgeEvidence({ ...rest, manifest }, evidenceAsFile(evidence));
  expect(passes).toBe(false);
  expect(findings.filter(({ status }) => status !== "yes").map(({ item, status }) => `${item}: ${status}`)).toEqual([
    "proven: missing",
    "preconditions: missing",
  ]);
});

test("every edit edits something, and each is another one", () => {
  const texts = [...FORGERIES, ...HARMLESS].map(({ edit }) => JSON.stringify(edited(edit)));
  expect(new Set([...texts, honest]).size).toBe(texts.length + 1);
  expect(FORGERIES.length).toBeGreaterThanOrEqual(100);
});

describe("is refused with its sentence", () => {
  test.each(FORGERIES.map(({ name, ...rest }) => [name, rest] as const))("%s", (_, { edit, says }) => {
    const said = saidOf(edit);
    expect(said.join("\n")).toContain(says);
    // The sentence is the first thing that is said, so that nothing else has refused the file by chance.
    expect(said[0]).toContain(says);
  });
});

describe("changes nothing and passes", () => {
  test.each(HARMLESS.map(({ name, edit }) => [name, edit] as const))("%s", (_, edit) => {
    expect(saidOf(edit)).toEqual([]);
  });
});
