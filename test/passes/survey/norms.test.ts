/** Which RMSNorm form is safe for which rows, and where the worst row is. */
import { expect, test } from "vitest";
import { roundFp16 } from "../../../src/dsl/number.ts";
import { streamBase, uniformAt } from "../../../src/dsl/random.ts";
import { NORM_FORMS, type NormForm } from "../../../src/models/blocks/norm.ts";
import { toNDArray } from "../../../src/passes/kernels/raw.ts";
import { type NormSurvey, normSurveyor, rowsOf, SAFE_ROW_ERROR } from "../../../src/passes/survey/norms.ts";

const D = 3072;
const EPS = 1e-5;

/** A row of the given rms, with one channel of the given size. */
function row(rms: number, outlier = 0, d = D): Float64Array {
  const base = streamBase(7, Math.round(rms * 1000));
  const data = Float64Array.from({ length: d }, (_, i) => roundFp16(Math.sqrt(3) * rms * uniformAt(base, i)));
  if (outlier > 0) data[17] = outlier;
  return data;
}

/** Surveys of rows that are shown in these groups, by form. */
async function survey(...groups: readonly (readonly Float64Array[])[]): Promise<ReadonlyMap<NormForm, NormSurvey>> {
  const norms = normSurveyor("fp16");
  for (const rows of groups) {
    const [shape, data] = [[rows.length, rows[0]!.length], Float64Array.from(rows.flatMap((r) => [...r]))];
    await norms.observe("h", rowsOf({ dtype: "fp16", shape, data }, [1]), EPS);
  }
  await norms.close();
  return new Map(norms.report().map((s) => [s.form, s]));
}

const safe = (surveys: ReadonlyMap<NormForm, NormSurvey>): readonly NormForm[] =>
  NORM_FORMS.filter((form) => surveys.get(form)!.safe);

test("the default RMSNorm form is safe over the whole range, the naive one where its squares overflow", async () => {
  const rows = [row(0.01), row(0.1), row(1), row(100), row(1e4), row(1, 3000), row(1, 6e4)];
  const surveys = await survey(rows);
  expect(surveys.get("hybrid")!.worstRow).toBeLessThanOrEqual(SAFE_ROW_ERROR);
  expect(surveys.get("max")!.safe).toBe(true);
  expect(surveys.get("naive")!.safe).toBe(false);
  expect(surveys.get("sqrt_d")!.safe).toBe(false);
});

test("ordinary rows are safe in every form", async () => {
  expect(safe(await survey([row(1)]))).toEqual(NORM_FORMS);
});

test("a form is safe when no row is off: one bad row anywhere says no, and is named", async () => {
  const good = [row(1), row(1), row(1)];
  for (let at = 0; at < 3; at++) {
    const bad = good.with(at, row(1, 3000));
    for (const [groups, where] of [
      [[bad, good], at],
      [[good, bad], 3 + at],
    ] as const) {
      const naive = (await survey(...groups)).get("naive")!;
      expect(naive).toEqual({
        form: "naive",
        worstRow: expect.closeTo(1, 9),
        where: { value: "h", row: where },
        safe: false,
      });
    }
  }
});

test.each([Number.NaN, Number.POSITIVE_INFINITY])("a row with %s is safe in no form", async (bad) => {
  const surveys = await survey([row(1), row(1).with(5, bad)]);
  expect(safe(surveys)).toEqual([]);
  for (const { worstRow, where } of surveys.values())
    expect([worstRow, where.row]).toEqual([Number.POSITIVE_INFINITY, 1]);
});

test("every value is judged with its own eps", async () => {
  const norms = normSurveyor("fp16");
  const rows = rowsOf({ dtype: "fp16", shape: [1, 128], data: row(0.5, 0, 128) }, [1]);
  for (const eps of [1, 1e-5, 0.25]) await norms.observe(`eps ${eps}`, rows, eps);
  await norms.close();
  expect(norms.report().map(({ safe }) => safe)).toEqual(NORM_FORMS.map(() => true));
});

test("where no row was shown, no form is told of", () => {
  expect(normSurveyor("fp16").report()).toEqual([]);
});

test("the worst row is what each op's rounding makes of it, worked out by hand", async () => {
  const rows = [row(1, 0, 128), row(0.5, 0, 128)];
  const sums = (r: Float64Array) => r.reduce((sum, v) => sum + roundFp16(v * v), 0);
  const errors = rows.map((r) => {
    const scale = roundFp16(1 / Math.sqrt(roundFp16(sums(r) / 128) + roundFp16(EPS)));
    const exact = 1 / Math.sqrt(r.reduce((sum, v) => sum + v * v, 0) / 128 + EPS);
    return Math.hypot(...r.map((v) => roundFp16(v * scale) - v * exact)) / Math.hypot(...r.map((v) => v * exact));
  });
  const naive = (await survey(rows)).get("naive")!;
  expect(naive.worstRow).toBeCloseTo(Math.max(...errors), 7);
  expect(naive.where.row).toBe(errors.indexOf(Math.max(...errors)));
});

test("rows lie along the axes that are normed, in the order of the others", () => {
  const array = { dtype: "fp16", shape: [2, 3, 2], data: Float64Array.from({ length: 12 }, (_, i) => i) } as const;
  const rows = (axes: readonly number[]) => {
    const { shape, data } = toNDArray(rowsOf(array, axes));
    const [, d, count] = shape as readonly [number, number, number, number];
    return Array.from({ length: count }, (_, r) => Array.from({ length: d }, (_, c) => data[c * count + r]));
  };
  expect(rows([2])).toEqual([
    [0, 1],
    [2, 3],
    [4, 5],
    [6, 7],
    [8, 9],
    [10, 11],
  ]);
  expect(rows([1])).toEqual([
    [0, 2, 4],
    [1, 3, 5],
    [6, 8, 10],
    [7, 9, 11],
  ]);
  expect(rows([0, 2])).toEqual([
    [0, 1, 6, 7],
    [2, 3, 8, 9],
    [4, 5, 10, 11],
  ]);
});
