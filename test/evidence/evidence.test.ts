/** The judge of a device's evidence: honest evidence passes, every planted fault is found. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { factorsDigest } from "../../src/evidence/assumed-list.ts";
import { type Evidence, evidenceOf } from "../../src/evidence/format/evidence.ts";
import { settingsDigest } from "../../src/evidence/format/settings.ts";
import {
  evidenceFileIn,
  type JudgedBuild,
  judgeBuild,
  readBuild,
  withComputed,
} from "../../src/evidence/judge/build.ts";
import { type BuildOnDisk, judgeEvidence, judgementOf } from "../../src/evidence/judge/judge.ts";
import { groundFor } from "../../src/evidence/policy.ts";
import type { AssumedList } from "../../src/models/rope-list.ts";
import { honestEvidence, type Json } from "../support/evidence/evidence.ts";
import { writeBuild } from "../support/evidence/fixtures.ts";

const folder = mkdtempSync(join(tmpdir(), "graphc-evidence-"));
let build: BuildOnDisk;

beforeAll(async () => {
  await writeBuild(folder);
  build = await withComputed(folder, await readBuild(folder));
});
afterAll(() => rmSync(folder, { recursive: true }));

const honest = (on = build): Json => honestEvidence(on);

const judged = (json: Json, on: BuildOnDisk = build) => judgeEvidence(on, evidenceOf(json, "evidence.json"));

test("honest evidence passes, with every item named", () => {
  const judgement = judged(honest());
  expect(judgement.findings.map(({ item, status }) => `${item}: ${status}`)).toEqual([
    "proven: yes",
    "fixtures: yes",
    "evidence: yes",
    "preconditions: yes",
    "compiled: yes",
    "configuration: yes",
    "no complaint: yes",
    "resident block: yes",
    "resident step: yes",
    "block against steps: yes",
    "block against fp64: yes",
    "steps against fp64: yes",
    "ran on the engine: yes",
    "measured: yes",
  ]);
  expect(judgement.passes).toBe(true);
  expect(judgement.findings[0]!.note).toBe("PROVEN (exact) under P1, P2, P3, P4, P6, P7, P8, again just now");
});

test("without evidence nothing that a device must show is claimed, and nothing is computed", async () => {
  const { judgement } = await judgeBuild(folder);
  expect(judgement.findings[1]).toMatchObject({ item: "fixtures", status: "missing" });
  expect(judgement.findings[0]).toMatchObject({ item: "proven", status: "yes" });
});

test("where nothing was found nothing passes", () => {
  expect(judgementOf([]).passes).toBe(false);
});

test("without evidence nothing else is claimed", () => {
  const judgement = judgeEvidence(build, undefined);
  expect(judgement.passes).toBe(false);
  expect(judgement.findings.map(({ status }) => status)).toEqual(["yes", "yes", ...Array(11).fill("missing")]);
});

test("evidence of other bytes leaves everything measured open", () => {
  const evidence = honest();
  evidence.packages[0].sha256 = "0".repeat(64);
  expect(judged(evidence).findings.map(({ status }) => status)).toEqual([
    "yes",
    "yes",
    "no",
    ...Array(10).fill("missing"),
  ]);
});

test("without a certificate nothing is proven", () => {
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
  const again = {
    message: "e.json is not graphc-evidence of version 2",
    mend: expect.stringContaining("run graphc-ane gate again"),
  };
  expect(() => evidenceOf({ ...evidence, version: 1 }, "e.json")).toThrow(expect.objectContaining(again));
  expect(() => evidenceOf(null, "e.json")).toThrow(expect.objectContaining(again));
});

test("evidence beside the build is found and judged", async () => {
  writeFileSync(join(folder, "evidence.json"), JSON.stringify(honest()));
  const found = await judgeBuild(folder);
  expect(found.judgement.passes).toBe(true);
  rmSync(join(folder, "evidence.json"));
  expect((await judgeBuild(folder)).judgement.passes).toBe(false);
});

test("the bytes that were read are judged, and the file is not read again", async () => {
  const path = join(folder, "evidence.json");
  const forged = honest();
  forged.parity.faults.push("state k did not change");
  writeFileSync(path, JSON.stringify(forged));
  const file = await evidenceFileIn(folder);
  writeFileSync(path, JSON.stringify(honest()));
  expect((await judgeBuild(folder, {}, file)).judgement.passes).toBe(false);
  expect((await judgeBuild(folder)).judgement.passes).toBe(true);
  rmSync(path);
  expect((await judgeBuild(folder, {}, await evidenceFileIn(folder))).evidence).toBeUndefined();
});

test("a certificate that is none is refused by name", async () => {
  const copy = mkdtempSync(join(tmpdir(), "graphc-evidence-"));
  try {
    cpSync(folder, copy, { recursive: true });
    const path = join(copy, "tiny.certificate.json");
    writeFileSync(path, readFileSync(path, "utf8").replace('"verdict":"PROVEN"', '"verdict":"PROVEN, surely"'));
    const sentence =
      'tiny.certificate.json is not a certificate: verdict is not "PROVEN", "REFUTED", "NOT PROVEN" but ';
    await expect(judgeBuild(copy)).rejects.toThrow(sentence);
  } finally {
    rmSync(copy, { recursive: true });
  }
});

/** scripts/swift-test.sh names the folders in which the Swift tool's gate has passed on the scripted engine. */
const devices = process.env.GRAPHC_EVIDENCE?.split(":") ?? [];
test.runIf(devices.length > 0).each(devices)(
  "evidence as the Swift tool writes it is understood, and no device's: %s",
  async (device) => {
    const { judgement, build: found, evidence } = await judgeBuild(device);
    const finding = judgement.findings.find(({ item }) => item === "evidence");
    expect(finding).toMatchObject({ status: "no", note: "it was made by the scripted stand-in, not on a device" });
    const tool = { ...evidence!.tool, engine: "Core ML" as const };
    const asDevice = { ...evidence!, tool, system: { ...evidence!.system, chip: "Apple M4", model: "Mac16,1" } };
    const computed = await withComputed(device, found);
    const openIn = (e: Evidence) =>
      judgeEvidence(computed, e).findings.flatMap(({ item, status }) => (status === "yes" ? [] : [item]));
    // A stand-in may plan operations of its own making, which are not those of the package.
    expect(openIn(asDevice).filter((item) => !item.startsWith("resident "))).toEqual([]);
    expect(openIn({ ...asDevice, residency: honestEvidence(computed).residency })).toEqual([]);
  },
);

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
    builds: [
      {
        ...kind,
        chip: "Apple M4",
        osBuild: "24F74",
        block: build.block.sha256,
        step: build.step.sha256,
        weights: build.block.files["Data/com.apple.CoreML/weights/weight.bin"],
        settings: settingsDigest(build.manifest.settings!),
      },
    ],
  });
  expect(() => groundFor(request)).toThrow("2 layers ask for passed evidence");
  const another = { ...request, kinds: [{ ...kind, graph: "another" }], judged: [passed()] };
  expect(() => groundFor(another)).toThrow("of another graph");
  const failed: JudgedBuild = { build, judgement: judgeEvidence(build, undefined) };
  expect(() => groundFor({ ...request, judged: [failed] })).toThrow("evidence: missing");
  expect(groundFor({ ...request, judged: [failed, passed()] })).toMatchObject({ kind: "evidence" });
  const stranger = { ...passed(), unbound: "is of other weights" };
  expect(() => groundFor({ ...request, judged: [stranger] })).toThrow("(the one-layer build is of other weights)");
  const ground = groundFor({ ...request, judged: [failed], ahead: true });
  expect(ground).toMatchObject({ kind: "ahead of evidence", open: expect.arrayContaining(["evidence: missing"]) });
});

test("every kind of layer asks for evidence of its own", () => {
  const other = { graph: "with a window", layers: [2] };
  const local = { ...build, manifest: { ...build.manifest, graph: other.graph } };
  const stack = { ...request, layers: 3, kinds: [kind, other] };
  expect(() => groundFor({ ...stack, judged: [passed()] })).toThrow(
    "3 layers ask for passed evidence of the one-layer gate on the same graph and weights, a build for each kind of layer (no one-layer build is of the graph of layer 2)",
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
  const factorsSHA256 = factorsDigest([1]);
  const short = { list: "short", forSequencesFrom: 1, forSequencesUpTo: 8, factorsSHA256 } as const;
  const long = { list: "long", forSequencesFrom: 9, forSequencesUpTo: 32, factorsSHA256 } as const;
  /** The settings of a model whose original context has 8 tokens, with this list chosen. */
  const withSettings = ({ manifest }: BuildOnDisk, list: "short" | "long") => {
    const settings = { ...manifest.settings!, rope: { ...manifest.settings!.rope, originalMaxPositions: 8, list } };
    return { settings, identity: { ...manifest.identity, settingsSHA256: settingsDigest(settings) } };
  };
  const of = (fed?: AssumedList, claimed = fed): BuildOnDisk => ({
    ...build,
    manifest: { ...build.manifest, ...(fed ? { ropeList: fed, ...withSettings(build, fed.list) } : {}) },
    certificate: {
      ...build.certificate!,
      contents: { ...build.certificate!.contents, ...(claimed ? { ropeList: claimed } : {}) },
    },
  });
  const finding = (on: BuildOnDisk) => judged(honest(), on).findings.find(({ item }) => item === "RoPE list");

  test("is told where fixtures and certificate are of one", () => {
    expect(finding(of())).toBeUndefined();
    expect(finding(of(short))).toMatchObject({ status: "yes", note: "short, for sequences of 1 to 8 tokens" });
    expect(judged(honest(of(long)), of(long)).passes).toBe(true);
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

  test.each<[string, Partial<AssumedList>]>([
    ["for longer sequences", { forSequencesUpTo: 131072 }],
    ["for shorter sequences", { forSequencesFrom: 0 }],
    ["with other factors", { factorsSHA256: factorsDigest([2]) }],
    ["of the other name", { list: "long" }],
    ["with a word more", { checked: true } as object],
  ])("is a no %s, though fixtures and certificate are at one", (_, edit) => {
    const fed = { ...short, ...edit };
    const on = { ...of(fed), manifest: { ...of(short).manifest, ropeList: fed } };
    expect(finding(on)).toMatchObject({ status: "no", note: "it is not the list of the fixtures' settings and cache" });
  });

  test("is a no of settings that have no lists", () => {
    const { shortFactor: _, ...rope } = build.manifest.settings!.rope;
    for (const settings of [
      null,
      { ...build.manifest.settings!, rope },
      { ...of(short).manifest.settings!, rope: { ...rope, type: "default" as const, shortFactor: [1] } },
    ])
      expect(finding({ ...of(short), manifest: { ...of(short).manifest, settings } })?.note).toContain(
        "settings and cache",
      );
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
