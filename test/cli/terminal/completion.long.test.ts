/** `graphc completion` in a real zsh, which is typed to, and in a real fish. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { COMMANDS } from "../../../src/cli/command-list.ts";
import { folderOf, graphc } from "../../support/cli.ts";

async function scriptFor(shell: string): Promise<string> {
  const { code, out } = await graphc(["completion", shell]);
  expect(code).toBe(0);
  return join(folderOf({ script: out }), "script");
}

describe("fish", () => {
  const offered = (file: string, line: string): readonly string[] =>
    execFileSync("fish", ["-N", "-c", `source ${file}; complete -C '${line}'`], { encoding: "utf8" })
      .split("\n")
      .flatMap((text) => (text === "" ? [] : [text.split("\t")[0]!]));

  test("offers commands, options, values and the model's name", async () => {
    const file = await scriptFor("fish");
    expect([...offered(file, "graphc ")].sort()).toEqual(Object.keys(COMMANDS).sort());
    expect(offered(file, "graphc check --fo")).toEqual(["--format"]);
    expect([...offered(file, "graphc check --format ")].sort()).toEqual(["github", "text"]);
    expect(offered(file, "graphc prove phi4")).toEqual(["phi4-mini"]);
    expect(offered(file, "graphc prove --ranges --accumul")).toEqual([]);
  });
});

/** Types a line and a tab; prints what then stands on the screen. */
const TYPED = `
zmodload zsh/zpty
zpty -b z zsh -f -i
drain() { said=; local x; repeat 40; do sleep 0.05; while zpty -r -t z x; do said+=$x; done; [[ $said == *$1* ]] && break; done }
zpty -w z "PS1=; autoload -Uz compinit; compinit -u -D; source $1; unsetopt prompt_cr; bindkey '^I' complete-word; print ready"
drain $'ready\\r'
zpty -w -n z "graphc $2"$'\\t'
drain "$3"
print -r -- "$said"
zpty -d z`;

describe("zsh", () => {
  test.each([
    ["che", "check "],
    ["check --fo", "check --format="],
    ["check --format g", "check --format github "],
    ["inspect phi", "inspect phi4-mini "],
  ])("%s is completed to %s", async (typed, line) => {
    const file = await scriptFor("zsh");
    const argv = ["-f", "-c", TYPED, "zsh", file, typed, `graphc ${line.trimEnd().replace(/=$/, "")}`];
    const screen = execFileSync("zsh", argv, { encoding: "utf8", timeout: 30_000 });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal is told begins with one
    expect(screen.replace(/\x1b\[[\d;]*[A-Za-z]/g, "")).toContain(`graphc ${line}`);
  });
});
