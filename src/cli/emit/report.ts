/** What `graphc emit` says of what it wrote, in words or as JSON. */
import type { EngineDrift } from "../../build/engine-drift.ts";
import { figure } from "../../dsl/figure.ts";
import type { Ground } from "../../evidence/policy.ts";
import type { WeightReport } from "../../weights/store.ts";
import type { GraphDrift } from "../ranges/author/drift.ts";
import { ropeLines } from "../subject/rope-text.ts";
import { type EmitJob, isOpen } from "./packages.ts";
import { fedLine } from "./rows.ts";
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
export async function report(job: EmitJob, written: Report): Promise<void> {
  const { subject, args, io } = job;
  const { packages, weights, ground, ropeTables, fixtures, lines, rows, certificates, proofs } = written;
  for (const { tensor, index, count } of weights.nonFinite) {
    io.err(`warning: ${tensor} holds ${count} values that are not finite, the first at element ${index}`);
  }
  const more = hasMore(job, written) ? await import("./later.ts") : undefined;
  if (args.flag("json")) {
    const proven = more?.proofsRecord(written, job) ?? { proof: "skipped" };
    const { name, ropeList } = subject;
    const record = { name, weights, ...proven, packages, ropeList, ropeTables, fixtures, lines, rows, ground };
    io.out(JSON.stringify({ ...record, ...more?.safeRecords(job, written) }, null, 2));
    return;
  }
  for (const summary of packages) io.out(`${printSummary(summary)}\n`);
  io.out(
    `weights: ${subject.weights}; ${weights.rounded} elements rounded to fp16, worst by ${figure(weights.worstError)}`,
  );
  more?.tellProofs(job, written);
  if (!proofs) io.out("NOT PROVEN: the proof was skipped (--no-prove)");
  more?.tellSafe(job, written);
  for (const line of ropeLines(subject, args)) io.out(line);
  for (const one of rows ?? []) io.out(fedLine(one));
  for (const path of [...certificates, ropeTables, fixtures, lines]) if (path !== undefined) io.out(path);
  more?.tellGround(job, written);
  if (proofs?.some(isOpen)) io.err("warning: the packages were written without a proof");
}

/** Whether there is anything to say but what was written. */
const hasMore = ({ subject: { safe, safeGraph }, guaranteed }: EmitJob, { proofs, ground }: Report): boolean =>
  [safe, safeGraph, guaranteed, proofs, ground].some((one) => one !== undefined);
