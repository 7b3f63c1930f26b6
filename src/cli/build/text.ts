/** What a build will write, or has written, as a table. */

import type { PlanFinding } from "../../build/findings.ts";
import type { Foreseen } from "../../build/foreseen.ts";
import type { BuildPlan } from "../../build/plan.ts";
import { quantizeText } from "../../build/quantize.ts";
import { sizesText } from "../../build/sizes.ts";
import { bytes } from "../../files/bytes.ts";
import { table } from "../terminal/table.ts";
import { wrapLine } from "../terminal/wrap.ts";

/** One line a part, then the settings. */
export function planText({ shards, heads, embedding, bytes: all, settings, model, decoder }: BuildPlan): string {
  const rows = [
    ...shards.map(({ begin, end, path, bytes: n }) => ["shard", `layers ${begin} to ${end - 1}`, path, bytes(n)]),
    ...heads.map(({ begin, end, path, bytes: n }) => ["head", `tokens ${begin} to ${end - 1}`, path, bytes(n)]),
    ["embedding", `${decoder.vocab} rows`, embedding.path, bytes(embedding.bytes)],
  ];
  const fold = decoder.ropeFold;
  const factor = fold ? `, RoPE's factor ${fold.factor} in the ${fold.into}` : "";
  return [
    table(["part", "holds", "path", "size"], rows),
    `${model.family}, ${decoder.layers} layers, T=${sizesText(settings.tokens)}, max_seq ${settings.maxSeq}, caches as ${settings.cache === "io" ? "inputs" : "states"}, ${settings.quantize.how === "none" ? "fp16" : quantizeText(settings.quantize)}, for ${settings.host}${factor}; ${bytes(all)} in all`,
  ].join("\n");
}

/** A line for each rule that is broken, with the first place; `check` of the packages says all of them. */
export function findingsText(findings: readonly PlanFinding[]): string {
  const open = "what rests on the contents of weights was not looked at (graphc check)";
  if (findings.length === 0) return `no part breaks a rule about the engine; ${open}`;
  const lines = findings.map(({ first: { severity, rule, text }, times, parts }) =>
    wrapLine(
      `  ${severity} [${rule}] ${text} (${times} in ${parts.length === 1 ? parts[0] : `${parts.length} parts`})`,
    ),
  );
  return [`rules about the engine that bite; ${open}:`, ...lines].join("\n");
}

/** What the trial says, and what it leaves out. */
export const foreseenText = ({ tried, seconds, whole }: Foreseen): string =>
  wrapLine(
    `about ${secondsText(whole)} on this machine, by ${secondsText(seconds)} in which ${bytes(tried)} were read, converted and hashed; the disk and the proofs come on top`,
  );

const secondsText = (n: number): string => (n < 10 ? `${n.toFixed(1)} s` : `${Math.round(n)} s`);
