/** `graphc init`: a project of the user's own, in which a layer is proven, tested and held to reviewed text. */
import { mkdir, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type { Target } from "../../files/target.ts";
import { openTransaction } from "../../files/transaction.ts";
import type { Command } from "../options/command.ts";
import { projectFor } from "../project/template.ts";
import type { Io } from "../terminal/io.ts";

/** All files or none; what stands there is never replaced. */
export const initCommand: Command = {
  name: "init",
  operands: "[DIR]",
  arity: [0, 1],
  needs: "a folder, which is made where it is not there; without one it is this one",
  example: "my-layers",
  options: {},
  notes: [
    "A file or folder of the project that is there already is a refusal (exit code 2), and nothing is written.",
    "The package is called as the folder, as far as npm takes that.",
  ],
  async run(args, io) {
    const [given = "."] = args.operands;
    const folder = resolve(given);
    const { name, files } = projectFor(basename(folder));
    await place(folder, files, io);
    const next = [
      `next: ${given === "." ? "" : `cd ${quoted(given)} && `}npm install && npm test`,
      "then: edit src/layer.ts, which says what to try; npx graphc check src/layer.ts tells what the engine takes of it",
    ];
    if (args.flag("json")) io.out(JSON.stringify({ folder, name, files: [...files.keys()], next }, null, 2));
    else io.out([`${name}: ${files.size} files in ${folder}`, ...next].join("\n"));
    return 0;
  },
};

/** Writes them beside their places, and places them as one set. @throws UserError where one is there already, or the file system refuses */
async function place(folder: string, files: ReadonlyMap<string, string>, io: Io): Promise<void> {
  const names = [...new Set([...files.keys()].map((path) => path.split("/")[0]!))];
  const targets = names.map(
    (name): Target => ({
      name,
      replace: false,
      mend: "graphc init replaces nothing: give an empty folder",
      kind: { name },
    }),
  );
  const warn = (text: string): void => io.err(`warning: ${text}`);
  const transaction = await openTransaction({ folder, targets, warn });
  try {
    for (const [path, text] of files) {
      const staged = join(transaction.staging, path);
      await mkdir(dirname(staged), { recursive: true });
      await writeFile(staged, text);
    }
    for (const text of await transaction.commit(names)) warn(text);
  } catch (error) {
    for (const text of await transaction.abandon()) warn(text);
    throw error;
  }
}

/** As a shell takes it for one word. */
const quoted = (word: string): string => (/^[\w./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);
