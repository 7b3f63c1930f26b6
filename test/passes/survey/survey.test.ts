/** The survey: what is told of each value, in the terms of its own dtype, and what is looked at without a line. */
import { expect, test } from "vitest";
import { graph } from "../../../src/dsl/graph.ts";
import { stack, transpose } from "../../../src/dsl/ops/index.ts";
import { constant, input, named, type Tensor, weight } from "../../../src/dsl/tensor.ts";
import { type DType, sizeOf } from "../../../src/dsl/type.ts";
import { toRaw } from "../../../src/passes/kernels/raw.ts";
import { surveyor } from "../../../src/passes/survey/survey.ts";

const x = input("x", [1, 3, 2]);
const graphOf = (outputs: Readonly<Record<string, Tensor>>) => graph({ name: "g", inputs: [x], outputs });
const one = graphOf({ y: x });

/** What a surveyor tells of one value that had these contents, call after call. */
function survey(value: Tensor, ...calls: readonly (readonly number[])[]) {
  const seen = surveyor(one);
  for (const data of calls) seen.observe(value, { ...value.type, data: Float64Array.from(data) });
  return seen.report().values[0]!;
}

test("the largest element, its channel, rms and subnormals are told, in bits or in doubles", () => {
  const data = [1, -2, 2 ** -20, 0, 32752, 4];
  const told = {
    ...{ value: "x", kind: "input", dtype: "fp16", maxAbs: 32752, worstChannel: 2, subnormal: 1 / 6, nonFinite: 0 },
    rms: Math.sqrt((1 + 4 + 2 ** -40 + 32752 ** 2 + 16) / 6),
    site: x.site,
  };
  expect(survey(x, data)).toEqual({ ...told, headroom: expect.closeTo(1, 3) });
  const seen = surveyor(one);
  seen.observe(x, toRaw({ ...x.type, data: Float64Array.from(data) }));
  expect(seen.report().values[0]).toEqual({ ...told, headroom: expect.closeTo(1, 3) });
});

test("zeros have any number of doublings left", () => {
  expect(survey(x, [0, 0, 0, 0, 0, 0])).toMatchObject({ maxAbs: 0, headroom: Number.POSITIVE_INFINITY });
});

test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
  "%s is counted at every place, in whichever call, and its channel is the worst",
  (bad) => {
    const good = [1, 2, 3, 4, 60000, 6];
    for (let i = 0; i < 6; i++) {
      const spoilt = good.with(i, bad);
      const expected = { nonFinite: 1, headroom: Number.NEGATIVE_INFINITY, worstChannel: Math.floor(i / 2) };
      expect(survey(x, spoilt, good)).toMatchObject(expected);
      expect(survey(x, good, spoilt)).toMatchObject(expected);
    }
    expect(survey(x, [1, 2, bad, 4, 5, bad], good)).toMatchObject({ nonFinite: 2, worstChannel: 1, maxAbs: 60000 });
  },
);

test("fp32 has its own ends", () => {
  const wide = input("w", [2], "fp32");
  expect(survey(wide, [1e30, 2 ** -20])).toMatchObject({ subnormal: 0, headroom: expect.closeTo(28.34, 2) });
  expect(survey(wide, [2 ** -127, 2 ** -126])).toMatchObject({ subnormal: 0.5 });
  expect(survey(wide, [Math.fround(3.4028234e38), 0]).headroom).toBeCloseTo(0, 5);
  expect(survey(wide, [Infinity, 0])).toMatchObject({ nonFinite: 1, headroom: Number.NEGATIVE_INFINITY });
});

test.each<[dtype: DType, data: readonly number[]]>([
  ["int32", [2 ** 31 - 1, 0]],
  ["bool", [1, 0]],
])("%s does not overflow to infinity, and is not judged", (dtype, data) => {
  const told = survey(input("n", [2], dtype), data);
  expect(told).toMatchObject({ maxAbs: data[0], subnormal: null, headroom: null, nonFinite: 0 });
});

test("16 bits of a whole number are not those of an fp16", () => {
  const [n, seen] = [named("n", input("n", [2], "uint16")), surveyor(one)];
  seen.observe(n, { ...n.type, data: Uint16Array.of(0xffff, 1) });
  expect(seen.report().values[0]).toMatchObject({ maxAbs: 65535, nonFinite: 0 });
});

test("what is quiet has no line, but is looked at: unnamed constants, and unnamed values that only rearrange", () => {
  const [moved, kept] = [stack([x, x], { axis: 0 }), named("turned", transpose(x, { perm: [0, 2, 1] }))];
  const output = transpose(x, { perm: [2, 1, 0] });
  const [quiet, table] = [constant([1], [1]), named("table", constant([1], [1]))];
  const values = [x, quiet, table, weight("w", [2]), moved, kept, output];
  const survey = (bad?: Tensor) => {
    const seen = surveyor(graphOf({ out: output }));
    for (const y of values)
      seen.observe(y, { ...y.type, data: new Float64Array(sizeOf(y.type.shape)).fill(y === bad ? Infinity : 1) });
    return seen.report();
  };
  const names = survey().values.map(({ value }) => value);
  expect(names).toEqual(["x", "table", "w", "turned", "out"]);
  expect(survey().looked).toEqual({ input: 1, state: 0, weight: 1, const: 2, op: 3 });
  const bad = values.map((y) => survey(y).values.filter(({ nonFinite }) => nonFinite > 0));
  expect(bad.map((lines) => lines.map(({ value }) => value).join())).toEqual([
    "x",
    "const",
    "table",
    "w",
    "stack",
    "turned",
    "out",
  ]);
});
