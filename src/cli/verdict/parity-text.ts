/** A parity report as text: what differs, what was exercised, and a verdict; with `--explain` a line a token and a state. */
import type { CallReport } from "../../passes/parity/call.ts";
import type { ParityReport } from "../../passes/parity/parity.ts";
import { ALL_COUNTS, type LeftOut, leftOutText } from "../interface/outputs.ts";
import { table } from "../terminal/table.ts";
import { wrapLine } from "../terminal/wrap.ts";
import { byName, rolesLines } from "./roles-text.ts";
import { ONE_TOKEN } from "./sides.ts";

/** What the report is about, and how long it took. */
export interface Heading {
  readonly name: string;
  readonly weights: string;
  readonly seconds: number;
  /** Lines on what was fed. */
  readonly fed?: readonly string[];
  /** What of the outputs does not count. */
  readonly leftOut?: LeftOut;
  /** Every row and every role is shown, not only what differs and what was guessed. */
  readonly explain?: boolean;
}

/** Rows that are shown of those that differ; the first ones say most. */
const SHOWN = 8;

const figure = (x: number): string => (x === 0 ? "0" : x.toExponential(1));

/** The figures are taken on the output minus the input of its shape (hidden − x), token by token. */
export function printParity(
  report: ParityReport,
  { name, weights, seconds, fed = [], leftOut = ALL_COUNTS, explain = false }: Heading,
): string {
  return [
    wrapLine(`${name}, weights ${weights}`),
    ...(explain
      ? rolesLines(report.roles)
      : byName(report.roles).map((names) => wrapLine(`taken for granted: ${names}`))),
    ...fed,
    ...rowsTable(report, explain),
    ...(report.tokens === 1 ? [wrapLine(ONE_TOKEN)] : []),
    wrapLine(exercisedLine(report)),
    wrapLine(`${parityVerdict(report)}${leftOutText(leftOut)} (${report.calls.length} calls, ${seconds.toFixed(1)} s)`),
  ].join("\n");
}

/** What makes it a no, or everything; a call that counts for nothing is none. */
function rowsTable({ calls, equal }: ParityReport, explain: boolean): readonly string[] {
  const rows = calls.flatMap((call, n) => callRows(call, n));
  const differing = rows.filter(([, , , bits]) => bits === "differ");
  const notFinite = rows.filter(([, , , bits]) => bits === "not finite");
  const asked = explain ? rows : equal ? [] : differing.length > 0 ? differing : notFinite;
  const shown = explain ? asked : asked.slice(0, SHOWN);
  if (shown.length === 0) return [];
  const more = asked.length - shown.length;
  return [
    "",
    table(["call", "value", "row", "bits", "rel L2", "1-cos", "worst/rms", "ulps"], shown),
    ...(more > 0 ? [`and ${more} more; --explain shows every row`] : []),
  ];
}

/** A no is a difference, or that values which every host feeds are not finite: equal NaNs say nothing. */
export function parityVerdict({ equal, calls }: ParityReport): string {
  if (equal) return "EQUAL: every bit of every token and state";
  const counted = calls.filter(({ counts }) => counts === "yes");
  const all = counted.flatMap((call) => call.tokens);
  const [tokens, states] = [all.filter((one) => !one.equal).length, statesDiffering(counted)];
  if (tokens + states > 0) return `DIFFERS: ${tokens} of ${all.length} tokens, ${states} states`;
  const call = calls.find(({ counts }) => counts === "not finite");
  return `NOT FINITE: call "${call?.call.label}" gives an infinity or NaN, on which equal bits say nothing`;
}

function exercisedLine({ exercised: e, tokens }: ParityReport): string {
  const [least, most] = e.largest.map(size);
  return [
    `exercised: ${e.tokens} tokens in ${e.calls} calls, seeds ${e.seeds.join(", ")}`,
    ...(e.seen ? [`${e.seen[0]} to ${e.seen[1]} cache rows shown`] : []),
    ...(e.oldRowsShut ? ["old rows shut from some tokens"] : []),
    ...(e.lastRow === undefined ? [] : [`row ${e.lastRow}, the last of the cache as its interface tells, written`]),
    ...(tokens > 1 ? [`${e.rejected} tokens rejected`] : []),
    ...(e.deadColumns > 0 ? [`${e.deadColumns} dead columns (${e.deadBeforeLive} before a live one)`] : []),
    `largest |x| of a call ${least} to ${most}`,
    ...e.wholeNumbers.map((name) => `${name}: 0 and 1 only`),
    ...droppedParts(e),
    ...(e.notFinite > 0 ? [`${e.notFinite} calls not finite, which count for nothing`] : []),
    ...(e.beyondMask > 0
      ? [`${e.beyondMask} calls in which rows that a mask shuts show, which count for nothing`]
      : []),
  ].join("; ");
}

const size = (x: number): number => Number(x.toPrecision(3));

/** Why a scale was dropped. */
const WHY = { "not finite": "not finite", "beyond the mask": "what a mask shuts showed" } as const;

/** Scales at which a pass said nothing, by the reason. */
function droppedParts({ dropped }: ParityReport["exercised"]): readonly string[] {
  return (["not finite", "beyond the mask"] as const).flatMap((why) => {
    const sizes = dropped.filter((one) => one.why === why).map(({ largest }) => `${size(largest)}`);
    const list = [sizes.slice(0, -1).join(", "), ...sizes.slice(-1)].filter((part) => part !== "").join(" and ");
    return sizes.length === 0 ? [] : [`rows up to ${list} were dropped: ${WHY[why]}`];
  });
}

const statesDiffering = (calls: readonly CallReport[]): number =>
  calls.reduce((n, call) => n + call.states.filter((s) => !s.equal).length, 0);

function callRows({ call, tokens, states, counts }: CallReport, n: number): readonly (readonly string[])[] {
  const label = `${n} ${call.label}`;
  const bits = (equal: boolean) => (counts !== "yes" ? counts : equal ? "equal" : "differ");
  return [
    ...tokens.map((t) => [
      label,
      `${t.output}[${t.token}]`,
      `${t.row}`,
      bits(t.equal),
      figure(t.relativeL2),
      figure(t.cosine),
      figure(t.worstOverRms),
      `${t.ulps}`,
    ]),
    ...states.map((s) => [label, s.state, shortList(s.rows), bits(s.equal), "", "", "", ""]),
  ];
}

/** `3,4,5` or `3,4,5,… (12)`. */
const shortList = (rows: readonly number[]): string =>
  rows.length <= 4 ? rows.join(",") : `${rows.slice(0, 3).join(",")},… (${rows.length})`;
