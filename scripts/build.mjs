// Builds dist/: the CLI and the library as ES modules that share chunks, and the type declarations for editors.
// `node scripts/build.mjs DIR` puts the code alone into another folder of the project, for tests and measurements.
import { spawnSync } from "node:child_process";
import { chmodSync, rmSync } from "node:fs";
import { build } from "esbuild";

const elsewhere = process.argv[2];
const outdir = elsewhere ?? "dist";
if (!elsewhere) rmSync(outdir, { recursive: true, force: true });
await build({
  entryPoints: { cli: "src/cli/cli.ts", index: "src/index.ts" },
  outdir,
  bundle: true,
  splitting: true,
  packages: "external",
  format: "esm",
  platform: "node",
  target: "node20",
  sourcemap: true,
  chunkNames: "chunks/[name]-[hash]",
});
chmodSync(`${outdir}/cli.js`, 0o755);
if (elsewhere) process.exit(0);
const types = spawnSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"], {
  stdio: "inherit",
});
process.exit(types.status ?? 3);
