/** Positions below 0 in files of older opsets: counted from the end there, outside from iOS 17 on. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Graph, graph, schedule } from "../../../src/dsl/graph.ts";
import { add, gather, greater_equal, select } from "../../../src/dsl/ops/index.ts";
import { input, type OpDef, type Tensor } from "../../../src/dsl/tensor.ts";
import type { Shape } from "../../../src/dsl/type.ts";
import { lift } from "../../../src/emit/read/lift/lift.ts";
import { lower } from "../../../src/emit/write/lower.ts";
import { arrayOf, type NDArray } from "../../../src/passes/interpret/array.ts";
import { evaluate } from "../../../src/passes/interpret/evaluate.ts";
import { exampleOf, randomFrom } from "../../support/ops/examples.ts";
import {
  constOperation,
  literal,
  noBlobs,
  operation,
  plannedBlobs,
  program,
  tensorType,
  X,
} from "../../support/read.ts";

const INDEXED = ["gather", "gather_along_axis", "gather_nd", "scatter", "scatter_along_axis", "scatter_nd"] as const;

/** The graph as a file of another opset says it. */
function readAs(opset: string, graph: Graph): Graph {
  const { model, blobs } = lower(graph);
  return lift({ ...model, functions: model.functions.map((f) => ({ ...f, opset })) }, plannedBlobs(blobs));
}

/** A random example whose positions are fed: the sizes of the axes that they lie on in turn, and the name of their input. */
function fedExample(name: string, seed: number) {
  const { graph, inputs } = exampleOf(name, randomFrom(seed));
  const { operands, attrs } = schedule(graph).find(({ def }) => def.kind === "op" && def.op === name)!.def as OpDef;
  const [indices, x] = [operands.indices, operands.x ?? operands.data] as readonly Tensor[];
  const first = (attrs.axis ?? attrs.batch_dims ?? 0) as number;
  const sizes = x!.type.shape.slice(first, first + (name.endsWith("_nd") ? indices!.type.shape.at(-1)! : 1));
  return indices!.def.kind === "input" ? { graph, inputs, sizes, positions: indices!.def.name } : undefined;
}

/** The same positions, every third one counted from the end of its axis. */
const fromTheEnd = (array: NDArray, sizes: Shape): NDArray => ({
  ...array,
  data: array.data.map((p, i) => (i % 3 === 0 ? p - sizes[i % sizes.length]! : p)),
});

describe.each(INDEXED)("%s at run-time positions", (name) => {
  test.each(["CoreML5", "CoreML6"])("of %s: those below 0 count from the end", (opset) => {
    let fed = 0;
    fc.assert(
      fc.property(fc.nat(500), (seed) => {
        const example = fedExample(name, seed);
        if (!example) return;
        fed++;
        const { graph, inputs, sizes, positions } = example;
        const expected = evaluate(graph, { values: inputs });
        const read = readAs(opset, graph);
        expect(evaluate(read, { values: inputs })).toEqual(expected);
        const below = { ...inputs, [positions]: fromTheEnd(inputs[positions]!, sizes) };
        expect(evaluate(read, { values: below })).toEqual(expected);
      }),
      { numRuns: 40 },
    );
    expect(fed).toBeGreaterThan(5);
  });

  test.each(["CoreML7", "CoreML8"])("of %s: one below 0 is outside, and the mend says what to write", (opset) => {
    const { graph, inputs, sizes, positions } = Array.from({ length: 50 }, (_, seed) => fedExample(name, seed)).find(
      (example) => example !== undefined,
    )!;
    const run = () =>
      evaluate(readAs(opset, graph), {
        values: { ...inputs, [positions]: fromTheEnd(inputs[positions]!, sizes) },
      });
    expect(run).toThrow(/: position -\d+ is outside an axis of size \d+$/);
    expect(run).toThrow(expect.objectContaining({ mend: expect.stringContaining("add the size of the axis") }));
  });
});

test.each([
  ["CoreML6", [1, 0]],
  ["CoreML8", undefined],
] as const)("known positions below 0 in %s", (opset, read) => {
  const positions = constOperation("p", literal(tensorType("int32", 2), -1, -2));
  const model = program([positions, operation("gather", "y", X, { x: "x", indices: "p" })]);
  const lifted = () => lift({ ...model, functions: model.functions.map((f) => ({ ...f, opset })) }, noBlobs);
  if (!read) expect(lifted).toThrow("gather: position -1 is outside an axis of size 2");
  else
    expect((((lifted().outputs.y!.def as OpDef).operands.indices as Tensor).def as { data: unknown }).data).toEqual(
      read,
    );
});

test("positions without a sign stay as they are, short ones become whole numbers", () => {
  const lifted = (dtype: "uint16" | "int16") => {
    const model = program([
      operation("cast", "p", tensorType(dtype, 2, 3), {
        x: "x",
        dtype: literal({ ...tensorType("string") }, dtype as never),
      }),
      operation("gather", "y", tensorType("fp16", 2, 3, 3), { x: "x", indices: "p" }),
    ]);
    return lift({ ...model, functions: model.functions.map((f) => ({ ...f, opset: "CoreML6" })) }, noBlobs);
  };
  const indicesOf = (graph: Graph) => (graph.outputs.y!.def as OpDef).operands.indices as Tensor;
  expect(indicesOf(lifted("uint16"))).toMatchObject({ type: { dtype: "uint16" }, def: { op: "cast" } });
  expect(indicesOf(lifted("int16"))).toMatchObject({ type: { dtype: "int32" }, def: { op: "select" } });
});

test("known places below 0 count from the end of their own axis", () => {
  const places = constOperation("p", literal(tensorType("int32", 2, 2), -1, 0, 0, -3));
  const model = program([places, operation("gather_nd", "y", tensorType("fp16", 2), { x: "x", indices: "p" })]);
  const read = lift({ ...model, functions: model.functions.map((f) => ({ ...f, opset: "CoreML5" })) }, noBlobs);
  const { def } = (read.outputs.y!.def as OpDef).operands.indices as Tensor;
  expect((def as { data: unknown }).data).toEqual([1, 0, 0, 0]);
});

test("a position that the graph itself counts from the front is read as it is, in any opset", () => {
  // What converters write from iOS 17 on: select(p ≥ 0, p, p + n).
  const p = input("p", [2], "int32");
  const x = input("x", [3, 2]);
  const front = select(greater_equal(p, 0), p, add(p, 3));
  const g = graph({ name: "g", inputs: [x, p], outputs: { y: gather(x, front) } });
  const values = { x: arrayOf("fp16", [3, 2], [1, 2, 3, 4, 5, 6]), p: arrayOf("int32", [2], [-1, 0]) };
  for (const opset of ["CoreML6", "CoreML8"])
    expect([...evaluate(readAs(opset, g), { values }).outputs.y!.data]).toEqual([5, 6, 1, 2]);
});
