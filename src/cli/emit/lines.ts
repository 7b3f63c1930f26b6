/**
 * `NAME.lines.json`, beside the fixtures of a graph file: the author's line of every value of the packages, by its name there, so that
 * `graphc-ane` can tell it of an operation that is not on the engine (docs/fixtures.md; tools/Sources/Gate/AuthorLines.swift reads it).
 */
import { dirname, join, relative, resolve } from "node:path";
import { sitesOf } from "../../emit/write/lower.ts";
import type { EmitSummary } from "../../emit/write/package.ts";
import { writeWhole } from "../../files/whole.ts";
import { authorFrame } from "../errors/report.ts";
import { isGraphFile } from "../options/operand-kind.ts";
import { linesName } from "./names.ts";
import type { EmitJob } from "./packages.ts";
import type { PlannedGraph } from "./plan.ts";

/** The lines of one function of one package. */
interface LinesOfFunction {
  readonly package: string;
  /** Absent for the only one. */
  readonly function?: string;
  /** Of the package that they are of. */
  readonly sha256: string;
  /** `FILE:LINE:COLUMN` by the name of the value. */
  readonly values: Readonly<Record<string, string>>;
}

/**
 * Writes it beside the staged packages, and says whether there was anything to write: the values of a model that is no graph file have no
 * author, whoever called this.
 * @throws UserError when it cannot be written
 */
export async function writeLines(job: EmitJob, staging: string, summaries: readonly EmitSummary[]): Promise<boolean> {
  const { planned, args } = job;
  if (!isGraphFile(args.operands[0]!)) return false;
  const home = dirname(resolve(args.operands[0]!));
  const graphs = [...new Set([...planned.blocks, planned.step])];
  const functions = graphs.map((one): LinesOfFunction => {
    const written = planned.packages.findIndex(({ name }) => name === one.in);
    const { sha256 } = summaries[written]!;
    return { package: one.in, ...functionOf(one), sha256: sha256.package, values: linesOf(one, home) };
  });
  if (functions.every(({ values }) => Object.keys(values).length === 0)) return false;
  const text = `${JSON.stringify({ format: "graphc-lines", version: 1, functions }, null, 2)}\n`;
  await writeWhole(join(staging, linesName(planned.name)), async (handle) => void (await handle.writeFile(text)));
  return true;
}

const functionOf = ({ function: name }: PlannedGraph) => (name === undefined ? {} : { function: name });

/** Files are told from the folder of the graph file on, so that the bytes do not depend on where it lies. */
function linesOf({ graph }: PlannedGraph, home: string): Readonly<Record<string, string>> {
  const lines = [...sitesOf(graph)].flatMap(([name, site]) => {
    const frame = authorFrame(site);
    if (!frame) return [];
    const file = relative(home, frame.file).replaceAll("\\", "/");
    return [[name, `${file}:${frame.line}:${frame.column}`] as const];
  });
  return Object.fromEntries(lines);
}
