/** What may stand where on a command line, for a shell that completes it: from the declarations of commands and options. */
import { COMMON, type Command, type CommandEntry } from "../options/command.ts";
import type { Option } from "../options/option.ts";

/** What follows an option. */
export type Value =
  | { readonly kind: "none" }
  | { readonly kind: "words"; readonly words: readonly string[] }
  | { readonly kind: "path" }
  /** The user's own, such as a number. */
  | { readonly kind: "free" };

/** An option of a command. */
export interface CompletedOption {
  readonly name: string;
  readonly help: string;
  readonly value: Value;
}

/** A command, its options, and the words that may stand in place of a path. */
export interface CompletedCommand {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly CompletedOption[];
  readonly operands: readonly string[];
}

/** Of every command. */
export async function completedCommands(
  commands: Readonly<Record<string, CommandEntry>>,
): Promise<readonly CompletedCommand[]> {
  return Promise.all(
    Object.entries(commands).map(async ([name, { summary, load }]) => {
      const command = await load();
      const options = Object.entries({ ...command.options, ...COMMON });
      return {
        name,
        summary,
        options: options.map(([option, declared]) => ({
          name: option,
          help: declared.help,
          value: valueBehind(declared),
        })),
        operands: operandWords(command),
      };
    }),
  );
}

/** `phi4-mini`, `bash`: words of the usage line that are no placeholder. */
const operandWords = ({ operands }: Command): readonly string[] =>
  operands.split(/[^\w.-]+/).filter((word) => /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(word));

function valueBehind(option: Option): Value {
  switch (option.kind) {
    case "flag":
      return { kind: "none" };
    case "choice":
      return { kind: "words", words: option.values };
    case "file":
    case "folder":
    case "folders":
      return { kind: "path" };
    default:
      return { kind: "free" };
  }
}
