/** What inputs are read as, by their roles: which term, and which promises of the host stand behind it. */
import { describe, expect, test } from "vitest";
import type { Role } from "../../../../src/dsl/role.ts";
import { input } from "../../../../src/dsl/tensor.ts";
import type { DType, Shape } from "../../../../src/dsl/type.ts";
import type * as ix from "../../../../src/passes/prove/logic/indices.ts";
import type { Leaf } from "../../../../src/passes/prove/logic/leaf.ts";
import { indexTerm, num, raw } from "../../../../src/passes/prove/logic/make.ts";
import type { Term } from "../../../../src/passes/prove/logic/terms.ts";
import { readInput, readState } from "../../../../src/passes/prove/reading/leaves.ts";
import * as scalar from "../../../../src/passes/prove/reading/scalar.ts";
import { tokenRow } from "../../../../src/passes/prove/reading/token-row.ts";
import type { Context } from "../../../../src/passes/prove/rules/context.ts";
import { indexOf } from "../../../support/prove/row-indices.ts";
import { attemptOf, leaned, told } from "../../../support/prove/told.ts";

const leaf = (c: Context, of: Leaf, at: readonly ix.Ix[] = []): Term => raw(c, { kind: "leaf", leaf: of }, [], at);
const places = (c: Context, names: readonly string[]): readonly ix.Ix[] => names.map((name) => indexOf(c, name));
const read = (c: Context, role: Role, first: number, at: readonly string[], dtype: DType = "fp16"): Term =>
  readInput(c, input("x", [9, 9, 9], dtype), role, first, places(c, at));
/** How a term is told apart here: a number, else its kind. */
const kindOf = (t: Term): string => (t.kind === "num" ? String(t.value) : t.kind);

describe("rows", () => {
  const role: Role = { kind: "rows", tokenAxis: 1 };

  test("are those of the copy's own tokens: row 1 of the copy from token 3 on is row 4", () => {
    const c = attemptOf();
    const expected = leaf(c, { of: "input", name: "x", dtype: "fp32" }, places(c, ["v", "4", "t"]));
    expect(read(c, role, 3, ["v", "1", "t"], "fp32")).toBe(expected);
    expect(leaned(c)).toBe("P6(x)");
  });

  test("of several tokens in one are looked at one by one", () => {
    const c = attemptOf();
    const asked = told(() => read(c, role, 0, ["t", "v", "0"]), kindOf);
    expect([asked, leaned(c)]).toEqual(["v: 1 2 3 4", ""]);
    expect(told(() => read(c, role, 0, ["t", "w0", "0"]), kindOf)).toBe("token row");
  });

  test("of an input without a name are told by the empty one", () => {
    const c = attemptOf();
    const { name: _, ...nameless } = input("x", [2]);
    const found = readInput(c, nameless, { kind: "rows", tokenAxis: 0 }, 0, places(c, ["1"]));
    expect(found).toBe(leaf(c, { of: "input", name: "", dtype: "fp16" }, places(c, ["1"])));
  });
});

test.each<readonly [tokens: number, leansOn: string]>([
  [1, ""],
  [2, "P9(x)"],
])("what is shared is read as it is; of %i tokens that leans on: %s", (tokens, leansOn) => {
  const c = attemptOf({ tokens });
  const expected = leaf(c, { of: "input", name: "x", dtype: "fp16" }, places(c, ["v", "1"]));
  expect(read(c, { kind: "shared" }, 1, ["v", "1"])).toBe(expected);
  expect(leaned(c)).toBe(leansOn);
});

describe("a position is the cache row of its token", () => {
  test("by its token axis", () => {
    const c = attemptOf();
    expect(read(c, { kind: "position", tokenAxis: 1 }, 0, ["v", "1"])).toBe(indexTerm(c, tokenRow(c, 1)));
    expect(read(c, { kind: "position", tokenAxis: 0 }, 1, ["0", "v"])).toBe(indexTerm(c, tokenRow(c, 1)));
    expect(leaned(c)).toBe("P10(every entry of x for a token,x) P2");
    expect(told(() => read(c, { kind: "position", tokenAxis: 0 }, 1, ["v"]), kindOf)).toBe("v: 1 2 3 4");
  });

  test.each<readonly [says: string, shape: Shape, role: Role & { kind: "position" }, leansOn: string]>([
    ["one number", [], { kind: "position" }, "P10(x) P2"],
    ["a list of one", [1], { kind: "position" }, "P10(x) P2"],
    ["a list, of which a token is any", [2], { kind: "position" }, "P10(every entry of x for a token,x) P2"],
    ["a number a token", [3], { kind: "position", tokenAxis: 0 }, "P10(x) P2"],
    ["a number a token, in a row", [1, 3], { kind: "position", tokenAxis: 1 }, "P10(x) P2"],
    ["two a token", [2, 3], { kind: "position", tokenAxis: 1 }, "P10(every entry of x for a token,x) P2"],
  ])("%s: every entry for a token is its row", (_, shape, role, leansOn) => {
    const c = attemptOf();
    const at = shape.map(() => indexOf(c, "0"));
    expect(readInput(c, input("x", shape, "int32"), role, 0, at)).toBe(indexTerm(c, tokenRow(c, 0)));
    expect(leaned(c)).toBe(leansOn);
  });

  test.each<readonly [dtype: DType, axes: readonly number[]]>([
    ["int32", [5]],
    ["int16", [2 ** 15, 5]],
    ["uint8", [2 ** 8, 5]],
  ])("that %s can name", (dtype, axes) => {
    const c = attemptOf();
    read(c, { kind: "position", tokenAxis: 0 }, 0, ["0"], dtype);
    expect([...c.record.rowAxes]).toEqual(axes);
  });

  test("of the first token where it has none", () => {
    const c = attemptOf();
    expect(read(c, { kind: "position" }, 0, ["v"])).toBe(indexTerm(c, tokenRow(c, 0)));
    expect(read(c, { kind: "position" }, 1, [])).toBe(indexTerm(c, tokenRow(c, 1)));
  });
});

describe("a write mask", () => {
  const role: Role = { kind: "write_mask", tokenAxis: 0, slotAxis: 1 };
  type Column = Context["column"];

  test.each<readonly [token: number, row: string, column: Column, entry: string, leansOn: string]>([
    [0, "w0", "one", "1", "P1 P10(x) P2"],
    [0, "w1", "one", "0", "P1 P10(x)"],
    [1, "w0", "one", "0", "P1 P10(x)"],
    [1, "w1", "one", "1", "P1 P10(x) P2"],
    [0, "u", "one", "0", "P1 P10(x)"],
    [0, "w0", "zero", "0", "P11"],
    [0, "u", "zero", "0", "P11"],
    [0, "w0", "either", "leaf", "P1 P10(x) P11 P2"],
    [0, "w1", "either", "0", "P1 P10(x)"],
    [0, "u", "either", "0", "P1 P10(x)"],
    [0, "v", "one", "v by rows", ""],
    [0, "w0+1", "one", "cache row", ""],
    [0, "3", "one", "cache row", ""],
  ])("of token %i at %s, where its column is %s: %s by %s", (token, row, column, entry, leansOn) => {
    const c = attemptOf({ column });
    expect(told(() => read(c, role, 0, [String(token), row]), kindOf)).toBe(entry);
    expect(leaned(c)).toBe(leansOn);
    if (entry === "leaf") expect(read(c, role, 0, ["0", row])).toBe(leaf(c, { of: "column", token: 0, dtype: "bool" }));
  });

  test("counts the tokens from the copy's first", () => {
    const c = attemptOf({ column: "either" });
    expect(read(c, role, 1, ["0", "w1"])).toBe(leaf(c, { of: "column", token: 1, dtype: "bool" }));
    expect(kindOf(read(c, role, 1, ["0", "w0"]))).toBe("0");
    expect(told(() => read(c, role, 0, ["v", "w1"]), kindOf)).toBe("v: 1 2 3 4");
  });

  test("may have its axes the other way round", () => {
    const c = attemptOf();
    expect(kindOf(read(c, { kind: "write_mask", tokenAxis: 1, slotAxis: 0 }, 0, ["w1", "1"]))).toBe("1");
  });
});

describe("an attention mask", () => {
  const role: Role = { kind: "mask", tokenAxis: 1, slotAxis: 2 };

  test.each<readonly [token: number, row: string, dtype: DType, entry: string, leansOn: string]>([
    [0, "w0", "fp16", "0", "P4"],
    [1, "w1", "fp16", "0", "P4"],
    [0, "w1", "fp16", "-10000", "P3"],
    [0, "w0", "bool", "1", "P4"],
    [0, "w1", "bool", "0", "P3"],
    [1, "w0", "fp16", "leaf", "P6(x)"],
    [0, "u", "fp16", "leaf", "P6(x)"],
    [0, "u", "bool", "leaf", "P6(x)"],
    [0, "v", "fp16", "v by rows", ""],
    [0, "3", "fp16", "cache row", ""],
  ])("of token %i at %s, as %s: %s by %s", (token, row, dtype, entry, leansOn) => {
    const c = attemptOf();
    expect(told(() => read(c, role, 0, ["v", String(token), row], dtype), kindOf)).toBe(entry);
    expect(leaned(c)).toBe(leansOn);
  });

  test("holds at any other row what the host feeds: at this token, and the place without it", () => {
    const c = attemptOf();
    const expected = leaf(c, { of: "mask", name: "x", dtype: "fp16" }, places(c, ["2", "v", "0", "u"]));
    expect(read(c, role, 1, ["v", "1", "u"])).toBe(expected);
  });

  test.each(["fp16", "fp32"] as const)("of two values is a choice by whether its entry is 0: %s", (dtype) => {
    for (const name of ["x", "mask", "a", "attention"]) {
      const c = attemptOf({ twoValued: true });
      const entry = leaf(c, { of: "mask", name, dtype }, places(c, ["0", "v", "0", "u"]));
      const open = scalar.compare(c, "equal", entry, num(c, 0));
      const expected = raw(c, { kind: "select" }, [open, num(c, 0), num(c, -10_000)]);
      expect(open).toBe(scalar.compare(c, "equal", num(c, 0), entry));
      expect(readInput(c, input(name, [1], dtype), role, 0, places(c, ["v", "0", "u"]))).toBe(expected);
      expect(leaned(c)).toBe(`P5 P6(${name})`);
    }
  });

  test("of truth values is two-valued as it is", () => {
    const c = attemptOf({ twoValued: true });
    expect(read(c, role, 0, ["v", "0", "u"], "bool").kind).toBe("leaf");
    expect(leaned(c)).toBe("P6(x)");
  });
});

test("a state is read at its place, by its name", () => {
  const c = attemptOf();
  const at = places(c, ["v", "w1"]);
  expect(readState(c, "K", at, { dtype: "fp16", shape: [5, 4] })).toBe(
    leaf(c, { of: "state", name: "K", dtype: "fp16" }, at),
  );
  expect(leaned(c)).toBe("");
});
