/** The files of a new project: those of templates/project, in which the name and the version of graphc are filled in. */
import { readdirSync, readFileSync } from "node:fs";
import { join, sep } from "node:path";
import { TOOL_FOLDER, TOOL_VERSION } from "../terminal/version.ts";
import { packageName } from "./name.ts";

const FOLDER = join(TOOL_FOLDER, "templates", "project");

/** npm leaves a .gitignore out of what it packs, so that it has another name there. */
const RENAMED: ReadonlyMap<string, string> = new Map([["gitignore", ".gitignore"]]);

/** A project before it is written. */
export interface Project {
  /** Of package.json. */
  readonly name: string;
  /** Texts by path, in the order of paths. */
  readonly files: ReadonlyMap<string, string>;
}

/** For a folder of this name. */
export function projectFor(folderName: string): Project {
  const paths = readdirSync(FOLDER, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(FOLDER.length + 1));
  const files = paths.map((path) => [path.split(sep).join("/"), readFileSync(join(FOLDER, path), "utf8")] as const);
  const { text, name } = packageJson(files.find(([path]) => path === "package.json")![1], folderName);
  const all = files.map(([path, whole]): readonly [string, string] => [
    RENAMED.get(path) ?? path,
    path === "package.json" ? text : whole,
  ]);
  return { name, files: new Map(all.sort(([a], [b]) => (a < b ? -1 : 1))) };
}

/** The template's, under another name, with this version of graphc. */
function packageJson(template: string, folderName: string): { readonly text: string; readonly name: string } {
  const { dependencies, devDependencies, ...rest } = JSON.parse(template) as Readonly<Record<string, object>>;
  const name = packageName(folderName, Object.keys({ ...dependencies, ...devDependencies }));
  const filled = { ...rest, name, dependencies: { ...dependencies, graphc: TOOL_VERSION }, devDependencies };
  return { text: `${JSON.stringify(filled, null, 2)}\n`, name };
}
