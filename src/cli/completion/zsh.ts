/** Completion for zsh. */
import type { CompletedCommand, CompletedOption, Value } from "./words.ts";

/** A script to be sourced after `compinit`, or to lie as `_graphc` in a folder of `fpath`. */
export function zshScript(commands: readonly CompletedCommand[]): string {
  return [
    "#compdef graphc",
    "# source <(graphc completion zsh)",
    "_graphc() {",
    "  local -a commands=(",
    ...commands.map(({ name, summary }) => `    ${quoted(`${name}:${summary}`)}`),
    "  )",
    "  if (( CURRENT == 2 )); then",
    "    _describe command commands",
    "    return",
    "  fi",
    "  shift words",
    "  (( CURRENT -= 1 ))",
    "  case $words[1] in",
    ...commands.flatMap(({ name, options, operands }) => [
      `    ${name})`,
      `      _arguments ${[...options.map(argument), operandArgument(operands)].join(" \\\n        ")}`,
      "      ;;",
    ]),
    "  esac",
    "}",
    'if [[ $funcstack[1] == _graphc ]]; then _graphc "$@"; else compdef _graphc graphc; fi',
  ].join("\n");
}

function argument({ name, help, value }: CompletedOption): string {
  const repeatable = value.kind === "none" ? "" : "=";
  return quoted(`--${name}${repeatable}[${help.replace(/[[\]\\:]/g, "\\$&")}]${action(value)}`);
}

function action(value: Value): string {
  switch (value.kind) {
    case "none":
      return "";
    case "words":
      return `:value:(${value.words.join(" ")})`;
    case "path":
      return ":path:_files";
    case "free":
      return ":value: ";
  }
}

const operandArgument = (words: readonly string[]): string =>
  quoted(words.length === 0 ? "*:operand:_files" : `*:operand:{_files; compadd -- ${words.join(" ")}}`);

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
