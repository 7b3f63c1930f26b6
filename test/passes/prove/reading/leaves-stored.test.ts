/** Weights and constants: which stored element is read, and when two weights share it. */
import { describe, expect, test } from "vitest";
import type { DType, Shape } from "../../../../src/dsl/type.ts";
import type { WeightSource } from "../../../../src/dsl/weight-source.ts";
import * as ix from "../../../../src/passes/prove/logic/indices.ts";
import type { Term } from "../../../../src/passes/prove/logic/terms.ts";
import { readConst, readWeight, weightPlace } from "../../../../src/passes/prove/reading/leaves.ts";
import type { Context } from "../../../../src/passes/prove/rules/context.ts";
import { valueAt } from "../../../support/prove/index-expr.ts";
import { indexOf } from "../../../support/prove/row-indices.ts";
import { attemptOf, leaned, told } from "../../../support/prove/told.ts";

describe("a weight", () => {
  test("is told by its place among the stored elements, in row-major order", () => {
    const c = attemptOf();
    const s = c.store.indices;
    const at = [ix.variable(s, "a", 2), ix.variable(s, "b", 3), ix.variable(s, "d", 4)];
    const t = readWeight(c, { base: "W", offset: 100 }, { dtype: "fp16", shape: [2, 3, 4] }, at);
    expect(t.kind === "leaf" && t.leaf).toEqual({ of: "weight", base: "W", dtype: "fp16" });
    expect(t.ix.length).toBe(1);
    for (const a of [0, 1])
      for (const b of [0, 1, 2])
        for (const d of [0, 3]) expect(valueAt(t.ix[0]!, { a, b, d })).toBe(100 + 12 * a + 4 * b + d);
  });

  const of = (more: Partial<Extract<WeightSource, { from: "checkpoint" }>> = {}): WeightSource => ({
    from: "checkpoint",
    tensor: "W",
    ...more,
  });
  const packed = (sha256: string, offset = 0): WeightSource => ({ from: "package", sha256, file: "f", offset });

  test.each<readonly [says: string, source: WeightSource, shape: Shape, offset: number]>([
    ["the whole begins at 0", of(), [6, 4], 0],
    ["rows from the first on too", of({ rows: [0, 2] }), [2, 4], 0],
    ["rows from the second on, after the first", of({ rows: [1, 3] }), [2, 4], 4],
    ["whatever shape they are given", of({ rows: [2, 4] }), [2, 2, 3], 12],
    ["a blob", packed("ab"), [2, 2], 0],
  ])("begins where its rows do: %s", (_, source, shape, offset) => {
    const place = weightPlace(source, { dtype: "fp16", shape });
    expect(place.offset).toBe(offset);
    if (source.from === "checkpoint") expect(place.base).toBe("W");
  });

  test("of columns, of a transpose, or of another name or blob shares nothing with the others", () => {
    const sources = [
      of(),
      of({ columns: [0, 2] }),
      of({ columns: [1, 3] }),
      of({ columns: [0, 2], rows: [0, 2] }),
      of({ transform: "transpose" }),
      of({ transform: "transpose", columns: [0, 2] }),
      of({ transform: "transpose", rows: [0, 2] }),
      of({ tensor: "V" }),
      of({ tensor: '\0["W"]' }),
      of({ tensor: '\0["W",null,[0,2],null]' }),
      of({ tensor: "W\0" }),
      packed("W"),
      packed("V"),
    ];
    const places = sources.map((source) => weightPlace(source, { dtype: "fp16", shape: [2, 4] }));
    expect(new Set(places.map(({ base }) => base)).size).toBe(sources.length);
    expect(places.map(({ offset }) => offset)).toEqual(sources.map(() => 0));
    // A name that no part of another could be spelled with stays as it is, for people.
    expect(weightPlace(of({ tensor: "W\0" }), { dtype: "fp16", shape: [1] }).base).toBe("W\0");
  });

  test("of joined tensors, of multiplied rows, or a part of a quantised one begins where its rows do, in a weight of its own", () => {
    const joined = [
      { tensor: "W", rows: 4 },
      { tensor: "V", rows: 2 },
    ];
    const scaled = { factor: 2, period: 2, count: 1, below: 4 };
    const quantised = { how: "nearest", part: "codes", width: 4 } as const;
    const kinds = [{ joined }, { scaled }, { quantised }, { joined, scaled }, { joined: joined.toReversed() }, {}];
    const type = { dtype: "fp16", shape: [2, 4] } as const;
    const bases = kinds.map((kind) => {
      const [first, third] = [[0, 2] as const, [2, 4] as const].map((rows) => weightPlace(of({ ...kind, rows }), type));
      expect([first!.offset, third!.offset]).toEqual([0, 8]);
      expect(third!.base).toBe(first!.base);
      expect(weightPlace(of(kind), { dtype: "fp16", shape: [6, 4] })).toEqual(first);
      return first!.base;
    });
    expect(new Set(bases).size).toBe(kinds.length);
  });

  test("of one blob is one, wherever its file lies", () => {
    const type = { dtype: "fp16", shape: [2] } as const;
    expect(weightPlace(packed("ab", 64), type)).toEqual(weightPlace(packed("ab", 0), type));
  });
});

const constantAt = (c: Context, data: readonly number[], i: ix.Ix, dtype: DType = "fp16"): Term =>
  readConst(c, data, { dtype, shape: [data.length] }, [i]);
const shown = (t: Term): string => (t.kind === "num" ? String(t.value) : t.kind === "leaf" ? t.leaf.of : t.kind);
const MANY = Array.from({ length: 20 }, (_, k) => (k * k) % 7);
/** So many runs of so many equal numbers. */
const runs = (count: number, length: number): readonly number[] =>
  Array.from({ length: count * length }, (_, k) => Math.floor(k / length) % 2);

describe("a constant", () => {
  test.each<readonly [says: string, data: readonly number[], index: string, dtype: DType, found: string, by: string]>([
    ["at a number: its element", MANY, "3", "fp16", "2", ""],
    ["uniform: its number", [5, 5, 5, 5, 5], "v", "fp16", "5", ""],
    ["uniform, at a row", [5, 5, 5, 5, 5], "w0", "fp16", "5", "sized"],
    ["uniform but for the last", [5, 5, 5, 5, 6], "v", "fp16", "v: 4", ""],
    ["uniform but for the first", [6, 5, 5, 5, 5], "v", "fp16", "v: 1", ""],
    ["of two runs: cut between them", [5, 5, 6, 6, 6], "v", "fp16", "v: 2", ""],
    ["of three runs in five numbers", [5, 5, 6, 6, 5], "v", "fp16", "v: 2 4", ""],
    ["of more changes than half its length", [5, 6, 6, 5, 6], "v", "fp16", "table", ""],
    ["of runs, of whole numbers that do not count", [5, 5, 6, 6, 6], "v", "int32", "v: 2", ""],
    ["of runs, not at the variable itself", [5, 5, 6, 6, 6, 6], "v+1", "fp16", "table", ""],
    ["of runs, at a row", [5, 5, 6, 6, 6], "w0", "fp16", "table", "P2 sized"],
    ["of runs, at any other row", [5, 5, 6, 6, 6], "u", "fp16", "table", "P2 sized"],
    ["at a sum of variables", MANY, "v-t+15", "fp16", "table", ""],
    ["of all kinds of numbers", MANY, "long", "fp16", "table", ""],
    ["that counts", [3, 4, 5, 6, 7], "v", "int32", "index", ""],
    ["that counts, in floats", [3, 4, 5, 6, 7], "v", "fp16", "table", ""],
    ["that counts, at a row", [3, 4, 5, 6, 7], "w0", "int32", "index", "sized"],
  ])("%s", (_, data, index, dtype, found, by) => {
    const c = attemptOf();
    expect(told(() => constantAt(c, data, indexOf(c, index), dtype), shown)).toBe(found);
    expect(leaned(c)).toBe(by);
  });

  test("at any other row beside a variable leans on the rows", () => {
    const c = attemptOf();
    const s = c.store.indices;
    const both = ix.plus(s, ix.times(s, ix.variable(s, "v", 4), 5), ix.rest(s, "u", 5));
    expect(shown(constantAt(c, MANY, both))).toBe("table");
    expect(leaned(c)).toBe("P2 sized");
  });

  test.each<readonly [count: number, length: number, found: string]>([
    [8, 3, "v: 3 6 9 12 15 18 21"],
    [9, 3, "table"],
    [20, 3, "table"],
    [4, 2, "v: 2 4 6"],
    [2, 1, "table"],
  ])("of %i runs of %i", (count, length, found) => {
    const c = attemptOf();
    const data = runs(count, length);
    expect(told(() => constantAt(c, data, ix.variable(c.store.indices, "v", data.length)), shown)).toBe(found);
  });

  test.each<readonly [says: string, data: readonly number[]]>([
    ["from 0", [0, 1, 2, 3, 4, 5]],
    ["from another number", [7, 8, 9, 10, 11, 12]],
    ["down", [5, 4, 3, 2, 1, 0]],
    ["in periods", [2, 3, 4, 12, 13, 14, 22, 23, 24]],
    ["in periods of equal numbers", [1, 1, 1, 4, 4, 4]],
    ["in equal periods", [3, 5, 3, 5, 3, 5]],
  ])("that counts %s is that count at every place", (_, data) => {
    const c = attemptOf();
    const t = constantAt(c, data, ix.variable(c.store.indices, "v", data.length), "int32");
    expect(t.kind).toBe("index");
    expect(data.map((_x, v) => valueAt(t.ix[0]!, { v }))).toEqual(data);
    expect(c.record.counts.get("counting-table")).toBe(1);
  });

  test("is a table by its numbers: equal ones are one, others are not", () => {
    const c = attemptOf();
    const i = indexOf(c, "long");
    const one = constantAt(c, MANY, i);
    expect(constantAt(c, [...MANY], i)).toBe(one);
    expect(constantAt(c, MANY.with(19, 0.5), i)).not.toBe(one);
    expect(constantAt(c, MANY, i, "fp32")).not.toBe(one);
    expect(constantAt(c, MANY, indexOf(c, "t"))).not.toBe(one);
    expect(one.ix).toEqual([i]);
  });

  test("of several axes is read in row-major order", () => {
    const c = attemptOf();
    const data = [1, 2, 3, 4, 5, 6];
    const at = (a: string, b: string) =>
      shown(readConst(c, data, { dtype: "fp16", shape: [2, 3] }, [indexOf(c, a), indexOf(c, b)]));
    expect([at("0", "0"), at("0", "2"), at("1", "0"), at("1", "1")]).toEqual(["1", "3", "4", "5"]);
  });
});
