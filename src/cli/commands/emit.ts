/** `graphc emit`: the block package and its one-token twin, proven on the bytes just written; both or neither. */
import { resolve } from "node:path";
import { setImmediate } from "node:timers/promises";
import type { Graph } from "../../dsl/graph.ts";
import { UserError } from "../../dsl/user-error.ts";
import { graphOf, readPackage } from "../../emit/read/read.ts";
import { type EmitSummary, writePackage } from "../../emit/write/package.ts";
import type { Ground } from "../../evidence/policy.ts";
import { recordable } from "../../passes/parity/record.ts";
import { prove } from "../../passes/prove/prove.ts";
import type { Verdict } from "../../passes/prove/report/verdict.ts";
import type { WeightStore } from "../../weights/store.ts";
import type { Args, Command } from "../command.ts";
import { emitFixtures, groundOf, packagePath, printGround, removeStale, writeCertificate } from "../emit-evidence.ts";
import { printSummary } from "../emit-text.ts";
import type { Io } from "../io.ts";
import { claimOf, plainVerdict, printVerdict } from "../prove-text.ts";
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
    "no-prove": { type: "boolean", help: "do not prove block == steps on the bytes just written" },
    fixtures: {
      type: "boolean",
      help: "also write inputs and expected outputs for the device tool (docs/fixtures.md)",
    },
    evidence: { type: "string", value: "DIR", help: "passed one-layer build that allows --layers above 1; else --out" },
    "ahead-of-evidence": { type: "boolean", help: "emit more than one layer without such evidence, and say so" },
  },
  notes: ["Exit code 1, and nothing written, when the packages are refuted."],
  async run(args, io) {
    const [operand] = args.operands as [string];
    if (isPackage(operand)) throw new UserError(`${operand} is a package already; emit takes a model or a graph file`);
    const subject = await subjectOf(operand, args);
    const folder = resolve(args.text("out")!);
    const ground = await groundOf(subject, args, folder);
    const planned = planOf(subject, args, folder);
    if (args.flag("fixtures")) recordable({ block: planned[0]!.graph, step: planned.at(-1)!.graph });
    const store = await subject.openWeights(planned[0]!.graph);
    try {
      const emitted = await writeAll({ subject, planned, store, args, io });
      const beside = await writeBeside({ subject, planned, store, args, io }, emitted, folder);
      report({ subject, store, args, io }, { ...emitted, ...beside, ...(ground ? { ground } : {}) });
      return 0;
    } catch (error) {
      if (!(error instanceof Refuted)) throw error;
      io.out(printVerdict(error.verdict));
      io.err("nothing was written");
      return 1;
    } finally {
      await store.close();
    }
  },
};

/** Thrown where the packages are complete but not yet in place, so that they are removed. */
class Refuted extends Error {
  readonly verdict: Verdict;
  constructor(verdict: Verdict) {
    super("refuted");
    this.verdict = verdict;
  }
}

interface Planned {
  readonly tokens: number;
  readonly graph: Graph;
  readonly path: string;
}

interface Job {
  readonly subject: Subject;
  readonly planned: readonly Planned[];
  readonly store: WeightStore;
  readonly args: Args;
  readonly io: Io;
}

interface Emitted {
  readonly packages: readonly EmitSummary[];
  /** Absent when the proof was skipped. */
  readonly verdict?: Verdict;
  /** The graphs that it is about, as read back from the files. */
  readonly proven?: { readonly block: Graph; readonly step: Graph };
}

interface Beside {
  readonly certificate?: string;
  readonly fixtures?: string;
}

/** The certificate of a proof, and fixtures where they were asked for. */
async function writeBeside(
  { subject, planned, store, args, io }: Job,
  emitted: Emitted,
  folder: string,
): Promise<Beside> {
  const { name } = subject;
  await removeStale(folder, name);
  const certificate = emitted.verdict && (await writeCertificate(folder, name, emitted.verdict, emitted.proven!));
  const paths = certificate === undefined ? {} : { certificate };
  if (!args.flag("fixtures")) return paths;
  const [block, step = block] = planned.map(({ graph }) => graph);
  return {
    ...paths,
    fixtures: await emitFixtures({ subject, folder, block: block!, step: step!, ...paths }, store, args, io),
  };
}

/** The graphs are built, and so checked, before anything is written. */
function planOf(subject: Subject, args: Args, folder: string): readonly Planned[] {
  const size = sizeOf(args);
  const counts = size.tokens === 1 ? [1] : [size.tokens, 1];
  return counts.map((tokens) => ({
    tokens,
    graph: subject.build({ ...size, tokens }),
    path: packagePath(folder, subject, tokens),
  }));
}

/** Each package is placed only when the next one is complete and the proof is done: a failure leaves nothing behind. */
async function writeAll(job: Job, folders: readonly string[] = []): Promise<Emitted> {
  const next = job.planned[folders.length];
  if (!next) return { packages: [], ...(await proofBeforePlacing(job, folders)) };
  const { io, args, store } = job;
  let later: Emitted = { packages: [] };
  const progress = io.progress(`writing t${next.tokens}`);
  try {
    const summary = await writePackage(next.graph, store, next.path, {
      force: args.flag("force"),
      signal: io.signal,
      onProgress: progress.update,
      beforePlacing: async (folder) => {
        progress.end();
        later = await writeAll(job, [...folders, folder]);
      },
    });
    return { ...later, packages: [summary, ...later.packages] };
  } catch (error) {
    throw io.signal.aborted ? new UserError("interrupted; nothing was written") : error;
  } finally {
    progress.end();
  }
}

async function proofBeforePlacing(job: Job, folders: readonly string[]): Promise<Omit<Emitted, "packages">> {
  const proof = proofOf(job, folders);
  // An interrupt that came while the prover was busy is delivered only now.
  await setImmediate();
  job.io.signal.throwIfAborted();
  return proof;
}

/** The verdict on what the files say. @throws Refuted */
function proofOf({ subject, planned, args }: Job, folders: readonly string[]): Omit<Emitted, "packages"> {
  if (args.flag("no-prove")) return {};
  const [block, step = block] = folders.map((folder) => graphOf(readPackage(folder)));
  const proven = { block: block!, step: step! };
  const verdict = prove(proven.block, proven.step, { counterexample: false, small: subject.small });
  if (verdict.verdict === "PROVEN") return { verdict, proven };
  // The graphs that were written know the author's lines, and small ones make a readable counterexample.
  const [source, twin = source] = planned.map(({ graph }) => graph);
  const explained = prove(source!, twin!, { small: subject.small });
  if (explained.verdict === "REFUTED") throw new Refuted(explained);
  return { proven, verdict: explained.verdict === "PROVEN" ? verdict : explained };
}

interface Outcome extends Emitted, Beside {
  readonly ground?: Ground;
}

function report({ subject, store, args, io }: Omit<Job, "planned">, outcome: Outcome): void {
  const { packages, verdict, ground, certificate, fixtures } = outcome;
  const weights = store.report();
  for (const { tensor, index, count } of weights.nonFinite) {
    io.err(`warning: ${tensor} holds ${count} values that are not finite, the first at element ${index}`);
  }
  if (args.flag("json")) {
    const proof = verdict ? plainVerdict(verdict) : "skipped";
    io.out(JSON.stringify({ name: subject.name, weights, proof, packages, certificate, fixtures, ground }, null, 2));
    return;
  }
  for (const summary of packages) io.out(`${printSummary(summary)}\n`);
  io.out(`weights: ${subject.weights}; ${weights.rounded} elements rounded to fp16, worst by ${weights.worstError}`);
  io.out(verdict ? printVerdict(verdict) : "NOT PROVEN: the proof was skipped (--no-prove)");
  for (const path of [certificate, fixtures]) if (path !== undefined) io.out(path);
  if (ground) io.out(printGround(ground));
  if (verdict && !claimOf(verdict).startsWith("PROVEN")) io.err("warning: the packages were written without a proof");
}
