/** Every command line that a page shows is one that the command takes: its operands in number, its options by name, value and what they are for. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { COMMANDS } from "../../src/cli/command-list.ts";
import { parseCommandLine } from "../../src/cli/options/command.ts";
import { ROOT } from "../support/root.ts";

const PAGES = [
  "README.md",
  "CONTRIBUTING.md",
  "tools/README.md",
  ...readdirSync(join(ROOT, "docs")).map((name) => `docs/${name}`),
].filter((name) => name.endsWith(".md") && name !== "docs/commands.md");

/** The words of a line of a shell, without what follows it. */
const wordsOf = (line: string): readonly string[] =>
  [...line.replace(/\s(#|&&|\||>|2>|;).*$/, "").matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    ([, a, b, c]) => a ?? b ?? c ?? "",
  );

interface Shown {
  readonly place: string;
  readonly words: readonly string[];
  /** A line of code; a sentence may leave operands and values out. */
  readonly whole: boolean;
}

/** Lines of code that begin with the command, and commands in a sentence. */
function shownIn(page: string): readonly Shown[] {
  const lines = readFileSync(join(ROOT, page), "utf8").split("\n");
  return lines.flatMap((line, n) => {
    const [, code] = /^(?: {4}|\$ )?(?:npm ci && )?npx graphc (.*)$/.exec(line) ?? [];
    const named = [...line.matchAll(/`(?:npx )?graphc ([a-z][^`]*)`/g)].map(([, one]) => one!);
    // What may be left out is there as well.
    const shown = (text: string, whole: boolean) => ({ words: wordsOf(text.replaceAll(/[[\]]/g, "")), whole });
    const all = [...(code === undefined ? [] : [shown(code, true)]), ...named.map((one) => shown(one, false))];
    return all.map((one) => ({ place: `${page}:${n + 1}`, ...one }));
  });
}

/** What the command says of the words. */
async function refusalOf([name = "", ...argv]: readonly string[]): Promise<string | undefined> {
  const entry = COMMANDS[name];
  if (!entry) return `${name} is no command`;
  try {
    parseCommandLine(await entry.load(), argv);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** What a sentence may leave out. */
const UNSAID = / needs |has no value| must look like /;

test("every page's", async () => {
  const shown = PAGES.flatMap(shownIn);
  expect([true, false].map((whole) => shown.filter((one) => one.whole === whole).length > 50)).toEqual([true, true]);
  const wrong: string[] = [];
  for (const { place, words, whole } of shown) {
    const refusal = await refusalOf(words);
    if (refusal !== undefined && (whole || !UNSAID.test(refusal)))
      wrong.push(`${place}: ${words.join(" ")}: ${refusal}`);
  }
  expect(wrong).toEqual([]);
});

test("one that is stale is told", async () => {
  expect(await refusalOf(["prove", "phi4-mini", "--gone"])).toMatch(/--gone/);
  expect(await refusalOf(["prof", "phi4-mini"])).toBe("prof is no command");
  expect(await refusalOf(["prove"])).toMatch(UNSAID);
});
