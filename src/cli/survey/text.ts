/** A survey as text: a line each value, what was looked at, and which RMSNorm forms are safe for which rows. */
import { SAFE_ROW_ERROR } from "../../passes/survey/norms.ts";
import { place } from "../errors/report.ts";
import { table } from "../terminal/table.ts";
import { wrapLine } from "../terminal/wrap.ts";
import type { NormedRows, SurveyRecord, ValueRecord } from "./measure.ts";

/** Doublings left before overflow at which a value is worth a warning. */
const NARROW = 2;
/** Token ids that are shown at the head of a list. */
const HEAD = 3;

/** The report for a person; `record` has all of it as data. */
export function surveyText(name: string, weights: string, record: SurveyRecord): string {
  const head = ["value", "dtype", "max |x|", "rms", "subnormal", "doublings left", "worst channel", ""];
  return [
    wrapLine(`${name}, weights ${weights}`),
    table(head, record.values.map(valueRow)),
    "",
    wrapLine(lookedAt(record)),
    wrapLine(verdict(record.values)),
    "",
    ...normLines(record),
  ].join("\n");
}

const figure = (x: number): string => (x === 0 ? "0" : x.toExponential(2));

function valueRow(v: ValueRecord): readonly string[] {
  return [
    v.value,
    v.dtype,
    figure(v.maxAbs),
    figure(v.rms),
    v.subnormal === null ? "" : `${(100 * v.subnormal).toFixed(1)}%`,
    v.headroom !== null && Number.isFinite(v.headroom) ? v.headroom.toFixed(1) : "",
    `${v.worstChannel}`,
    noteOf(v),
  ];
}

function noteOf({ nonFinite, maxAbs, headroom }: ValueRecord): string {
  if (nonFinite > 0) return `${nonFinite} NOT FINITE`;
  if (maxAbs === 0) return "all zero";
  return headroom !== null && headroom < NARROW ? "near overflow" : "";
}

function lookedAt({ looked, calls }: SurveyRecord): string {
  const kinds = [
    `${looked.input} inputs`,
    `${looked.weight} weights`,
    `${looked.const} constants`,
    `${looked.state} states at exit`,
    `${looked.op} results of ops, the outputs among them`,
  ];
  return `Looked at, every element, over ${calls.blocks} blocks of ${calls.tokens} tokens: ${kinds.join(", ")}.`;
}

function verdict(values: readonly ValueRecord[]): string {
  const found = values.filter(({ nonFinite }) => nonFinite > 0);
  const bad = found.map(({ value, at }) => (at ? `${value} (${place(at)})` : value));
  return bad.length === 0 ? "All of them are finite." : `NOT FINITE: ${bad.join(", ")}.`;
}

function normLines({ norms, normed }: SurveyRecord): readonly string[] {
  if (normed.length === 0) return ["No RMSNorm of an fp16 value was found in this graph, so no form is judged."];
  const inputs = table(
    ["normed", "eps", "rows"],
    normed.map((n) => [n.value, n.eps === null ? "" : n.eps.toExponential(1), sampleText(n)]),
  );
  if (norms.length === 0) return ["RMSNorm, of which no form is judged:", inputs];
  const rows = normed.reduce((n, target) => n + target.rows, 0);
  const verdicts = norms.map(({ form, worstRow, where, safe }) => [
    form,
    Number.isFinite(worstRow) ? worstRow.toExponential(1) : "not finite",
    `${where.value}, row ${where.row}`,
    safe ? `safe for these ${rows} rows` : "NOT SAFE",
  ]);
  return [
    "RMSNorm was run on:",
    inputs,
    "",
    wrapLine(
      `Forms in fp16 against fp64. Safe: of those rows, none is off by more than ${SAFE_ROW_ERROR} of its length.`,
    ),
    table(["form", "worst row", "where", ""], verdicts),
  ];
}

function sampleText({ eps, rows, sample }: NormedRows): string {
  if (eps === null) return "none: what is added to the mean square was not understood";
  switch (sample.of) {
    case "vocabulary":
      return `${rows}: the whole vocabulary`;
    case "tokens":
      return `${rows}: a sample, from tokens ${listed(sample.ids)} of a vocabulary of ${sample.vocabulary}`;
    case "random":
      return `${rows}: a sample, from random inputs of rms 1 (seed ${sample.seed})`;
  }
}

const listed = (ids: readonly number[]): string =>
  ids.length <= HEAD + 1 ? ids.join(", ") : `${ids.slice(0, HEAD).join(", ")} … ${ids.at(-1)}`;
