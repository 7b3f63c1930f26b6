/** Judges the figures of a device: every row that the fixtures ask for is there, and within bounds. */
import { COMPARISONS, type Evidence, type MeasuredRow } from "./evidence.ts";
import type { FixtureManifest } from "./fixtures-shape.ts";
import { type GateFinding, missing, no, yes } from "./gate-finding.ts";

/**
 * Bounds per token on hidden − x and on state rows: three to ten times the noise of fp16 partial sums in different
 * chunks, a tenth or less of what the mildest known fault does (tools/README.md, "Tolerances").
 */
const BOUNDS = { relativeL2: 1e-2, oneMinusCosine: 1e-4, worstOverRms: 5e-2 } as const;

/** A finding for each kind of comparison: every row that the fixtures ask for is there and within bounds. */
export function judgeParity(manifest: FixtureManifest, { parity: report }: Evidence): readonly GateFinding[] {
  if (!report) return COMPARISONS.map((kind) => missing(kind, "parity was not measured"));
  const [fault] = report.faults;
  return COMPARISONS.map((kind) => {
    if (fault !== undefined) return no(kind, fault);
    const rows = report.comparisons.filter((row) => row.kind === kind);
    const compared = new Set(rows.map(keyOf));
    const wanted = wantedRows(manifest, kind);
    const absent = wanted.filter((key) => !compared.has(key));
    if (absent.length > 0) return no(kind, `${absent.length} of ${wanted.length} rows were not compared`);
    const bad = rows.filter((row) => !within(row));
    const [first] = bad;
    if (first) return no(kind, `${bad.length} of ${rows.length} rows out of bounds, first: ${placeOf(first)}`);
    const equal = rows.filter((row) => row.equalBits).length;
    return yes(kind, `${rows.length} rows within bounds, ${equal} with equal bits; worst ${worstOf(rows)}`);
  });
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
