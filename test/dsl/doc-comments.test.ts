/** Everything that a file exports has a comment of its own, which an editor shows on hover. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../support/root.ts";

/** The rooms and files that are held to it. */
const HELD = [
  "dsl",
  "models",
  ...["interpret", "kernels", "run", "lint", "survey", "check.ts", "print.ts"].map((name) => `passes/${name}`),
];

const files = (readdirSync(join(ROOT, "src"), { recursive: true }) as string[]).filter(
  (file) =>
    file.endsWith(".ts") &&
    !file.endsWith(".gen.ts") &&
    HELD.some((room) => file === room || file.startsWith(`${room}/`)),
);

test.each(files)("src/%s", (file) => {
  const lines = readFileSync(join(ROOT, "src", file), "utf8").split("\n");
  const bare = lines.filter(
    (line, n) =>
      /^export (?:async )?(?:function|const|interface|type|class) \w/.test(line) && !lines[n - 1]?.endsWith("*/"),
  );
  expect(bare).toEqual([]);
});
