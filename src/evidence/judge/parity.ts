/** Judges the figures of a device: every row that the fixtures ask for is there once, within bounds, and nothing contradicts itself. */
import type { Evidence } from "../format/evidence.ts";
import type { FixtureManifest } from "../format/fixtures-shape.ts";
import { COMPARISONS, type MeasuredRow } from "../format/parity.ts";
import { figuresProblem, type RowTriple, tripleProblem } from "./figures.ts";
import { type GateFinding, missing, no, yes } from "./gate-finding.ts";

/**
 * Bounds per token on hidden − x and on state rows: three to ten times the noise of fp16 partial sums in different
 * chunks, a tenth or less of what the mildest known fault does (tools/README.md, "Tolerances").
 */
const BOUNDS = { relativeL2: 1e-2, oneMinusCosine: 1e-4, worstOverRms: 5e-2 } as const;

/** A finding for each kind of comparison. `sizes`: how many elements a row of each value has. */
export function judgeParity(
  manifest: FixtureManifest,
  { parity: report }: Evidence,
  sizes: ReadonlyMap<string, number>,
): readonly GateFinding[] {
  if (!report) return COMPARISONS.map((kind) => missing(kind, "parity was not measured"));
  const { faults, tolerances, comparisons } = report;
  const [fault] = faults;
  const other = Object.entries(BOUNDS).find(([name, bound]) => tolerances[name as keyof typeof BOUNDS] !== bound);
  const common =
    fault ??
    (other &&
      `the tool judged by a bound of ${tolerances[other[0] as keyof typeof BOUNDS]} for ${other[0]}, not ${other[1]}`);
  const triples = triplesOf(comparisons);
  return COMPARISONS.map((kind) => {
    const rows = comparisons.filter((row) => row.kind === kind);
    const wrong =
      common ??
      absentProblem(wantedRows(manifest, kind), rows) ??
      boundsProblem(rows) ??
      contradiction(rows, sizes, triples);
    if (wrong !== undefined) return no(kind, wrong);
    const equal = rows.filter((row) => row.equalBits).length;
    return yes(kind, `${rows.length} rows within bounds, ${equal} with equal bits; worst ${worstOf(rows)}`);
  });
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

function boundsProblem(rows: readonly MeasuredRow[]): string | undefined {
  const bad = rows.filter((row) => !within(row));
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
    const wrong = figuresProblem(row.figures, size) ?? tripleProblem(triples.get(keyOf(row))!);
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
  const values = [
    ...outputs.map(({ name, residual }) => (residual === undefined ? name : `${name} - ${residual}`)),
    ...states.map(({ name }) => name),
    ...(caches ?? []).map(({ name }) => name),
  ];
  return calls.flatMap(({ rows, steps }, call) =>
    rows.flatMap((row, token) => {
      if (row === null || (kind !== "block against fp64" && !steps.includes(token))) return [];
      return values.map((value) => keyOf({ call, token, row, value }));
    }),
  );
}

/** Whether the figures of a row keep the bounds. */
export function within({ figures }: Pick<MeasuredRow, "figures">): boolean {
  const keeps = (name: keyof typeof BOUNDS) => {
    const x = figures[name];
    return typeof x === "number" && x >= 0 && x <= BOUNDS[name];
  };
  return figures.finite && keeps("relativeL2") && keeps("oneMinusCosine") && keeps("worstOverRms");
}

function worstOf(rows: readonly MeasuredRow[]): string {
  const worst = (name: keyof typeof BOUNDS) => Math.max(0, ...rows.map(({ figures }) => Number(figures[name])));
  const show = (x: number) => (x === 0 ? "0" : x.toExponential(1));
  return `relative L2 ${show(worst("relativeL2"))}, 1-cos ${show(worst("oneMinusCosine"))}`;
}
