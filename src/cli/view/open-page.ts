/** Opens a page in the browser, by the program that each system has for that. */
import { spawn } from "node:child_process";
import { pathToFileURL } from "node:url";
import type { Io } from "../terminal/io.ts";

const OPENERS: Readonly<Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>>> = {
  darwin: ["open"],
  linux: ["xdg-open"],
  win32: ["cmd", "/c", "start", ""],
};

/** Says on standard error where it was not opened; the page is written all the same. */
export async function openPage(out: string, shown: string, io: Pick<Io, "err">): Promise<void> {
  const [program, ...words] = OPENERS[process.platform] ?? ["xdg-open"];
  const failed = await startedOrNot(program, [...words, out]);
  if (failed) io.err(`note: ${shown} was written and not opened: ${failed}; it is at ${pathToFileURL(out)}`);
}

/** How long an opener is given to fail. One that is still at work then has a browser. */
const PATIENCE_MS = 2000;

function startedOrNot(program: string, words: readonly string[]): Promise<string | undefined> {
  return new Promise((tell) => {
    const child = spawn(program, words, { stdio: "ignore", detached: true });
    const patience = setTimeout(() => tell(undefined), PATIENCE_MS);
    const end = (says: string | undefined) => {
      clearTimeout(patience);
      tell(says);
    };
    child.on("error", () => end(`there is no program ${program} here`));
    child.on("exit", (code) => end(code === 0 ? undefined : `${program} ended with ${code}`));
    child.unref();
  });
}
