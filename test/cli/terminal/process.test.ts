/** The command line as it ships, bundled, in processes of its own: signals, full and read-only disks, graph files. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, openSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { buildBundle, endOf, removeBundle, startIn } from "../../support/bundle.ts";
import { testFolder } from "../../support/cli.ts";
import { digestsIn } from "../../support/emit.ts";
import { ROOT } from "../../support/root.ts";

const COUNTER = join(ROOT, "examples/counter.ts");
const ATTENTION = join(ROOT, "examples/attention.ts");
let bundle: string;

beforeAll(() => {
  bundle = buildBundle();
});
afterAll(() => removeBundle(bundle));

const start = (...argv: readonly string[]): ChildProcess => startIn(bundle, argv);

async function outcomeOf(child: ChildProcess) {
  const { code, out, err } = await endOf(child);
  return { code, out, err };
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

test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("%s in the middle of an emit leaves nothing", async (signal) => {
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

test("after a kill the next emit removes what is left, and the set is whole", async () => {
  const folder = testFolder();
  const child = start("emit", "phi4-mini", "--out", folder);
  const ended = endOf(child);
  await weightsBegun(folder);
  child.kill("SIGKILL");
  expect(await ended).toMatchObject({ code: null, signal: "SIGKILL" });
  expect(readdirSync(folder)).toEqual([expect.stringMatching(/^\.graphc-emit-/)]);
  expect(await outcomeOf(start("emit", COUNTER, "--out", folder))).toMatchObject({ code: 0, err: "" });
  expect(readdirSync(folder)).toEqual(["counter.certificate.json", "counter.t1.mlpackage", "counter.t4.mlpackage"]);
});

test("an emit into a folder that another writes into is refused, and the other is not disturbed", async () => {
  const folder = testFolder();
  const first = start("emit", "phi4-mini", "--out", folder);
  const ended = endOf(first);
  await weightsBegun(folder);
  const err = `error: an emit in process ${first.pid} is writing into ${folder}; wait for it, or give another --out\n`;
  expect(await outcomeOf(start("emit", COUNTER, "--out", folder))).toEqual({ code: 2, out: "", err });
  first.kill("SIGTERM");
  expect((await ended).code).toBe(130);
  expect(readdirSync(folder)).toEqual([]);
});

test("of two emits at once the folder holds one whole set", async () => {
  const folders = [testFolder(), testFolder(), testFolder()] as const;
  const emit = (seed: string, folder: string) =>
    outcomeOf(start("emit", ATTENTION, "--max-seq", "8", "--force", "--seed", seed, "--out", folder));
  await Promise.all([emit("1", folders[0]), emit("2", folders[1])]);
  const [one, other] = [digestsIn(folders[0]), digestsIn(folders[1])];
  expect(one).not.toEqual(other);
  const ends = await Promise.all([emit("1", folders[2]), emit("2", folders[2])]);
  const codes = ends.map(({ code }) => code);
  expect(codes).toContain(0);
  expect(codes.filter((code) => code !== 0 && code !== 2)).toEqual([]);
  const last = digestsIn(folders[2]);
  if (codes.includes(2)) expect(last).toEqual(codes[0] === 0 ? one : other);
  else expect([one, other]).toContainEqual(last);
});

test("the bytes do not depend on the working folder, the locale, the time zone or the umask", async () => {
  const [plain, strange] = [testFolder(), testFolder()];
  const argv = (out: string) => ["emit", ATTENTION, "--max-seq", "8", "--fixtures", "--out", out];
  expect((await outcomeOf(start(...argv(plain)))).code).toBe(0);
  const env = { ...process.env, LC_ALL: "tr_TR.UTF-8", LANG: "tr_TR.UTF-8", TZ: "Asia/Kathmandu" };
  const command = ["-c", 'umask 077; exec "$@"', "sh", process.execPath, join(bundle, "cli.js"), ...argv(".")];
  expect((await endOf(spawn("sh", command, { cwd: strange, env }))).code).toBe(0);
  expect(digestsIn(strange)).toEqual(digestsIn(plain));
});

test("a full standard output is told, whatever the command made of its work", async ({ skip }) => {
  if (process.platform !== "linux") skip("there is no /dev/full");
  for (const argv of [["check", COUNTER], ["--help"], ["check", COUNTER, "--json"]]) {
    const child = startIn(bundle, argv, { stdio: ["ignore", openSync("/dev/full", "w"), "pipe"] });
    const err = "error: the result was not written to standard output: the disk is full\n";
    expect(await outcomeOf(child)).toEqual({ code: 2, out: "", err });
  }
});

test("a working folder that is gone is told", async ({ skip }) => {
  if (process.platform === "win32") skip("a folder in use cannot be removed");
  const gone = testFolder();
  // The command is begun in a folder that is there, which it then removes.
  const script = 'cd "$1" && rmdir "$1" && exec "$2" "$3" check "$4"';
  const args = ["-c", script, "sh", gone, process.execPath, join(bundle, "cli.js"), COUNTER];
  const told = "error: the working folder cannot be told: there is no such file or folder; change into another\n";
  expect(await outcomeOf(spawn("sh", args))).toEqual({ code: 2, out: "", err: told });
  mkdirSync(gone);
});

test("a graph file is compiled beside itself, else in the temporary folder, else refused", async ({ skip }) => {
  const [folder, nowhere] = [testFolder(), join(testFolder(), "none")];
  mount(folder, "size=1m", skip);
  const file = join(folder, "counter.ts");
  copyFileSync(COUNTER, file);
  execFileSync("mount", ["-o", "remount,ro", folder]);
  const check = (TMPDIR: string) => endOf(startIn(bundle, ["check", file], { env: { ...process.env, TMPDIR } }));
  expect(await check(testFolder())).toMatchObject({ code: 0, err: "" });
  const refusals = `${folder}: the disk is read-only; ${nowhere}: there is no such file or folder`;
  const told = `error: ${file} does not load: its compiled form cannot be written (${refusals})`;
  expect(await check(nowhere)).toMatchObject({
    code: 2,
    err: `${told}; let TMPDIR name a folder that can be written\n`,
  });
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
  expect([code, err]).toEqual([2, `error: cannot write ${target}: the disk is full\n`]);
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
  const reason = "(permission denied|the disk is read-only)\\n$";
  const sentence = new RegExp(`^error: cannot write ${join(folder, "counter.t4.mlpackage")}: ${reason}`);
  expect(await emitInto(folder)).toEqual({ code: 2, out: "", err: expect.stringMatching(sentence) });
  const deep = await emitInto(join(folder, "new/deep"));
  const either = new RegExp(`counter.t4.mlpackage: (its folder cannot be made\\n|${reason})`);
  expect(deep).toEqual({ code: 2, out: "", err: expect.stringMatching(either) });
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
