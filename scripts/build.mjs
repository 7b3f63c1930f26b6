// Builds dist/: the CLI and the library as ES modules that share chunks, and the type declarations for editors. What graphc
// uses of other packages is bundled (finding and loading their many small files took a third of a command's start), with a
// file of their notices beside it; esbuild is a program of the user's machine and stays outside, fast-check is the one of the
// user's tests, and a tokenizer and its templates are read by `generate` alone.
// `node scripts/build.mjs DIR` puts the code alone into another folder of the project, for tests and measurements.
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { putDocs } from "./hover.mjs";
import { noticesOf } from "./notices.mjs";

const elsewhere = process.argv[2];
const outdir = elsewhere ?? "dist";
if (!elsewhere) rmSync(outdir, { recursive: true, force: true });
const { metafile } = await build({
  entryPoints: { cli: "src/cli/cli.ts", index: "src/index.ts", testing: "src/testing/index.ts" },
  outdir,
  bundle: true,
  splitting: true,
  external: ["esbuild", "@viz-js/viz", "fast-check", "@huggingface/jinja", "@huggingface/tokenizers"],
  metafile: true,
  format: "esm",
  platform: "node",
  target: "node20",
  // Names stay: a report of a fault is read by people.
  minifyWhitespace: true,
  minifySyntax: true,
  sourcemap: true,
  chunkNames: "chunks/[name]-[hash]",
});
chmodSync(`${outdir}/cli.js`, 0o755);
writeFileSync(`${outdir}/NOTICES.txt`, noticesOf(Object.keys(metafile.inputs)));
if (elsewhere) process.exit(0);
const types = spawnSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"], {
  stdio: "inherit",
});
if (types.status !== 0) process.exit(types.status ?? 3);
keepPublicTypes(`${outdir}/types`);
const { opTable } = await import(pathToFileURL(resolve(outdir, "index.js")));
putDocs(`${outdir}/types/dsl/ops`, opTable);

/** Of the declarations those that the public ones are made of: what nobody can import is nobody's to read. */
function keepPublicTypes(folder) {
  const kept = new Set();
  const open = [resolve(folder, "index.d.ts"), resolve(folder, "testing/index.d.ts")];
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (kept.has(file)) continue;
    if (!existsSync(file)) throw new Error(`the public types need ${file}`);
    kept.add(file);
    for (const [, name] of readFileSync(file, "utf8").matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g))
      open.push(resolve(dirname(file), name.replace(/\.(js|ts)$/, ".d.ts")));
  }
  for (const name of readdirSync(folder, { recursive: true }))
    if (name.endsWith(".ts") && !kept.has(resolve(folder, name))) rmSync(join(folder, name));
}
