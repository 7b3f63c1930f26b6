/** The command line as it ships: bundled into a folder of its own and run in processes. */
import { type ChildProcess, execFileSync, type SpawnOptions, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./root.ts";

/** Builds it; the caller removes the folder with `removeBundle`. */
export function buildBundle(): string {
  // In the project, so that the bundle finds the packages that it leaves outside.
  mkdirSync(join(ROOT, "node_modules/.cache"), { recursive: true });
  const bundle = mkdtempSync(join(ROOT, "node_modules/.cache/graphc-"));
  execFileSync(process.execPath, ["scripts/build.mjs", bundle], { cwd: ROOT });
  return bundle;
}

export const removeBundle = (bundle: string): void => rmSync(bundle, { recursive: true, force: true });

/** Starts one command. */
export const startIn = (bundle: string, argv: readonly string[], options: SpawnOptions = {}): ChildProcess =>
  spawn(process.execPath, [join(bundle, "cli.js"), ...argv], { cwd: ROOT, ...options });

/** How it ended and what it said. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

export async function endOf(child: ChildProcess): Promise<Ended> {
  const [out, err]: [string[], string[]] = [[], []];
  child.stdout?.setEncoding("utf8").on("data", (text) => out.push(text));
  child.stderr?.setEncoding("utf8").on("data", (text) => err.push(text));
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((done) =>
    child.on("close", (...ended) => done(ended)),
  );
  return { code, signal, out: out.join(""), err: err.join("") };
}
