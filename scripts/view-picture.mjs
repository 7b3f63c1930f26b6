/**
 * Draws the picture of README.md: `node scripts/view-picture.mjs` writes docs/view.png from the page of `graphc view` for the example with its
 * heads flattened without the permutation, under the overlay of tokens. Needs dist/ (`npm run build`) and Chromium, or the one that CHROMIUM names.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const to = process.argv[2] ?? join(ROOT, "docs/view.png");
const RIGHT = "transpose(reshape(qkv, { shape: [1, 12, 32, T] }), { perm: [0, 1, 3, 2] })";

// In the repository, so that the example finds the library that it imports.
const folder = mkdtempSync(join(ROOT, ".picture-"));
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox"],
});
try {
  const source = readFileSync(join(ROOT, "examples/attention.ts"), "utf8");
  if (!source.includes(RIGHT)) throw new Error("examples/attention.ts has no such permutation any more");
  const [graph, file] = [join(folder, "flattened.ts"), join(folder, "view.html")];
  writeFileSync(graph, source.replace(RIGHT, "reshape(qkv, { shape: [1, 12, T, 32] })"));
  execFileSync(process.execPath, [join(ROOT, "dist/cli.js"), "view", graph, "--max-seq", "8", "--out", file]);
  const page = await browser.newPage({ viewport: { width: 1500, height: 1200 }, colorScheme: "light" });
  await page.goto(pathToFileURL(file).href);
  await page.check('input[value="tokens"]');
  await page.locator("svg").first().screenshot({ path: to });
} finally {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
}
