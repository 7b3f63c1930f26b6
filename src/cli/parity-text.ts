/** A parity report as text: one line a token, one a state, and a verdict. */
import type { CallReport, ParityReport } from "../passes/parity/parity.ts";
import { ONE_TOKEN } from "./prove-text.ts";
import { rolesLines } from "./roles-text.ts";
import { table } from "./table.ts";
import { wrapLine } from "./wrap.ts";

/** What the report is about, and how long it took. */
export interface Heading {
  readonly name: string;
  readonly weights: string;
  readonly seconds: number;
}

const figure = (x: number): string => (x === 0 ? "0" : x.toExponential(1));

/** The figures are taken on the output minus the input of its shape (hidden − x), token by token. */
export function printParity(report: ParityReport, { name, weights, seconds }: Heading): string {
  const rows = report.calls.flatMap((call, n) => callRows(call, n));
  const counted = report.calls.flatMap((call) => call.tokens);
  const equal = counted.filter((t) => t.equal).length;
  const verdict = report.equal
    ? "EQUAL: every bit of every token and state"
    : `DIFFERS: ${counted.length - equal} of ${counted.length} tokens, ${statesDiffering(report)} states`;
  return [
    wrapLine(`${name}, weights ${weights}`),
    ...rolesLines(report.roles),
    "",
    table(["call", "value", "row", "bits", "rel L2", "1-cos", "worst/rms", "ulps"], rows),
    ...(report.tokens === 1 ? [wrapLine(ONE_TOKEN)] : []),
    wrapLine(`${verdict} (${report.calls.length} calls, ${seconds.toFixed(1)} s)`),
  ].join("\n");
}

const statesDiffering = (report: ParityReport): number =>
  report.calls.reduce((n, call) => n + call.states.filter((s) => !s.equal).length, 0);

function callRows({ call, tokens, states }: CallReport, n: number): readonly (readonly string[])[] {
  const label = `${n} ${call.label}`;
  return [
    ...tokens.map((t) => [
      label,
      `${t.output}[${t.token}]`,
      `${t.row}`,
      t.equal ? "equal" : "differ",
      figure(t.relativeL2),
      figure(t.cosine),
      figure(t.worstOverRms),
      `${t.ulps}`,
    ]),
    ...states.map((s) => [label, s.state, shortList(s.rows), s.equal ? "equal" : "differ", "", "", "", ""]),
  ];
}

/** `3,4,5` or `3,4,5,… (12)`. */
const shortList = (rows: readonly number[]): string =>
  rows.length <= 4 ? rows.join(",") : `${rows.slice(0, 3).join(",")},… (${rows.length})`;
