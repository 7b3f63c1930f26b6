/** The assertion that graphs print as reviewed text: files of a folder, one table of graphs, and nothing beside it. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { graphGiven } from "../dsl/given/graphs.ts";
import { isFields, optionsGiven, shown, typed } from "../dsl/given/values.ts";
import type { Graph } from "../dsl/graph.ts";
import { UserError } from "../dsl/user-error.ts";
import { printMil } from "../emit/mil/text.ts";
import { lower } from "../emit/write/lower.ts";
import { codeOf, fileError } from "../files/files.ts";
import { printGraph } from "../passes/print.ts";
import { AssertionFailed, type GoldenProblem } from "./failure.ts";
import { changedLines } from "./golden-diff.ts";

/** The texts that a graph has: its values, and the MIL program that a package of it holds. */
export type GoldenKind = "graph" | "mil";

/** Which texts, and whether they are written. */
export interface GoldenOptions {
  /** Both when absent. */
  readonly kinds?: readonly GoldenKind[];
  /** Writes what is missing or differs, in place of failing. When absent, the environment's GRAPHC_UPDATE_GOLDENS says so: 1, or 0. */
  readonly update?: boolean;
}

/** What was looked at. */
export interface GoldenReport {
  /** Names of files, each of which holds its text now. */
  readonly files: readonly string[];
  /** Those of them that were written. */
  readonly written: readonly string[];
}

const PRINTS: Readonly<Record<GoldenKind, (graph: Graph) => string>> = {
  graph: printGraph,
  mil: (graph) => printMil(lower(graph).model),
};
const KINDS = Object.keys(PRINTS) as readonly GoldenKind[];

/**
 * Every graph of the table prints as its files in the folder say: NAME.graph.txt and NAME.mil.txt, by its name in the table. A file that no graph of the
 * table has is stale, also when files are written; names that begin with a dot do not count. A folder belongs to one table.
 * @throws AssertionFailed for files that are missing, differ or are stale, with the lines that changed; UserError for an empty table, a name that is none of a
 * file, or what the file system refuses; GraphError where a graph cannot be a package
 */
export function assertGoldens(
  folder: string | URL,
  graphs: Readonly<Record<string, Graph>>,
  options: GoldenOptions = {},
): GoldenReport {
  const { kinds, update } = optionsOf(options);
  const path = folderGiven(folder);
  const texts = textsOf(graphs, kinds);
  const found = new Map([...texts.keys()].map((name) => [name, textIn(join(path, name))]));
  const differing = [...texts].filter(([name, text]) => found.get(name) !== text).map(([name]) => name);
  const stale = entriesOf(path).filter((name) => !texts.has(name));
  if (update) for (const name of differing) writeText(path, name, texts.get(name)!);
  const wrong = update ? [] : differing;
  const problems: readonly GoldenProblem[] = [
    ...wrong.map((file) => ({ file, problem: found.get(file) === undefined ? "missing" : "differs" }) as const),
    ...stale.map((file) => ({ file, problem: "stale" }) as const),
  ];
  if (problems.length === 0) return { files: [...texts.keys()], written: update ? differing : [] };
  const lines = problems.flatMap(({ file, problem }) => [
    `${relative(process.cwd(), join(path, file))} ${SAYS[problem]}`,
    ...(problem === "differs" ? changedLines(found.get(file)!, texts.get(file)!) : []),
  ]);
  const mend = wrong.length > 0 ? [`${UPDATE}=1 writes what is asked for: review it as any change`] : [];
  throw new AssertionFailed([...lines, ...mend].join("\n"), { kind: "golden", files: problems });
}

const SAYS: Readonly<Record<GoldenProblem["problem"], string>> = {
  missing: "is missing",
  differs: "is not what the graph prints:",
  stale: "is stale: no graph of the table has it; delete it, or name its graph",
};

const UPDATE = "GRAPHC_UPDATE_GOLDENS";

function optionsOf(value: GoldenOptions): Required<GoldenOptions> {
  const given = optionsGiven(value, "assertGoldens", ["kinds", "update"]);
  const isList = (x: unknown) => Array.isArray(x) && x.length > 0 && x.every((kind) => KINDS.includes(kind));
  const kinds = typed<readonly GoldenKind[]>(given.kinds, "kinds", isList, `a list of ${KINDS.join(" or ")}`) ?? KINDS;
  const update = typed<boolean>(given.update, "update", (x) => typeof x === "boolean", "true or false");
  return { kinds, update: update ?? environmentSays() };
}

function environmentSays(): boolean {
  const { [UPDATE]: word = "" } = process.env;
  if (word === "1" || word === "0" || word === "") return word === "1";
  throw new UserError(`${UPDATE} must be 1 or 0, not ${shown(word)}`);
}

function folderGiven(value: unknown): string {
  if (typeof value === "string" && value !== "" && !value.includes("\0")) return value;
  if (value instanceof URL && value.protocol === "file:") return fileURLToPath(value);
  throw new UserError(`the folder of goldens must be a path or a file URL, not ${shown(value)}`);
}

/** A name that every file system has, and keeps as it is. */
const NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,199}$/;

/** What each file must hold. @throws UserError for an empty table, or names that would be one file somewhere */
function textsOf(graphs: unknown, kinds: readonly GoldenKind[]): ReadonlyMap<string, string> {
  if (!isFields(graphs)) throw new UserError(`goldens are of an object of graphs by name, not ${shown(graphs)}`);
  const table = Object.entries(graphs);
  if (table.length === 0) throw new UserError("the table of goldens is empty, so that nothing would be looked at");
  const names = table.map(([name]) => name.toLowerCase());
  for (const [n, [name]] of table.entries()) {
    if (!NAME.test(name))
      throw new UserError(`${shown(name)} is no name of a golden: letters, digits, ".", "_" and "-" are`);
    if (names.indexOf(names[n]!) < n)
      throw new UserError(`the golden ${shown(name)} differs from another only in capitals`);
  }
  return new Map(
    table.flatMap(([name, graph]) => {
      const made = graphGiven(graph, `the golden ${shown(name)}`);
      return kinds.map((kind) => [`${name}.${kind}.txt`, PRINTS[kind](made)] as const);
    }),
  );
}

/** As git may have checked it out; undefined where there is none. */
function textIn(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").replaceAll("\r\n", "\n");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw fileError(error, path, "read");
  }
}

function entriesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((name) => !name.startsWith("."))
      .sort();
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw fileError(error, folder, "read");
  }
}

function writeText(folder: string, name: string, text: string): void {
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, name), text);
  } catch (error) {
    throw fileError(error, join(folder, name), "write");
  }
}
