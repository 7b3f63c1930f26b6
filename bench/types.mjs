/**
 * What the types of a layer cost its author: checks examples/phi4-mini.ts alone, against the library's declarations as
 * they are published, and prints the compiler's own figures with their budgets. `node bench/types.mjs [runs]`
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const runs = Number(process.argv[2] ?? 5);
const BUDGET = { instantiations: 60_000, check: 0.5 };
const folder = mkdtempSync(join(tmpdir(), "graphc-types-"));
const declarations = join(folder, "declarations");

function tsc(...args) {
  const command = [resolve(root, "node_modules/typescript/bin/tsc"), ...args];
  const { stdout, status } = spawnSync(process.execPath, command, { encoding: "utf8", cwd: root });
  if (status !== 0) throw new Error(stdout);
  return stdout;
}

/** Median figures of checking one file: instantiations, seconds of checking, seconds in all. */
function measure(file) {
  const project = join(folder, "tsconfig.json");
  const compilerOptions = {
    paths: { graphc: [join(declarations, "index.d.ts")] },
    typeRoots: [resolve(root, "node_modules/@types")],
  };
  const config = { extends: resolve(root, "tsconfig.json"), compilerOptions, files: [file], include: [] };
  writeFileSync(project, JSON.stringify(config));
  const results = Array.from({ length: runs }, () => {
    const report = tsc("-p", project, "--extendedDiagnostics");
    const figure = (name) => Number(new RegExp(`^${name}:\\s+([\\d.]+)`, "m").exec(report)[1]);
    return { instantiations: figure("Instantiations"), check: figure("Check time"), total: figure("Total time") };
  });
  const median = (key) => results.map((r) => r[key]).sort((a, b) => a - b)[runs >> 1];
  return { instantiations: median("instantiations"), check: median("check"), total: median("total") };
}

const row = (name, { instantiations, check, total = "" }) =>
  [name.padEnd(24), String(instantiations).padStart(14), String(check).padStart(11), String(total).padStart(11)].join(
    "",
  );

try {
  const build = join(folder, "build.json");
  const outputs = { outDir: declarations, typeRoots: [resolve(root, "node_modules/@types")] };
  const config = { extends: resolve(root, "tsconfig.build.json"), compilerOptions: outputs };
  writeFileSync(build, JSON.stringify({ ...config, files: [resolve(root, "src/index.ts")], include: [] }));
  tsc("-p", build);
  const empty = join(folder, "empty.mts");
  writeFileSync(empty, 'export { graph } from "graphc";\n');
  const layer = measure(resolve(root, "examples/phi4-mini.ts"));
  console.log(`${"".padEnd(24)}instantiations  check (s)  total (s)   median of ${runs}`);
  console.log(row("examples/phi4-mini.ts", layer));
  console.log(row("the import alone", measure(empty)));
  console.log(row("budget", BUDGET));
  if (layer.instantiations > BUDGET.instantiations || layer.check > BUDGET.check) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true });
}
