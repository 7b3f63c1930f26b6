/** The survey: which RMSNorm form is safe for a range, and what is told of each value. */
import { expect, test } from "vitest";
import { roundFp16 } from "../../../src/dsl/number.ts";
import { stack, transpose } from "../../../src/dsl/ops/index.ts";
import { streamBase, uniformAt } from "../../../src/dsl/random.ts";
import { input, named } from "../../../src/dsl/tensor.ts";
import { sizeOf } from "../../../src/dsl/type.ts";
import { SAFE_ROW_ERROR, surveyNorms } from "../../../src/passes/survey/norms.ts";
import { surveyor } from "../../../src/passes/survey/survey.ts";

const D = 3072;

/** A row of the given rms, with one channel of the given size. */
function row(rms: number, outlier = 0): Float64Array {
  const base = streamBase(7, Math.round(rms * 1000));
  const data = Float64Array.from({ length: D }, (_, i) => roundFp16(Math.sqrt(3) * rms * uniformAt(base, i)));
  if (outlier > 0) data[17] = outlier;
  return data;
}

test("the default RMSNorm form is safe over the whole range, the naive one where its squares overflow", async () => {
  const rows = [row(0.01), row(0.1), row(1), row(100), row(1e4), row(1, 3000), row(1, 6e4)];
  const surveys = new Map((await surveyNorms(rows, 1e-5)).map((s) => [s.form, s]));
  expect(surveys.get("hybrid")!.worstRow).toBeLessThanOrEqual(SAFE_ROW_ERROR);
  expect(surveys.get("max")!.safe).toBe(true);
  expect(surveys.get("naive")!.safe).toBe(false);
  expect(surveys.get("sqrt_d")!.safe).toBe(false);
});

test("ordinary rows are safe in every form but those that shrink small rows", async () => {
  const safe = (await surveyNorms([row(1)], 1e-5)).filter((s) => s.safe).map((s) => s.form);
  expect(safe).toEqual(["hybrid", "naive", "sqrt_d", "max", "layer_norm", "power_of_two"]);
});

test("a survey tells the largest element, its channel, subnormals and what is not finite", () => {
  const seen = surveyor();
  const x = named("h", input("x", [1, 3, 2]));
  const data = Float64Array.from([1, -2, 2 ** -20, 0, 32752, 4]);
  seen.observe(x, { ...x.type, data });
  seen.observe(x, { ...x.type, data: Float64Array.from([0, 0, 0, Number.NaN, 0, 0]) });
  const [report] = seen.report();
  expect(report).toMatchObject({ value: "h", maxAbs: 32752, worstChannel: 2, subnormal: 1 / 12, nonFinite: 1 });
  expect(report!.headroom).toBe(Number.NEGATIVE_INFINITY);
});

test("unnamed values that only rearrange others are left out", () => {
  const seen = surveyor();
  const x = input("x", [2, 3]);
  const [moved, kept] = [stack([x, x], { axis: 0 }), named("turned", transpose(x, { perm: [1, 0] }))];
  for (const y of [moved, kept]) seen.observe(y, { ...y.type, data: new Float64Array(sizeOf(y.type.shape)) });
  expect(seen.report().map(({ value }) => value)).toEqual(["turned"]);
});
