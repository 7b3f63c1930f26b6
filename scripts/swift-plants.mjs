/**
 * Plants faults in the Swift sources and asks the tests: `node scripts/swift-plants.mjs [--only N,N] [--file PART] [--filter TESTS] [--check]`.
 *
 * tools/plants.json holds the faults: «» in `at` marks the code of a file below tools/Sources that `plant` stands for instead. All that are
 * chosen are compiled into one build of a copy, each behind a switch, since a build takes far longer than the tests do. A fault is noticed when the
 * tests fail with its switch on, or do not end in a few minutes; the first test that fails is named, and the rest are ended. `equal` tells why a
 * fault cannot be noticed: no test can tell it from the code, or none runs on Linux. Without a fault the tests must pass, before and afterwards.
 * `--only` runs faults in the order that it names them in.
 * `--filter` asks some tests only, as `swift test --filter` does; `--check` only looks whether every place is there once. Ends with 1 when a
 * fault survives that is not declared so, or one that is declared is noticed. Linux, as root.
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const root = fileURLToPath(new URL("..", import.meta.url));
const { values } = parseArgs({
  options: {
    only: { type: "string" },
    file: { type: "string" },
    filter: { type: "string" },
    check: { type: "boolean" },
  },
});
const plants = JSON.parse(await readFile(join(root, "tools/plants.json"), "utf8")).map((plant, index) => ({
  ...plant,
  number: index + 1,
}));
// Inside of the project, where the toolchain sees it; the golden files that the tests read lie beside it as beside tools/.
const copy = join(root, "tools/.build/plants/tools");

const unknown = (values.only?.split(",") ?? []).find((number) => plants[number - 1] === undefined);
if (unknown !== undefined) throw new Error(`there is no plant ${unknown}; there are 1 to ${plants.length}`);
const asked = values.only?.split(",").map((number) => plants[number - 1]) ?? plants;
const chosen = asked.filter(({ file }) => values.file === undefined || file.includes(values.file));
/** The text of a file with all its faults behind switches. */
function planted(text, faults) {
  const places = new Map();
  for (const fault of faults) {
    const [before, code, after] = fault.at.split(/[«»]/);
    const whole = before + code + after;
    const start = text.indexOf(whole);
    if (start < 0 || text.indexOf(whole, start + 1) >= 0)
      throw new Error(`plant ${fault.number}: ${fault.file} must hold this once: ${whole}`);
    const key = `${start + before.length} ${code.length}`;
    places.set(key, [...(places.get(key) ?? []), fault]);
  }
  const sorted = [...places].map(([key, all]) => [...key.split(" ").map(Number), all]).sort((a, b) => b[0] - a[0]);
  const overlap = sorted.find(([start, length], i) => i > 0 && start + length > sorted[i - 1][0]);
  if (overlap) throw new Error(`plant ${overlap[2][0].number} overlaps with another one`);
  return sorted.reduce((result, [start, length, all]) => {
    const code = result.slice(start, start + length);
    return result.slice(0, start) + switched(code, all) + result.slice(start + length);
  }, text);
}

/** A statement is one that has no value: it is left out or replaced; anything else is an expression. */
function switched(code, faults) {
  const isStatement = /^(try|throw) /.test(code) || /^[\w.[\]]+ \+?= /.test(code) || /^\w+\(nil\)$/.test(code);
  return faults.reduce(
    (rest, { plant, number }) =>
      isStatement
        ? `if planted(${number}) { ${plant} } else { ${rest} }`
        : code.startsWith(".dropFirst")
          ? `.dropFirst(planted(${number}) ? 0 : 1)`
          : `(planted(${number}) ? ${plant === "" ? '""' : plant} : ${rest})`,
    code,
  );
}

const SWITCH = `import Foundation
private let chosen = ProcessInfo.processInfo.environment["GRAPHC_PLANT"].flatMap { Int($0) }
func planted(_ number: Int) -> Bool { chosen == number }
`;

/** Writes a file, but not where it holds that already: what is not touched is not built again. */
async function put(path, text) {
  if ((await readFile(path, "utf8").catch(() => undefined)) === text) return;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

// In one order, so that a place with several faults has one text.
const planting = values.check ? plants : [...chosen].sort((a, b) => a.number - b.number);
/** A file of tools/ with its faults. */
async function plantedFile(path) {
  const faults = planting.filter(({ file }) => join("Sources", file) === path);
  return planted(await readFile(join(root, "tools", path), "utf8"), faults);
}

const strange = planting.find(({ file }) => !existsSync(join(root, "tools/Sources", file)));
if (strange) throw new Error(`plant ${strange.number}: there is no ${strange.file}`);
const switches = ["Gate", "Device", "graphc-ane"].map((room) => join("Sources", room, "Planted.swift"));
const files = ["Package.swift"];
for (const part of ["Sources", "Standin", "Tests"])
  for (const entry of await readdir(join(root, "tools", part), { recursive: true, withFileTypes: true }))
    if (entry.isFile()) files.push(relative(join(root, "tools"), join(entry.parentPath, entry.name)));
const texts = new Map(switches.map((path) => [path, SWITCH]));
for (const path of files) texts.set(path, await plantedFile(path));
if (values.check) process.exit(0);
for (const part of ["Sources", "Standin", "Tests"])
  for (const entry of await readdir(join(copy, part), { recursive: true, withFileTypes: true }).catch(() => [])) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && !texts.has(relative(copy, path))) await rm(path);
  }
for (const [path, text] of texts) await put(join(copy, path), text);
await rm(join(copy, "../golden"), { recursive: true, force: true });
await cp(join(root, "golden"), join(copy, "../golden"), { recursive: true });

const toolchain = join(root, "scripts/swift-toolchain.sh");
const started = Date.now();
const built = spawnSync(toolchain, ["swift", "build", "--build-tests"], {
  cwd: copy,
  encoding: "utf8",
  timeout: 60 * 60_000,
  maxBuffer: 1 << 28,
});
if (built.status !== 0) {
  const lines = (built.stdout + built.stderr).split("\n");
  console.error(lines.filter((line) => line.includes("error")).join("\n"));
  process.exit(1);
}
console.log(`one build of all: ${seconds(started)} s`);

function seconds(since) {
  return Math.round((Date.now() - since) / 1000);
}

/** At least; on a busy machine the tests themselves may take as long. */
const MINUTES = 3;
/** How many times as long as without a fault tests may last, by their filter. */
const PATIENCE = 4;
const lasted = new Map();

/**
 * The first test that fails with a fault; undefined when all pass. A process space of its own, so that nothing which the tests began is left,
 * and a temporary folder of its own.
 */
async function firstFailure(number, filter) {
  const folder = await mkdtemp(join(tmpdir(), "graphc-plant-"));
  const words = ["--pid", "--fork", "--kill-child", "--mount-proc", toolchain, "env"];
  const tests = [".build/debug/graphc-anePackageTests.xctest", "--testing-library", "swift-testing"];
  const child = spawn(
    "unshare",
    [...words, `GRAPHC_PLANT=${number}`, `TMPDIR=${folder}`, ...tests, "--filter", filter],
    { cwd: copy },
  );
  let text = "";
  let found;
  const stop = (why) => {
    found ??= why;
    child.kill("SIGKILL");
  };
  const minutes = Math.max(MINUTES, Math.ceil((PATIENCE * (lasted.get(filter) ?? Number.POSITIVE_INFINITY)) / 60));
  const began = Date.now();
  const clock = Number.isFinite(minutes)
    ? setTimeout(() => stop(`no end in ${minutes} minutes`), minutes * 60_000)
    : undefined;
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (more) => {
      text += more;
      const failed = /✘ Test (?!run)(\w+).* recorded an issue.*/.exec(text);
      if (failed) stop(number === 0 ? failed[0] : failed[1]);
    });
  const code = await new Promise((resolve) => child.on("close", resolve));
  clearTimeout(clock);
  if (number === 0) lasted.set(filter, Math.max(seconds(began), lasted.get(filter) ?? 0));
  // What was ended may still be leaving.
  await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  if (found !== undefined) return found;
  if (code !== 0) return `the tests ended with ${code}: ${text.trimEnd().split("\n").at(-1)}`;
  if (!/✔ Test run with [1-9]\d* tests? passed/.test(text)) throw new Error(`no test was asked:\n${text}`);
  return undefined;
}

/** The quick tests first. */
async function noticedBy(number) {
  if (values.filter !== undefined) return firstFailure(number, values.filter);
  return (await firstFailure(number, "GateTests")) ?? (await firstFailure(number, "CommandTests"));
}

async function mustPass() {
  const failed = await noticedBy(0);
  if (failed !== undefined) throw new Error(`the tests fail without a fault: ${failed}`);
}

await mustPass();
let wrong = 0;
let noticed = 0;
for (const { number, file, at, plant, equal } of chosen) {
  const by = await noticedBy(number);
  if (by !== undefined) noticed += 1;
  const asDeclared = (by === undefined) === (equal !== undefined);
  if (!asDeclared) wrong += 1;
  const verdict = `${by === undefined ? "SURVIVED" : `noticed by ${by}`}${asDeclared ? "" : ", declared otherwise"}`;
  console.log(`${number}\t${verdict}\t${file}\t${JSON.stringify(at)} -> ${JSON.stringify(plant)}`);
  if (by === undefined && equal !== undefined) console.log(`\t\t${equal}`);
}
await mustPass();
console.log(
  `${noticed} of ${chosen.length} noticed, ${wrong} otherwise than declared; ${seconds(started)} s with the build`,
);
process.exitCode = wrong === 0 && chosen.length > 0 ? 0 : 1;
