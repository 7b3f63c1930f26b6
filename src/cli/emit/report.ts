/** What `graphc emit` says of what it wrote, in words or as JSON. */
import type { EngineDrift } from "../../build/engine-drift.ts";
import { figure } from "../../dsl/figure.ts";
import type { Ground } from "../../evidence/policy.ts";
import type { Verdict } from "../../passes/prove/report/verdict.ts";
import type { WeightReport } from "../../weights/store.ts";
import type { Args } from "../options/command.ts";
import type { GraphDrift } from "../ranges/author/drift.ts";
import { graphDriftLine, heldLines, heldRecord } from "../ranges/author/safe-text.ts";
import { rangesClaim } from "../ranges/claim.ts";
import { claimLines } from "../ranges/claim-record.ts";
import { certifiedEquality, safeDriftLine, safeLines, safeRecord } from "../ranges/safe-text.ts";
import { ropeLines } from "../subject/rope-text.ts";
import type { Io } from "../terminal/io.ts";
import { verdictAnnotations } from "../verdict/annotate.ts";
import { plainVerdict } from "../verdict/prove-text.ts";
import { tellSides, tellVerdict } from "../verdict/tell.ts";
import { printGround } from "./ground.ts";
import { type EmitJob, isOpen } from "./packages.ts";
import { fedLine } from "./rows.ts";
import { sidesOf } from "./safe.ts";
import type { PlacedSet } from "./set.ts";
import { printSummary } from "./text.ts";

/** What was written, and what converting and exponents cost. */
export interface Report extends PlacedSet {
  /** What converting cost the packages. */
  readonly weights: WeightReport;
  readonly ground?: Ground;
  readonly drift?: EngineDrift;
  readonly graphDrift?: GraphDrift;
}

/** Tells it; a word on what is not finite, and on packages without a proof, goes to standard error. */
export function report(job: EmitJob, written: Report): void {
  const { subject, guaranteed, args, io } = job;
  const { packages, weights, ground, drift, graphDrift, ropeTables, fixtures, lines, rows, certificates } = written;
  const { ropeList, safe, safeGraph } = subject;
  for (const { tensor, index, count } of weights.nonFinite) {
    io.err(`warning: ${tensor} holds ${count} values that are not finite, the first at element ${index}`);
  }
  if (args.flag("json")) {
    const proven = proofsRecord(written, job);
    io.out(
      JSON.stringify(
        {
          ...{ name: subject.name, weights, ...proven, packages, ropeList, ropeTables, fixtures, lines, rows, ground },
          ...(safe ? { engineSafe: { ...safeRecord(safe), drift } } : {}),
          ...(safeGraph ? { engineSafe: { ...heldRecord(safeGraph), drift: graphDrift } } : {}),
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
  for (const { equality } of written.proofs ?? []) if (equality) io.out(tellSides(equality, sidesOf(subject), args));
  if (safe) for (const line of safeLines(safe)) io.out(line);
  if (drift && safe) io.out(safeDriftLine(drift, safe));
  if (safeGraph) for (const line of heldLines(safeGraph)) io.out(line);
  if (graphDrift && safeGraph) io.out(graphDriftLine(graphDrift, safeGraph));
  for (const line of ropeLines(subject, args)) io.out(line);
  for (const one of rows ?? []) io.out(fedLine(one));
  for (const path of [...certificates, ropeTables, fixtures, lines]) if (path !== undefined) io.out(path);
  if (ground) io.out(printGround(ground));
  if (written.proofs?.some(isOpen)) io.err("warning: the packages were written without a proof");
}

/** A verdict, and where it was asked for the annotations of a workflow. */
export function tell(verdict: Verdict, text: string, args: Args, io: Io): void {
  io.out(text);
  if (args.text("format") === "github") for (const line of verdictAnnotations(verdict, text)) io.out(line);
}

/** Of several functions a proof each, by name. */
function proofsRecord(
  { proofs, certificates }: PlacedSet,
  { subject, guaranteed }: Pick<EmitJob, "subject" | "guaranteed">,
) {
  if (!proofs) return { proof: "skipped" };
  const records = proofs.map(({ verdict, equality }, k) => ({
    proof: plainVerdict(verdict),
    ...(equality ? { equality: certifiedEquality(equality, sidesOf(subject)) } : {}),
    ...(guaranteed ? { ranges: rangesClaim(guaranteed, verdict) } : {}),
    certificate: certificates[k],
  }));
  if (proofs[0]!.function === undefined) return records[0];
  return { proofs: records.map((record, k) => ({ function: proofs[k]!.function, ...record })) };
}

/** Of several functions with its name. */
export const verdictText = (
  { verdict, function: name }: { readonly verdict: Verdict; readonly function?: string | undefined },
  args: Args,
): string => [...(name === undefined ? [] : [`function ${name}:`]), tellVerdict(verdict, args)].join("\n");
