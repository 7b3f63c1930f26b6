// Prints "PASSED FAILED" for the log of a suite: vitest, pytest, Swift Testing or our own "N passed, N failed" lines.
// A command that failed without a counted failure counts as one: nothing that goes wrong is lost.
import { readFileSync } from "node:fs";

const [file, exitCode] = process.argv.slice(2);
// biome-ignore lint/suspicious/noControlCharactersInRegex: colour codes are control characters
const text = readFileSync(file, "utf8").replace(/\x1b\[[\d;]*m/g, "");

const count = (pattern) => [...text.matchAll(pattern)].reduce((sum, match) => sum + Number(match[1]), 0);

const passed =
  count(/^\s*Tests\s.*?(\d+) passed/gm) + // vitest
  count(/^=*\s*(?:\d+ \w+, )*(\d+) passed.* in [\d.]+s/gm) + // pytest
  count(/Test run with (\d+) tests? .*passed/g) + // Swift Testing
  count(/^(\d+) passed, \d+ failed$/gm);
const failed =
  count(/^\s*Tests\s.*?(\d+) failed/gm) +
  count(/^=*\s*(\d+) failed.* in [\d.]+s/gm) +
  count(/Test run with \d+ tests? .*failed .*with (\d+) issues?/g) +
  count(/^\d+ passed, (\d+) failed$/gm);

console.log(passed, exitCode === "0" || failed > 0 ? failed : 1);
