/** Every example of the pages that a newcomer reads is run, and prints what its page says; `-u` writes what it prints. */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildBundle, removeBundle } from "../support/bundle.ts";
import { testFolder } from "../support/cli.ts";
import { writeTinyPhi } from "../support/graphs/tiny-phi.ts";
import { pageAsRun } from "../support/pages.ts";
import { ROOT } from "../support/root.ts";

const PAGES = ["start", "author", "refutation", "checkpoint", "mac"];
const pathOf = (page: string): string => join(ROOT, "docs", `${page}.md`);
let bundle: string;
beforeAll(() => {
  bundle = buildBundle();
});
afterAll(() => removeBundle(bundle));

/** The pages' checkpoint is a small one that is made here. */
async function asRun(text: string): Promise<string> {
  const folder = testFolder();
  const checkpoint = join(folder, "tiny-phi");
  mkdirSync(checkpoint);
  writeTinyPhi(checkpoint, 96);
  return pageAsRun(text, { bundle, folder });
}

test.each(PAGES)("docs/%s.md prints what its commands print", async (page) => {
  const text = readFileSync(pathOf(page), "utf8");
  expect(text).toContain("```console\n$ npx graphc ");
  await expect(await asRun(text)).toMatchFileSnapshot(pathOf(page));
});

test("every page tells which is next, and the README which is first", () => {
  for (const [n, page] of PAGES.entries()) {
    const next = PAGES[n + 1];
    if (next !== undefined) expect(readFileSync(pathOf(page), "utf8")).toContain(`](${next}.md)`);
  }
  expect(readFileSync(join(ROOT, "README.md"), "utf8")).toContain("](docs/start.md)");
});

describe("a page that says otherwise is found", () => {
  const page = (shown: string) => `\`\`\`console\n$ npx graphc --version\n${shown}\n\`\`\`\n`;
  const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));

  test("in what is printed", async () => {
    expect(await asRun(page(version))).toBe(page(version));
    expect(await asRun(page("another"))).toBe(page(version));
  });

  test("in its exit code, and in a line that an edit does not find", async () => {
    const refused = "```console\n$ npx graphc nothing\n```\n";
    expect(await asRun(refused)).toMatch(/there is no command "nothing"[^\n]*\n\[exit code 2\]\n```\n$/);
    await expect(asRun("```ts a.ts\nlet a;\n```\n```diff a.ts b.ts\n-let b;\n+let c;\n```\n")).rejects.toThrow("once");
  });
});
