/** The command line as it ships, bundled, in processes of its own: signals, full and read-only disks, graph files. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { testFolder } from "../support/cli.ts";
import { ROOT } from "../support/root.ts";

const COUNTER = join(ROOT, "examples/counter.ts");
let bundle: string;

beforeAll(() => {
  // In the project, so that the bundle finds the packages that it leaves outside.
  mkdirSync(join(ROOT, "node_modules/.cache"), { recursive: true });
  bundle = mkdtempSync(join(ROOT, "node_modules/.cache/graphc-"));
  execFileSync(process.execPath, ["scripts/build.mjs", bundle], { cwd: ROOT });
});
afterAll(() => rmSync(bundle, { recursive: true, force: true }));

const start = (...argv: readonly string[]): ChildProcess =>
  spawn(process.execPath, [join(bundle, "cli.js"), ...argv], { cwd: ROOT });

async function outcomeOf(child: ChildProcess) {
  const [out, err]: [string[], string[]] = [[], []];
  child.stdout!.setEncoding("utf8").on("data", (text) => out.push(text));
  child.stderr!.setEncoding("utf8").on("data", (text) => err.push(text));
  const code = await new Promise((done) => child.on("close", done));
  return { code, out: out.join(""), err: err.join("") };
}

test("emits an author's graph file, which shares the library with the tool", async () => {
  const out = testFolder();
  expect(await outcomeOf(start("emit", COUNTER, "--out", out))).toMatchObject({ code: 0, err: "" });
  expect(readdirSync(out)).toEqual(["counter.certificate.json", "counter.t1.mlpackage", "counter.t4.mlpackage"]);
});

test("shows the author's line for a mistake that a function of the library finds", async () => {
  const file = join(testFolder(), "g.ts");
  const lines = [
    'import { graph, input, rmsNorm, weight } from "graphc";',
    "export default function model() {",
    '  const x = input("x", [1, 64, 4, 1]);',
    '  const y = rmsNorm(x, weight("w", [1, 60, 1, 1]), { eps: 1e-5 });',
    '  return graph({ name: "g", inputs: [x], outputs: { y } });',
    "}",
  ];
  writeFileSync(file, lines.join("\n"));
  const { code, err } = await outcomeOf(start("check", file));
  expect(code).toBe(2);
  expect(err.split("\n").slice(0, 4)).toEqual([
    "error: mul: cannot broadcast [1,64,4,1] with [1,60,1,1]",
    `  at ${file}:4:13`,
    `  4 | ${lines[3]}`,
    `    | ${" ".repeat(12)}^`,
  ]);
});

test("a reader that goes away is no fault: the work is done, and the exit code is that of the answer", async () => {
  const out = testFolder();
  const child = start("emit", COUNTER, "--out", out);
  child.stdout!.destroy();
  const err: string[] = [];
  child.stderr!.setEncoding("utf8").on("data", (text) => err.push(text));
  expect([await new Promise((done) => child.on("exit", done)), err.join("")]).toEqual([0, ""]);
  expect(readdirSync(out)).toHaveLength(3);
});

test("tells its version, its commands, and that there was none", async () => {
  expect(await outcomeOf(start("--version"))).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
  });
  expect(await outcomeOf(start("--help"))).toMatchObject({ code: 0, out: expect.stringContaining("usage: graphc") });
  expect((await outcomeOf(start())).code).toBe(2);
});

test.each(["SIGINT", "SIGTERM"] as const)("%s in the middle of an emit leaves nothing", async (signal) => {
  const folder = testFolder();
  const child = start("emit", "phi4-mini", "--out", join(folder, "new/out"));
  const outcome = outcomeOf(child);
  await weightsBegun(folder);
  child.kill(signal);
  expect(await outcome).toEqual({ code: 130, out: "", err: "error: interrupted; nothing was written\n" });
  expect(readdirSync(folder)).toEqual([]);
});

test("an interrupt ends a job that leaves nothing at once", async () => {
  const busy = start("survey", "phi4-mini");
  const ended = new Promise((done) => busy.on("close", (code, signal) => done([code, signal])));
  await sleep(500);
  busy.kill("SIGINT");
  expect(await ended).toEqual([null, "SIGINT"]);
});

/** Waits until a weight file is there. */
async function weightsBegun(folder: string): Promise<void> {
  while (!readdirSync(folder, { recursive: true }).some((path) => `${path}`.endsWith("weight.bin"))) await sleep(5);
}

/** Mounts a disk of memory on a folder for this test. */
function mount(folder: string, options: string, skip: (why: string) => void): void {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", folder], { stdio: "ignore" });
  } catch {
    skip("mounting a disk needs ROOT");
  }
  onTestFinished(() => void execFileSync("umount", [folder]));
}

test("a full disk is named, and nothing stays on it", async ({ skip }) => {
  const disk = join(testFolder(), "disk");
  mkdirSync(disk);
  mount(disk, "size=20m", skip);
  const { code, err } = await outcomeOf(start("emit", "phi4-mini", "--out", join(disk, "out")));
  const target = join(disk, "out/phi4-mini.layer0.t4.mlpackage");
  expect([code, err]).toEqual([2, `error: the disk is full: ${target} was not written\n`]);
  expect(readdirSync(disk)).toEqual([]);

  writeFileSync(join(disk, "filler"), Buffer.alloc(20 << 20));
  const run = start("run", COUNTER, "--positions", "0", "--out", join(disk, "out.safetensors"));
  const full = `error: cannot write ${join(disk, "out.safetensors")}: the disk is full\n`;
  expect(await outcomeOf(run)).toEqual({ code: 2, out: "", err: full });
  expect(readdirSync(disk)).toEqual(["filler"]);
});

test("a folder that cannot be written is named", async ({ skip }) => {
  const folder = join(testFolder(), "closed");
  mkdirSync(folder);
  // Root may write into any folder; a disk that is mounted read-only stops ROOT too.
  if (process.getuid?.() === 0) mount(folder, "ro", skip);
  else chmodSync(folder, 0o555);
  const emitInto = async (out: string) => outcomeOf(start("emit", COUNTER, "--out", out));
  const sentence = `error: ${join(folder, "counter.t4.mlpackage")} was not written: there is no permission to write in`;
  expect(await emitInto(folder)).toEqual({ code: 2, out: "", err: `${sentence} ${folder}\n` });
  const deep = await emitInto(join(folder, "new/deep"));
  const reason = /was not written: (its folder cannot be made|there is no permission to write in .*)\n$/;
  expect(deep).toEqual({ code: 2, out: "", err: expect.stringMatching(reason) });
  expect(readdirSync(folder)).toEqual([]);
});

test("a proof that outgrows the memory that Node was given is refused before Node ends itself", async () => {
  const file = join(ROOT, "examples/attention.ts");
  const argv = ["--max-old-space-size=60", join(bundle, "cli.js"), "prove", file, "--tokens", "128"];
  const { code, out, err } = await outcomeOf(spawn(process.execPath, argv, { cwd: ROOT }));
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(err).toMatch(
    /error: the proof does not fit into the \d+ MB that Node takes: .*lower --tokens, or give Node more/,
  );
});
