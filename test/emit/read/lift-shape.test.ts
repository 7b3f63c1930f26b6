/** Sizes that a program asks for are numbers once every size is chosen. */
import { expect, test } from "vitest";
import { schedule } from "../../../src/dsl/graph.ts";
import { isUserError } from "../../../src/dsl/user-error.ts";
import type { MilOperation } from "../../../src/emit/mil/records.ts";
import { lift } from "../../../src/emit/read/lift/lift.ts";
import { constOperation, literal, noBlobs, operation, program, tensorType } from "../../support/read.ts";

const ints = (...data: readonly number[]) => literal(tensorType("int32", data.length), ...data);
const int = (n: number) => literal(tensorType("int32"), n);
const flexible = {
  inputs: [{ name: "x", type: tensorType("fp16", undefined, 3) }],
};
const described = (rows: number) => ({
  main: {
    inputs: [
      {
        name: "x",
        dtype: "fp16" as const,
        shape: [rows, 3],
        range: [
          [1, 8],
          [3, 3],
        ] as const,
      },
    ],
    outputs: [],
    states: [],
  },
});

const graphOf = (rows: number, ...operations: readonly MilOperation[]) =>
  lift(program(operations, flexible, described(rows)), noBlobs);

/** One of the sizes of x, through a narrower type as converters write it. */
const rows = [
  operation("shape", "sizes", tensorType("int32", 2), { x: "x" }),
  operation("cast", "short", tensorType("int16", 2), { x: "sizes", dtype: literal(tensorType("string"), "int16") }),
  operation("gather", "short_rows", tensorType("int16"), { x: "short", indices: int(0), axis: int(0) }),
  operation("cast", "rows", tensorType("int32"), { x: "short_rows", dtype: literal(tensorType("string"), "int32") }),
];

test.each([1, 4, 7])("with %s rows, sizes joined to a shape are an attribute", (n) => {
  const y = operation("reshape", "y", tensorType("fp16", 3, undefined), { x: "x", shape: "wanted" });
  const joined = operation("concat", "wanted", tensorType("int32", 2), { values: ["three", "rows"], axis: int(0) });
  const graph = graphOf(n, ...rows, constOperation("three", int(3)), joined, y);
  expect(graph.outputs.y!.type.shape).toEqual([3, n]);
  expect(schedule(graph).map(({ def }) => def.kind)).toEqual(["input", "op"]);
});

test("what is computed of a size and an input stays computed", () => {
  const y = operation("mul", "y", tensorType("int32", 2), { x: "sizes", y: "position" });
  const inputs = [...flexible.inputs, { name: "position", type: tensorType("int32", 1) }];
  const position = { name: "position", dtype: "int32" as const, shape: [1] };
  const main = { ...described(2).main, inputs: [...described(2).main.inputs, position] };
  const graph = lift(program([rows[0]!, y], { inputs }, { main }), noBlobs);
  expect(
    schedule(graph)
      .map(({ def }) => def.kind)
      .sort(),
  ).toEqual(["const", "input", "input", "op"]);
});

test("a constant of the file is folded with nothing: it stays what the file says", () => {
  const y = operation("add", "y", tensorType("int32", 2), { x: "one", y: "two" });
  const graph = graphOf(2, constOperation("one", ints(1, 1)), constOperation("two", ints(2, 2)), y);
  expect(graph.outputs.y!.def.kind).toBe("op");
});

test("scalars are joined to a vector, computed ones too", () => {
  const sum = operation("reduce_sum", "sum", tensorType("fp16"), { x: "x" });
  const y = operation("concat", "y", tensorType("fp16", 2), { values: ["sum", "sum"], axis: int(0) });
  expect(graphOf(2, sum, y).outputs.y!.type.shape).toEqual([2]);
});

test("a size outside what is gathered from it is a mistake of the file", () => {
  const beyond = operation("gather", "y", tensorType("int32"), { x: "sizes", indices: int(2), axis: int(0) });
  const build = () => graphOf(2, rows[0]!, beyond);
  expect(build).toThrow("position 2 is outside an axis of size 2");
  try {
    build();
  } catch (error) {
    expect(isUserError(error)).toBe(true);
  }
});
