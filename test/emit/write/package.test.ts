/** Writing a package: the same bytes everywhere, and nothing left when it cannot be written. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { graph } from "../../../src/dsl/graph.ts";
import { mul } from "../../../src/dsl/ops/index.ts";
import { input, weight } from "../../../src/dsl/tensor.ts";
import { writePackage } from "../../../src/emit/write/package.ts";
import { countingStore, filesIn, folder, tinyGraph } from "../../support/emit.ts";

const MODEL = "Data/com.apple.CoreML/model.mlmodel";
const WEIGHTS = "Data/com.apple.CoreML/weights/weight.bin";
const sha256 = (bytes: Buffer | string) => createHash("sha256").update(bytes).digest("hex");

const run = (command: string, ...args: string[]): void => void execFileSync(command, args, { stdio: "ignore" });

/** A graph with one weight of this many MiB. */
function heavyGraph(mebibytes: number) {
  const x = input("x", [1]);
  return graph({ name: "heavy", inputs: [x], outputs: { y: mul(x, weight("w", [mebibytes << 19])) } });
}

describe("a package", () => {
  test("is the same to the byte in another folder and another run", async () => {
    const [a, b] = [join(folder(), "a.mlpackage"), join(folder(), "deep/er/b.mlpackage")];
    const first = await writePackage(tinyGraph(), countingStore(), a);
    const second = await writePackage(
      tinyGraph(),
      countingStore(() => {}, 3),
      b,
    );
    expect(Object.keys(filesIn(a))).toEqual([MODEL, WEIGHTS, "Manifest.json"]);
    expect(filesIn(b)).toEqual(filesIn(a));
    expect(second.sha256).toEqual(first.sha256);
  });

  test("is summed up truthfully", async () => {
    const path = join(folder(), "a.mlpackage");
    const summary = await writePackage(tinyGraph(), countingStore(), path);
    const files = filesIn(path);
    expect(summary).toMatchObject({
      path,
      inputs: [{ name: "x", dtype: "fp16", shape: [1, 2, 4, 1] }],
      outputs: [{ name: "hidden", dtype: "fp16", shape: [1, 8, 4, 1] }],
      states: [{ name: "k_state", dtype: "fp16", shape: [1, 4, 4, 1] }],
      ops: { conv: 1, read_state: 2, write_state: 1 },
      bytes: Object.values(files).reduce((sum, file) => sum + file.length, 0),
    });
    expect(summary.sha256.model).toBe(sha256(files[MODEL]!));
    expect(summary.sha256.weights).toBe(sha256(files[WEIGHTS]!));
    const lines = Object.entries(files).map(([name, file]) => `${sha256(file)}  ./${name}\n`);
    expect(summary.sha256.package).toBe(sha256(lines.join("")));
  });

  test("has identifiers that depend on its contents alone", async () => {
    const [a, b] = [join(folder(), "a.mlpackage"), join(folder(), "b.mlpackage")];
    await writePackage(tinyGraph(), countingStore(), a);
    await writePackage({ ...tinyGraph(), name: "other" }, countingStore(), b);
    const [one, other] = [a, b].map((path) => JSON.parse(readFileSync(join(path, "Manifest.json"), "utf8")));
    const idOf = (manifest: typeof one, name: string) =>
      Object.keys(manifest.itemInfoEntries).find((id) => manifest.itemInfoEntries[id].name === name);
    expect(idOf(one, "model.mlmodel")).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(one.rootModelIdentifier).toBe(idOf(one, "model.mlmodel"));
    expect(idOf(other, "model.mlmodel")).not.toBe(idOf(one, "model.mlmodel"));
    expect(idOf(other, "weights")).toBe(idOf(one, "weights"));
  });

  test("has a weight file even without weights, and a large one is hashed beside the writing", async () => {
    const x = input("x", [2]);
    const path = join(folder(), "a.mlpackage");
    await writePackage(graph({ name: "g", inputs: [x], outputs: { y: mul(x, x) } }), countingStore(), path);
    expect(filesIn(path)[WEIGHTS]!.length).toBe(64);
    const heavy = join(folder(), "b.mlpackage");
    const summary = await writePackage(heavyGraph(40), countingStore(), heavy);
    expect(summary.sha256.weights).toBe(sha256(filesIn(heavy)[WEIGHTS]!));
  });

  test("reports its progress in bytes of the weight file", async () => {
    const seen: number[][] = [];
    const onProgress = (done: number, total: number) => void seen.push([done, total]);
    await writePackage(heavyGraph(2), countingStore(), join(folder(), "a.mlpackage"), { onProgress });
    const total = (2 << 20) + 128;
    expect(seen.at(-1)).toEqual([total, total]);
    expect(seen.map(([done]) => done)).toEqual([64, 128, (1 << 20) + 128, total]);
  });
});

describe("when it cannot be written, one sentence and nothing left", () => {
  const fails = async (target: string, store = countingStore(), options = {}) => {
    const error = await writePackage(heavyGraph(40), store, target, options).catch((e: unknown) => e);
    return error as Error & { code?: string };
  };

  test("its place is taken", async () => {
    const path = join(folder(), "a.mlpackage");
    mkdirSync(path);
    expect(await fails(path)).toMatchObject({
      name: "UserError",
      message: `${path} exists already`,
      mend: "--force replaces it",
    });
    expect(readdirSync(path)).toEqual([]);
  });

  test("its name is not that of a package", async () => {
    const path = join(folder(), "a.mlmodel");
    expect(await fails(path)).toMatchObject({ name: "UserError", message: expect.stringContaining(".mlpackage") });
  });

  test("a part of its path is a file", async () => {
    const root = folder();
    writeFileSync(join(root, "file"), "");
    for (const path of ["file/a.mlpackage", "file/deep/a.mlpackage"])
      expect(await fails(join(root, path))).toMatchObject({
        message: expect.stringContaining("is a file, not a folder"),
      });
  });

  test("it is aborted in the middle: the folders made for it are gone too", async () => {
    const root = folder();
    const abort = new AbortController();
    const store = countingStore((done) => {
      if (done > 10 << 20) abort.abort(new Error("interrupted"));
    });
    const error = await fails(join(root, "new/deep/a.mlpackage"), store, { signal: abort.signal });
    expect(error.message).toBe("interrupted");
    expect(readdirSync(root)).toEqual([]);
  });

  test("a disk that is really full", async ({ skip }) => {
    const root = folder();
    try {
      run("mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", root);
    } catch {
      skip("mounting a small disk needs root");
    }
    onTestFinished(() => run("umount", root));
    expect(await fails(join(root, "new/a.mlpackage"))).toMatchObject({
      name: "UserError",
      message: expect.stringContaining("the disk is full"),
    });
    expect(readdirSync(root)).toEqual([]);
  });

  test("its folder is read-only", async ({ skip }) => {
    if (process.getuid?.() === 0) skip("root may write anywhere");
    const root = folder();
    chmodSync(root, 0o555);
    onTestFinished(() => chmodSync(root, 0o755));
    for (const path of ["a.mlpackage", "new/deep/a.mlpackage"])
      expect(await fails(join(root, path))).toMatchObject({
        name: "UserError",
        message: expect.stringContaining("permission denied"),
      });
    expect(readdirSync(root)).toEqual([]);
  });

  test("the store refuses a weight", async () => {
    const root = folder();
    const store = countingStore(() => {
      throw Object.assign(new Error("no permission"), { code: "EACCES", path: "/elsewhere/model.safetensors" });
    });
    expect((await fails(join(root, "a.mlpackage"), store)).message).toBe("no permission");
    expect(readdirSync(root)).toEqual([]);
  });
});

describe("with force", () => {
  test("a package is replaced whole", async () => {
    const root = folder();
    const path = join(root, "a.mlpackage");
    await writePackage(tinyGraph(), countingStore(), path);
    writeFileSync(join(path, "stray"), "");
    await writePackage(heavyGraph(1), countingStore(), path, { force: true });
    expect(filesIn(path)[WEIGHTS]!.length).toBe((1 << 20) + 128);
    expect(existsSync(join(path, "stray"))).toBe(false);
    expect(readdirSync(root)).toEqual(["a.mlpackage"]);
  });

  test("the old package stays when the new one fails", async () => {
    const root = folder();
    const path = join(root, "a.mlpackage");
    await writePackage(tinyGraph(), countingStore(), path);
    const before = filesIn(root);
    const broken = countingStore(() => {
      throw new Error("broken");
    });
    await expect(writePackage(tinyGraph(), broken, path, { force: true })).rejects.toThrow("broken");
    expect(filesIn(root)).toEqual(before);
  });

  test("a folder that is no package is not replaced", async () => {
    const path = join(folder(), "a.mlpackage");
    mkdirSync(path);
    writeFileSync(join(path, "thesis.txt"), "");
    await expect(writePackage(tinyGraph(), countingStore(), path, { force: true })).rejects.toThrow(
      "is not a Core ML package; graphc will not replace it",
    );
    expect(readdirSync(path)).toEqual(["thesis.txt"]);
  });
});
