/** A sequence on which block and steps differ, as text: what parity prints of it, and the author's line where the prover sees it begin. */
import type { WeighedGraphs } from "../api/parity-run.ts";
import { authorFrame, excerpt } from "../cli/errors/report.ts";
import { parityVerdict, printParity } from "../cli/verdict/parity-text.ts";
import { claimOf } from "../cli/verdict/prove-text.ts";
import type { Frame } from "../dsl/site.ts";
import { storedNumbers } from "../emit/read/blobs/stored-numbers.ts";
import type { ParityReport } from "../passes/parity/parity.ts";
import { prove } from "../passes/prove/prove.ts";

/** The smallest sequence that was found, and what finds it again. */
export interface Shrunk {
  readonly accepted: readonly number[];
  readonly feedSeed: number;
  readonly seed: number;
  readonly path: string;
  /** How many cases failed until this one. */
  readonly cases: number;
}

/** The text, and what of it is data. */
export interface DiffersText {
  readonly text: string;
  readonly value?: string;
  readonly at?: Frame;
}

/** The report is that of the sequence. */
export function differsText(
  pair: WeighedGraphs,
  report: ParityReport,
  { accepted, seed, path, cases }: Shrunk,
): DiffersText {
  const says = parityVerdict(report);
  // A value that is not finite is told by its call.
  const { lines, ...where } = says.startsWith("DIFFERS") ? beginning(pair) : { lines: [] };
  const kept = `keeping ${accepted.join(", then ")} of ${report.tokens} tokens`;
  const text = [
    `${says}: blocks against single tokens, ${kept}`,
    ...lines,
    `  the last of ${cases} such cases, each smaller; again with { seed: ${seed}, path: "${path}" }`,
    "",
    printParity(report, { name: pair.block.name, weights: "as they were run", seconds: 0, explain: true }),
  ].join("\n");
  return { text, ...where };
}

const QUICK = { counterexample: false, secondOpinion: false, corollaries: false } as const;

/** What a proof says of the pair: the value at which it fails, or that it does not. */
function beginning({ block, step, given }: WeighedGraphs): Omit<DiffersText, "text"> & {
  readonly lines: readonly string[];
} {
  const { weightIdentity, tableOf } = storedNumbers([block, step]);
  const verdict = prove(block, step, { ...QUICK, weightIdentity, tableOf, roles: given });
  if (verdict.verdict === "PROVEN") {
    const from = verdict.level === "exact" ? ", from equal caches: what rejected tokens left in them decides here" : "";
    return { lines: [`  of one call by itself the prover says ${claimOf(verdict)}${from}`] };
  }
  const { value, op, where, site } = verdict.finding;
  const at = authorFrame(site);
  const lines = [
    ...(value === "" ? [] : [`  first difference: ${value}${op ? ` (${op})` : ""}, ${where}`]),
    ...excerpt(at),
  ];
  return { lines, ...(value === "" ? {} : { value }), ...(at ? { at } : {}) };
}
