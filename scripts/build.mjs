// Builds dist/: the CLI and the library as ES modules that share chunks, and the type declarations for editors. What graphc
// uses of other packages is bundled (finding and loading their many small files took a third of a command's start), with a
// file of their notices beside it; esbuild is a program of the user's machine and stays outside.
// `node scripts/build.mjs DIR` puts the code alone into another folder of the project, for tests and measurements.
import { spawnSync } from "node:child_process";
import { chmodSync, rmSync, writeFileSync } from "node:fs";
import { build } from "esbuild";
import { noticesOf } from "./notices.mjs";

const elsewhere = process.argv[2];
const outdir = elsewhere ?? "dist";
if (!elsewhere) rmSync(outdir, { recursive: true, force: true });
const { metafile } = await build({
  entryPoints: { cli: "src/cli/cli.ts", index: "src/index.ts" },
  outdir,
  bundle: true,
  splitting: true,
  external: ["esbuild"],
  metafile: true,
  format: "esm",
  platform: "node",
  target: "node20",
  sourcemap: true,
  chunkNames: "chunks/[name]-[hash]",
});
chmodSync(`${outdir}/cli.js`, 0o755);
writeFileSync(`${outdir}/NOTICES.txt`, noticesOf(Object.keys(metafile.inputs)));
if (elsewhere) process.exit(0);
const types = spawnSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"], {
  stdio: "inherit",
});
process.exit(types.status ?? 3);
