/** What `graphc emit` does: plans, writes and proves a set of packages, and tells of it. */
import { resolve } from "node:path";
import { functionsIn, widest } from "../../build/sizes.ts";
import { UserError } from "../../dsl/user-error.ts";
import type { HashThread } from "../../files/hash-thread.ts";
import { recordable } from "../../passes/parity/record/record.ts";
import type { Args, ExitCode } from "../options/command.ts";
import { isPackage } from "../options/operand-kind.ts";
import { safeSubject } from "../ranges/author/safe.ts";
import { guaranteedBy } from "../ranges/claim.ts";
import { tellKinds } from "../subject/each-kind.ts";
import { subjectOf } from "../subject/target.ts";
import type { Io } from "../terminal/io.ts";
import { plainVerdict } from "../verdict/prove-text.ts";
import { recordedBlock } from "./beside.ts";
import { groundOf } from "./ground.ts";
import { type EmitJob, isOpen } from "./packages.ts";
import { boundedOf, planPackages } from "./plan.ts";
import { report, tell, verdictText } from "./report.ts";
import { emitDrift, emitGraphDrift } from "./safe.ts";
import { emitSet } from "./set.ts";

/**
 * Runs it; `hashing` is a thread for the digests of the weight file, where one was started.
 * @returns 1 when the packages are not proven
 * @throws UserError for an operand or options that cannot be met, and for what the disk or the weights refuse
 */
export async function emit(args: Args, io: Io, hashing?: HashThread): Promise<ExitCode> {
  const [operand] = args.operands as [string];
  if (isPackage(operand)) throw new UserError(`${operand} is a package already`, "emit takes a model or a graph file");
  const subject = await safeSubject(await subjectOf(operand, args, io), args, io);
  tellKinds(subject.model, io);
  const folder = resolve(args.text("out")!);
  const ground = await groundOf(subject, atWidest(args), folder, io);
  const planned = planPackages(subject, args);
  if (args.flag("fixtures")) recordable({ block: recordedBlock(planned).graph, step: planned.step.graph });
  const store = await subject.openWeights(planned.step.graph);
  try {
    const guaranteed = subject.safeGraph?.bounded ?? (await guaranteedBy(boundedOf(subject, planned), args, io));
    const told = {
      ...(guaranteed ? { guaranteed } : {}),
      ...(ground ? { ground } : {}),
      ...(hashing ? { hashing } : {}),
    };
    const job: EmitJob = { subject, planned, folder, store, args, io, ...told };
    const emitted = await emitSet(job);
    if (emitted.kind === "refuted") {
      const { verdict, function: fn } = emitted;
      const record = { name: subject.name, function: fn, proof: plainVerdict(verdict) };
      if (args.flag("json")) io.out(JSON.stringify(record, null, 2));
      else tell(verdict, verdictText(emitted, args), args, io);
      io.err("nothing was written");
      return 1;
    }
    // Layers that are run for their drift read their weights again.
    const weights = store.report();
    const drift = await emitDrift(job);
    const graphDrift = await emitGraphDrift(job);
    report(job, {
      ...emitted,
      weights,
      ...(ground ? { ground } : {}),
      ...(drift ? { drift } : {}),
      ...(graphDrift ? { graphDrift } : {}),
    });
    return emitted.proofs?.some(isOpen) ? 1 : 0;
  } finally {
    await store.close();
  }
}

/** The one-layer gate is passed by the largest block. */
function atWidest(args: Args): Args {
  const listed = args.text("functions");
  if (listed === undefined) return args;
  const tokens = widest({ functions: functionsIn(listed) });
  return { ...args, whole: (option) => (option === "tokens" ? tokens : args.whole(option)) };
}
