/** What the engine can take, against a device's own answers. */
import { describe, expect, test } from "vitest";
import { graph } from "../../../src/dsl/graph.ts";
import { isConstant } from "../../../src/dsl/operands.ts";
import * as ops from "../../../src/dsl/ops/index.ts";
import { constant, input, type Tensor } from "../../../src/dsl/tensor.ts";
import type { OpValue } from "../../../src/passes/lint/lint-rule.ts";
import { PLACEMENT_RECORD } from "../../../src/passes/lint/placement-record.ts";
import { CHIPS } from "../../../src/passes/placement/chips.ts";
import { predictPlacement } from "../../../src/passes/placement/predict.ts";
import { SUPPORT_RULES, supportOf } from "../../../src/passes/placement/support.ts";
import { fitOf, halvesOf } from "./halves.ts";
import { FORMS, UNSPELLED } from "./recorded.ts";
import type { Form } from "./recorded-form.ts";
import { keptScore, ROWS, ruleScore, type Score, scoreOf } from "./score.ts";

const asked = { chip: CHIPS.get("m4")!, isConstant, record: PLACEMENT_RECORD };

describe("every row of the record that graphc has words for", () => {
  test("98 % are answered as the device answers them; the others by name", () => {
    const { wrong, unanswered } = scoreOf(FORMS);
    expect({ wrong, unanswered }).toEqual({ wrong: [], unanswered: ["range_1d#1"] });
    expect(FORMS.length + UNSPELLED.size).toBe(ROWS);
    expect(new Set([...FORMS.map(({ name }) => name), ...UNSPELLED.keys()]).size).toBe(ROWS);
  });

  test("fitted on one half by a seed, 98 % of what it answers of the other half is right", () => {
    const { byOp, byClass } = keptScore();
    const text = ({ right, rows, wrong }: Score) => `${right} of ${rows} right; wrong: ${wrong.join(", ")}`;
    console.log(`placement, rows kept aside, by op: ${text(byOp)}; by class as well: ${text(byClass)}`);
    expect(byOp.right / (byOp.right + byOp.wrong.length)).toBeGreaterThanOrEqual(0.98);
    expect(byOp.right).toBeGreaterThan(byOp.rows / 2);
    expect(byClass.right).toBeGreaterThan(byOp.right);
  });

  test("both halves have cases of every op that has two, and no row is in both", () => {
    const { fit, kept } = halvesOf(FORMS, 7);
    expect(new Set([...fit, ...kept]).size).toBe(FORMS.length);
    const opsOf = (rows: readonly Form[]) => new Set(rows.map(({ value }) => value.def.op));
    const several = [...opsOf(FORMS)].filter((op) => {
      const cases = FORMS.filter(({ value }) => value.def.op === op).map(({ name }) => name.split("#")[0]);
      return new Set(cases).size > 1;
    });
    expect(several.filter((op) => !opsOf(fit).has(op) || !opsOf(kept).has(op))).toEqual([]);
    expect(several.length).toBeGreaterThan(30);
  });

  test("a row that was kept aside has no part in the fit, and one of the fit has", () => {
    const { fit, kept } = halvesOf(FORMS, 2026);
    const fits = (rows: readonly Form[]) => fitOf(halvesOf(rows, 2026).fit);
    const flipped = (which: readonly Form[]) =>
      FORMS.map((form) => (which.includes(form) ? { ...form, takes: !form.takes } : form));
    const own = fits(FORMS);
    expect(fits(flipped(kept))).toEqual(own);
    for (const row of fit) expect(fits(flipped([row]))).not.toEqual(own);
  });

  test("a rule that is wrong shows in its score", () => {
    const axis = SUPPORT_RULES.find(({ refusal }) => refusal === "axis")!;
    const planted = { ...axis, find: (value: OpValue) => (value.type.shape.length === 3 ? "rank 3" : undefined) };
    expect(ruleScore(axis)).toMatchObject({ fires: 3, refused: 3 });
    const { fires, refused } = ruleScore(planted);
    expect(refused).toBeLessThan(fires);
  });
});

const image = input("x", [1, 64, 32, 32]);
const positions = input("at", [4], "int32");
const kernel = constant(new Float64Array(64 * 64 * 16), [64, 64, 1, 16], "fp16");

/** What the planner printed as its reason (the same record), and the kind of refusal that it is here. */
const REASONS: readonly (readonly [printed: string, refusal: string, value: Tensor])[] = [
  ["MIL operation unsupported", "op", ops.band_part(input("x", [1, 128, 128]))],
  ["MIL operation unsupported", "op", ops.cumsum(image, { axis: 3 })],
  ["scatter only on uANE targets u1-u4", "op", ops.scatter(image, positions, input("u", [1, 64, 32, 4]), { axis: 3 })],
  ["connected to an int32 live-in", "type", ops.slice_by_size(image, positions, { size: [1, 1, 1, 1] })],
  ["tensor data type int32 unsupported", "type", ops.add(positions, positions)],
  ["gather index type unsupported", "index", ops.gather(image, positions, { axis: 1 })],
  ["output type int32 unsupported", "type", ops.reduce_argmax(image, { axis: 1 })],
  ["N, D, C, H, W each 1..65536", "axis", ops.relu(input("x", [1, 65537, 1, 1]))],
  [
    "one output channel of input A exceeds Kmem",
    "contraction",
    ops.matmul(input("a", [1, 16, 65536]), input("b", [1, 65536, 16])),
  ],
  ["large kernel does not meet decomposition preconditions", "kernel", ops.conv(image, kernel, { pad_type: "same" })],
];

describe("refusals are of the planner's kind, say why, and what to do", () => {
  test.each(REASONS)("%s: %s", (_, refusal, value) => {
    const support = supportOf(value as OpValue, asked);
    expect(support).toMatchObject({ can: "no", refusal });
    expect(Object.values(support).every((text) => text.length > 1)).toBe(true);
  });
});

describe("types that no form on record had are not answered", () => {
  const wide = input("wide", [1, 64, 32, 32], "fp32");
  const short = input("short", [1, 64, 32, 32], "int16");
  const can = (value: Tensor) => supportOf(value as OpValue, asked).can;
  test.each<readonly [string, Tensor]>([
    ["exp of fp32", ops.exp(wide)],
    ["add of fp32", ops.add(wide, wide)],
    ["reshape of fp32", ops.reshape(wide, { shape: [64, 1024] })],
    ["comparison of fp32", ops.less(wide, wide)],
    ["cast to int16", ops.cast(image, { dtype: "int16" })],
    ["cast to uint16", ops.cast(image, { dtype: "uint16" })],
    ["cast from int16", ops.cast(short, { dtype: "fp16" })],
    ["gather_along_axis of int16", ops.gather_along_axis(short, short, { axis: 1 })],
    ["reshape of int16", ops.reshape(short, { shape: [64, 1024] })],
  ])("%s", (_, value) => expect(can(value)).toBe("not in the record"));

  test("a prediction names them with their types", () => {
    const g = graph({ name: "g", inputs: [wide], outputs: { y: ops.exp(wide) } });
    expect(predictPlacement(g, asked.chip, isConstant).outside).toEqual(["the op exp of fp32"]);
  });

  test("casts between fp16, fp32 and bool, and indices of int16, are on record", () => {
    const isLess = ops.less(image, image);
    const known = [
      ops.cast(image, { dtype: "fp32" }),
      ops.cast(wide, { dtype: "fp16" }),
      ops.cast(isLess, { dtype: "fp16" }),
      ops.gather_along_axis(image, short, { axis: 1 }),
    ];
    expect(known.map(can)).toEqual(["yes", "yes", "yes", "yes"]);
  });
});
