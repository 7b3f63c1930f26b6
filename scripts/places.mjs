// Reads a stack out of dist/ in the terms of the sources: `node scripts/places.mjs < report.txt` in a checkout of the version that the report
// is about, built by `npm ci`. The maps are not in the package, but the same sources give the same files, whose names hold their digest.
import { existsSync, readFileSync } from "node:fs";
import { SourceMap } from "node:module";
import { join, relative } from "node:path";

const unknown = new Set();
const told = readFileSync(0, "utf8").replaceAll(/(?:[^\s()]*\/)?dist\/((?:chunks\/)?[\w.-]+\.js):(\d+):(\d+)/g, place);
process.stdout.write(told);
for (const file of unknown)
  process.stderr.write(
    `dist/${file} is not of this build: check out the version that the report is about, and npm ci\n`,
  );
if (unknown.size > 0) process.exitCode = 1;

/** The place in the sources; as it was where the file is of another build. */
function place(all, file, line, column) {
  const map = join("dist", `${file}.map`);
  if (!existsSync(map)) {
    unknown.add(file);
    return all;
  }
  const origin = new SourceMap(JSON.parse(readFileSync(map, "utf8"))).findOrigin(Number(line), Number(column));
  if (origin.fileName === undefined) return all;
  return `${relative("", join("dist", file, "..", origin.fileName))}:${origin.lineNumber}:${origin.columnNumber}`;
}
