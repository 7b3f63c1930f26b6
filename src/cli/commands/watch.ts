/** `graphc watch`: checks and proves an author's graph file again each time that it, or a file that it imports, is saved. */
import { basename, resolve } from "node:path";
import { counted } from "../../dsl/counted.ts";
import { UserError } from "../../dsl/user-error.ts";
import { ROLE_OPTIONS } from "../interface/given.ts";
import type { Args, Command, ExitCode, Graphc } from "../options/command.ts";
import { isGraphFile } from "../options/operand-kind.ts";
import type { Options } from "../options/option.ts";
import { CHECKPOINT_OPTION, SIZE_OPTIONS } from "../options/size-options.ts";
import { EXPLAIN_OPTION, FORMAT_OPTION } from "../options/verdict-options.ts";
import type { Io } from "../terminal/io.ts";
import { changed, statesOf } from "../watch/changes.ts";
import { sourcesOf } from "../watch/sources.ts";

const { layer, tokens, "max-seq": maxSeq } = SIZE_OPTIONS;
/** Those that both commands take. */
const OPTIONS: Options = {
  weights: { ...CHECKPOINT_OPTION, for: ["graph"] },
  layer: { ...layer, for: ["graph"] },
  tokens: { ...tokens, for: ["graph"] },
  "max-seq": { ...maxSeq, for: ["graph"] },
  ...ROLE_OPTIONS,
  format: { ...FORMAT_OPTION.format, without: [] },
};
/** Of `prove` alone. */
const OF_PROVE: Options = { explain: { ...EXPLAIN_OPTION.explain, without: [] } };

/** Goes on until it is interrupted; the exit code is that of the last answer. */
export const watchCommand: Command = {
  name: "watch",
  operands: "GRAPH.ts",
  arity: [1, 1],
  needs: "a graph file",
  example: "examples/attention.ts",
  options: { ...OPTIONS, ...OF_PROVE },
  notes: [
    "What check says comes first, then what prove says. Ctrl-C ends it; the exit code is that of the last answer.",
    "For VS Code: --format github, and the problem matcher of docs/author.md.",
  ],
  async run(args, io, graphc) {
    const [file] = args.operands as [string];
    if (!isGraphFile(file)) throw new UserError(`"${file}" is no graph file (.ts)`, "graphc prove looks at it once");
    if (args.flag("json")) throw new UserError("--json does nothing for watch, which goes on", "graphc prove --json");
    let [code, sources]: [ExitCode, readonly string[]] = [0, [resolve(file)]];
    while (!io.signal.aborted && !io.isUnread()) {
      const found = await sourcesOf(file);
      // What does not parse is mended in one of the files that were there before.
      sources = found ?? sources;
      const before = statesOf(sources);
      code = await answered(file, args, io, { graphc, sources: sources.length });
      if (io.signal.aborted || io.isUnread()) break;
      const again = await changed(before, io.signal);
      if (again.length > 0) io.out(`\n${again.map((path) => basename(path)).join(", ")} changed`);
    }
    return code;
  },
};

interface How {
  readonly graphc: Graphc;
  readonly sources: number;
}

/** Check, and where the graph can be made the proof; the exit code is the worse. The first and the last line are for whoever reads by machine. */
async function answered(file: string, args: Args, io: Io, { graphc, sources }: How): Promise<ExitCode> {
  const common = [file, ...spelled(OPTIONS, args)];
  const begun = performance.now();
  io.out(`checking ${file}`);
  let code = await graphc(["check", ...common], io);
  const checked = performance.now();
  if (code <= 1 && !io.signal.aborted) {
    const proof = await graphc(["prove", ...common, ...spelled(OF_PROVE, args)], io);
    code = proof > code ? proof : code;
  }
  const ms = (from: number, to: number) => `${Math.round(to - from)} ms`;
  const spent = `check ${ms(begun, checked)}, proof ${ms(checked, performance.now())}`;
  io.out(`done: ${spent}; watching ${counted(sources, "file")}`);
  return code;
}

/** The options as they were given. */
const spelled = (options: Options, args: Args): readonly string[] =>
  Object.entries(options).flatMap(([name, option]) => {
    if (!args.given(name)) return [];
    if (option.kind === "flag") return [`--${name}`];
    return args.texts(name).map((value) => `--${name}=${value}`);
  });
