/** What a command is: its words, its options, and what it does. `--help`, parsing and errors come from this. */
import { parseArgs } from "node:util";
import { UserError } from "../../dsl/user-error.ts";
import type { Io } from "../terminal/io.ts";
import { nearest } from "./near-miss.ts";
import { type OperandKind, spelledKinds } from "./operand-kind.ts";
import {
  defaultOf,
  describeOption,
  expectation,
  isExpressible,
  isRepeatable,
  type Option,
  type Options,
  spelling,
} from "./option.ts";
import { checkAlone, checkUses, type Given } from "./uses.ts";

/** 0 yes · 1 a no that was checked · 2 a mistake of the user's · 3 a fault of ours · 130 interrupted. */
export type ExitCode = 0 | 1 | 2 | 3 | 130;

/** A command of `graphc`; its one-line summary stands in the list of commands, which loads none of them. */
export interface Command {
  readonly name: string;
  /** What stands behind the command's name in the usage line. */
  readonly operands: string;
  /** How many operands it takes. */
  readonly arity: readonly [min: number, max: number];
  /** What they are, as the end of the sentence "graphc NAME needs …". */
  readonly needs: string;
  /** The operands of a command line that works. */
  readonly example: string;
  readonly options: Options;
  /** Sentences below the options. */
  readonly notes?: readonly string[];
  /**
   * Does the work; `graphc` is for a command that runs others. @throws UserError, GraphError, Interrupted; anything else is a fault of
   * ours.
   */
  run(args: Args, io: Io, graphc: Graphc): Promise<ExitCode>;
}

/** A command before it is loaded. */
export interface CommandEntry {
  /** The one wording of what it does: in the overview and in its own help. */
  readonly summary: string;
  load(): Promise<Command>;
}

/** Runs a command line, as the shell would, and never throws. */
export type Graphc = (argv: readonly string[], io: Io) => Promise<ExitCode>;

/** Arguments of one command, every value within the range that its option declares. */
export interface Args {
  readonly operands: readonly string[];
  /** The value as it was given, or the option's default. */
  text(option: string): string | undefined;
  /** Every value of an option that may be repeated. */
  texts(option: string): readonly string[];
  /** Whether the flag was given. */
  flag(option: string): boolean;
  /** The value of an option of kind `whole` that has a default. */
  whole(option: string): number;
  /** Whether the option was given, with whatever value. */
  given(option: string): boolean;
  /** Holds the options against what an operand turned out to be. @throws UserError when one of them is not for it */
  settle(operand: string, kinds: readonly OperandKind[]): void;
}

/** Of every command. */
export const COMMON: Options = {
  help: { kind: "flag", help: "print this help" },
  json: { kind: "flag", help: "print the result, or the error, as JSON" },
};

/** Parses and checks what follows the command's name. @throws UserError that names the option or the missing operand. */
export function parseCommandLine(command: Command, argv: readonly string[]): Args {
  const options = { ...COMMON, ...command.options };
  const { operands, given } = sortWords(command, options, argv);
  const text = (name: string) => given.get(name)?.[0] ?? (options[name] && defaultOf(options[name]));
  const alone = Object.entries(options).find(([name, { instead }]) => instead && given.has(name));
  if (!given.has("help") && alone) checkAlone(alone, operands, given, Object.keys(COMMON));
  else if (!given.has("help")) {
    checkOperands(command, operands);
    checkUses(
      options,
      operands.map((operand) => [operand, spelledKinds(operand)]),
      given,
    );
  }
  return {
    operands,
    text,
    texts: (name) => given.get(name) ?? [],
    flag: (name) => given.has(name),
    whole: (name) => Number(text(name)),
    given: (name) => given.has(name),
    settle: (operand, kinds) => checkUses(options, [[operand, kinds]], given),
  };
}

interface Words {
  readonly operands: readonly string[];
  readonly given: Given;
}

/** The library tells words apart; what may stand where is judged here, where the declaration is known. */
function sortWords(command: Command, options: Options, argv: readonly string[]): Words {
  const types = Object.entries(options).map(([name, { kind }]) => [
    name,
    { type: kind === "flag" ? ("boolean" as const) : ("string" as const) },
  ]);
  const config = { args: [...argv], allowPositionals: true, strict: false, tokens: true } as const;
  const { tokens, positionals } = parseArgs({ ...config, options: Object.fromEntries(types) });
  const given = new Map<string, readonly string[]>();
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    const option = Object.hasOwn(options, token.name) ? options[token.name] : undefined;
    if (!option) throw unknownOption(command, token.rawName, Object.keys(options));
    const value = checkedValue(token.name, option, token);
    const before = given.get(token.name) ?? [];
    if (before.length > 0 && option.kind !== "flag" && !isRepeatable(option))
      throw new UserError(`--${token.name} is given twice, as ${before[0]} and as ${value}`, "keep one");
    given.set(token.name, [...before, value]);
  }
  return { operands: positionals as string[], given };
}

function unknownOption({ name }: Command, word: string, known: readonly string[]): UserError {
  const meant = nearest(
    word,
    known.map((option) => `--${option}`),
  );
  const mend = meant === undefined ? `see graphc ${name} --help` : `did you mean ${meant}?`;
  return new UserError(`Unknown option '${word}'`, mend);
}

/** The value that stands behind an option. @throws UserError when there is none, or one out of the declared range. */
function checkedValue(
  name: string,
  option: Option,
  { value, inlineValue }: { readonly value?: string | undefined; readonly inlineValue?: boolean | undefined },
): string {
  if (option.kind === "flag") {
    if (value !== undefined) throw new UserError(`--${name} takes no value`);
    return "";
  }
  if (!value) throw new UserError(`--${name} has no value`, `write ${spelling(name, option)}`);
  if (!inlineValue && /^-./.test(value))
    throw new UserError(`--${name} has no value before ${value}`, `--${name}=${value} if that is meant to be it`);
  const must = expectation(option, value);
  if (must !== undefined) throw new UserError(`--${name} must ${must}, not "${value}"`);
  return value;
}

function checkOperands({ name, arity: [min, max], needs, example }: Command, operands: readonly string[]): void {
  const strange = operands.find((operand) => !isExpressible(operand));
  if (strange !== undefined) throw new UserError(`"${strange}" is not a path in UTF-8, without a zero byte`);
  const blank = operands.includes("") ? ", and one that is given is empty" : undefined;
  const few = operands.length < min ? (operands.length === 0 ? "" : `, and ${operands.length} is given`) : undefined;
  const many = operands.length > max ? `, and ${operands.length} operands are given` : undefined;
  const complaint = blank ?? few ?? many;
  if (complaint !== undefined)
    throw new UserError(`graphc ${name} needs ${needs}${complaint}`, `for example: graphc ${name} ${example}`);
}

/** The text of `graphc COMMAND --help`. */
export function helpText(command: Command, summary: string): string {
  const rows = Object.entries({ ...command.options, ...COMMON }).map(
    ([name, option]) => [`  ${spelling(name, option)}`, describeOption(option)] as const,
  );
  const width = Math.max(...rows.map(([left]) => left.length)) + 2;
  const lines = rows.map(([left, right]) => `${left.padEnd(width)}${right}`);
  const notes = command.notes ? ["", ...command.notes] : [];
  const usage = `graphc ${command.name} ${command.operands} [options]`;
  const told = [usage, "", `  ${summary}`, "", ...lines, ...notes];
  return [...told, ...(told.some((line) => line.includes("docs/")) ? ["", PAGES] : []), ""].join("\n");
}

/** Behind a help text that names a page: the package of the command has none of them. */
const PAGES = "docs/ is in graphc's repository, and in the npm package graphc-ane.";
