/**
 * Prints what a run of the mutants came to: figures by folder, then every mutant that lived and for whose line docs/mutants.md gives no reason.
 * `--reasons` prints those with a reason as well.
 */
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const { files } = JSON.parse(readFileSync(at("reports/mutation.json"), "utf8"));

const KILLED = new Set(["Killed", "Timeout"]);
const LIVED = new Set(["Survived", "NoCoverage"]);

/** By file the lines of code that have a reason: `## path`, then `- ``line``: reason`. */
function reasons(page) {
  const found = new Map();
  let lines = new Set();
  for (const line of page.split("\n")) {
    const path = /^## (src\/.*\.ts)$/.exec(line)?.[1];
    if (path) {
      lines = new Set();
      found.set(path, lines);
    }
    const code = /^- ``(.*?)``: /.exec(line)?.[1];
    if (code) lines.add(code.trim());
  }
  return found;
}

/** The text that a mutant stands for, on one line. */
function original(source, { start, end }) {
  const lines = source.split("\n").slice(start.line - 1, end.line);
  const last = lines.length - 1;
  lines[last] = lines[last].slice(0, end.column - 1);
  lines[0] = lines[0].slice(start.column - 1);
  return lines.join(" ").replaceAll(/\s+/g, " ");
}

const explained = reasons(readFileSync(at("../docs/mutants.md"), "utf8"));
const folders = new Map();
const [open, known] = [[], []];
for (const [path, { source, mutants }] of Object.entries(files)) {
  const sum = folders.get(dirname(path)) ?? { killed: 0, lived: 0, open: 0 };
  folders.set(dirname(path), sum);
  for (const { status, location, replacement } of mutants) {
    if (KILLED.has(status)) sum.killed++;
    if (!LIVED.has(status)) continue;
    sum.lived++;
    const { line, column } = location.start;
    const covered = status === "NoCoverage" ? " (no test runs it)" : "";
    const text = `${path}:${line}:${column}: ${original(source, location)} → ${replacement.replaceAll(/\s+/g, " ")}${covered}`;
    const hasReason = explained.get(path)?.has(source.split("\n")[line - 1].trim());
    (hasReason ? known : open).push(text);
    if (!hasReason) sum.open++;
  }
}

const percent = ({ killed, lived }) => `${((100 * killed) / (killed + lived)).toFixed(1)} %`;
const all = { killed: 0, lived: 0, open: 0 };
for (const sum of folders.values()) for (const key of Object.keys(all)) all[key] += sum[key];
for (const [folder, sum] of [...folders, ["in all", all]].filter(([, x]) => x.killed + x.lived > 0))
  console.log(
    `${folder}: ${sum.killed} of ${sum.killed + sum.lived} killed (${percent(sum)}), ${sum.open} alive without a reason`,
  );
console.log([...open, ...(process.argv.includes("--reasons") ? known : [])].join("\n"));
