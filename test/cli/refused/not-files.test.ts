/** Every command that opens a file, with a pipe in its place: nobody writes into it, so whoever waited would hang. */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { graphc, testFolder } from "../../support/cli.ts";
import { ROOT } from "../../support/root.ts";

const COUNTER = join(ROOT, "examples/counter.ts");

/** Command lines with the file that is a pipe, as a path in the test's folder. */
const CASES: readonly (readonly [argv: readonly string[], pipe: string])[] = [
  [["check", "a.ts"], "a.ts"],
  [["emit", "a.ts"], "a.ts"],
  [["prove", "a.ts"], "a.ts"],
  [["inspect", "m.mlmodel"], "m.mlmodel"],
  [["inspect", "p.mlpackage"], "p.mlpackage/Manifest.json"],
  [["check", "p.mlpackage"], "p.mlpackage/Manifest.json"],
  [["survey", "m.mlmodel"], "m.mlmodel"],
  [["diff", "m.mlmodel", COUNTER], "m.mlmodel"],
  [["prove", "m.mlmodel"], "m.mlmodel"],
  [["parity", "m.mlmodel"], "m.mlmodel"],
  [["run", COUNTER, "--inputs", "i.safetensors"], "i.safetensors"],
  [["prove", COUNTER, "--interface", "roles.json"], "roles.json"],
  [["emit", "phi4-mini", "--weights", "w"], "w/config.json"],
  [["check", "phi4-mini", "--weights", "v"], "v/model.safetensors"],
  [["check", "phi4-mini", "--weights", "u"], "u/model.safetensors.index.json"],
  [["gate", "g"], "g/x.fixtures.json"],
];

test.each(CASES)("%j", async (argv, pipe) => {
  const folder = testFolder();
  mkdirSync(dirname(join(folder, pipe)), { recursive: true });
  execFileSync("mkfifo", [join(folder, pipe)]);
  if (/^[uv]\//.test(pipe)) writeFileSync(join(folder, pipe[0]!, "config.json"), "{}");
  const placed = argv.map((word) => (pipe === word || pipe.startsWith(`${word}/`) ? join(folder, word) : word));
  const { code, out, err } = await graphc(placed);
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(err).toBe(`error: cannot read …/${pipe}: it is a pipe, not a file`);
});
