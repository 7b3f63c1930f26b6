/** Completion for fish. */
import type { CompletedCommand, CompletedOption } from "./words.ts";

/** A script to be sourced, or to lie as `graphc.fish` in the folder of completions. */
export function fishScript(commands: readonly CompletedCommand[]): string {
  return [
    "# graphc completion fish | source",
    ...commands.flatMap((command) => [
      `complete -c graphc -n __fish_use_subcommand -f -a ${command.name} -d ${quoted(command.summary)}`,
      ...command.operands.map((word) => `${behind(command)} -a ${word}`),
      ...command.options.map(
        (option) => `${behind(command)} -l ${option.name}${rest(option)} -d ${quoted(option.help)}`,
      ),
    ]),
  ].join("\n");
}

const behind = ({ name }: CompletedCommand): string => `complete -c graphc -n '__fish_seen_subcommand_from ${name}'`;

/** -r: a value follows, and paths are offered; -x: a value follows, and no path. */
function rest({ value }: CompletedOption): string {
  switch (value.kind) {
    case "none":
      return "";
    case "words":
      return ` -x -a ${quoted(value.words.join(" "))}`;
    case "path":
      return " -r";
    case "free":
      return " -x";
  }
}

const quoted = (text: string): string => `'${text.replace(/[\\']/g, "\\$&")}'`;
