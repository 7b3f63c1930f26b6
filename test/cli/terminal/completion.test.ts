/** `graphc completion` in a real bash: what is offered where; in zsh and fish see ./completion.long.test.ts. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { COMMANDS } from "../../../src/cli/command-list.ts";
import { expectRefusal, folderOf, graphc } from "../../support/cli.ts";

/** What bash offers for the last of the words, in the order in which it is offered. */
async function offered(...words: readonly string[]): Promise<readonly string[]> {
  const { code, out } = await graphc(["completion", "bash"]);
  expect(code).toBe(0);
  const file = join(folderOf({ "graphc.bash": out }), "graphc.bash");
  const script = `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _graphc; printf "%s\\n" "\${COMPREPLY[@]}"`;
  const told = execFileSync("bash", ["-c", script, "bash", file, "graphc", ...words], { encoding: "utf8" });
  return told.split("\n").filter((line) => line !== "");
}

test("commands", async () => {
  expect(await offered("")).toEqual(Object.keys(COMMANDS));
  expect(await offered("in")).toEqual(["init", "interface", "inspect"]);
});

test.each(Object.keys(COMMANDS))("every option of %s", async (name) => {
  const { out } = await graphc([name, "--help"]);
  const told = [...out.matchAll(/^ {2}(--[\w-]+)/gm)].map(([, option]) => option);
  expect(told).toContain("--help");
  expect(await offered(name, "--")).toEqual(told);
});

test.each([
  ["words of a choice", ["check", "--format", ""], ["text", "github"]],
  ["of which some fit", ["check", "--format", "gi"], ["github"]],
  ["behind =, which bash takes for a word", ["check", "--format", "=", "t"], ["text"]],
  ["right behind =", ["check", "--format", "="], ["text", "github"]],
  ["nothing for a number", ["check", "--tokens", "4"], []],
  ["nothing for a path, which bash completes itself", ["check", "--weights", "ph"], []],
  ["the model's name", ["prove", "ph"], ["phi4-mini"]],
  ["the shells", ["completion", "z"], ["zsh"]],
])("%s", async (_, words, expected) => {
  expect(await offered(...words)).toEqual(expected);
});

test("refuses a shell that it does not know", async () => {
  await expectRefusal(["completion", "fishh"], 'there is no completion for "fishh"; did you mean fish?');
  await expectRefusal(
    ["completion", "powershell"],
    'there is no completion for "powershell"; it is for bash, zsh, fish',
  );
});
