/**
 * Runs many command lines of graphc in one process, which saves the start of each.
 *
 *     node command-lines.mjs LINES.json > ANSWERS.json
 */
import { readFileSync } from "node:fs";
import { main } from "../src/cli/main.ts";
import type { Io } from "../src/cli/terminal/io.ts";

/** What a command line gave: its exit code, and the lines of both streams. */
interface Answer {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function answerTo(line: readonly string[]): Promise<Answer> {
  const out: string[] = [];
  const err: string[] = [];
  const io: Io = {
    out: (text) => void out.push(text),
    part: (text) => void out.push(text),
    err: (text) => void err.push(text),
    signal: new AbortController().signal,
    isUnread: () => false,
    progress: () => ({ update: () => {}, end: () => {} }),
  };
  const code = await main(line, io);
  return { code, out: out.join("\n"), err: err.join("\n") };
}

const lines: readonly (readonly string[])[] = JSON.parse(readFileSync(process.argv[2]!, "utf8"));
const answers: Answer[] = [];
for (const line of lines) answers.push(await answerTo(line));
process.stdout.write(JSON.stringify(answers));
