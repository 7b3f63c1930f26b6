/**
 * Pages whose examples are run. A block ```` ```ts NAME ```` is a file, ```` ```diff OLD NEW ```` a copy of one with other lines, and a block
 * ```` ```console ```` holds command lines behind `$ ` with what they print; a code other than 0 stands below in brackets.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { endOf, startIn } from "./bundle.ts";

interface Block {
  readonly language: string;
  readonly names: readonly string[];
  readonly lines: readonly string[];
}

/** Where examples of pages are run: the bundled command line, and the folder with the files of one page. */
export interface Place {
  readonly bundle: string;
  readonly folder: string;
}

/** The page as it must be: every block of a console as the commands in it print it now. */
export async function pageAsRun(text: string, place: Place): Promise<string> {
  const parts = text.split(/^(```[^\n]*\n(?:[^`]|`(?!``))*?^```)$/m);
  const out: string[] = [];
  for (const part of parts) out.push(part.startsWith("```") ? await blockAsRun(part, place) : part);
  return out.join("");
}

async function blockAsRun(part: string, place: Place): Promise<string> {
  const block = parsed(part);
  const [name, other] = block.names;
  if (block.language === "ts" && name !== undefined) write(place, name, block.lines.join("\n"));
  if (block.language === "diff") write(place, other!, edited(readFileSync(join(place.folder, name!), "utf8"), block));
  if (block.language !== "console") return part;
  const commands = block.lines.filter((line) => line.startsWith("$ "));
  const shown: string[] = [];
  for (const line of commands) shown.push(line, ...(await printed(line.slice(2), place)));
  return ["```console", ...shown, "```"].join("\n");
}

function parsed(part: string): Block {
  const [head, ...lines] = part.split("\n");
  const [language = "", ...names] = head!.slice(3).split(" ");
  return { language, names, lines: lines.slice(0, -1) };
}

const write = ({ folder }: Place, name: string, text: string): void => writeFileSync(join(folder, name), `${text}\n`);

/** With the lines behind `+` in place of those behind `-`, which must stand there once, whatever they stand in from. */
function edited(text: string, { lines }: Block): string {
  const of = (sign: string) => lines.filter((line) => line.startsWith(sign)).map((line) => line.slice(1));
  const old = of("-").join("\n");
  if (text.split(old).length !== 2) throw new Error(`the file must hold this once:\n${old}`);
  return text.replace(old, () => of("+").join("\n"));
}

/** What differs from machine to machine is masked: the folder, times, digests. */
async function printed(line: string, { bundle, folder }: Place): Promise<readonly string[]> {
  const [npx, graphc, ...argv] = line.split(" ");
  if (npx !== "npx" || graphc !== "graphc") throw new Error(`a page may run npx graphc alone, not ${line}`);
  const { code, out, err } = await endOf(startIn(bundle, argv, { cwd: folder }));
  const text = [out, err]
    .join("")
    .replaceAll(`${folder}/`, "")
    .replaceAll(/\b\d+(\.\d+)? s\b/g, "… s")
    .replaceAll(/\b\d+(\.\d+)? tokens\/s/g, "… tokens/s")
    .replaceAll(/^seconds \d+\.\d+$/gm, "seconds …")
    .replaceAll(/\b[0-9a-f]{64}\b/g, "…");
  // How far a slow machine has come is told there alone.
  const lines = text
    .trimEnd()
    .split("\n")
    .filter((one) => !/^\S.* +\d+%(, .* left)?$/.test(one));
  return [...lines, ...(code === 0 ? [] : [`[exit code ${code}]`])];
}
