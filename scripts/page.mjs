/**
 * Bundles the script and the style of the page of `graphc view`: `node scripts/page.mjs` writes src/view/page.gen.ts. Run it after any
 * change to src/view/page; test/view/page.test.ts fails when it was forgotten. `node scripts/page.mjs FILE` writes that file instead.
 */
import { writeFile } from "node:fs/promises";
import { build } from "esbuild";

const to = process.argv[2] ?? "src/view/page.gen.ts";
const { outputFiles } = await build({
  entryPoints: ["src/view/page/main.ts", "src/view/page/style.css"],
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2022",
  outdir: "out",
  write: false,
});
const textOf = (end) =>
  JSON.stringify(outputFiles.find(({ path }) => path.endsWith(end)).text.trim()).replaceAll("</", "<\\/");
await writeFile(
  to,
  `/** The page's script and style, bundled. Made by \`node scripts/page.mjs\` from src/view/page; do not edit. */
// biome-ignore-all format: made by a program
export const PAGE_SCRIPT = ${textOf(".js")};
export const PAGE_STYLE = ${textOf(".css")};
`,
);
