/** Judges the figures of a device: every row that the fixtures ask for is there once, within bounds, and nothing contradicts itself. */

import { ROW_KINDS } from "../../passes/parity/sequence.ts";
import { judgedName } from "../fixtures.ts";
import type { Evidence } from "../format/evidence.ts";
import type { FixtureManifest } from "../format/fixtures-shape.ts";
import { COMPARISONS, type MeasuredRow } from "../format/parity.ts";
import { type Bounds, chipName, FLAT, predictedFor, within } from "./bounds.ts";
import { figuresProblem, type RowTriple, tripleProblem, twinProblem } from "./figures.ts";
import { type GateFinding, missing, no, yes } from "./gate-finding.ts";
import { type BoundsOfRows, boundsAt, boundsFor, FINITE, type RowBounds, rowKey } from "./row-bounds.ts";

/**
 * A finding for each kind of comparison. `sizes`: how many elements a row of each value has; `bounds`: those of rows against fp64, as the
 * recording gives them.
 */
export function judgeParity(
  manifest: FixtureManifest,
  evidence: Evidence,
  sizes: ReadonlyMap<string, number>,
  bounds?: BoundsOfRows,
): readonly GateFinding[] {
  const { parity: report } = evidence;
  const wide = boundsFor(bounds, predictedFor(manifest, evidence));
  if (!report) return COMPARISONS.map((kind) => missing(kind, "parity was not measured"));
  const { faults, tolerances, comparisons } = report;
  const [fault] = faults;
  const other = Object.entries(FLAT).find(([name, bound]) => tolerances[name as keyof Bounds] !== bound);
  const common =
    fault ??
    otherChip(manifest, evidence) ??
    (other && `the tool judged by a bound of ${tolerances[other[0] as keyof Bounds]} for ${other[0]}, not ${other[1]}`);
  const triples = triplesOf(comparisons);
  return COMPARISONS.map((kind) => {
    const rows = comparisons.filter((row) => row.kind === kind);
    const wrong =
      common ??
      absentProblem(wantedRows(manifest, kind), rows) ??
      boundsProblem(rows, kind === "block against steps" ? undefined : wide) ??
      contradiction(rows, sizes, triples);
    const how = kind === "block against steps" ? "" : boundsText(manifest, evidence, wide);
    if (wrong !== undefined) return no(kind, `${wrong}${wrong.includes("out of bounds") ? how : ""}`);
    const equal = rows.filter((row) => row.equalBits).length;
    const told = `${manifest.predicted ? how : ""}${kindsText(manifest, kind, rows, wide)}`;
    return yes(kind, `${rows.length} rows within bounds, ${equal} with equal bits; worst ${worstOf(rows)}${told}`);
  });
}

/** The tool has to judge by the prediction where it is for the chip, and only there. */
function otherChip(manifest: FixtureManifest, evidence: Evidence): string | undefined {
  const [wanted, said] = [predictedFor(manifest, evidence), evidence.parity?.predicted ?? undefined];
  if (said === wanted) return undefined;
  const judged = said === undefined ? "flat bounds" : `a prediction for ${said}`;
  const right = wanted === undefined ? "flat bounds" : `the fixtures' prediction for ${wanted}`;
  return `the tool judged by ${judged}, and for ${evidence.system.chip} it is ${right}`;
}

/** By which bounds rows against fp64 were judged, and why. */
function boundsText(manifest: FixtureManifest, evidence: Evidence, wide: RowBounds | undefined): string {
  const { predicted } = manifest;
  if (!predicted) return "; the bounds are flat, since the fixtures predict no engine's arithmetic (emit --target)";
  if (predictedFor(manifest, evidence) === undefined || !wide)
    return `; the bounds are flat, since the prediction is for ${chipName(predicted.chip)}, not ${evidence.system.chip}`;
  const most = Math.max(...[...wide.values()].map(({ relativeL2 }) => relativeL2));
  return `; bounds by the prediction for ${predicted.chip}, relative L2 up to ${most.toExponential(1)}`;
}

/** A row that is not there, stands twice or was not asked for. */
function absentProblem(wanted: readonly string[], rows: readonly MeasuredRow[]): string | undefined {
  const compared = new Set(rows.map(keyOf));
  const absent = wanted.filter((key) => !compared.has(key));
  if (absent.length > 0) return `${absent.length} of ${wanted.length} rows were not compared`;
  if (compared.size < rows.length) return `${rows.length - compared.size} rows stand there twice`;
  const asked = new Set(wanted);
  const stranger = rows.find((row) => !asked.has(keyOf(row)));
  return stranger && `the fixtures have no ${placeOf(stranger)}`;
}

function boundsProblem(rows: readonly MeasuredRow[], wide: RowBounds | undefined): string | undefined {
  const bad = rows.filter((row) => !within(row, boundsAt(wide, rowKey(row))));
  const [first] = bad;
  if (first) return `${bad.length} of ${rows.length} rows out of bounds, first: ${placeOf(first)}`;
  const failed = rows.find(({ passes }) => !passes);
  return failed && `the tool failed ${placeOf(failed)}, whose figures are within bounds`;
}

function contradiction(
  rows: readonly MeasuredRow[],
  sizes: ReadonlyMap<string, number>,
  triples: ReadonlyMap<string, RowTriple>,
): string | undefined {
  for (const row of rows) {
    const size = sizes.get(row.value.split(" - ")[0]!) ?? sizes.get(row.value);
    if (size === undefined) return `nobody knows how long a row of ${row.value} is`;
    const triple = triples.get(keyOf(row))!;
    const twins = row.kind === "steps against fp64" ? twinProblem(triple) : undefined;
    const wrong = figuresProblem(row.figures, size) ?? tripleProblem(triple) ?? twins;
    if (wrong !== undefined) return `${placeOf(row)}: ${wrong}`;
  }
  return undefined;
}

const PLACE_IN_TRIPLE = {
  "block against steps": "blockSteps",
  "block against fp64": "blockExact",
  "steps against fp64": "stepsExact",
} as const satisfies Readonly<Record<MeasuredRow["kind"], keyof RowTriple>>;

function triplesOf(comparisons: readonly MeasuredRow[]): ReadonlyMap<string, RowTriple> {
  const triples = new Map<string, RowTriple>();
  for (const row of comparisons)
    triples.set(keyOf(row), { ...triples.get(keyOf(row)), [PLACE_IN_TRIPLE[row.kind]]: row });
  return triples;
}

const keyOf = (x: Pick<MeasuredRow, "call" | "token" | "row" | "value">) => [x.call, x.token, x.row, x.value].join("|");
const placeOf = (x: MeasuredRow) => `call ${x.call} token ${x.token} (row ${x.row}), ${x.value}`;

function wantedRows({ calls, outputs, states, caches }: FixtureManifest, kind: MeasuredRow["kind"]): readonly string[] {
  const kept = [...states, ...(caches ?? [])].map(({ name }) => name);
  return calls.flatMap(({ rows, steps, draw }, call) => {
    const values = [...outputs.map((output) => judgedName(output, draw.kind)), ...kept];
    return rows.flatMap((row, token) => {
      if (row === null || (kind !== "block against fp64" && !steps.includes(token))) return [];
      return values.map((value) => keyOf({ call, token, row, value }));
    });
  });
}

/** How many rows of each kind there were, which of them were held to be finite and to nothing else, and which kinds are not among them. */
function kindsText(
  { calls, leftOut }: FixtureManifest,
  compared: MeasuredRow["kind"],
  rows: readonly MeasuredRow[],
  wide: RowBounds | undefined,
): string {
  const counts = ROW_KINDS.flatMap((kind) => {
    const count = rows.filter(({ call }) => calls[call]!.draw.kind === kind).length;
    return count > 0 ? [`${count} ${kind}`] : [];
  });
  const free = rows.filter(
    (row) => compared !== "block against steps" && boundsAt(wide, rowKey(row)) === FINITE,
  ).length;
  return [
    counts.length > 1 ? `; of rows ${counts.join(", ")}` : "",
    free > 0 ? `, ${free} of them merely finite, for nothing predicts this chip's small numbers` : "",
    leftOut.length > 0 ? `; the packages bear no ${leftOut.join(" and no ")} rows` : "",
  ].join("");
}

function worstOf(rows: readonly MeasuredRow[]): string {
  const worst = (name: keyof Bounds) => Math.max(0, ...rows.map(({ figures }) => Number(figures[name])));
  const show = (x: number) => (x === 0 ? "0" : x.toExponential(1));
  return `relative L2 ${show(worst("relativeL2"))}, 1-cos ${show(worst("oneMinusCosine"))}`;
}
