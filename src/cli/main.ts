/** `graphc`: picks the command, loads only what it needs, turns errors into a sentence and an exit code. */
import { UserError } from "../dsl/user-error.ts";
import { systemRefusal } from "../files/files.ts";
import { COMMANDS } from "./command-list.ts";
import { Interrupted } from "./errors/interrupted.ts";
import type { ErrorRecord, ErrorReport } from "./errors/report.ts";
import { type ExitCode, helpText, parseCommandLine } from "./options/command.ts";
import { nearest } from "./options/near-miss.ts";
import type { Options } from "./options/option.ts";
import type { Io } from "./terminal/io.ts";

/** Runs one command line and returns its exit code. Never throws. */
export async function main(argv: readonly string[], io: Io): Promise<ExitCode> {
  const [name, ...rest] = argv;
  if (name === undefined || name === "help" || name === "--help" || name === "-h") {
    io.out(overview());
    return name === undefined ? 2 : 0;
  }
  let options: Options = {};
  try {
    if (name === "--version") return await printVersion(io);
    const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
    if (!entry) throw unknownCommand(name);
    const command = await entry.load();
    options = command.options;
    const args = parseCommandLine(command, rest);
    if (args.flag("help")) {
      io.out(helpText(command, entry.summary));
      return 0;
    }
    return await command.run(args, io, main);
  } catch (error) {
    // Passes throw the signal's reason when they are told to stop.
    const isReason = io.signal.aborted && error === io.signal.reason;
    const { text, record, code } = await reported(isReason ? new Interrupted("interrupted") : error, options);
    if (argv.includes("--json")) io.out(JSON.stringify({ error: record, exitCode: code }, null, 2));
    else io.err(text);
    if (Object.hasOwn(options, "format")) await annotate(argv, record, io);
    return code;
  }
}

/** The error once more for GitHub, where that was asked for; with --json the command line is refused, and says so in JSON alone. */
async function annotate(argv: readonly string[], record: ErrorRecord, io: Io): Promise<void> {
  if (argv.includes("--json")) return;
  const { asksForGithub, errorAnnotation } = await import("./errors/late.ts");
  if (asksForGithub(argv)) io.err(errorAnnotation(record));
}

/** Loaded only then; where even that is refused, the refusal is all there is to tell. */
async function reported(error: unknown, options: Options): Promise<ErrorReport> {
  try {
    const { outOfMemory, reportError } = await import("./errors/late.ts");
    return reportError(outOfMemory(error, options) ?? error, await dumpOf(error));
  } catch (second) {
    const refusal = systemRefusal(second);
    if (!refusal) throw second;
    return { text: `error: ${refusal.message}`, record: { kind: "user", message: refusal.message }, code: 2 };
  }
}

/** Where the data of a proof that was contradicted were written. Loaded only then. */
const dumpOf = async (error: unknown): Promise<string | undefined> =>
  error instanceof Error && error.name === "ProofContradicted"
    ? (await import("./verdict/contradicted.ts")).dumpContradiction(error)
    : undefined;

function unknownCommand(word: string): UserError {
  const meant = nearest(word, [...Object.keys(COMMANDS), "help", "--help", "--version"]);
  const mend = meant === undefined ? "graphc --help lists them" : `did you mean ${meant}?`;
  return new UserError(`there is no command "${word}"`, mend);
}

async function printVersion(io: Io): Promise<ExitCode> {
  io.out((await import("./terminal/version.ts")).TOOL_VERSION);
  return 0;
}

function overview(): string {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length)) + 2;
  const rows = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(width)}${summary}`);
  return [
    "graphc: layer graphs for the Apple Neural Engine, checked and proven before they reach a Mac",
    "",
    "usage: graphc COMMAND [options]",
    "",
    ...rows,
    "",
    "graphc COMMAND --help tells the options. Exit code: 0 yes, 1 a checked no, 2 a mistake in the input, 3 a fault of graphc, 130 interrupted.",
  ].join("\n");
}
