/** Test files, each bundled with all that it imports, as scripts that can be evaluated again and again. */
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { Script } from "node:vm";
import { build } from "esbuild";
import * as vitest from "./vitest.mjs";

/** Bundled code lies elsewhere: what a file says of its own place is put in as text. */
const placed = (path) =>
  readFileSync(path, "utf8")
    .replaceAll("import.meta.dirname", JSON.stringify(dirname(path)))
    .replaceAll("import.meta.url", JSON.stringify(pathToFileURL(path).href));

const plugin = (root) => ({
  name: "warm",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^graphc$/ }, () => ({ path: join(root, "src/index.ts") }));
    onLoad({ filter: /\.ts$/ }, ({ path }) => ({ contents: placed(path), loader: "ts" }));
  },
});

/** Files below `folders` whose names end in ".test.ts", but for the long ones and those that `left` finds. */
export function testFiles(root, folders, left) {
  return folders
    .flatMap((folder) => readdirSync(join(root, folder), { recursive: true }).map((name) => join(folder, name)))
    .filter((name) => /(?<!\.long)\.test\.ts$/.test(name) && !left.test(name))
    .toSorted();
}

/** Evaluates the file: a function that gives its tests, of fresh modules each time. */
export async function loader(root, name) {
  const path = resolve(root, name);
  const { outputFiles } = await build({
    entryPoints: [path],
    bundle: true,
    format: "cjs",
    platform: "node",
    target: "node20",
    packages: "external",
    write: false,
    logLevel: "error",
    plugins: [plugin(root)],
  });
  const script = new Script(`(function (require, module) {${outputFiles[0].text}\n})`, { filename: path });
  const required = createRequire(path);
  return () =>
    vitest.collect(path, () =>
      script.runInThisContext()((id) => (id === "vitest" ? vitest : required(id)), { exports: {} }),
    );
}
