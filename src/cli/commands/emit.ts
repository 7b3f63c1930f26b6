/** `graphc emit`: the block package and its one-token twin, both or neither. */
import { resolve } from "node:path";
import type { Graph } from "../../dsl/graph.ts";
import { UserError } from "../../dsl/user-error.ts";
import { type EmitSummary, writePackage } from "../../emit/package.ts";
import type { WeightStore } from "../../emit/weights/store.ts";
import type { Args, Command, ExitCode } from "../command.ts";
import type { Io } from "../io.ts";
import { bytes, table } from "../table.ts";
import { isPackage, MODEL_OPTIONS, type Subject, sizeOf, subjectOf } from "../target.ts";

export const emit: Command = {
  name: "emit",
  summary: "Writes NAME.t<T>.mlpackage and NAME.t1.mlpackage: a block of T tokens and a single token.",
  operands: "phi4-mini | GRAPH.ts",
  arity: [1, 1],
  options: {
    ...MODEL_OPTIONS,
    out: { type: "string", value: "DIR", help: "folder for the packages", default: "build" },
    force: { type: "boolean", help: "replace packages that are there already" },
  },
  async run(args, io) {
    const [operand] = args.operands as [string];
    if (isPackage(operand)) throw new UserError(`${operand} is a package already; emit takes a model or a graph file`);
    const subject = await subjectOf(operand, args);
    const job = planOf(subject, args);
    const store = await subject.openWeights(job.graphs[0]!.graph);
    try {
      const summaries = await writeAll(job, store, args, io);
      report(subject, summaries, store, args, io);
      return 0 satisfies ExitCode;
    } finally {
      await store.close();
    }
  },
};

interface Planned {
  readonly tokens: number;
  readonly graph: Graph;
  readonly path: string;
}

/** The graphs are built, and so checked, before anything is written. */
function planOf(subject: Subject, args: Args): { readonly graphs: readonly Planned[] } {
  const size = sizeOf(args);
  const out = args.text("out")!;
  const counts = size.tokens === 1 ? [1] : [size.tokens, 1];
  return {
    graphs: counts.map((tokens) => ({
      tokens,
      graph: subject.build({ ...size, tokens }),
      path: resolve(out, `${subject.name}.t${tokens}.mlpackage`),
    })),
  };
}

/** Each package is placed only when the next one is complete: a failure anywhere leaves nothing behind. */
async function writeAll(
  job: { readonly graphs: readonly Planned[] },
  store: WeightStore,
  args: Args,
  io: Io,
): Promise<readonly EmitSummary[]> {
  const [first, ...rest] = job.graphs;
  if (!first) return [];
  let later: readonly EmitSummary[] = [];
  const progress = io.progress(`writing t${first.tokens}`);
  try {
    const summary = await writePackage(first.graph, store, first.path, {
      force: args.flag("force"),
      signal: io.signal,
      onProgress: progress.update,
      beforePlacing: async () => {
        progress.end();
        later = await writeAll({ graphs: rest }, store, args, io);
      },
    });
    return [summary, ...later];
  } catch (error) {
    throw io.signal.aborted ? new UserError("interrupted; nothing was written") : error;
  } finally {
    progress.end();
  }
}

function report(subject: Subject, summaries: readonly EmitSummary[], store: WeightStore, args: Args, io: Io): void {
  const weights = store.report();
  if (args.flag("json")) {
    io.out(JSON.stringify({ name: subject.name, weights, packages: summaries }, null, 2));
    return;
  }
  for (const summary of summaries) io.out(`${describe(summary)}\n`);
  io.out(`weights: ${subject.weights}; ${weights.rounded} elements rounded to fp16, worst by ${weights.worstError}`);
  for (const { tensor, index, count } of weights.nonFinite) {
    io.err(`warning: ${tensor} holds ${count} values that are not finite, the first at element ${index}`);
  }
}

/** The table of one package: signature, ops by kind, size, digest, time. */
function describe(summary: EmitSummary): string {
  const features = (kind: string, list: EmitSummary["inputs"]) =>
    list.map(({ name, dtype, shape }) => [kind, name, `${dtype}[${shape?.join(",") ?? "?"}]`]);
  const rows = [
    ...features("input", summary.inputs),
    ...features("output", summary.outputs),
    ...features("state", summary.states),
  ];
  const ops = Object.entries(summary.ops).map(([op, n]) => `${op} ${n}`);
  return [
    summary.path,
    table(["", "name", "type"], rows),
    `ops     ${ops.join(", ")}`,
    `bytes   ${summary.bytes} (${bytes(summary.bytes)})`,
    `sha256  ${summary.sha256.package}`,
    `seconds ${summary.seconds.toFixed(2)}`,
  ].join("\n");
}
