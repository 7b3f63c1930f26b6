/**
 * Plants faults in the Swift sources and asks the tests: `node scripts/swift-plants.mjs [--only N,N] [--file PART] [--filter TESTS] [--check]`.
 *
 * tools/plants.json holds the faults: «» in `at` marks the code of a file below tools/Sources that `plant` stands for instead. All that are
 * chosen are compiled into one build of a copy, each behind a switch, since a build takes far longer than the tests do. A fault is noticed when the
 * tests fail with its switch on. `equal` tells why one cannot be noticed: no test can tell it from the code, or none runs on Linux.
 * `--filter` asks some tests only, as `swift test --filter` does; `--check` only looks whether every place is there once. Ends with 1 when a fault survives that is not declared so, or one that is declared is noticed.
 */
import { spawnSync } from "node:child_process";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
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
const copy = join(tmpdir(), "graphc-swift-plants");

const only = values.only?.split(",").map(Number);
const chosen = plants.filter(
  ({ number, file }) => (only?.includes(number) ?? true) && (values.file === undefined || file.includes(values.file)),
);
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

await mkdir(copy, { recursive: true });
for (const part of ["Sources", "Standin", "Tests", "Package.swift"]) {
  await rm(join(copy, part), { recursive: true, force: true });
  await cp(join(root, "tools", part), join(copy, part), { recursive: true });
}
const planting = values.check ? plants : chosen;
for (const file of new Set(planting.map((plant) => plant.file))) {
  const path = join(copy, "Sources", file);
  const faults = planting.filter((plant) => plant.file === file);
  await writeFile(path, planted(await readFile(path, "utf8"), faults));
}
if (values.check) process.exit(0);
for (const room of ["Gate", "Device", "graphc-ane"])
  await writeFile(join(copy, "Sources", room, "Planted.swift"), SWITCH);

/** Runs in the copy, with Swift. */
function run(minutes, ...words) {
  return spawnSync(join(root, "scripts/swift-toolchain.sh"), words, {
    cwd: copy,
    encoding: "utf8",
    timeout: minutes * 60_000,
    maxBuffer: 1 << 28,
  });
}
const some = values.filter === undefined ? [] : ["--filter", values.filter];
const tested = (number) => run(15, "env", `GRAPHC_PLANT=${number}`, "swift", "test", "--skip-build", ...some);

const built = run(60, "swift", "build", "--build-tests");
if (built.status !== 0) {
  console.error(
    (built.stdout + built.stderr)
      .split("\n")
      .filter((line) => line.includes("error"))
      .join("\n"),
  );
  process.exit(1);
}
const sound = tested(0);
if (sound.status !== 0) throw new Error(`the tests fail without a fault:\n${sound.stdout}${sound.stderr}`);

let wrong = 0;
let noticed = 0;
for (const { number, file, at, plant, equal } of chosen) {
  const survived = tested(number).status === 0;
  if (!survived) noticed += 1;
  const asDeclared = survived === (equal !== undefined);
  if (!asDeclared) wrong += 1;
  const verdict = `${survived ? "SURVIVED" : "noticed"}${asDeclared ? "" : ", declared otherwise"}`;
  console.log(`${number}\t${verdict}\t${file}\t${JSON.stringify(at)} -> ${JSON.stringify(plant)}`);
  if (survived && equal !== undefined) console.log(`\t\t${equal}`);
}
console.log(`${noticed} of ${chosen.length} noticed, ${wrong} otherwise than declared`);
process.exitCode = wrong === 0 && chosen.length > 0 ? 0 : 1;
