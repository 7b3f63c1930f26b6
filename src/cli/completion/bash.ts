/** Completion for bash. */
import type { CompletedCommand, CompletedOption, Value } from "./words.ts";

/** A script to be sourced. Bash takes `=` for a word of its own, and completes paths itself where nothing else is offered. */
export function bashScript(commands: readonly CompletedCommand[]): string {
  const names = commands.map(({ name }) => name).join(" ");
  return [
    "# source <(graphc completion bash)",
    "_graphc() {",
    `  local word=\${COMP_WORDS[COMP_CWORD]} option=\${COMP_WORDS[COMP_CWORD-1]} options= operands=`,
    `  if [ "$word" = "=" ]; then word=; elif [ "$option" = "=" ]; then option=\${COMP_WORDS[COMP_CWORD-2]}; fi`,
    "  COMPREPLY=()",
    '  if [ "$COMP_CWORD" -eq 1 ]; then',
    `    COMPREPLY=($(compgen -W "${names}" -- "$word"))`,
    "    return",
    "  fi",
    `  case "\${COMP_WORDS[1]} $option" in`,
    ...commands.flatMap(({ name, options }) => options.flatMap((option) => valueCase(name, option))),
    "  esac",
    `  case "\${COMP_WORDS[1]}" in`,
    ...commands.map(
      ({ name, options, operands }) =>
        `    ${name}) options="${options.map((option) => `--${option.name}`).join(" ")}" operands="${operands.join(" ")}" ;;`,
    ),
    "  esac",
    '  if [[ $word == -* ]]; then COMPREPLY=($(compgen -W "$options" -- "$word"))',
    '  elif [ -n "$word" ]; then COMPREPLY=($(compgen -W "$operands" -- "$word"))',
    "  fi",
    "}",
    "complete -o default -F _graphc graphc",
  ].join("\n");
}

/** Paths are left to bash. */
function valueCase(command: string, { name, value }: CompletedOption): readonly string[] {
  const does = doneFor(value);
  return does === undefined ? [] : [`    "${command} --${name}") ${does}; return ;;`];
}

function doneFor(value: Value): string | undefined {
  switch (value.kind) {
    case "none":
      return undefined;
    case "words":
      return `COMPREPLY=($(compgen -W "${value.words.join(" ")}" -- "$word"))`;
    case "path":
      return ":";
    case "free":
      return "compopt +o default 2>/dev/null || :";
  }
}
