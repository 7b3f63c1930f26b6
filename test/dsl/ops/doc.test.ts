/** docs/ops.md is printed, and no page counts by hand what the code can count. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { opsDoc } from "../../../scripts/ops-doc.ts";
import { ROOT } from "../../support/root.ts";

test("docs/ops.md is what the table prints", async () => {
  await expect(opsDoc()).toMatchFileSnapshot("../../../docs/ops.md");
});

test.each([
  "README.md",
  "CHANGELOG.md",
  "CONTRIBUTING.md",
  ...readdirSync(join(ROOT, "docs")).map((page) => `docs/${page}`),
])("%s types no count that the code knows", (page) => {
  const text = readFileSync(join(ROOT, page), "utf8");
  expect(text.match(/\b\d+ (?:\w+ )?(?:ops|rules|commands|tests|spellings|mutants|goldens)\b/g) ?? []).toEqual([]);
});
