/** A comparison with a reference as text: the rows that are beyond the bound, or the farthest of each value, and a verdict. */
import { counted } from "../../dsl/counted.ts";
import { figure } from "../../dsl/figure.ts";
import { table } from "../terminal/table.ts";
import { wrapLine } from "../terminal/wrap.ts";
import type { ReferenceRow } from "./compare.ts";

/** What was compared with what. */
export interface ReferenceHeading {
  readonly name: string;
  readonly weights: string;
  /** The file of the reference. */
  readonly file: string;
  /** The largest relative L2 distance of a row. */
  readonly within: number;
  /** Outputs that the file does not hold. */
  readonly notCompared: readonly string[];
  /** Every row is shown. */
  readonly explain: boolean;
}

/** Rows that are shown of those that are beyond; the first ones say most. */
const SHOWN = 8;

type Verdict = "WITHIN" | "BEYOND" | "NOT FINITE" | "NOTHING TOLD";

/** A yes needs a row of every value that tells something. */
export function referenceVerdict(rows: readonly ReferenceRow[]): Verdict {
  if (rows.some(({ verdict }) => verdict === "not finite")) return "NOT FINITE";
  if (rows.some(({ verdict }) => verdict === "beyond")) return "BEYOND";
  const told = new Set(rows.filter(({ verdict }) => verdict === "within").map(({ value }) => value));
  return rows.length > 0 && rows.every(({ value }) => told.has(value)) ? "WITHIN" : "NOTHING TOLD";
}

/** What `parity --reference` prints. */
export function printReference(rows: readonly ReferenceRow[], heading: ReferenceHeading): string {
  const { name, weights, file, explain } = heading;
  const asked = explain ? rows : rows.filter(({ verdict }) => verdict === "beyond" || verdict === "not finite");
  const shown = explain ? asked : asked.length > 0 ? asked.slice(0, SHOWN) : farthestOfEach(rows);
  return [
    wrapLine(`${name}, weights ${weights}, against ${file}`),
    "",
    table(["value", "row of", "to the reference", "rel L2", "1-cos", "worst/rms"], shown.map(cells)),
    ...(asked.length > shown.length ? [`and ${asked.length - shown.length} more; --explain shows every row`] : []),
    wrapLine(verdictLine(rows, heading)),
  ].join("\n");
}

function cells({ value, of, verdict, relativeL2, cosine, worstOverRms }: ReferenceRow): readonly string[] {
  const row = of.kind === "whole" ? "all of it" : `${of.kind} ${of.at}`;
  return [value, row, verdict, ...[relativeL2, cosine, worstOverRms].map((x) => figure(x))];
}

const distanceOf = ({ relativeL2 }: ReferenceRow): number =>
  Number.isNaN(relativeL2) ? Number.POSITIVE_INFINITY : relativeL2;

const farthest = (rows: readonly ReferenceRow[]): ReferenceRow =>
  rows.reduce((far, row) => (distanceOf(row) > distanceOf(far) ? row : far));

const farthestOfEach = (rows: readonly ReferenceRow[]): readonly ReferenceRow[] =>
  [...new Set(rows.map(({ value }) => value))].map((name) => farthest(rows.filter(({ value }) => value === name)));

/** The verdict, and by which row. */
export function verdictLine(rows: readonly ReferenceRow[], { within, file, notCompared }: ReferenceHeading): string {
  const left = notCompared.length === 0 ? "" : `; not in ${file}, and not compared: ${notCompared.join(", ")}`;
  const far = farthest(rows);
  const row = far.of.kind === "whole" ? far.value : `${far.of.kind} ${far.of.at} of ${far.value}`;
  const verdict = referenceVerdict(rows);
  const bad = rows.filter((one) => one.verdict === "beyond" || one.verdict === "not finite").length;
  switch (verdict) {
    case "WITHIN": {
      const zero = rows.filter((one) => one.verdict === "zero").length;
      const empty = zero === 0 ? "" : `; ${counted(zero, "row is", "rows are")} zero in both and tell nothing`;
      return `WITHIN ${within}: ${counted(rows.length - zero, "row")}, the farthest ${row} at ${figure(far.relativeL2)}${empty}${left}`;
    }
    case "BEYOND":
      return `BEYOND ${within}: ${bad} of ${counted(rows.length, "row")}, the farthest ${row} at ${figure(far.relativeL2)}${left}`;
    case "NOT FINITE":
      return `NOT FINITE: ${bad} of ${counted(rows.length, "row")} cannot be near to any number${left}`;
    case "NOTHING TOLD":
      return `NOTHING TOLD: of a value every row is what the graph was fed, in both${left}`;
  }
}
