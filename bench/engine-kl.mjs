/**
 * What the exponents of `--engine-safe` cost in what a model says: KL(fp64 ‖ engine) of the logits with exponents and without, token by token
 * over several texts, and the mean of the paired differences with its standard error.
 *
 *   node bench/engine-kl.mjs MODEL.gguf [FILE...] [--tokens 48] [--parts] [--engine conv,matmul] [--json FILE] [--python PYTHON]
 *
 * The texts are pages of this repository where no file is given; their ids come from the tokenizer of transformers. With `--parts` also each
 * exponent alone: that of hidden rows, and those of the layers, and none that makes numbers larger. A token's neighbours in a text are no draws of their own, so that the error is
 * also told over texts.
 */
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { root } from "./measure.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    tokens: { type: "string", default: "48" },
    engine: { type: "string" },
    parts: { type: "boolean", default: false },
    json: { type: "string" },
    python: { type: "string", default: join(root, "conformance/.venv/bin/python") },
  },
});

const PAGES = [
  "README.md",
  "CONTRIBUTING.md",
  "LICENSE",
  ...["architecture", "build", "equivalence", "evidence", "rope"].map((page) => `docs/${page}.md`),
];
const [model, ...files] = positionals;
if (model === undefined) console.log("  no model was given: node bench/engine-kl.mjs MODEL.gguf");
else await measure();

async function measure() {
  const texts = files.length > 0 ? files : PAGES.map((page) => join(root, page));
  const script = [join(root, "bench/token-ids.py"), model, values.tokens, ...texts];
  const prompts = JSON.parse(
    execFileSync(values.python, script, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }),
  );
  await mkdir(join(root, "node_modules/.cache"), { recursive: true });
  const folder = await mkdtemp(join(root, "node_modules/.cache/graphc-bench-"));
  try {
    const outfile = join(folder, "engine-kl.mjs");
    const entryPoints = [new URL("engine-kl.ts", import.meta.url).pathname];
    await build({
      entryPoints,
      outfile,
      bundle: true,
      platform: "node",
      format: "esm",
      logLevel: "error",
      packages: "external",
      plugins: values.engine === undefined ? [] : [onlyAsEngine(values.engine.split(","))],
    });
    const { benchEngineKl } = await import(pathToFileURL(outfile).href);
    const each = await benchEngineKl({ model, prompts, parts: values.parts });
    if (values.json) await writeFile(values.json, JSON.stringify({ texts, each }));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The rest of the ops in fp16: what `src/passes/engine/form.ts` says of them is another. */
function onlyAsEngine(ops) {
  const [was, other] = ["export function formOf(", "function formOfAny("];
  const own = `
export function formOf(def: OpDef, type: TensorType, isFunction: (op: string) => boolean): Form {
  const form = formOfAny(def, type, isFunction);
  return form === "moves" || ${JSON.stringify(ops)}.includes(def.op) ? form : "reference";
}`;
  const load = async ({ path }) => {
    const text = await readFile(path, "utf8");
    if (!text.includes(was)) throw new Error(`bench: ${path} has no ${was}`);
    return { contents: text.replace(was, other) + own, loader: "ts" };
  };
  return { name: "only-as-engine", setup: (made) => made.onLoad({ filter: /passes\/engine\/form\.ts$/ }, load) };
}
