/**
 * Holds our reader against the packages of make_packages.py: every op, type, interface and blob hash that coremltools
 * finds in a package, the reader must find; every function must become a graph; the graph, written by us and read
 * again, must be the same. What must be refused must be refused in the words that the facts give.
 *
 *     node conformance/read_packages.mjs FOLDER [--every-op] [--json]
 *
 * With --every-op it is a failure if an op of our table occurs in none of the packages. With --json the complaints about
 * each package are printed by its name.
 */
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

/** coremltools gives the elements of these unpacked, one a byte. */
const SUB_BYTE = new Set(["int4", "uint4", "uint3", "uint2", "uint1", "uint6"]);

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const [folder, ...flags] = process.argv.slice(2);
if (!folder) {
  console.error("usage: node conformance/read_packages.mjs FOLDER [--every-op] [--json]");
  process.exit(2);
}

const scratch = mkdtempSync(join(tmpdir(), "graphc-conformance-"));
try {
  const library = await loadLibrary();
  const names = readdirSync(folder).flatMap((file) => (file.endsWith(".json") ? [file.slice(0, -5)] : []));
  const complaints = {};
  for (const name of names) complaints[name] = await complaintsOf(library, name);
  const missing = flags.includes("--every-op") ? opsWithoutPackage(library, names) : [];
  const good = names.filter((name) => complaints[name].length === 0);
  for (const name of names) for (const text of complaints[name]) console.error(`${name}: ${text}`);
  for (const text of missing) console.error(text);
  console.log(
    flags.includes("--json") ? JSON.stringify({ complaints, missing }) : `${good.length} of ${names.length} packages`,
  );
  process.exitCode = good.length === names.length && missing.length === 0 && names.length > 0 ? 0 : 1;
} finally {
  rmSync(scratch, { recursive: true });
}

/** The TypeScript sources as one module: Node 20 cannot load them as they are. */
async function loadLibrary() {
  const files = ["read/read", "write/package", "read/blobs/package-store", "diff/diff", "diff/text"];
  const modules = [...files.map((file) => `emit/${file}.ts`), "dsl/ops/index.ts"];
  const contents = modules.map((file) => `export * from "./src/${file}";`).join("\n");
  const outfile = join(scratch, "library.mjs");
  await build({
    stdin: { contents, resolveDir: root, loader: "ts" },
    bundle: true,
    platform: "node",
    format: "esm",
    outfile,
    logLevel: "error",
  });
  return import(pathToFileURL(outfile).href);
}

function opsWithoutPackage({ opTable }, names) {
  const facts = names.map((name) => JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8")));
  const seen = new Set(facts.flatMap(({ functions = {} }) => Object.values(functions).flatMap(({ ops }) => ops)));
  return [...opTable.keys()].filter((op) => !seen.has(op)).map((op) => `no package has the op ${op}`);
}

async function complaintsOf(library, name) {
  const facts = JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8"));
  const path = join(folder, `${name}.mlpackage`);
  if (facts.refused) return refusalComplaints(library, path, facts.refused);
  try {
    const pkg = library.readPackage(path);
    const functions = Object.entries(facts.functions);
    const seen = compare("functions", pkg.model.functions.map((f) => f.name).sort(), functions.map(([f]) => f).sort());
    const inside = functions.flatMap(([f, expected]) => functionComplaints(pkg, f, expected));
    for (const [f] of functions) inside.push(...(await graphComplaints(library, pkg, f, facts.unwritable)));
    return [...seen, ...inside, ...compare("version", pkg.model.specificationVersion, facts.specificationVersion)];
  } catch (error) {
    return [error.name === "UserError" ? error.message : error.stack];
  }
}

function refusalComplaints(library, path, says) {
  try {
    library.graphOf(library.readPackage(path));
    return ["was not refused"];
  } catch (error) {
    if (error.name !== "UserError") return [error.stack];
    return error.message.includes(says) ? [] : [`was refused with "${error.message}", not with "${says}"`];
  }
}

function functionComplaints({ model, blobs }, name, expected) {
  const f = model.functions.find((one) => one.name === name);
  const shown = (type) => {
    const { dtype, shape } = type.kind === "state" ? type.tensor : type;
    return `${dtype}[${shape.map((n) => n ?? "?").join(",")}]`;
  };
  const types = (values) => Object.fromEntries(values.map(({ name, type }) => [name, shown(type)]));
  const literals = f.operations.flatMap((op) => [
    ...(op.value ? [op.value] : []),
    ...Object.values(op.inputs).flatMap((args) => args.flatMap((x) => ("value" in x ? [x.value] : []))),
  ]);
  const contentOf = ({ blob, type }) => {
    if (!SUB_BYTE.has(type.dtype)) return { sha256: blobs.source(blob, type).sha256 };
    const elements = Int8Array.from(blobs.elements(blob, type));
    return { unpacked: createHash("sha256").update(elements).digest("hex") };
  };
  const found = literals.flatMap((x) =>
    "blob" in x ? [[x.blob.offset, { type: shown(x.type), ...contentOf(x) }]] : [],
  );
  return [
    ...compare("opset", f.opset, expected.opset),
    ...compare("inputs", types(f.inputs), expected.inputs),
    ...compare(
      "states",
      f.inputs.filter((x) => x.type.kind === "state").map((x) => x.name),
      expected.states,
    ),
    ...compare("outputs", f.outputs, expected.outputs),
    ...compare(
      "ops",
      f.operations.map((op) => op.type),
      expected.ops,
    ),
    ...compare("values", types(f.operations.flatMap((op) => op.outputs)), expected.values),
    ...compare("blobs", Object.fromEntries(found), expected.blobs),
  ];
}

/** The graph at its default sizes, and for one and two tokens where a size is open. */
async function graphComplaints(library, pkg, name, unwritable) {
  const f = pkg.model.functions.find((one) => one.name === name);
  const isOpen = f.inputs.some(({ type }) => type.kind === "tensor" && type.shape.includes(undefined));
  const complaints = [];
  for (const tokens of isOpen ? [undefined, 1, 2] : [undefined]) {
    const graph = library.graphOf(pkg, { function: name, ...(tokens ? { tokens } : {}) });
    const again = join(scratch, "again.mlpackage");
    const refusal = await library.writePackage(graph, library.packageWeights(), again, { force: true }).catch((e) => e);
    if (unwritable && refusal instanceof Error && refusal.message.includes(unwritable)) continue;
    if (refusal instanceof Error) throw refusal;
    const differences = library.diffGraphs(graph, library.graphOf(library.readPackage(again)));
    if (differences.length > 0) complaints.push(`differs after writing:\n${library.showDifferences(differences)}`);
  }
  return complaints;
}

function compare(what, found, expected) {
  const [left, right] = [found, expected].map((x) => JSON.stringify(sorted(x)));
  return left === right ? [] : [`${what}: the reader finds ${left}, coremltools ${right}`];
}

function sorted(x) {
  if (typeof x !== "object" || x === null || Array.isArray(x)) return x;
  return Object.fromEntries(
    Object.keys(x)
      .sort()
      .map((key) => [key, sorted(x[key])]),
  );
}
