/** `graphc survey` on RMSNorm: what is normed is what is judged, and `safe` tells the rows that it rests on. */
import { expect, test } from "vitest";
import { roundFp16 } from "../../../src/dsl/number.ts";
import { NORM_FORMS } from "../../../src/models/blocks/norm.ts";
import { graphc } from "../../support/cli.ts";
import { checkpoint, D, embedding, graphFile, model, type Surveyed, survey, VOCAB } from "../../support/surveyed.ts";

/** With --tokens 1, the tokens whose embeddings the four blocks are fed. */
const FED = [1, 3, 5, 7];
const ONE = ["--tokens", "1"];

const judged = ({ record }: Surveyed, form: string) => record.norms.find((norm) => norm.form === form)!;

/** How far the form that scales by c first is off on a row, op by op. */
function shrunkError(row: readonly number[], c: number): number {
  const z = row.map((v) => roundFp16(v * roundFp16(c)));
  const mean = roundFp16(z.reduce((sum, v) => sum + roundFp16(v * v), 0) / D);
  const scale = roundFp16(1 / Math.sqrt(mean + roundFp16(1e-5 * c * c)));
  const exact = 1 / Math.sqrt(row.reduce((sum, v) => sum + v * v, 0) / D + 1e-5);
  const off = Math.hypot(...z.map((v, i) => roundFp16(v * scale) - row[i]! * exact));
  return off / Math.hypot(...row.map((v) => v * exact));
}

test("small rows that are named like a row of the residual, and never are normed, count for nothing", async () => {
  const rows = embedding();
  const surveyed = await survey(model(checkpoint(rows), ...ONE));
  const tokens = { of: "tokens", ids: FED, vocabulary: VOCAB };
  expect(surveyed.record.normed).toEqual([
    { value: "x", eps: 1e-5, rows: VOCAB, sample: { of: "vocabulary" } },
    { value: "attn.residual", eps: 1e-5, rows: FED.length, sample: tokens },
  ]);
  expect(surveyed.record.norms.map(({ form, safe }) => [form, safe])).toEqual(NORM_FORMS.map((form) => [form, true]));
  for (const [form, c] of [
    ["naive", 1],
    ["sqrt_d", D ** -0.5],
    ["power_of_two", 2 ** -5],
  ] as const) {
    const errors = Array.from({ length: VOCAB }, (_, t) => shrunkError(rows.slice(t * D, (t + 1) * D), c));
    const { worstRow, where } = judged(surveyed, form);
    expect(worstRow).toBeCloseTo(Math.max(...errors), 6);
    expect(where).toEqual({ value: "x", row: errors.indexOf(Math.max(...errors)) });
  }
});

test("one row of the embedding at whichever token, fed or not, says no, and is named", async () => {
  for (let token = 0; token < VOCAB; token++) {
    const surveyed = await survey(model(checkpoint(embedding().with(token * D + 5, 3000)), ...ONE));
    const { safe, where } = judged(surveyed, "naive");
    expect([safe, where]).toEqual([false, { value: "x", row: token }]);
  }
});

test("the residual is judged as well: what attention adds to one channel says no", async () => {
  const folder = checkpoint(embedding(), (i) => (i < 64 ? 64 : 0));
  const { safe, where } = judged(await survey(model(folder, ...ONE)), "naive");
  expect([safe, where]).toEqual([false, { value: "attn.residual", row: expect.any(Number) }]);
});

test("between layers and in a later layer it rests on samples, and says so", async () => {
  const folder = checkpoint(embedding());
  const two = await survey(model(folder, "--layers", "2", ...ONE));
  expect(two.record.normed.map(({ value, rows }) => [value, rows])).toEqual([
    ["x", VOCAB],
    ["layers.0.attn.residual", FED.length],
    ["layers.0.out", FED.length],
    ["layers.1.attn.residual", FED.length],
  ]);
  const later = await survey(model(folder, "--layer", "1", "--seed", "5", ...ONE));
  const random = { rows: FED.length, sample: { of: "random", seed: 5 } };
  expect(later.record.normed).toMatchObject([
    { value: "x", ...random },
    { value: "attn.residual", ...random },
  ]);
});

test("the report tells the bound and the rows", async () => {
  const folder = checkpoint(embedding());
  const { out } = await graphc(["survey", ...model(folder)]);
  expect(out).toMatch(/^x +1\.0e-5 +8: the whole vocabulary$/m);
  expect(out).toMatch(/^attn\.residual +1\.0e-5 +16: a sample, from tokens 0, 0, 1 … 7 of a vocabulary of 8$/m);
  expect(out).toContain("Safe: of those rows, none is off by more than 0.002 of its length.");
  expect(out.match(/^\w+ +\d\.\de-\d +x, row \d +safe for these 24 rows$/gm)).toHaveLength(NORM_FORMS.length);
  const random = await graphc(["survey", ...model(folder, "--layer", "1", "--seed", "5")]);
  expect(random.out).toMatch(/^x +1\.0e-5 +16: a sample, from random inputs of rms 1 \(seed 5\)$/m);
  const wide = await graphc(["survey", ...model(checkpoint(embedding().with(0, Number.NaN)))]);
  expect(wide.out.match(/^\w+ +not finite +x, row 0 +NOT SAFE$/gm)).toHaveLength(NORM_FORMS.length);
});

test("RMSNorm of an author's graph is found in it, with its eps, on the rows of a value that is another's bytes", async () => {
  const norm = "rmsNorm(h, constant([1, 1, 1], [1, 3, 1, 1]), { eps: 0.5, form: 'naive' })";
  const file = graphFile(
    `const h = reshape(x, { shape: [1, 3, T, 2] }); return graph({ name: "g", inputs: [x], outputs: { y: ${norm} } });`,
  );
  const { record } = await survey([file, "--tokens", "2", "--max-seq", "8"]);
  expect(record.normed).toEqual([{ value: "reshape", eps: 0.5, rows: 16, sample: { of: "random", seed: 1 } }]);
  expect(record.norms.map(({ where }) => where.value)).toEqual(NORM_FORMS.map(() => "reshape"));
});

test("a norm whose eps is not understood is told, and no form is judged by it", async () => {
  const norm = "mul(x, rsqrt(add(reduce_mean(square(x), { axes: [1], keep_dims: true }), square(x))))";
  const file = graphFile(`return graph({ name: "g", inputs: [x], outputs: { y: ${norm} } });`);
  const argv = [file, "--tokens", "2", "--max-seq", "8"];
  const { record } = await survey(argv);
  expect([record.norms, record.normed]).toMatchObject([[], [{ value: "x", eps: null, rows: 0 }]]);
  const { out } = await graphc(["survey", ...argv]);
  expect(out).toContain("RMSNorm, of which no form is judged:");
  expect(out).toMatch(/^x +none: what is added to the mean square was not understood$/m);
});
