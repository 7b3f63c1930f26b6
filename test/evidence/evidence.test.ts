/** The judge of a device's evidence: honest evidence passes, every planted fault is found. */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Evidence, evidenceOf } from "../../src/evidence/evidence.ts";
import { type BuildOnDisk, judgeEvidence } from "../../src/evidence/judge.ts";
import { groundFor, type JudgedBuild, judgeBuild } from "../../src/evidence/policy.ts";
import type { AssumedList } from "../../src/models/rope-list.ts";
import { honestEvidence } from "../support/evidence.ts";
import { writeBuild } from "../support/fixtures.ts";

const folder = mkdtempSync(join(tmpdir(), "graphc-evidence-"));
let build: BuildOnDisk;

beforeAll(async () => {
  await writeBuild(folder);
  build = (await judgeBuild(folder)).build;
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Mutable JSON, so that a test can plant a fault anywhere in it. */
// biome-ignore lint/suspicious/noExplicitAny: evidence as it comes from a file, to be damaged at will.
type Json = any;

const honest = (): Json => honestEvidence(build);

const judged = (json: Json, on: BuildOnDisk = build) => judgeEvidence(on, evidenceOf(json, "evidence.json"));

test("honest evidence passes, with every item named", () => {
  const judgement = judged(honest());
  expect(judgement.findings.map(({ item, status }) => `${item}: ${status}`)).toEqual([
    "proven: yes",
    "evidence: yes",
    "preconditions: yes",
    "compiled: yes",
    "resident block: yes",
    "resident step: yes",
    "block against steps: yes",
    "block against fp64: yes",
    "steps against fp64: yes",
  ]);
  expect(judgement.passes).toBe(true);
  expect(judgement.findings[0]!.note).toBe("PROVEN (exact) under P1, P2, P3, P4, P6, P7, P8");
});

test("without evidence nothing that a device must show is claimed", () => {
  const judgement = judgeEvidence(build, undefined);
  expect(judgement.passes).toBe(false);
  expect(judgement.findings.map(({ status }) => status)).toEqual(["yes", ...Array(8).fill("missing")]);
});

const faults: readonly (readonly [item: string, note: string, plant: (e: Json) => void])[] = [
  ["evidence", "made by the scripted stand-in", (e) => (e.tool.engine = "scripted stand-in")],
  ["evidence", "units all", (e) => (e.units = "all")],
  ["evidence", "tiny.t4.mlpackage has changed", (e) => (e.packages[0].sha256 = "00")],
  ["evidence", "tiny.t1.mlpackage has changed", (e) => (e.packages[1].sha256 = build.block.sha256)],
  ["evidence", "another function", (e) => (e.packages[1].function = "prefill")],
  ["evidence", "names no step package", (e) => e.packages.pop()],
  ["evidence", "the fixtures have changed", (e) => (e.fixtures.manifestSHA256 = "00")],
  ["evidence", "the fixtures' data have changed", (e) => (e.fixtures.dataSHA256 = "00")],
  ["evidence", "the certificate has changed", (e) => delete e.certificate],
  ["evidence", "gate parity: running", (e) => (e.gates[3].verdict = "running")],
  ["evidence", "gate same bytes: not there", (e) => e.gates.pop()],
  ["preconditions", "P3", (e) => (e.preconditions[2].status = "assumed")],
  ["preconditions", "P7", (e) => e.preconditions.splice(5, 1)],
  ["compiled", "tiny.t1.mlpackage", (e) => delete e.packages[1].compiledSHA256],
  ["resident block", "5 conv on: CPU", (e) => (e.residency[0].report.counts[0].device = "CPU")],
  ["resident block", "5 conv on: undetermined", (e) => (e.residency[0].report.counts[0].device = "undetermined")],
  ["resident step", "9 const on: GPU", (e) => (e.residency[1].report.counts[1].device = "GPU")],
  ["resident step", "1 operations are not", (e) => e.residency[1].report.offenders.push({})],
  ["resident step", "do not add up", (e) => (e.residency[1].report.computeOperations = 6)],
  ["resident step", "do not add up", (e) => Object.assign(e.residency[1].report, { computeOperations: 0, counts: [] })],
  ["resident step", "not read", (e) => e.residency.pop()],
  ["block against steps", "call 0 token 0", (e) => (e.parity.comparisons[0].figures.relativeL2 = 0.011)],
  ["block against steps", "call 0 token 0", (e) => (e.parity.comparisons[0].figures.finite = false)],
  ["block against steps", "call 0 token 0", (e) => (e.parity.comparisons[0].figures.relativeL2 = "Infinity")],
  ["block against steps", "call 0 token 0", (e) => delete e.parity.comparisons[0].figures.oneMinusCosine],
  ["block against steps", "1 of ", (e) => e.parity.comparisons.splice(0, 1)],
  ["steps against fp64", "1 of ", (e) => e.parity.comparisons.pop()],
  ["block against fp64", "state k did not change", (e) => e.parity.faults.push("state k did not change")],
  ["steps against fp64", "parity was not measured", (e) => delete e.parity],
];

for (const [item, note, plant] of faults) {
  test(`a planted fault is found: ${item}, ${note} (${plant.toString().slice(7)})`, () => {
    const evidence = honest();
    plant(evidence);
    const judgement = judged(evidence);
    const finding = judgement.findings.find((x) => x.item === item)!;
    expect(finding.status).not.toBe("yes");
    expect(finding.note).toContain(note);
    expect(judgement.passes).toBe(false);
  });
}

test("evidence of other bytes leaves everything measured open", () => {
  const evidence = honest();
  evidence.packages[0].sha256 = "00";
  expect(judged(evidence).findings.map(({ status }) => status)).toEqual(["yes", "no", ...Array(7).fill("missing")]);
});

test("a certificate must be this build's, and a proof", () => {
  const without = {
    ...build,
    certificate: { ...build.certificate!, contents: { verdict: "NOT PROVEN", preconditions: [] } as const },
  };
  expect(judged(honest(), without).findings[0]).toMatchObject({
    status: "no",
    note: "the certificate says NOT PROVEN",
  });
  const other = { ...build, certificate: { sha256: "00", contents: build.certificate!.contents } };
  expect(judged(honest(), other).passes).toBe(false);
  const { certificate: _, ...none } = build;
  expect(judged(honest(), none).findings[0]!.status).toBe("missing");
});

test("a broken file names the place", () => {
  const evidence = honest();
  evidence.gates[2].verdict = 3;
  expect(() => evidenceOf(evidence, "e.json")).toThrow("e.json is not evidence: gates[2].verdict is not a string");
  evidence.gates[2].verdict = "passed";
  expect(() => evidenceOf(evidence, "e.json")).toThrow(
    'gates[2].verdict is not "pass", "fail", "fault", "running", "not run" but "passed"',
  );
  expect(() => evidenceOf({ ...evidence, version: 2 }, "e.json")).toThrow("version 1");
  expect(() => evidenceOf(null, "e.json")).toThrow("version 1");
});

test("evidence beside the build is found and judged", async () => {
  writeFileSync(join(folder, "evidence.json"), JSON.stringify(honest()));
  const found = await judgeBuild(folder);
  expect(found.judgement.passes).toBe(true);
  rmSync(join(folder, "evidence.json"));
  expect((await judgeBuild(folder)).judgement.passes).toBe(false);
});

test("a certificate that is none is refused by name", async () => {
  const copy = mkdtempSync(join(tmpdir(), "graphc-evidence-"));
  try {
    cpSync(folder, copy, { recursive: true });
    writeFileSync(join(copy, "tiny.certificate.json"), '{"verdict":"PROVEN, surely"}');
    const sentence =
      'tiny.certificate.json is not a certificate: verdict is not "PROVEN", "REFUTED", "NOT PROVEN" but ';
    await expect(judgeBuild(copy)).rejects.toThrow(sentence);
  } finally {
    rmSync(copy, { recursive: true });
  }
});

/** scripts/swift-test.sh names a folder in which the Swift tool's gate has passed on the scripted engine. */
const device = process.env.GRAPHC_EVIDENCE;
test.runIf(device)("evidence as the Swift tool writes it is understood, and no device's", async () => {
  const { judgement, build: found, evidence } = await judgeBuild(device!);
  const finding = judgement.findings.find(({ item }) => item === "evidence");
  expect(finding).toMatchObject({ status: "no", note: "it was made by the scripted stand-in, not on a device" });
  const asDevice = { ...evidence!, tool: { ...evidence!.tool, engine: "Core ML" as const } };
  expect(judgeEvidence(found, asDevice).findings.filter(({ status }) => status !== "yes")).toEqual([]);
});

const passed = (on: BuildOnDisk = build): JudgedBuild => {
  const evidence = { ...(honestEvidence(on) as Evidence) };
  return { build: on, evidence, judgement: judgeEvidence(on, evidence) };
};
const kind = { graph: "the graph of tiny", layers: [0, 1] };
const request = { layers: 2, kinds: [kind], judged: [], ahead: false };

test("more than one layer asks for evidence of the same graph, or for the user's word", () => {
  expect(groundFor({ ...request, layers: 1 })).toBeUndefined();
  expect(groundFor({ ...request, judged: [passed()] })).toEqual({
    kind: "evidence",
    builds: [{ ...kind, chip: "Apple M4", osBuild: "24F74" }],
  });
  expect(() => groundFor(request)).toThrow("2 layers ask for passed evidence");
  const another = { ...request, kinds: [{ ...kind, graph: "another" }], judged: [passed()] };
  expect(() => groundFor(another)).toThrow("of another graph");
  const failed: JudgedBuild = { build, judgement: judgeEvidence(build, undefined) };
  expect(() => groundFor({ ...request, judged: [failed] })).toThrow("evidence: missing");
  expect(groundFor({ ...request, judged: [failed, passed()] })).toMatchObject({ kind: "evidence" });
  const ground = groundFor({ ...request, judged: [failed], ahead: true });
  expect(ground).toMatchObject({ kind: "ahead of evidence", open: expect.arrayContaining(["evidence: missing"]) });
});

test("every kind of layer asks for evidence of its own", () => {
  const other = { graph: "with a window", layers: [2] };
  const local = { ...build, manifest: { ...build.manifest, graph: other.graph } };
  const stack = { ...request, layers: 3, kinds: [kind, other] };
  expect(() => groundFor({ ...stack, judged: [passed()] })).toThrow(
    "3 layers ask for passed evidence of the one-layer gate on the same graph, a build for each kind of layer (no one-layer build is of the graph of layer 2)",
  );
  expect(() => groundFor({ ...stack, judged: [passed(local)] })).toThrow(
    "(no one-layer build is of the graph of layers 0 to 1)",
  );
  const failed: JudgedBuild = { build: local, judgement: judgeEvidence(local, undefined) };
  expect(() => groundFor({ ...stack, judged: [passed(), failed] })).toThrow("evidence of layer 2: missing");
  expect(groundFor({ ...stack, judged: [passed(local), passed()] })).toMatchObject({
    kind: "evidence",
    builds: [kind, other],
  });
});

describe("LongRoPE's list of factors", () => {
  const short = { list: "short", forSequencesFrom: 1, forSequencesUpTo: 32, factorsSHA256: "5e" } as const;
  const long = { list: "long", forSequencesFrom: 33, forSequencesUpTo: 64, factorsSHA256: "10" } as const;
  const of = (fed?: AssumedList, claimed = fed): BuildOnDisk => ({
    ...build,
    manifest: { ...build.manifest, ...(fed ? { ropeList: fed } : {}) },
    certificate: {
      sha256: build.certificate!.sha256,
      contents: { ...build.certificate!.contents, ...(claimed ? { ropeList: claimed } : {}) },
    },
  });
  const finding = (on: BuildOnDisk) => judged(honest(), on).findings.find(({ item }) => item === "RoPE list");

  test("is told where fixtures and certificate are of one", () => {
    expect(finding(of())).toBeUndefined();
    expect(finding(of(short))).toMatchObject({ status: "yes", note: "short, for sequences of 1 to 32 tokens" });
    expect(judged(honest(), of(long)).passes).toBe(true);
  });

  const conflicts: readonly (readonly [on: () => BuildOnDisk, note: string])[] = [
    [() => of(short, long), "the long list, not the short list"],
    [() => of(long, { ...long, factorsSHA256: "00" }), "the long list with other factors"],
    [() => ({ ...of(), manifest: of(short).manifest }), "no list of factors, not the short list"],
    [() => ({ ...of(short), manifest: of().manifest }), "the short list, not no list of factors"],
  ];
  test.each(conflicts)("is a no where they differ: %s, %s", (on, note) => {
    expect(finding(on())).toMatchObject({
      status: "no",
      note: `the certificate is of ${note}`,
    });
    expect(judged(honest(), on()).passes).toBe(false);
  });

  test("is missing without a certificate", () => {
    const { certificate: _, ...uncertified } = of(short);
    expect(finding(uncertified)).toMatchObject({ status: "missing" });
  });

  test("evidence of one list is no ground for layers with another", () => {
    expect(groundFor({ ...request, ropeList: short, judged: [passed(of(short))] })).toMatchObject({ kind: "evidence" });
    const sentence = "(the one-layer build takes the short list, not the long list)";
    expect(() => groundFor({ ...request, ropeList: long, judged: [passed(of(short))] })).toThrow(sentence);
    expect(() => groundFor({ ...request, ropeList: long, judged: [passed()] })).toThrow(
      "takes no list of factors, not",
    );
    expect(() => groundFor({ ...request, judged: [passed(of(short))] })).toThrow("not no list of factors");
  });
});
