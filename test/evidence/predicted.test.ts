/** Bounds that a prediction of the engine's arithmetic widens: for its chip alone, by no more than it says, and never as far as a fault. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { digestFile } from "../../src/evidence/digests.ts";
import { evidenceOf } from "../../src/evidence/format/evidence.ts";
import { type Bounds, FLAT, isCovered, widened, within } from "../../src/evidence/judge/bounds.ts";
import { readBuild, withComputed } from "../../src/evidence/judge/build.ts";
import { type BuildOnDisk, judgeEvidence } from "../../src/evidence/judge/judge.ts";
import { type RowBounds, rowKey } from "../../src/evidence/judge/row-bounds.ts";
import { rowOf } from "../../src/passes/interpret/array.ts";
import { toNDArray } from "../../src/passes/kernels/raw.ts";
import { distance } from "../../src/passes/parity/metrics.ts";
import { readArrays, writeArrays } from "../../src/weights/safetensors/arrays.ts";
import { honestEvidence, type Json } from "../support/evidence/evidence.ts";
import { writeBuild } from "../support/evidence/fixtures.ts";

const folders = ["state", "io"].map(() => mkdtempSync(join(tmpdir(), "graphc-predicted-")));
const [folder, io] = folders as [string, string];
let build: BuildOnDisk;

beforeAll(async () => {
  await writeBuild(folder, "state", "m4");
  build = await withComputed(folder, await readBuild(folder));
});
afterAll(() => {
  for (const each of folders) rmSync(each, { recursive: true });
});

/** All that is open, as `item: status: note`. */
const openOf = (on: BuildOnDisk, edit: (evidence: Json) => unknown = () => {}): readonly string[] => {
  const evidence = honestEvidence(on);
  edit(evidence);
  return judgeEvidence(on, evidenceOf(evidence, "evidence.json"))
    .findings.filter(({ status }) => status !== "yes")
    .map(({ item, status, note }) => `${item}: ${status}: ${note}`);
};

const predictedOf = ({ computed }: BuildOnDisk): RowBounds => computed!.bounds.predicted!;

const sameBounds = (bounds: Bounds): RowBounds => new Map([...predictedOf(build)].map(([key]) => [key, bounds]));

/** The same build with a prediction so far from fp64 in every row. */
const farOff = (expected: Bounds): BuildOnDisk => ({
  ...build,
  computed: {
    ...build.computed!,
    bounds: { ...build.computed!.bounds, predicted: sameBounds(widened(expected)) },
  },
});

/** Every row against fp64 has these figures. */
const allRows = (figures: Bounds) => (evidence: Json) => {
  for (const row of evidence.parity.comparisons)
    if (row.kind !== "block against steps") Object.assign(row.figures, figures);
};

/** Of a true-size layer, rows of the engine's arithmetic: relative L2 4e-2 against fp64 is beyond the flat bounds. */
const PHI: Bounds = { relativeL2: 4e-2, oneMinusCosine: 2.5e-4, worstOverRms: 0.1 };
/** tools/README.md, "Tolerances": the mildest fault. */
const FAULT: Bounds = { relativeL2: 0.17, oneMinusCosine: 1.5e-2, worstOverRms: 0.58 };

test("a build with a prediction passes, and says by which bounds", () => {
  expect(openOf(build)).toEqual([]);
  const notes = judgeEvidence(build, honestEvidence(build)).findings.map(({ item, note }) => `${item}: ${note}`);
  expect(notes[1]).toContain("bit by bit, with the prediction for m4");
  expect(notes.find((note) => note.startsWith("block against fp64"))).toContain(
    `; bounds by the prediction for m4, relative L2 up to ${Math.max(...[...predictedOf(build).values()].map((x) => x.relativeL2)).toExponential(1)}`,
  );
  expect(notes.find((note) => note.startsWith("block against steps"))).not.toContain("prediction");
});

test("there is a bound for every row that is held against fp64, none below the flat one", () => {
  const rows = honestEvidence(build).parity.comparisons.filter(({ kind }: Json) => kind === "block against fp64");
  expect(new Set(rows.map(rowKey))).toEqual(new Set(predictedOf(build).keys()));
  for (const bound of predictedOf(build).values())
    for (const name of ["relativeL2", "oneMinusCosine", "worstOverRms"] as const)
      expect(bound[name]).toBeGreaterThanOrEqual(FLAT[name]);
});

test("the bound of an output is on what the layer adds to its residual", async () => {
  const all = await readArrays(join(folder, build.manifest.data.file), (name) =>
    name.includes("/exact/") ? "fp32" : undefined,
  );
  const row = (name: string) => rowOf(toNDArray(all[name]!), build.manifest.outputs[0]!.tokenAxis!, 0);
  const x = row("calls/0/block/in/x");
  const [predicted, exact] = ["predicted", "exact"].map((which) =>
    row(`calls/0/${which}/out/hidden`).map((v, k) => v - x[k]!),
  );
  const { relativeL2 } = distance(predicted!, exact!);
  const bound = build.computed!.bounds!.predicted!.get(rowKey({ call: 0, token: 0, value: "hidden - x" }))!;
  expect(relativeL2).toBeGreaterThan(0);
  expect(bound.relativeL2).toBeCloseTo(FLAT.relativeL2 + relativeL2, 12);
});

test("a device that computes what was predicted passes, and not by flat bounds", () => {
  expect(openOf(farOff(PHI), allRows(PHI))).toEqual([]);
  expect(openOf(build, allRows(PHI))[0]).toContain("block against fp64: no: ");
});

test("block and steps are held against each other by flat bounds all the same", () => {
  const edit = (evidence: Json) => {
    for (const row of evidence.parity.comparisons)
      Object.assign(row, { equalBits: false, figures: { ...PHI, finite: true } });
  };
  const [first, ...others] = openOf(farOff(PHI), edit);
  expect(first).toMatch(/^block against steps: no: (\d+) of \1 rows out of bounds/);
  expect(others).toEqual([]);
});

test("flat bounds are added to what is predicted, figure by figure", () => {
  const { relativeL2, oneMinusCosine, worstOverRms } = widened(PHI);
  expect(relativeL2).toBeCloseTo(5e-2, 12);
  expect(worstOverRms).toBeCloseTo(PHI.worstOverRms + 5e-2, 12);
  const angle = (c: number) => Math.acos(1 - c);
  expect(angle(oneMinusCosine)).toBeCloseTo(angle(PHI.oneMinusCosine) + angle(1e-4), 9);
  expect(widened({ relativeL2: 0, oneMinusCosine: 0, worstOverRms: 0 })).toEqual(FLAT);
  // Rounding may leave an angle below none.
  expect(widened({ relativeL2: 0, oneMinusCosine: -1e-16, worstOverRms: 0 })).toEqual(FLAT);
});

test("a figure may be as large as its bound, and no larger", () => {
  for (const name of ["relativeL2", "oneMinusCosine", "worstOverRms"] as const) {
    const at = (x: number) =>
      within({ figures: { relativeL2: 0, oneMinusCosine: 0, worstOverRms: 0, finite: true, [name]: x } });
    expect([at(FLAT[name]), at(FLAT[name] * (1 + 2 ** -52))]).toEqual([true, false]);
  }
});

test("special rows are covered up to half of the mildest fault, and never where they are not finite", () => {
  const none: Bounds = { relativeL2: 0, oneMinusCosine: 0, worstOverRms: 0 };
  expect([0.0749, 0.0751].map((relativeL2) => isCovered({ ...none, relativeL2 }))).toEqual([true, false]);
  // The angles of 1-cos 0.00263 and of the flat bound make that of a quarter of 0.015.
  expect([0.0026, 0.0027].map((oneMinusCosine) => isCovered({ ...none, oneMinusCosine }))).toEqual([true, false]);
  expect(isCovered({ ...none, worstOverRms: 1e6 })).toBe(true);
  for (const name of ["relativeL2", "oneMinusCosine", "worstOverRms"] as const)
    for (const x of [Number.NaN, Number.POSITIVE_INFINITY]) expect(isCovered({ ...none, [name]: x })).toBe(false);
});

test("on another chip the bounds are flat, and that is said", () => {
  const onM4Pro = (evidence: Json) => {
    allRows(PHI)(evidence);
    evidence.system.chip = "Apple M4 Pro";
    delete evidence.parity.predicted;
  };
  const sentence = "; the bounds are flat, since the prediction is for Apple M4, not Apple M4 Pro";
  expect(openOf(farOff(PHI), onM4Pro)[0]).toContain(sentence);
  const near = (evidence: Json) => {
    evidence.system.chip = "Apple M4 Pro";
    delete evidence.parity.predicted;
  };
  expect(openOf(build, near)).toEqual([]);
});

describe("the mildest fault", () => {
  test("is out of bounds, however far the prediction is", () => {
    const expected = fc.record({
      relativeL2: fc.double({ min: 0, max: 10, noNaN: true }),
      oneMinusCosine: fc.double({ min: 0, max: 1, noNaN: true }),
      worstOverRms: fc.double({ min: 0, max: 10, noNaN: true }),
    });
    fc.assert(
      fc.property(expected, (e) => {
        const bounds = widened(e);
        // What is left of it beside a deviation as large as the bound.
        const relativeL2 = FAULT.relativeL2 - bounds.relativeL2;
        expect(within({ figures: { ...FAULT, worstOverRms: 0, finite: true } }, bounds)).toBe(false);
        expect(relativeL2).toBeGreaterThanOrEqual(bounds.relativeL2);
      }),
    );
    expect(openOf(farOff({ relativeL2: 9, oneMinusCosine: 1, worstOverRms: 9 }), allRows(FAULT))[0]).toContain(
      "block against fp64: no: ",
    );
  });

  test("of a prediction that is not finite nothing follows", () => {
    expect(widened({ ...PHI, relativeL2: Number.POSITIVE_INFINITY })).toEqual(FLAT);
    expect(widened({ ...PHI, oneMinusCosine: Number.NaN })).toEqual(FLAT);
    expect(widened({ ...PHI, worstOverRms: Number.POSITIVE_INFINITY })).toEqual(FLAT);
  });
});

test("bounds obey the triangle's inequality: near a prediction is within them", () => {
  const row = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 24, maxLength: 24 });
  fc.assert(
    fc.property(row, row, row, fc.double({ min: 0, max: 0.05, noNaN: true }), (x, p, d, far) => {
      const exact = x.map((v) => v + Math.sign(v || 1) * 0.25);
      const predicted = exact.map((v, k) => v + far * p[k]! * 0.25);
      const device = predicted.map((v, k) => v + 0.0024 * d[k]!);
      const figures = (a: readonly number[], b: readonly number[]) => {
        const { relativeL2, cosine, worstOverRms } = distance(a, b);
        return { relativeL2, oneMinusCosine: Math.max(0, cosine), worstOverRms, finite: true };
      };
      fc.pre(within({ figures: figures(device, predicted) }));
      const e = figures(predicted, exact);
      // Flat bounds are of the prediction's norm, which is off by less than a tenth of the answer's.
      const bounds = widened({ ...e, relativeL2: e.relativeL2 * 1.1, worstOverRms: e.worstOverRms * 1.1 + 5e-3 });
      const kept = within({ figures: figures(device, exact) }, bounds);
      expect([kept, kept || [figures(device, exact), bounds, e, figures(device, predicted)]]).toEqual([true, true]);
    }),
  );
});

const EVIDENCE: readonly (readonly [name: string, says: string, edit: (evidence: Json) => unknown])[] = [
  [
    "no word of the prediction",
    "the tool judged by flat bounds, and for Apple M4 it is the fixtures' prediction for m4",
    (e) => delete e.parity.predicted,
  ],
  [
    "a prediction for another chip",
    "the tool judged by a prediction for m6, and for Apple M4 it is the fixtures' prediction for m4",
    (e) => (e.parity.predicted = "m6"),
  ],
  [
    "the prediction on another chip",
    "the tool judged by a prediction for m4, and for Apple M6 it is flat bounds",
    (e) => Object.assign(e.system, { chip: "Apple M6", model: "Mac18,1", osVersion: "27.0.1", osBuild: "26A434" }),
  ],
  [
    "wider bounds",
    "the tool judged by a bound of 0.05 for relativeL2, not 0.01",
    (e) => (e.parity.tolerances.relativeL2 = 0.05),
  ],
];

test.each(EVIDENCE)("evidence with %s is refused", (_, says, edit) => {
  expect(openOf(build, edit)[0]).toContain(says);
});

/** An edit of a copy of the folder, of the data or of the manifest, with the digest made to fit. */
async function forged(edit: (manifest: Json, arrays: Json) => unknown): Promise<readonly string[]> {
  const copy = mkdtempSync(join(tmpdir(), "graphc-forged-prediction-"));
  folders.push(copy);
  cpSync(folder, copy, { recursive: true });
  const path = join(copy, "tiny.fixtures.json");
  const manifest = JSON.parse(readFileSync(path, "utf8"));
  const data = join(copy, manifest.data.file);
  const arrays: Json = { ...(await readArrays(data, () => "fp16")) };
  edit(manifest, arrays);
  await writeArrays(data, arrays);
  manifest.data.sha256 = await digestFile(data);
  writeFileSync(path, JSON.stringify(manifest));
  return openOf(await withComputed(copy, await readBuild(copy)));
}

const PREDICTED = "calls/0/predicted/out/hidden";

const FORGED: readonly (readonly [name: string, says: string, edit: (manifest: Json, arrays: Json) => unknown])[] = [
  [
    "a prediction that is farther off",
    `${PREDICTED} is not what the seed, the packages and the settings give`,
    (_, all) => (all[PREDICTED].data[3] ^= 0x40),
  ],
  [
    "the prediction of another call",
    `${PREDICTED} is not what the seed, the packages and the settings give`,
    (_, all) => (all[PREDICTED] = all["calls/1/predicted/out/hidden"]),
  ],
  ["a prediction less", `${PREDICTED} is not in the data`, (_, all) => delete all[PREDICTED]],
  ["a prediction of no chip", `${PREDICTED} is in the data, and nothing makes it`, (m) => delete m.predicted],
];

test.each(FORGED)("fixtures with %s are refused", async (_, says, edit) => {
  expect((await forged(edit))[0]).toContain(`fixtures: no: ${says}`);
});

test("fixtures that nobody edited are not", async () => {
  expect(await forged(() => {})).toEqual([]);
});

test("a chip that is not on record is refused", async () => {
  await expect(forged((m) => (m.predicted.chip = "m5"))).rejects.toThrow('predicted.chip is not "m4", "m6" but "m5"');
});

test("rows that the host keeps have bounds too", async () => {
  await writeBuild(io, "io", "m4");
  const kept = await withComputed(io, await readBuild(io));
  expect(openOf(kept)).toEqual([]);
  const rows = honestEvidence(kept).parity.caches.kept;
  const wide = {
    ...kept.computed!.bounds,
    predicted: new Map([...predictedOf(kept)].map(([key]) => [key, widened(PHI)])),
  };
  const far = (evidence: Json) => {
    for (const row of evidence.parity.caches.kept)
      Object.assign(row, { equalBits: false, figures: { ...PHI, finite: true } });
  };
  expect(rows.length).toBeGreaterThan(0);
  expect(openOf({ ...kept, computed: { ...kept.computed!, bounds: wide } }, far)).toEqual([]);
  expect(openOf(kept, far)[0]).toContain("is out of bounds after the last call");
});
