/** Fixtures on disk: the manifest, the arrays of every call, and folders that were changed since. */
import { execFileSync } from "node:child_process";
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { digestFolder } from "../../src/evidence/digests.ts";
import { readFixtures } from "../../src/evidence/format/fixtures-read.ts";
import { toNDArray } from "../../src/passes/kernels/raw.ts";
import { distance } from "../../src/passes/parity/metrics.ts";
import type { Recording } from "../../src/passes/parity/record/recording.ts";
import { openSafetensors } from "../../src/weights/safetensors/file.ts";
import { writeBuild } from "../support/evidence/fixtures.ts";

/** scripts/swift-test.sh keeps the folder, to run the Swift tool on it. */
const kept = process.env.GRAPHC_FIXTURES;
const folder = kept ?? mkdtempSync(join(tmpdir(), "graphc-fixtures-"));
let recording: Recording;

beforeAll(async () => {
  mkdirSync(folder, { recursive: true });
  recording = await writeBuild(folder);
});
afterAll(() => {
  if (kept === undefined) rmSync(folder, { recursive: true });
});

test("the manifest says what is fed, in the terms of the sequence", async () => {
  const { manifest } = await readFixtures(folder);
  expect(manifest.inputs).toContainEqual({ name: "attn_mask", role: "mask", tokenAxis: 2, slotAxis: 3 });
  expect(manifest.inputs).toContainEqual({ name: "kv_write_mask", role: "write_mask", tokenAxis: 3, slotAxis: 2 });
  expect(manifest.outputs).toEqual([{ name: "hidden", tokenAxis: 2, residual: "x" }]);
  expect(manifest.states.map(({ rowAxis }) => rowAxis)).toEqual([2, 2]);
  expect(manifest.calls.map(({ label }) => label)).toContain("3 of 4 rejected");
  const padded = manifest.calls.find(({ label }) => label === "partly filled block");
  expect(padded).toMatchObject({ rows: [8, null, null, null], accepted: 0, steps: [0] });
});

test("the digest of a package is what sha256sum prints", async () => {
  const { manifest } = await readFixtures(folder);
  const script = "find . -type f | LC_ALL=C sort | xargs sha256sum | sha256sum";
  for (const { package: name, sha256 } of [manifest.block, manifest.step]) {
    const printed = execFileSync("bash", ["-c", script], { cwd: join(folder, name), encoding: "utf8" });
    expect(sha256).toBe(printed.split(" ")[0]);
  }
});

test("any safetensors reader finds every tensor of every call", async () => {
  const { manifest } = await readFixtures(folder);
  const file = await openSafetensors(join(folder, manifest.data.file));
  const dtypes = new Map([...file.tensors.values()].map(({ name, dtype, shape }) => [name, `${dtype} ${shape}`]));
  await file.close();
  expect(dtypes.get("calls/0/block/in/x")).toBe("F16 1,16,4,1");
  expect(dtypes.get("calls/0/steps/3/in/kv_write_mask")).toBe("F16 1,1,32,1");
  expect(dtypes.get("calls/0/exact/out/hidden")).toBe("F64 1,16,4,1");
  const [state] = manifest.states;
  expect(dtypes.get(`initial/${state!.name}`)).toBe("F16 1,2,32,4");
  expect(dtypes.get(`calls/2/block/rows/${state!.name}`)).toBe("F16 1,2,1,4");
  const per = manifest.inputs.length + manifest.outputs.length + manifest.states.length;
  const exact = manifest.outputs.length + manifest.states.length;
  const steps = manifest.calls.reduce((sum, call) => sum + call.steps.length, 0);
  expect(dtypes.size).toBe(manifest.states.length + manifest.calls.length * (per + exact) + steps * per);
});

test("block and steps of the recording agree in bits, and both with fp64 within the noise", () => {
  for (const { call, block, steps, exact } of recording.calls) {
    for (const [token, step] of steps) {
      const column = (array: { readonly data: ArrayLike<number> }) =>
        Array.from({ length: 16 }, (_, channel) => array.data[channel * 4 + token]!);
      const hidden = column(toNDArray(block.outputs.hidden!));
      expect(Array.from(toNDArray(step.outputs.hidden!).data), call.label).toEqual(hidden);
      expect(distance(hidden, column(exact.outputs.hidden!)).relativeL2).toBeLessThan(5e-3);
    }
  }
});

test("the cache begins with finite garbage, and rejected tokens are stepped too", () => {
  const { initial, calls, states } = recording;
  for (const { name } of states) {
    const { data } = toNDArray(initial[name]!);
    expect(data.every((x) => Number.isFinite(x))).toBe(true);
    expect(new Set(data).size).toBeGreaterThan(100);
  }
  const rejecting = calls.find(({ call }) => call.label === "3 of 4 rejected")!;
  expect([...rejecting.steps.keys()]).toEqual([0, 1, 2, 3]);
});

/** Builds a copy, harms it and expects the reader to say so. */
async function harmed(harm: (copy: string) => void, message: string): Promise<void> {
  const copy = mkdtempSync(join(tmpdir(), "graphc-fixtures-"));
  try {
    execFileSync("cp", ["-r", `${folder}/.`, copy]);
    harm(copy);
    await expect(readFixtures(copy)).rejects.toThrow(message);
  } finally {
    rmSync(copy, { recursive: true });
  }
}

test("a folder that is no longer what was written is refused", async () => {
  const manifest = (copy: string) => join(copy, "tiny.fixtures.json");
  await harmed((copy) => appendFileSync(join(copy, "tiny.fixtures.safetensors"), "x"), "is not the file that");
  await harmed((copy) => rmSync(manifest(copy)), "must hold one .fixtures.json and holds 0");
  await harmed((copy) => writeFileSync(join(copy, "b.fixtures.json"), "{}"), "holds 2");
  await harmed((copy) => writeFileSync(manifest(copy), "{}"), "is not a graphc-fixtures file of version 3");
  await harmed(
    (copy) => writeFileSync(manifest(copy), '{"format":"graphc-fixtures","version":3,"tool":3}'),
    "tool is not a string",
  );
});

test("a link inside a package is refused: its target could change", async () => {
  const copy = mkdtempSync(join(tmpdir(), "graphc-digest-"));
  symlinkSync("/etc/hosts", join(copy, "link"));
  await expect(digestFolder(copy)).rejects.toThrow("neither a file nor a folder");
  rmSync(copy, { recursive: true });
});
