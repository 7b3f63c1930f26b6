/** Prints what a run of the mutants came to: figures by folder, then every mutant that lived, with the line it changed. */
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

const REPORT = fileURLToPath(new URL("reports/mutation.json", import.meta.url));
const { files } = JSON.parse(readFileSync(REPORT, "utf8"));

const KILLED = new Set(["Killed", "Timeout"]);
const LIVED = new Set(["Survived", "NoCoverage"]);

/** The text that a mutant stands for, on one line. */
function original(source, { start, end }) {
  const lines = source.split("\n").slice(start.line - 1, end.line);
  const last = lines.length - 1;
  lines[last] = lines[last].slice(0, end.column - 1);
  lines[0] = lines[0].slice(start.column - 1);
  return lines.join(" ").replaceAll(/\s+/g, " ");
}

const folders = new Map();
const lived = [];
for (const [path, { source, mutants }] of Object.entries(files)) {
  const sum = folders.get(dirname(path)) ?? { killed: 0, lived: 0 };
  folders.set(dirname(path), sum);
  for (const { status, location, replacement } of mutants) {
    if (KILLED.has(status)) sum.killed++;
    if (!LIVED.has(status)) continue;
    sum.lived++;
    const { line, column } = location.start;
    const covered = status === "NoCoverage" ? " (no test runs it)" : "";
    lived.push(
      `${path}:${line}:${column}: ${original(source, location)} → ${replacement.replaceAll(/\s+/g, " ")}${covered}`,
    );
  }
}

const percent = ({ killed, lived: left }) => `${((100 * killed) / (killed + left)).toFixed(1)} %`;
for (const [folder, sum] of [...folders].filter(([, x]) => x.killed + x.lived > 0))
  console.log(`${folder}: ${sum.killed} of ${sum.killed + sum.lived} killed (${percent(sum)})`);
console.log(lived.join("\n"));
