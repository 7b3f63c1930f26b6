/** What a command is: its words, its options, and what it does. `--help`, parsing and errors come from this. */
import { parseArgs } from "node:util";
import { UserError } from "../dsl/user-error.ts";
import type { Io } from "./io.ts";

export interface Option {
  readonly type: "string" | "boolean";
  /** Placeholder of the value in the help, such as DIR. */
  readonly value?: string;
  readonly help: string;
  /** Shown in the help; applied by `Args`. */
  readonly default?: string;
}
export type Options = Readonly<Record<string, Option>>;

/** 0 yes · 1 a no that was checked · 2 a mistake of the user's · 3 a fault of ours · 130 interrupted. */
export type ExitCode = 0 | 1 | 2 | 3 | 130;

export interface Command {
  readonly name: string;
  readonly summary: string;
  /** What stands behind the command's name in the usage line. */
  readonly operands: string;
  /** How many operands it takes. */
  readonly arity: readonly [min: number, max: number];
  readonly options: Options;
  /** Sentences below the options. */
  readonly notes?: readonly string[];
  run(args: Args, io: Io): Promise<ExitCode>;
}

/** Parsed arguments of one command; every getter refuses a bad value with one sentence. */
export interface Args {
  readonly operands: readonly string[];
  text(option: string): string | undefined;
  flag(option: string): boolean;
  /** A whole number of at least `min`, or the option's default. */
  whole(option: string, min: number): number;
}

const COMMON: Options = {
  help: { type: "boolean", help: "print this help" },
  json: { type: "boolean", help: "print the result as JSON" },
};

/** Parses what follows the command's name. @throws UserError on an unknown option or a wrong number of operands. */
export function parse(command: Command, argv: readonly string[]): Args {
  const options = { ...COMMON, ...command.options };
  const { values, positionals } = parseStrictly(command, options, argv);
  const [min, max] = command.arity;
  if (!values.help && (positionals.length < min || positionals.length > max)) {
    throw new UserError(`${usage(command)}: ${positionals.length} operands given`, `see graphc ${command.name} --help`);
  }
  const text = (option: string) => (values[option] as string | undefined) ?? options[option]?.default;
  return {
    operands: positionals,
    text,
    flag: (option) => values[option] === true,
    whole: (option, least) => wholeNumber(option, text(option), least),
  };
}

function parseStrictly(command: Command, options: Options, argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: Object.fromEntries(Object.entries(options).map(([name, { type }]) => [name, { type }])),
    });
  } catch (error) {
    const [sentence] = (error as Error).message.split(/\. |\.$/);
    throw new UserError(`${sentence}`, `see graphc ${command.name} --help`);
  }
}

function wholeNumber(option: string, text: string | undefined, least: number): number {
  if (text === undefined) throw new UserError(`--${option} is missing`);
  const n = Number(text);
  if (!/^\d+$/.test(text) || n < least || !Number.isSafeInteger(n)) {
    throw new UserError(`--${option} must be a whole number of at least ${least}, not "${text}"`);
  }
  return n;
}

const usage = (command: Command): string => `graphc ${command.name} ${command.operands}`.trimEnd();

/** The text of `graphc COMMAND --help`. */
export function help(command: Command): string {
  const rows = Object.entries({ ...command.options, ...COMMON }).map(([name, option]) => [
    `  --${name}${option.type === "string" ? ` ${option.value ?? "VALUE"}` : ""}`,
    `${option.help}${option.default === undefined ? "" : ` (default ${option.default})`}`,
  ]);
  const width = Math.max(...rows.map(([left]) => left!.length)) + 2;
  const lines = rows.map(([left, right]) => `${left!.padEnd(width)}${right}`);
  const notes = command.notes ? ["", ...command.notes] : [];
  return [`${usage(command)} [options]`, "", `  ${command.summary}`, "", ...lines, ...notes, ""].join("\n");
}
