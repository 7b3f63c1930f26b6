/** `graphc emit`: the block package and its one-token twin, proven on the bytes just written; both or neither. */
import { resolve } from "node:path";
import type { EngineDrift } from "../../build/engine-drift.ts";
import { functionsIn, widest } from "../../build/sizes.ts";
import { figure } from "../../dsl/figure.ts";
import { UserError } from "../../dsl/user-error.ts";
import { PREDICTED_CHIPS } from "../../evidence/format/fixtures-shape.ts";
import type { Ground } from "../../evidence/policy.ts";
import { recordable } from "../../passes/parity/record/record.ts";
import type { Verdict } from "../../passes/prove/report/verdict.ts";
import type { WeightReport } from "../../weights/store.ts";
import type { Args, Command } from "../command.ts";
import { tellKinds } from "../each-kind.ts";
import { recordedBlock } from "../emit-evidence.ts";
import { groundOf, printGround } from "../emit-ground.ts";
import { type EmitJob, isOpen } from "../emit-packages.ts";
import { planPackages } from "../emit-plan.ts";
import { fedLine } from "../emit-rows.ts";
import { emitDrift } from "../emit-safe.ts";
import { emitSet, type PlacedSet } from "../emit-set.ts";
import { printSummary } from "../emit-text.ts";
import { FORMAT_OPTION } from "../format/github.ts";
import { FUNCTIONS_OPTION } from "../functions-option.ts";
import type { Io } from "../io.ts";
import { isPackage } from "../operand-kind.ts";
import { plainVerdict } from "../prove-text.ts";
import { claimLines, type Guaranteed, guaranteedBy, RANGES_OPTION, rangesClaim } from "../ranges/claim.ts";
import { certifiedEquality, EXPONENTS, safeDriftLine, safeLines, safeRecord } from "../ranges/safe-text.ts";
import { ropeLines } from "../rope-text.ts";
import {
  ENGINE_SAFE_OPTION,
  ROPE_LIST_OPTION,
  SEED_OPTION,
  SIZE_OPTIONS,
  subjectOf,
  WEIGHTS_OPTION,
} from "../target.ts";
import { verdictAnnotations } from "../verdict/annotate.ts";
import { EXPLAIN_OPTION, tellSides, tellVerdict } from "../verdict/tell.ts";

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
    "engine-safe": { ...ENGINE_SAFE_OPTION, without: ["ranges"] },
    out: { kind: "folder", help: "folder for the packages", default: "build" },
    force: { kind: "flag", help: "replace packages that are there already" },
    "no-prove": { kind: "flag", help: "do not prove block == steps on the bytes just written" },
    explain: { ...EXPLAIN_OPTION.explain, without: ["json", "no-prove"] },
    ...FORMAT_OPTION,
    ranges: { ...RANGES_OPTION, without: ["no-prove"] },
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
    const subject = await subjectOf(operand, args, io);
    tellKinds(subject.model, io);
    const folder = resolve(args.text("out")!);
    const ground = await groundOf(subject, atWidest(args), folder, io);
    const planned = planPackages(subject, args);
    if (args.flag("fixtures")) recordable({ block: recordedBlock(planned).graph, step: planned.step.graph });
    const store = await subject.openWeights(planned.step.graph);
    try {
      const guaranteed = await guaranteedBy(subject.config, store, args, io);
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
      report(job, { ...emitted, weights, ...(ground ? { ground } : {}), ...(drift ? { drift } : {}) });
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

interface Report extends PlacedSet {
  /** What converting cost the packages. */
  readonly weights: WeightReport;
  readonly ground?: Ground;
  readonly drift?: EngineDrift;
}

function report({ subject, guaranteed, args, io }: EmitJob, written: Report): void {
  const { packages, weights, ground, drift, ropeTables, fixtures, lines, rows, certificates } = written;
  const { ropeList, safe } = subject;
  for (const { tensor, index, count } of weights.nonFinite) {
    io.err(`warning: ${tensor} holds ${count} values that are not finite, the first at element ${index}`);
  }
  if (args.flag("json")) {
    const proven = proofsRecord(written, guaranteed);
    io.out(
      JSON.stringify(
        {
          ...{ name: subject.name, weights, ...proven, packages, ropeList, ropeTables, fixtures, lines, rows, ground },
          ...(safe ? { engineSafe: { ...safeRecord(safe), drift } } : {}),
        },
        null,
        2,
      ),
    );
    return;
  }
  for (const summary of packages) io.out(`${printSummary(summary)}\n`);
  io.out(
    `weights: ${subject.weights}; ${weights.rounded} elements rounded to fp16, worst by ${figure(weights.worstError)}`,
  );
  for (const proof of written.proofs ?? []) {
    tell(proof.verdict, verdictText(proof, args), args, io);
    if (guaranteed) io.out(claimLines(rangesClaim(guaranteed, proof.verdict)).join("\n"));
  }
  if (!written.proofs) io.out("NOT PROVEN: the proof was skipped (--no-prove)");
  for (const { equality } of written.proofs ?? []) if (equality) io.out(tellSides(equality, EXPONENTS, args));
  if (safe) for (const line of safeLines(safe)) io.out(line);
  if (drift) io.out(safeDriftLine(drift));
  for (const line of ropeLines(subject, args)) io.out(line);
  for (const one of rows ?? []) io.out(fedLine(one));
  for (const path of [...certificates, ropeTables, fixtures, lines]) if (path !== undefined) io.out(path);
  if (ground) io.out(printGround(ground));
  if (written.proofs?.some(isOpen)) io.err("warning: the packages were written without a proof");
}

function tell(verdict: Verdict, text: string, args: Args, io: Io): void {
  io.out(text);
  if (args.text("format") === "github") for (const line of verdictAnnotations(verdict, text)) io.out(line);
}

/** Of several functions a proof each, by name. */
function proofsRecord({ proofs, certificates }: PlacedSet, guaranteed: Guaranteed | undefined) {
  if (!proofs) return { proof: "skipped" };
  const records = proofs.map(({ verdict, equality }, k) => ({
    proof: plainVerdict(verdict),
    ...(equality ? { equality: certifiedEquality(equality) } : {}),
    ...(guaranteed ? { ranges: rangesClaim(guaranteed, verdict) } : {}),
    certificate: certificates[k],
  }));
  if (proofs[0]!.function === undefined) return records[0];
  return { proofs: records.map((record, k) => ({ function: proofs[k]!.function, ...record })) };
}

const verdictText = (
  { verdict, function: name }: { readonly verdict: Verdict; readonly function?: string | undefined },
  args: Args,
): string => [...(name === undefined ? [] : [`function ${name}:`]), tellVerdict(verdict, args)].join("\n");
