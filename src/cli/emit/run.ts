/** What `graphc emit` does: plans, writes and proves a set of packages, and tells of it. */
import { resolve } from "node:path";
import { functionsIn, widest } from "../../build/sizes.ts";
import { UserError } from "../../dsl/user-error.ts";
import type { Ground } from "../../evidence/policy.ts";
import type { HashThread } from "../../files/hash-thread.ts";
import type { Args, ExitCode } from "../options/command.ts";
import { isPackage } from "../options/operand-kind.ts";
import type { Guaranteed } from "../ranges/claim.ts";
import { tellKinds } from "../subject/each-kind.ts";
import type { Subject } from "../subject/subject.ts";
import { subjectOf } from "../subject/target.ts";
import type { Io } from "../terminal/io.ts";
import { type EmitJob, isOpen } from "./packages.ts";
import { boundedOf, type PlannedSet, planPackages } from "./plan.ts";
import { report } from "./report.ts";
import { emitSet } from "./set.ts";

/**
 * Runs it; `hashing` is a thread for the digests of the weight file, where one was started. What only some options need, and what is
 * needed once the weights are written, is loaded then: nothing keeps the first byte waiting.
 * @returns 1 when the packages are not proven
 * @throws UserError for an operand or options that cannot be met, and for what the disk or the weights refuse
 */
export async function emit(args: Args, io: Io, hashing?: HashThread): Promise<ExitCode> {
  const [operand] = args.operands as [string];
  if (isPackage(operand)) throw new UserError(`${operand} is a package already`, "emit takes a model or a graph file");
  const subject = await engineSafe(await subjectOf(operand, args, io), args, io);
  tellKinds(subject.model, io);
  const folder = resolve(args.text("out")!);
  const ground = await stackGround(subject, args, folder, io);
  const planned = planPackages(subject, args);
  if (args.flag("fixtures")) (await import("./later.ts")).checkRecordable(planned);
  const store = await subject.openWeights(planned.step.graph);
  try {
    const guaranteed = subject.safeGraph?.bounded ?? (await bounded(subject, planned, args, io));
    const told = {
      ...(guaranteed ? { guaranteed } : {}),
      ...(ground ? { ground } : {}),
      ...(hashing ? { hashing } : {}),
    };
    return await emitJob({ subject, planned, folder, store, args, io, ...told });
  } finally {
    await store.close();
  }
}

async function emitJob(job: EmitJob): Promise<ExitCode> {
  const { subject, store, ground } = job;
  const emitted = await emitSet(job);
  if (emitted.kind === "refuted") {
    (await import("./later.ts")).reportRefuted(job, emitted);
    return 1;
  }
  // Layers that are run for their drift read their weights again.
  const weights = store.report();
  const safe = subject.safe || subject.safeGraph ? await import("./later.ts") : undefined;
  const drift = await safe?.emitDrift(job);
  const graphDrift = await safe?.emitGraphDrift(job);
  await report(job, {
    ...emitted,
    weights,
    ...(ground ? { ground } : {}),
    ...(drift ? { drift } : {}),
    ...(graphDrift ? { graphDrift } : {}),
  });
  return emitted.proofs?.some(isOpen) ? 1 : 0;
}

const engineSafe = async (subject: Subject, args: Args, io: Io): Promise<Subject> =>
  args.flag("engine-safe") ? (await import("./later.ts")).safeSubject(subject, args, io) : subject;

/** One layer needs none. */
const stackGround = async (subject: Subject, args: Args, folder: string, io: Io): Promise<Ground | undefined> =>
  args.whole("layers") === 1 ? undefined : (await import("./later.ts")).groundOf(subject, atWidest(args), folder, io);

async function bounded(subject: Subject, planned: PlannedSet, args: Args, io: Io): Promise<Guaranteed | undefined> {
  if (!args.flag("ranges")) return undefined;
  return (await import("./later.ts")).guaranteedBy(boundedOf(subject, planned), args, io);
}

/** The one-layer gate is passed by the largest block. */
function atWidest(args: Args): Args {
  const listed = args.text("functions");
  if (listed === undefined) return args;
  const tokens = widest({ functions: functionsIn(listed) });
  return { ...args, whole: (option) => (option === "tokens" ? tokens : args.whole(option)) };
}
