/** A verdict in a few lines: the claim, what it rests on, what follows; or where the graphs part. `--explain` tells all. */
import { counted } from "../../dsl/counted.ts";
import { figure } from "../../dsl/figure.ts";
import { showReason } from "../../passes/prove/logic/opaque.ts";
import { PRECONDITIONS, type Precondition } from "../../passes/prove/logic/preconditions.ts";
import type { Finding } from "../../passes/prove/refute/finding.ts";
import type { Counterexample } from "../../passes/prove/refute/shrink.ts";
import { tokensRead } from "../../passes/prove/refute/tokens-read.ts";
import type { Corollary } from "../../passes/prove/report/corollaries.ts";
import type { Proven, Used, Verdict } from "../../passes/prove/report/verdict.ts";
import { authorFrame, excerpt } from "../errors/report.ts";
import { wrapLine } from "../terminal/wrap.ts";
import { partingTerms } from "./parting.ts";
import { pictureLines } from "./picture.ts";
import { claimOf } from "./prove-text.ts";
import { byName } from "./roles-text.ts";
import type { Sides } from "./sides.ts";

/** Where the whole verdict is to be had. */
const MORE: readonly string[] = ["--explain tells all"];

/** The first line is the claim, as in the whole verdict; `more` stands at the end of the last one. */
export function briefSides(verdict: Verdict, sides: Sides, more = MORE): string {
  const head = `${claimOf(verdict)}: ${sides.claim}`;
  const body = verdict.verdict === "PROVEN" ? proven(verdict, sides, more) : failed(verdict, sides, more);
  return [wrapLine(head), ...body].join("\n");
}

function proven(verdict: Proven, { countsTokens }: Sides, more: readonly string[]): readonly string[] {
  const { level, corollaries, notExact, preconditions, gapBound, roles } = verdict;
  const reals = level === "exact" ? "" : "over the real numbers, not in bits, ";
  const conditions = [...kept(preconditions, gapBound), ...byName(roles)];
  return [
    `  ${reals}for all weights, inputs, ${caches(verdict)}; ${attack(verdict)}`,
    ...(notExact ? [`  not exact: ${placeOf(notExact)}`] : []),
    ...(conditions.length === 0 ? [] : [`  if ${conditions.join(", and ")}`]),
    ...lastLine([...followings(corollaries, countsTokens ? verdict.sizes.tokens : 1), ...more]),
  ].map(wrapLine);
}

const lastLine = (parts: readonly string[]): readonly string[] => (parts.length === 0 ? [] : [`  ${parts.join("; ")}`]);

const caches = ({ anyCacheSize, sizes: { slots, tokens } }: Proven): string => {
  if (!anyCacheSize) return "and caches of this number of rows";
  return `caches and cache sizes${slots > tokens ? ` above ${tokens} rows` : ""}`;
};

/** `the host keeps P1-P4 P6-P8 (scores at most 4944)`: the bound is never rounded, since that might promise more. */
function kept(preconditions: readonly Used[], gapBound: number | undefined): readonly string[] {
  if (preconditions.length === 0) return [];
  const bound = gapBound === undefined ? "" : ` (scores at most ${gapBound})`;
  // No host can keep what values come to.
  const fed = preconditions.map(({ id }) => id).filter((id) => id !== "P15");
  return [
    ...(fed.length === 0 ? [] : [`the host keeps ${ranges(fed)}${bound}`]),
    ...(fed.length === preconditions.length ? [] : ["P15: no value leaves its clamp, now or in an earlier call"]),
  ];
}

const NUMBERED: readonly Precondition[] = (Object.keys(PRECONDITIONS) as Precondition[]).filter((id) => id !== "P2'");

/** In the order of their numbers, those that follow each other as `P1-P4`; P2', which is none of them, last. */
function ranges(ids: readonly Precondition[]): string {
  const runs: Precondition[][] = [];
  for (const id of ids.filter((one) => one !== "P2'")) {
    const run = runs.at(-1);
    if (run && NUMBERED.indexOf(id) === NUMBERED.indexOf(run.at(-1)!) + 1) run.push(id);
    else runs.push([id]);
  }
  const shown = runs.map((run) => (run.length > 2 ? `${run[0]}-${run.at(-1)}` : run.join(" ")));
  return [...shown, ...ids.filter((id) => id === "P2'")].join(" ");
}

function attack({ attacked }: Proven): string {
  if (!attacked) return "too large to be run here";
  const { met, runs } = attacked;
  if (met === 0) return `run on ${counted(runs, "input")}, which say nothing of the reals`;
  return `run on ${counted(met, "input")}: no difference`;
}

const SHORT: Readonly<Record<Corollary["name"], (tokens: number) => string>> = {
  acceptPrefix: (tokens) => `any m <= ${tokens} tokens may be accepted`,
  rejectedRows: () => "rejected rows are never read",
  padding: () => "padding leaves no trace",
  positions: () => "positions may be scattered",
  capacity: () => "",
};
const DENIED: Readonly<Record<Corollary["name"], string>> = {
  acceptPrefix: "accepting a part of the block",
  rejectedRows: "rejected rows",
  padding: "padding",
  positions: "positions",
  capacity: "",
};

/** What holds, what is asked for, and what is not claimed, each in a few words; a block of one token has neither prefix nor padding. */
function followings(corollaries: readonly Corollary[], tokens: number): readonly string[] {
  const told = corollaries.filter(({ name }) => SHORT[name](tokens) !== "" && tokens > 1);
  const gains = told.filter((one) => one.holds && !isDemand(one)).map(({ name }) => SHORT[name](tokens));
  const denied = told.filter(({ holds }) => !holds).map(({ name }) => DENIED[name]);
  return [
    ...(gains.length > 0 ? [`so ${gains.join(", ")}`] : []),
    ...(told.some(isDemand) ? ["positions must be contiguous"] : []),
    ...(denied.length > 0 ? [`not claimed: ${denied.join(", ")}`] : []),
  ];
}

const isDemand = ({ needs }: Corollary): boolean => needs.includes("P2'");

function failed(verdict: Exclude<Verdict, Proven>, sides: Sides, more: readonly string[]): readonly string[] {
  const { finding, roles } = verdict;
  return [
    ...(finding.value === "" ? [] : [wrapLine(`  first difference: ${placeOf(finding)}`)]),
    ...whyLines(finding, sides),
    wrapLine(
      verdict.verdict === "REFUTED"
        ? counterexampleLine(verdict.counterexample, sides)
        : `  searched: ${verdict.searched}`,
    ),
    ...(verdict.verdict === "REFUTED" ? pictureLines(tokensRead(verdict.counterexample), sides) : []),
    ...excerpt(authorFrame(finding.site)),
    ...lastLine([...byName(roles).map((names) => `taken for granted: ${names}`), ...more]).map(wrapLine),
  ];
}

const placeOf = ({ value, op, where }: Finding): string => `${value}${op === "" ? "" : ` (${op})`}, ${where}`;

function whyLines(finding: Finding, { one, other }: Sides): readonly string[] {
  const { block, step, reason, hint, later } = finding;
  const [a, b] = block !== undefined && step !== undefined ? partingTerms(block, step) : [block, step];
  return [
    ...(later ? ["  a token sees the row of a later one there: no mask shuts it"] : []),
    ...(a === undefined ? [] : [`  ${one}: ${a}`]),
    ...(b === undefined ? [] : [`  ${other}: ${b}`]),
    ...(reason === undefined ? [] : [`  reason: ${showReason(reason)}`]),
    ...(hint === undefined ? [] : [`  it would close with: ${hint}`]),
  ].map(wrapLine);
}

function counterexampleLine({ mismatch, tokens, slots }: Counterexample, { gave }: Sides): string {
  const { name, index, token, block, step } = mismatch;
  const where = `${name}[${index.join(",")}]${token === undefined ? "" : `, token ${token}`}`;
  const gives = `${gave[0]} ${figure(block, step)}, ${gave[1]} ${figure(step, block)}`;
  return `  on ${counted(tokens, "token")} and ${counted(slots, "cache row")}: ${where}: ${gives}`;
}
