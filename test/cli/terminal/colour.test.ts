/** Colours: of first words alone, on a terminal alone, and none where NO_COLOR says so. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isPainted, painted } from "../../../src/cli/terminal/colour.ts";
import { buildBundle, removeBundle } from "../../support/bundle.ts";
import { ROOT } from "../../support/root.ts";

const TERMINAL = { isTTY: true };

test.each([
  [TERMINAL, {}, true],
  [{}, {}, false],
  [{ isTTY: false }, { TERM: "xterm" }, false],
  [TERMINAL, { NO_COLOR: "1" }, false],
  [TERMINAL, { NO_COLOR: "" }, true],
  [TERMINAL, { NO_COLOR: "1", FORCE_COLOR: "1" }, false],
  [TERMINAL, { TERM: "dumb" }, false],
  [TERMINAL, { FORCE_COLOR: "0" }, false],
  [{}, { FORCE_COLOR: "1" }, true],
])("%j with %j: %s", (stream, env, expected) => {
  expect(isPainted(stream, env)).toBe(expected);
});

const shown = (text: string) =>
  painted(text)
    .replaceAll("\x1b[31m", "<red>")
    .replaceAll("\x1b[32m", "<green>")
    .replaceAll("\x1b[33m", "<yellow>")
    .replaceAll("\x1b[2m", "<dim>")
    .replaceAll("\x1b[0m", "</>");

test.each([
  ["PROVEN (exact): a block", "<green>PROVEN</> (exact): a block"],
  ["NOT PROVEN: a block", "<red>NOT PROVEN</>: a block"],
  ["REFUTED: a\n  first difference: PROVEN", "<red>REFUTED</>: a\n  first difference: PROVEN"],
  ["error: no file", "<red>error:</> no file"],
  ["  error [state-alignment] state", "<red>  error [</>state-alignment] state"],
  ["  warning [x] y", "<yellow>  warning [</>x] y"],
  ["note: it is", "<dim>note:</> it is"],
  ["PROVENANCE of errors: none", "PROVENANCE of errors: none"],
])("%j", (text, expected) => {
  expect(shown(text)).toBe(expected);
});

let bundle: string;
beforeAll(() => {
  bundle = buildBundle();
});
afterAll(() => removeBundle(bundle));

/** In a terminal, by script(1). */
function inTerminal(env: Readonly<Record<string, string>>, redirect = ""): string {
  const command = `${process.execPath} ${join(bundle, "cli.js")} prove examples/counter.ts ${redirect}`;
  const options = { cwd: ROOT, encoding: "utf8", env: { PATH: process.env.PATH!, TERM: "xterm", ...env } } as const;
  return execFileSync("script", ["-qec", command, "/dev/null"], options);
}

// The option -c of script(1) is that of util-linux.
test.runIf(process.platform === "linux")("a terminal has them, a pipe has none, and NO_COLOR takes them away", () => {
  expect(inTerminal({})).toContain("\x1b[32mPROVEN\x1b[0m (exact)");
  expect(inTerminal({ NO_COLOR: "1" })).not.toContain("\x1b[3");
  const piped = inTerminal({}, "| cat");
  expect(piped).toContain("PROVEN (exact)");
  expect(piped).not.toContain("\x1b[3");
});
