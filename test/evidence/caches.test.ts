/** The judge on a build whose caches the host keeps: an honest host passes, one that feeds them otherwise does not. */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Evidence, evidenceOf } from "../../src/evidence/format/evidence.ts";
import { readFixtures } from "../../src/evidence/format/fixtures-read.ts";
import type { FixtureManifest } from "../../src/evidence/format/fixtures-shape.ts";
import { readBuild, withComputed } from "../../src/evidence/judge/build.ts";
import { judgeCaches } from "../../src/evidence/judge/caches.ts";
import { type BuildOnDisk, judgeEvidence } from "../../src/evidence/judge/judge.ts";
import { openSafetensors } from "../../src/weights/safetensors/file.ts";
import { honestEvidence, type Json } from "../support/evidence/evidence.ts";
import { writeBuild } from "../support/evidence/fixtures.ts";

const folder = mkdtempSync(join(tmpdir(), "graphc-caches-"));
let build: BuildOnDisk;

beforeAll(async () => {
  await writeBuild(folder, "io");
  build = await withComputed(folder, await readBuild(folder));
});
afterAll(() => rmSync(folder, { recursive: true }));

const judged = (json: Json) => judgeEvidence(build, evidenceOf(json, "evidence.json"));
const findingOf = (json: Json) => judged(json).findings.find(({ item }) => item === "caches fed")!;

test("the manifest says which inputs are caches, and the data what is left of them", async () => {
  const { manifest } = await readFixtures(folder);
  const [k] = manifest.caches!;
  expect(k).toEqual({
    name: "layers_0_k_cache",
    shape: [1, 2, 32, 4],
    rowAxis: 2,
    update: "slot",
    rows: "layers_0_k_rows",
    place: "kv_write_mask",
  });
  expect(manifest.inputs.map(({ name }) => name)).not.toContain(k!.name);
  expect(manifest.outputs.map(({ name }) => name)).toEqual(["hidden"]);
  expect(manifest.states).toEqual([]);
  const file = await openSafetensors(join(folder, manifest.data.file));
  const names = [...file.tensors.keys()];
  await file.close();
  expect(names).toContain("final/layers_0_v_cache");
  expect(names).toContain("calls/0/steps/3/rows/layers_0_k_cache");
  expect(names.filter((name) => name.startsWith("initial/") || name.endsWith(`in/${k!.name}`))).toEqual([]);
});

test("an honest host passes, and each cache at each prediction was looked at", () => {
  const judgement = judged(honestEvidence(build));
  expect(judgement.findings.filter(({ status }) => status !== "yes")).toEqual([]);
  const { calls } = build.manifest;
  const predictions = calls.reduce((n, { steps }) => n + 1 + steps.length, 0);
  expect(findingOf(honestEvidence(build)).note).toContain(`${2 * predictions} predictions and caches`);
  expect(judgeEvidence(build, undefined).findings).toContainEqual(
    expect.objectContaining({ item: "caches fed", status: "missing" }),
  );
});

const REJECTING = "3 of 4 rejected";
/** What was fed of a cache, by the label of the call. */
const fedAt = (e: Json, role: string, label: string, token?: number): Json => {
  const call = build.manifest.calls.findIndex((one) => one.label === label);
  return e.parity.caches.fed.find(
    (one: Json) => one.role === role && one.call === call && (role === "block" || one.token === token),
  );
};

const OTHER = "0".repeat(64);

const faults: readonly (readonly [note: string, plant: (e: Json) => void])[] = [
  ["what the caches were fed was not recorded", (e) => delete e.parity.caches],
  ["what the caches were fed was not recorded", (e) => delete e.parity],
  [
    "layers_0_v_cache of the step: call 0, step of token 1: the write was lost",
    (e) => {
      const own = e.parity.caches.fed.filter(
        ({ role, cache }: Json) => role === "step" && cache === "layers_0_v_cache",
      );
      own[1].after = own[1].before;
    },
  ],
  [
    "layers_0_v_cache of the step: row 0 is out of bounds",
    (e) => (e.parity.caches.kept.findLast(({ row }: Json) => row === 0).passes = false),
  ],
  ["call 0: another prediction stands there", (e) => (e.parity.caches.fed[0].call = 1)],
  [
    "row 0 after the last call: worst/rms 0.004 is above √8 times relative L2 0.001",
    (e) =>
      Object.assign(e.parity.caches.kept[0], {
        equalBits: false,
        figures: { relativeL2: 1e-3, worstOverRms: 4e-3, oneMinusCosine: 0, finite: true },
      }),
  ],
  ["rows [1, 2, 3, 4] were written, not [0, 1, 2, 3]", (e) => (e.parity.caches.fed[0].written = [1, 2, 3, 4])],
  ["rows [8, 9, 10, 11] were written, not [8]", (e) => (fedAt(e, "block", REJECTING).written = [8, 9, 10, 11])],
  ["rows [] were written", (e) => (fedAt(e, "block", "first block").written = [])],
  ["rows [8] were written, not []", (e) => (fedAt(e, "block", "partly filled block").written = [8])],
  ["it changed, and no token was accepted", (e) => (fedAt(e, "block", "partly filled block").after = OTHER)],
  ["the write was lost", (e) => (e.parity.caches.fed[0].after = e.parity.caches.fed[0].before)],
  ["it was not fed what the host has to keep by then", (e) => (e.parity.caches.fed[0].before = OTHER)],
  [
    "it was not fed what the host has to keep by then",
    (e) => {
      // The steps go on from the row of a rejected token.
      const rejected = fedAt(e, "step", REJECTING, 3);
      const next = e.parity.caches.fed.find(
        (one: Json) => one.role === "step" && one.cache === rejected.cache && one.call > rejected.call,
      );
      next.before = rejected.after;
    },
  ],
  [
    "it is again what it was before an earlier write",
    (e) => {
      // The second block's writes empty the cache, and the next one is fed so.
      const own = e.parity.caches.fed.filter(
        (one: Json) => one.role === "block" && one.cache === e.parity.caches.fed[0].cache,
      );
      const written = own.filter((one: Json) => one.written.length > 0)[1];
      const then = written.after;
      for (const one of own) for (const when of ["before", "after"]) if (one[when] === then) one[when] = own[0].before;
    },
  ],
  [
    "it is again what it was before an earlier write",
    (e) => {
      // The third write of the block leads back to what the first left.
      const own = e.parity.caches.fed.filter(
        (one: Json) => one.role === "block" && one.cache === e.parity.caches.fed[0].cache,
      );
      const written = own.filter((one: Json) => one.written.length > 0);
      const then = written[2].after;
      for (const one of own) for (const when of ["before", "after"]) if (one[when] === then) one[when] = own[0].after;
    },
  ],
  ["it was recorded at", (e) => e.parity.caches.fed.pop()],
  ["it was recorded at", (e) => e.parity.caches.fed.push({ ...e.parity.caches.fed.at(-1) })],
  ["k is no cache of this build", (e) => e.parity.caches.fed.push({ ...e.parity.caches.fed[0], cache: "k" })],
  ["another prediction stands there", (e) => (fedAt(e, "step", REJECTING, 3).token = 2)],
  ["was not compared after the last call", (e) => e.parity.caches.kept.pop()],
  ["row 0 is out of bounds after the last call", (e) => (e.parity.caches.kept[0].figures.relativeL2 = 1.4)],
  [
    "row 0 is out of bounds after the last call",
    (e) => Object.assign(e.parity.caches.kept[0].figures, { relativeL2: 0.011, worstOverRms: 0.02 }),
  ],
  ["row 0 is out of bounds after the last call", (e) => (e.parity.caches.kept[0].figures.finite = false)],
  ["row 0 is out of bounds after the last call", (e) => (e.parity.caches.kept[0].passes = false)],
  ["row 0 after the last call: relative L2 0.001", (e) => (e.parity.caches.kept[0].figures.relativeL2 = 1e-3)],
  ["row 0 after the last call has other bits, and relative L2 0", (e) => (e.parity.caches.kept[0].equalBits = false)],
  [
    "row 0 after the last call has equal bits, and relative L2 0.001",
    (e) => Object.assign(e.parity.caches.kept[0].figures, { relativeL2: 1e-3, worstOverRms: 2e-3 }),
  ],
  ["a row was compared twice after the last call", (e) => e.parity.caches.kept.push({ ...e.parity.caches.kept[0] })],
  ["which no accepted token wrote", (e) => e.parity.caches.kept.push({ ...e.parity.caches.kept[0], row: 31 })],
  ["k is no cache of this build", (e) => e.parity.caches.kept.push({ ...e.parity.caches.kept[0], cache: "k" })],
];

test.each(faults.map(([note, plant], k) => [k, note, plant] as const))(
  "a host that feeds otherwise is refused (%i): %s",
  (_, note, plant) => {
    const evidence = honestEvidence(build);
    plant(evidence);
    const finding = findingOf(evidence);
    expect(finding.note).toContain(note);
    expect(finding.status).not.toBe("yes");
    expect(judged(evidence).passes).toBe(false);
  },
);

test("the new rows are asked for as the rows of states are", () => {
  const evidence = honestEvidence(build);
  const own = evidence.parity.comparisons.findIndex((row: Json) => row.value === "layers_0_v_cache");
  evidence.parity.comparisons.splice(own, 1);
  expect(judged(evidence).passes).toBe(false);
});

/** A cache of one row of so many elements, which one token fills. */
function judgedOf(size: number, before: string): string {
  const cache = { name: "k", shape: [1, 1, size], rowAxis: 1, update: "slot", rows: "k_rows", place: "at" };
  const manifest = { caches: [cache], calls: [{ rows: [0], accepted: 1, steps: [0] }] };
  const figures = { relativeL2: 0, oneMinusCosine: 0, worstOverRms: 0, finite: true };
  const of = (role: string) => ({ role, call: 0, cache: "k", before, written: [0], after: "a" });
  const caches = {
    fed: [of("block"), { ...of("step"), token: 0 }],
    kept: ["block", "step"].map((role) => ({ role, cache: "k", row: 0, equalBits: true, figures, passes: true })),
  };
  const evidence = { system: {}, parity: { caches } };
  return judgeCaches(manifest as unknown as FixtureManifest, evidence as unknown as Evidence)[0]!.note;
}

test("zeros are those of the whole cache, and of none that nothing could hold", () => {
  for (const size of [1, 2 ** 19, 2 ** 19 + 1, 700_001])
    expect(
      judgedOf(
        size,
        createHash("sha256")
          .update(new Uint8Array(2 * size))
          .digest("hex"),
      ),
    ).toContain("by the host's rule");
  expect(judgedOf(2 ** 50, OTHER)).toContain("it was not fed what the host has to keep by then");
});
