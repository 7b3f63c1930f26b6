/** A child process that runs command lines one after another, for fuzzers: what hangs or dies there does so alone, and its memory is told. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { build } from "esbuild";
import { ROOT } from "../root.ts";

/** What came of one command line. `hang` and `crash` are ends of the child. */
export interface ChildOutcome {
  readonly code: number | "hang" | "crash";
  /** The beginning of standard error; of a crash the last that the child said. */
  readonly err: string;
  /** Most memory that the child has had so far, in bytes; unknown for one that is gone. */
  readonly rss?: number;
}

/** Runs command lines; a child that is gone is replaced at the next one. */
export interface Child {
  run(argv: readonly string[]): Promise<ChildOutcome>;
  close(): void;
}

const RUNNER = `
import { createInterface } from "node:readline";
import { main } from "./main.js";
for await (const line of createInterface({ input: process.stdin })) {
  const err = [];
  const io = {
    out() {},
    part() {},
    err: (text) => void err.push(text),
    signal: new AbortController().signal,
    isUnread: () => false,
    progress: () => ({ update() {}, end() {} }),
  };
  const code = await main(JSON.parse(line), io);
  const rss = process.resourceUsage().maxRSS * 1024;
  process.stdout.write(JSON.stringify({ code, err: err.join("\\n").slice(0, 2000), rss }) + "\\n");
}`;

/** A child that a command may take \`seconds\` of, and no more heap than \`heap\` MB. */
export async function openChild(seconds: number, heap: number): Promise<Child> {
  // In the project, so that the bundle finds the packages that it leaves outside.
  mkdirSync(join(ROOT, "node_modules/.cache"), { recursive: true });
  const folder = mkdtempSync(join(ROOT, "node_modules/.cache/graphc-fuzz-"));
  const options = { bundle: true, splitting: true, packages: "external", format: "esm", platform: "node" } as const;
  await build({ ...options, entryPoints: { main: join(ROOT, "src/cli/main.ts") }, outdir: folder, logLevel: "error" });
  const runner = join(folder, "runner.mjs");
  writeFileSync(runner, RUNNER);
  let process_: Running | undefined;
  return {
    async run(argv) {
      process_ ??= begin(runner, heap);
      const outcome = await answerOf(process_, argv, seconds);
      if (typeof outcome.code === "string") process_ = undefined;
      return outcome;
    },
    close() {
      process_?.child.kill("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

interface Running {
  readonly child: ChildProcessWithoutNullStreams;
  readonly lines: AsyncIterator<string>;
  readonly said: { text: string };
}

function begin(runner: string, heap: number): Running {
  const child = spawn(process.execPath, [`--max-old-space-size=${heap}`, runner], { cwd: dirname(runner) });
  const said = { text: "" };
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said.text = (said.text + text).slice(-2000);
  });
  child.stdin.on("error", () => {});
  return { child, said, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
}

async function answerOf(
  { child, lines, said }: Running,
  argv: readonly string[],
  seconds: number,
): Promise<ChildOutcome> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<"late">((done) => {
    timer = setTimeout(() => done("late"), 1000 * seconds);
  });
  child.stdin.write(`${JSON.stringify(argv)}\n`);
  const answer = await Promise.race([lines.next(), late]);
  clearTimeout(timer);
  if (answer !== "late" && !answer.done) return JSON.parse(answer.value) as ChildOutcome;
  child.kill("SIGKILL");
  return { code: answer === "late" ? "hang" : "crash", err: said.text };
}
