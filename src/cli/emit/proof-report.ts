/** What `graphc emit` says of proofs, and of exponents, bounds and grounds. */
import type { Verdict } from "../../passes/prove/report/verdict.ts";
import type { Args } from "../options/command.ts";
import { graphDriftLine, heldLines, heldRecord } from "../ranges/author/safe-text.ts";
import { rangesClaim } from "../ranges/claim.ts";
import { claimLines } from "../ranges/claim-record.ts";
import { certifiedEquality, safeDriftLine, safeLines, safeRecord } from "../ranges/safe-text.ts";
import type { Io } from "../terminal/io.ts";
import { verdictAnnotations } from "../verdict/annotate.ts";
import { plainVerdict } from "../verdict/prove-text.ts";
import { tellSides, tellVerdict } from "../verdict/tell.ts";
import { printGround } from "./ground.ts";
import type { EmitJob } from "./packages.ts";
import type { Report } from "./report.ts";
import { sidesOf } from "./safe.ts";
import type { EmittedSet, PlacedSet } from "./set.ts";

/** The refutation because of which nothing stands. */
export function reportRefuted(
  { subject, args, io }: EmitJob,
  refuted: Extract<EmittedSet, { readonly kind: "refuted" }>,
): void {
  const { verdict, function: fn } = refuted;
  const record = { name: subject.name, function: fn, proof: plainVerdict(verdict) };
  if (args.flag("json")) io.out(JSON.stringify(record, null, 2));
  else tell(verdict, verdictText(refuted, args), args, io);
  io.err("nothing was written");
}

/** The verdicts, and what the weights guarantee beside them. */
export function tellProofs({ guaranteed, args, io }: EmitJob, { proofs = [] }: Report): void {
  for (const proof of proofs) {
    tell(proof.verdict, verdictText(proof, args), args, io);
    if (guaranteed) io.out(claimLines(rangesClaim(guaranteed, proof.verdict)).join("\n"));
  }
}

/** What exponents and clamps were chosen, that the layer is the one without, and how far it is from it on the engine. */
export function tellSafe({ subject, args, io }: EmitJob, { proofs = [], drift, graphDrift }: Report): void {
  const { safe, safeGraph } = subject;
  for (const { equality } of proofs) if (equality) io.out(tellSides(equality, sidesOf(subject), args));
  if (safe) for (const line of safeLines(safe)) io.out(line);
  if (drift && safe) io.out(safeDriftLine(drift, safe));
  if (safeGraph) for (const line of heldLines(safeGraph)) io.out(line);
  if (graphDrift && safeGraph) io.out(graphDriftLine(graphDrift, safeGraph));
}

/** The same as JSON. */
export const safeRecords = ({ subject: { safe, safeGraph } }: EmitJob, { drift, graphDrift }: Report) => ({
  ...(safe ? { engineSafe: { ...safeRecord(safe), drift } } : {}),
  ...(safeGraph ? { engineSafe: { ...heldRecord(safeGraph), drift: graphDrift } } : {}),
});

/** On what ground several layers were written. */
export const tellGround = ({ io }: EmitJob, { ground }: Report): void => {
  if (ground) io.out(printGround(ground));
};

/** A verdict, and where it was asked for the annotations of a workflow. */
function tell(verdict: Verdict, text: string, args: Args, io: Io): void {
  io.out(text);
  if (args.text("format") === "github") for (const line of verdictAnnotations(verdict, text)) io.out(line);
}

/** Of several functions a proof each, by name. */
export function proofsRecord(
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
const verdictText = (
  { verdict, function: name }: { readonly verdict: Verdict; readonly function?: string | undefined },
  args: Args,
): string => [...(name === undefined ? [] : [`function ${name}:`]), tellVerdict(verdict, args)].join("\n");
