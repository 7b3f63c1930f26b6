/** Loads an author's graph file: TypeScript, bundled in memory by esbuild, with no build step and no type check. */
import { existsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { BuildFailure, Plugin } from "esbuild";
import { GraphError, isGraphError } from "../../dsl/error.ts";
import type { Model } from "../../dsl/model.ts";
import { isUserError, UserError } from "../../dsl/user-error.ts";
import { reasonOf } from "../../files/files.ts";
import { ownName, sweep } from "../../files/owner.ts";
import { openRegular, statOf } from "../../files/regular.ts";

/**
 * The author's file must share the library with the tool that runs it: dist/index.js, which lies beside or above this
 * code once it is bundled, or src/index.ts in the source tree.
 */
const LIBRARY_FILE = ["./index.js", "../index.js", "../../index.ts"]
  .map((place) => fileURLToPath(new URL(place, import.meta.url)))
  .find((path) => existsSync(path))!;

/**
 * The model that a file exports as its default; it throws a UserError when its code fails or returns no graph.
 * @throws UserError when the file is missing, throws, or exports no function; GraphError at the line that does not parse
 */
export async function loadGraphFile(path: string, library = LIBRARY_FILE): Promise<Model> {
  const file = resolve(path);
  if (!(await statOf(path))) throw new UserError(`there is no readable file ${path}`);
  // The bundler would wait for a pipe, and says less of what it cannot read.
  await (await openRegular(path)).close().catch(() => {});
  const code = await bundle(file, path, library);
  const module = await runModule(code, file, path);
  if (typeof module.default !== "function") {
    throw new UserError(
      `${path} must export a model as its default: export default ({ tokens, maxSeq }) => graph({ … })`,
    );
  }
  return guarded(module.default as Model, path, library);
}

/** Tells what the author's function does wrong as the author's mistake; a fault of the library's stays ours. */
function guarded(model: Model, shown: string, library: string): Model {
  return (given) => {
    const made = asAuthorsMistake(() => model(given), shown, library);
    if (Array.isArray(made?.inputs)) return made;
    throw new UserError(`the model in ${shown} must return a graph, not ${made}`);
  };
}

function asAuthorsMistake<X>(make: () => X, shown: string, library: string): X {
  try {
    return make();
  } catch (error) {
    if (isGraphError(error) || isUserError(error) || topFrame(error).includes(dirname(library))) throw error;
    throw new UserError(`${shown} threw while its graph was made: ${(error as Error)?.message ?? error}`);
  }
}

/** The innermost frame that has a file. */
const topFrame = (error: unknown): string =>
  (error as Error | undefined)?.stack?.split("\n").find((line) => /^\s+at (?!.*node:).*:\d+:\d+\)?$/.test(line)) ?? "";

async function bundle(file: string, shown: string, library: string): Promise<string> {
  const { build } = await import("esbuild");
  try {
    const result = await build({
      entryPoints: [file],
      outfile: `${file}.mjs`, // Never written; without it the source map names a wrong folder.
      bundle: true,
      write: false,
      format: "esm",
      platform: "node",
      target: "node20",
      packages: "external",
      sourcemap: "inline",
      // The module may come to lie elsewhere; its places are in the author's files all the same.
      sourceRoot: `${dirname(file)}/`,
      logLevel: "silent",
      plugins: [shareLibrary(library)],
    });
    return result.outputFiles[0]!.text;
  } catch (error) {
    throw failureOf(error as BuildFailure, shown);
  }
}

const shareLibrary = (library: string): Plugin => ({
  name: "graphc",
  setup(build) {
    build.onResolve({ filter: /^graphc$/ }, () => ({ path: pathToFileURL(library).href, external: true }));
  },
});

/** The first of what esbuild complains about, at the author's line where it names one. */
function failureOf(failure: BuildFailure, shown: string): Error {
  const first = failure.errors?.[0];
  const location = first?.location;
  if (!location) return new UserError(`${shown} does not load: ${first?.text ?? failure.message}`);
  const { file, line, column } = location;
  const frames = [{ file: resolve(file), line, column: column + 1 }];
  return new GraphError(`${shown} does not load: ${first.text}`, { frames: () => frames });
}

const MODULE_PREFIX = ".graphc-module-";

async function runModule(code: string, file: string, shown: string): Promise<{ readonly default?: unknown }> {
  const target = await writeModule(code, dirname(file), shown);
  process.setSourceMapsEnabled(true);
  try {
    return await import(pathToFileURL(target).href);
  } catch (error) {
    if (isGraphError(error) || isUserError(error)) throw error;
    throw new UserError(`${shown} threw while it was loaded: ${(error as Error)?.message ?? error}`);
  } finally {
    // The next load beside it removes it otherwise.
    await rm(target, { force: true }).catch(() => {});
  }
}

/** Beside the author's file, so that its own packages resolve; in the temporary folder where that is refused. */
async function writeModule(code: string, beside: string, shown: string): Promise<string> {
  const name = `${ownName(MODULE_PREFIX)}.mjs`;
  const refusals: string[] = [];
  for (const folder of [beside, tmpdir()]) {
    await sweep(folder, MODULE_PREFIX);
    try {
      await writeFile(join(folder, name), code, { flag: "wx" });
      return join(folder, name);
    } catch (error) {
      await rm(join(folder, name), { force: true }).catch(() => {});
      refusals.push(`${folder}: ${reasonOf(error) ?? error}`);
    }
  }
  throw new UserError(
    `${shown} does not load: its compiled form cannot be written (${refusals.join("; ")})`,
    "let TMPDIR name a folder that can be written",
  );
}
