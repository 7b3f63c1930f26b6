/** `graphc emit`: the block package and its one-token twin, proven on the bytes just written; both or neither. */
import { resolve } from "node:path";
import { functionsIn, widest } from "../../build/sizes.ts";
import { UserError } from "../../dsl/user-error.ts";
import { PREDICTED_CHIPS } from "../../evidence/format/fixtures-shape.ts";
import { recordable } from "../../passes/parity/record/record.ts";
import { recordedBlock } from "../emit/beside.ts";
import { groundOf } from "../emit/ground.ts";
import { type EmitJob, isOpen } from "../emit/packages.ts";
import { boundedOf, planPackages } from "../emit/plan.ts";
import { report, tell, verdictText } from "../emit/report.ts";
import { emitDrift, emitGraphDrift } from "../emit/safe.ts";
import { emitSet } from "../emit/set.ts";
import { FORMAT_OPTION } from "../format/github.ts";
import type { Args, Command } from "../options/command.ts";
import { FUNCTIONS_OPTION } from "../options/functions-option.ts";
import { isPackage } from "../options/operand-kind.ts";
import { safeSubject } from "../ranges/author/safe.ts";
import { guaranteedBy, RANGES_OPTIONS } from "../ranges/claim.ts";
import { CLAMP_OPTIONS } from "../ranges/clamp-options.ts";
import { tellKinds } from "../subject/each-kind.ts";
import {
  ENGINE_SAFE_OPTION,
  ROPE_LIST_OPTION,
  SEED_OPTION,
  SIZE_OPTIONS,
  subjectOf,
  WEIGHTS_OPTION,
} from "../subject/target.ts";
import { plainVerdict } from "../verdict/prove-text.ts";
import { EXPLAIN_OPTION } from "../verdict/tell.ts";

/** The packages with certificate and fixtures beside them; a refutation is a no, and nothing stays. */
export const emitCommand: Command = {
  name: "emit",
  operands: "phi4-mini | CHECKPOINT | GRAPH.ts",
  arity: [1, 1],
  needs: "a model (phi4-mini) or a graph file",
  example: "phi4-mini",
  options: {
    ...WEIGHTS_OPTION,
    ...SIZE_OPTIONS,
    ...ROPE_LIST_OPTION,
    ...SEED_OPTION,
    functions: { ...FUNCTIONS_OPTION, without: ["tokens"] },
    ...CLAMP_OPTIONS,
    "engine-safe": { ...ENGINE_SAFE_OPTION, for: ["checkpoint", "graph"], without: ["ranges"] },
    out: { kind: "folder", help: "folder for the packages", default: "build" },
    force: { kind: "flag", help: "replace packages that are there already" },
    "no-prove": { kind: "flag", help: "do not prove block == steps on the bytes just written" },
    explain: { ...EXPLAIN_OPTION.explain, without: ["json", "no-prove"] },
    ...FORMAT_OPTION,
    ranges: { ...RANGES_OPTIONS.ranges, without: ["no-prove"] },
    bound: RANGES_OPTIONS.bound,
    fixtures: {
      kind: "flag",
      help: "also write inputs and expected outputs for the device tool (docs/fixtures.md)",
    },
    target: {
      kind: "choice",
      values: PREDICTED_CHIPS,
      help: "also predict what this chip's engine gives, so that a device is not held to flat bounds (docs/evidence.md)",
      with: ["fixtures"],
    },
    evidence: {
      kind: "folders",
      help: "passed one-layer build that allows --layers above 1, one for each kind of layer; else --out",
      with: ["layers"],
    },
    "ahead-of-evidence": {
      kind: "flag",
      help: "emit more than one layer without such evidence, and say so",
      with: ["layers"],
    },
  },
  notes: [
    "Writes NAME.t<T>.mlpackage and NAME.t1.mlpackage, or with --functions NAME.<functions>.mlpackage. Exit code 1 when they are not proven; nothing is written when they are refuted.",
  ],
  async run(args, io) {
    const [operand] = args.operands as [string];
    if (isPackage(operand))
      throw new UserError(`${operand} is a package already`, "emit takes a model or a graph file");
    const subject = await safeSubject(await subjectOf(operand, args, io), args, io);
    tellKinds(subject.model, io);
    const folder = resolve(args.text("out")!);
    const ground = await groundOf(subject, atWidest(args), folder, io);
    const planned = planPackages(subject, args);
    if (args.flag("fixtures")) recordable({ block: recordedBlock(planned).graph, step: planned.step.graph });
    const store = await subject.openWeights(planned.step.graph);
    try {
      const guaranteed = subject.safeGraph?.bounded ?? (await guaranteedBy(boundedOf(subject, planned), args, io));
      const told = { ...(guaranteed ? { guaranteed } : {}), ...(ground ? { ground } : {}) };
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
  },
};

/** The one-layer gate is passed by the largest block. */
function atWidest(args: Args): Args {
  const listed = args.text("functions");
  if (listed === undefined) return args;
  const tokens = widest({ functions: functionsIn(listed) });
  return { ...args, whole: (option) => (option === "tokens" ? tokens : args.whole(option)) };
}
