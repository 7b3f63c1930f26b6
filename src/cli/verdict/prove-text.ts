/** A verdict of the prover as text. */
import { counted } from "../../dsl/counted.ts";
import { showReason } from "../../passes/prove/logic/opaque.ts";
import { PRECONDITIONS } from "../../passes/prove/logic/preconditions.ts";
import type { Finding } from "../../passes/prove/refute/finding.ts";
import type { Mismatch } from "../../passes/prove/refute/mismatch.ts";
import type { Counterexample } from "../../passes/prove/refute/shrink.ts";
import { tokensRead } from "../../passes/prove/refute/tokens-read.ts";
import type { Corollary } from "../../passes/prove/report/corollaries.ts";
import type { Proven, Used, Verdict } from "../../passes/prove/report/verdict.ts";
import { authorFrame, place } from "../errors/report.ts";
import { ALL_COUNTS, type LeftOut } from "../interface/outputs.ts";
import { wrapLine } from "../terminal/wrap.ts";
import { pictureLines } from "./picture.ts";
import { rolesLines } from "./roles-text.ts";
import { blockAndSteps, type Sides } from "./sides.ts";

/** `PROVEN (exact)`, `PROVEN (reals)`, `REFUTED` or `NOT PROVEN`. */
export const claimOf = (verdict: Verdict): string =>
  verdict.verdict === "PROVEN" ? `PROVEN (${verdict.level})` : verdict.verdict;

/** The whole verdict; the first line is the claim. */
export function printVerdict(verdict: Verdict, leftOut: LeftOut = ALL_COUNTS): string {
  return printSides(verdict, blockAndSteps(verdict.sizes.tokens, leftOut));
}

/** The same in words about what the two graphs are called. */
export function printSides(verdict: Verdict, sides: Sides): string {
  const what = sides.claim;
  const body = verdict.verdict === "PROVEN" ? provenLines(verdict, sides) : failedLines(verdict, sides);
  const fed = ["  what the host feeds:", ...rolesLines(verdict.roles, "    ")];
  return [`${claimOf(verdict)}: ${what}`, ...(verdict.roles.length === 0 ? [] : fed), ...body, ...footer(verdict)]
    .map(wrapLine)
    .join("\n");
}

function provenLines(verdict: Proven, sides: Sides): readonly string[] {
  const { level, preconditions, gapBound, corollaries, notExact, anyCacheSize } = verdict;
  const { tokens, slots } = verdict.sizes;
  const above = slots > tokens ? ` above ${tokens} rows` : "";
  const sizes = anyCacheSize ? `caches and cache sizes${above}` : "and caches of this number of rows";
  const meaning =
    level === "exact"
      ? `equal bits, the sign of zero aside, for all weights, inputs, ${sizes}, and for any`
      : `equal over the real numbers, not in bits, for all weights, inputs, ${sizes}; for any`;
  return [
    `  ${meaning} reduction order that depends on position alone; hardware that reduces differently is measured, not proven`,
    "  assuming, of what the host feeds:",
    ...preconditions.map(({ id, says }) => `    ${id} ${says}`),
    ...(gapBound === undefined ? [] : [`       bound of P8: |score| and |row maximum| at most ${gapBound}`]),
    ...attackLine(verdict, sides),
    ...corollaryLines(corollaries),
    ...besidesLines(preconditions, corollaries),
    ...(notExact ? ["  not exact because:", ...findingLines(notExact, sides)] : []),
  ];
}

/** None where none was asked for. */
const corollaryLines = (corollaries: readonly Corollary[]): readonly string[] =>
  corollaries.length === 0
    ? []
    : [
        "  so that:",
        ...corollaries.filter(isGain).map((gain) => corollaryLine(gain, gain.holds ? "yes " : "no  ")),
        "  as long as:",
        ...corollaries.filter((corollary) => !isGain(corollary)).map((demand) => corollaryLine(demand, "")),
      ];

/** What corollaries ask for and the proof does not: nothing is cited that is not printed. */
function besidesLines(preconditions: readonly Used[], corollaries: readonly Corollary[]): readonly string[] {
  const said = new Set(preconditions.map(({ id }) => id));
  const cited = new Set(corollaries.flatMap(({ needs }) => needs).filter((id) => !said.has(id)));
  const lines = [...cited].map((id) => `    ${id} ${PRECONDITIONS[id].says}`);
  return lines.length === 0 ? [] : ["  where these are asked for besides:", ...lines];
}

/** What was run before the claim was told, and that the preconditions can be met. */
function attackLine({ attacked }: Proven, { countsTokens }: Sides): readonly string[] {
  if (!attacked) return ["  not run: the graphs are too large to be run here, so no input was shown to keep these"];
  const { runs, met, witness, small } = attacked;
  const size = witness && countsTokens ? ` and ${counted(witness.tokens, "token")}` : "";
  const first = witness ? `, the first with seed ${witness.seed}${size}` : "";
  const where = witness?.weights === "own" ? ", with the weights that they hold" : small ? ", at small sizes" : "";
  if (met === 0)
    return [`  run on ${runs} inputs: rounding decides there what fp64 gives, so that they say nothing of the reals`];
  return [
    `  run on ${counted(met, "input")} that keep these, of ${runs} that were tried${first}${where}: no difference`,
  ];
}

/** Rows for the whole block, and positions in a row where P2' was used, are asked of the caller; all else is given. */
const isGain = ({ name, needs }: Corollary): boolean => name !== "capacity" && !needs.includes("P2'");

/** The sentence and what it follows from. */
const corollaryLine = ({ says, needs }: Corollary, mark: string): string =>
  `    ${mark}${says}${needs.length > 0 ? ` [${needs.join(", ")}]` : ""}`;

function failedLines(verdict: Exclude<Verdict, Proven>, sides: Sides): readonly string[] {
  return [
    ...findingLines(verdict.finding, sides),
    ...(verdict.verdict === "REFUTED"
      ? counterexampleLines(verdict.counterexample, sides)
      : [`  searched: ${verdict.searched}`]),
  ];
}

function findingLines(
  { value, twin, where, op, block, step, reason, hint, site, later, unpaired }: Finding,
  { one, other }: Sides,
): readonly string[] {
  const frame = authorFrame(site);
  const made = [
    ...(op ? [op] : []),
    ...(twin === undefined ? [] : [`${twin} in ${other === "steps" ? "the step" : other}`]),
  ];
  return [
    ...(value === ""
      ? []
      : [`  first difference: ${value}${made.length > 0 ? ` (${made.join(", ")})` : ""}, ${where}`]),
    ...(later ? ["    a token sees the row of a later one there: no mask shuts it"] : []),
    ...(unpaired
      ? [
          `    made from ${unpaired.join(", ")}, which nothing of ${other === "steps" ? "the step" : other} could be paired with: it may begin there`,
        ]
      : []),
    ...(block === undefined ? [] : [`    ${one}: ${block}`]),
    ...(step === undefined ? [] : [`    ${other}: ${step}`]),
    ...(reason === undefined ? [] : [`    reason: ${showReason(reason)}`]),
    ...(hint === undefined ? [] : [`    it would close with: ${hint}`]),
    ...(frame ? [`    made at ${place(frame)}`] : []),
  ];
}

function counterexampleLines(found: Counterexample, sides: Sides): readonly string[] {
  const { mismatch, value, tokens, slots, nonZero, numbers, weights } = found;
  const data = weights === "own" ? "run with the weights that they hold" : `${nonZero} of ${numbers} numbers not zero`;
  return [
    `  a case where they differ: ${counted(tokens, "token")}, ${counted(slots, "cache row")}, ${data}`,
    ...(value && value.name !== mismatch.name ? [mismatchLine(value, sides)] : []),
    mismatchLine(mismatch, sides),
    ...pictureLines(tokensRead(found), sides),
  ];
}

function mismatchLine({ name, index, token, block, step }: Mismatch, { gave }: Sides): string {
  const where = `${name}[${index.join(",")}]${token === undefined ? "" : `, token ${token}`}`;
  return `    ${where}: ${gave[0]} ${block}, ${gave[1]} ${step}`;
}

/** What evaluation over prime fields says of the graphs, or of small ones of the same model: evidence, never part of a proof. */
function opinionLine({ verdict, secondOpinion }: Verdict): readonly string[] {
  if (!secondOpinion) return [];
  const says = secondOpinion.map(
    ({ prime, equal, at }) => `mod ${prime} ${equal ? "equal" : `differ${at ? ` at ${at}` : ""}`}`,
  );
  // Beside an exact proof that the field can follow it would be a fault of the prover.
  const guess = verdict === "PROVEN" && secondOpinion.some(({ equal }) => !equal);
  const weight = guess
    ? "; a field has neither order nor signs of roots, so that this is not held against the proof"
    : "";
  const fields = says.length === 1 ? "a prime field" : "prime fields";
  return [`  second opinion (random evaluation over ${fields}): ${says.join(", ")}${weight}`];
}

function footer(verdict: Verdict): readonly string[] {
  const { sizes, rules, milliseconds } = verdict;
  const used = Object.entries(rules).map(([rule, n]) => `${rule} ${n}`);
  return [
    ...opinionLine(verdict),
    ...(used.length === 0 ? [] : [`  rules: ${used.join(", ")}`]),
    `  ${counted(sizes.terms, "term")}, ${counted(sizes.compared, "comparison")}, ${counted(sizes.segments, "segment")} (${sizes.distinct} distinct), ${Math.round(milliseconds)} ms`,
  ];
}

/** The verdict as data for JSON: sites as places, and of a counterexample the figures without its arrays. */
export function plainVerdict(verdict: Verdict): unknown {
  const finding = ({ reason, ...found }: Finding) => ({
    ...found,
    ...(reason ? { reason: { code: reason.code, says: showReason(reason) } } : {}),
    site: authorFrame(found.site),
  });
  if (verdict.verdict === "PROVEN") {
    const { notExact, ...rest } = verdict;
    return { claim: claimOf(verdict), ...rest, ...(notExact ? { notExact: finding(notExact) } : {}) };
  }
  const base = { claim: claimOf(verdict), ...verdict, finding: finding(verdict.finding) };
  if (verdict.verdict !== "REFUTED") return base;
  const { pair: _, found: __, sample, ...figures } = verdict.counterexample;
  // Of graphs that are as large as that the arrays are those of the seed, and too many for a text.
  if (figures.weights === "own") return { ...base, counterexample: { ...figures, rows: sample.rows } };
  const arrays = Object.fromEntries([...sample.arrays].map(([name, data]) => [name, Array.from(data)]));
  const read = tokensRead(verdict.counterexample);
  return { ...base, counterexample: { ...figures, rows: sample.rows, arrays, ...(read ? { tokensRead: read } : {}) } };
}
