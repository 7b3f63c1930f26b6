/** How far a build has come: a file in its folder that an interrupted build goes on from, and that notices what has changed. */
import { join } from "node:path";
import { UserError } from "../dsl/user-error.ts";
import { strictJsonOf } from "../files/json.ts";
import { fields, list, type Of, oneOf, optional, recordOf, shaped } from "../files/json-shape.ts";
import { readRegular, statOf } from "../files/regular.ts";
import { writeWhole } from "../files/whole.ts";

const FORMAT = "graphc-build";
const VERSION = 1;
/** The file's name. */
export const STATE_FILE = "graphc-build.json";

const STATE = fields({
  format: oneOf(FORMAT),
  version: oneOf(VERSION),
  /** What decides every byte, by name. */
  settings: recordOf("string"),
  /** The files of the weights. */
  source: list(fields({ file: "string", bytes: "count", modified: "number" })),
  /** What is written, by path: the digest of a package or of a file, and of a shard what was proven of it. */
  done: recordOf(fields({ sha256: "string", claim: optional("string") })),
});

/** The contents of the file. */
export type BuildState = Omit<Of<typeof STATE>, "format" | "version">;

/** The state of a build in a folder; undefined where there is none. @throws UserError for a file that is none */
export async function readState(folder: string): Promise<BuildState | undefined> {
  const path = join(folder, STATE_FILE);
  if (!(await statOf(path))) return undefined;
  return shaped(
    strictJsonOf(await readRegular(path), path),
    STATE,
    (problem) => new UserError(`${path} does not tell the state of a build: ${problem}`, "remove the folder"),
  );
}

/** Writes it, whole or not at all. @throws UserError for what the disk refuses */
export async function writeState(folder: string, state: BuildState): Promise<void> {
  const text = `${JSON.stringify({ format: FORMAT, version: VERSION, ...state }, null, 2)}\n`;
  await writeWhole(join(folder, STATE_FILE), async (handle) => void (await handle.writeFile(text)));
}

/** The first thing in which a build differs from the one that a folder holds; undefined where it is the same build. */
export function differenceOf(found: BuildState, wanted: Pick<BuildState, "settings" | "source">): string | undefined {
  for (const name of new Set([...Object.keys(found.settings), ...Object.keys(wanted.settings)])) {
    const [before, now] = [found.settings[name], wanted.settings[name]];
    if (before !== now) return `${name} was ${before ?? "not said"} and is ${now ?? "not said"}`;
  }
  for (const { file, bytes, modified } of wanted.source) {
    const before = found.source.find((one) => one.file === file);
    if (!before) return `${file} was not among its weights`;
    if (before.bytes !== bytes || before.modified !== modified) return `${file} has changed since`;
  }
  const gone = found.source.find(({ file }) => !wanted.source.some((one) => one.file === file));
  return gone && `${gone.file} is gone`;
}
