// Builds dist/: the CLI and the library as ES modules that share chunks, and the type declarations for editors. What graphc
// uses of other packages is bundled (finding and loading their many small files took a third of a command's start), with a
// file of their notices beside it; esbuild is a program of the user's machine and stays outside, fast-check is the one of the
// user's tests, and a tokenizer and its templates are read by `generate` alone. The public declarations are rolled into one file
// that both entries share: what nobody can import is nobody's to read.
// `node scripts/build.mjs DIR` puts the code alone into another folder of the project, for tests and measurements.
import { spawnSync } from "node:child_process";
import { chmodSync, rmSync, writeFileSync } from "node:fs";
import { relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { rolldown } from "rolldown";
import { dts } from "rolldown-plugin-dts";
import { putDocs } from "./hover.mjs";
import { noticesOf } from "./notices.mjs";
import { keepPublicDocs } from "./public-docs.mjs";

const elsewhere = process.argv[2];
const outdir = elsewhere ?? "dist";
if (!elsewhere) rmSync(outdir, { recursive: true, force: true });
// Local names are short; a class keeps its own, which users of errors read. Places in a stack are read with the maps (scripts/places.mjs).
const shorter = { keepNames: { class: true, function: false } };
const code = await bundle(
  {
    input: { cli: "src/cli/cli.ts", index: "src/index.ts", testing: "src/testing/index.ts" },
    platform: "node",
    external: [/^node:/, "esbuild", "@viz-js/viz", "fast-check", "@huggingface/jinja", "@huggingface/tokenizers"],
    transform: { target: "node20" },
  },
  {
    dir: outdir,
    minify: { compress: shorter, mangle: shorter, codegen: true },
    // Beside the code and not named in it: what is published has no maps.
    sourcemap: "hidden",
    // Marks for bundlers; what reads dist/ is Node.
    comments: { annotation: false },
    chunkFileNames: "chunks/[name]-[hash:6].js",
    // One file each for what the command line begins with, what its small commands need, what `emit` needs until its weights are
    // written, and what `check`, `inspect` and `watch`, then `prove`, need beyond those before; then for commands that run graphs, and for
    // the others: few files are found, read and packed faster than many, and are smaller; little is loaded for nothing.
    codeSplitting: {
      groups: [
        loadedWith("start", ["src/cli/cli.ts", "src/cli/errors/late.ts"], 9),
        loadedWith("ground", commands("init", "completion", "emit"), 8),
        loadedWith("layers", ["src/cli/emit/run.ts", "src/weights/open.ts"], 7),
        loadedWith("graphs", [...commands("static"), "src/weights/check-weights.ts"], 6),
        loadedWith("proof", ["src/cli/commands/prove.ts"], 4),
        loadedWith("runs", commands("runs"), 1),
        loadedWith("built", ["src/cli/emit/later.ts", ...commands("builds"), "src/cli/incidents/tell.ts"], 0),
      ],
    },
  },
);
chmodSync(`${outdir}/cli.js`, 0o755);
const bundled = code.flatMap(({ moduleIds }) => moduleIds ?? []).map((path) => relative("", path));
writeFileSync(`${outdir}/NOTICES.txt`, noticesOf(bundled));
if (elsewhere) process.exit(0);
const declared = `${outdir}/declared`;
const types = spawnSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"], {
  stdio: "inherit",
});
if (types.status !== 0) process.exit(types.status ?? 3);
const { opTable } = await import(pathToFileURL(resolve(outdir, "index.js")));
putDocs(`${declared}/dsl/ops`, opTable);
const rolled = await bundle(
  {
    input: { index: `${declared}/index.d.ts`, testing: `${declared}/testing/index.d.ts` },
    external: [/^node:/, "fast-check"],
    plugins: [dts({ dtsInput: true })],
  },
  { dir: `${outdir}/types`, chunkFileNames: "[name].d.ts" },
);
rmSync(declared, { recursive: true });
for (const { fileName, isEntry } of rolled) if (!isEntry) keepPublicDocs(`${outdir}/types/${fileName}`);

/** Writes the bundle of `input`; what the bundler warns of is an error, but for a file that is loaded with its importers anyway. */
async function bundle(input, output) {
  const onLog = (level, { code, message }) => {
    if (level === "warn" && code !== "INEFFECTIVE_DYNAMIC_IMPORT") throw new Error(message);
  };
  const made = await rolldown({ ...input, onLog, checks: { bundlerTimings: false } });
  return (await made.write({ format: "es", ...output })).output;
}

/** Files of commands by their names. */
function commands(...names) {
  return names.map((name) => `src/cli/commands/${name}.ts`);
}

/** The modules that are loaded with these ones and are in no group before: closed under imports, so that groups need only earlier ones. */
function loadedWith(group, roots, priority) {
  const found = new Set();
  const look = (id, made) => {
    if (found.has(id)) return;
    found.add(id);
    for (const other of made.getModuleInfo(id)?.importedIds ?? []) look(other, made);
  };
  const name = (id, made) => {
    if (found.size === 0) for (const root of roots) look(resolve(root), made);
    // What an entry does, it does when it is itself asked for.
    return found.has(id) && !made.getModuleInfo(id)?.isEntry ? group : null;
  };
  return { name, priority };
}
