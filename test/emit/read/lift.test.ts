/** Records to graphs: what is taken, how it is understood, and what is refused in which words. */

import { expect, test } from "vitest";
import { judge } from "../../../src/api/judge-graph.ts";
import type { Graph } from "../../../src/dsl/graph.ts";
import type { OpDef, Tensor } from "../../../src/dsl/tensor.ts";
import type { MilDim, MilOperation, MilType } from "../../../src/emit/mil/records.ts";
import { lift, liftFunction } from "../../../src/emit/read/lift/lift.ts";
import { constOperation, literal, noBlobs, operation, program, tensorType, X } from "../../support/read.ts";

const half = (...shape: readonly MilDim[]) => tensorType("fp16", ...shape);
const ints = (name: string, ...data: readonly number[]) =>
  constOperation(name, literal(tensorType("int32", data.length), ...data));
const int = (data: number) => literal(tensorType("int32"), data);
const flag = (data: boolean) => literal(tensorType("bool"), Number(data));

const liftOps = (...operations: readonly MilOperation[]): Graph => lift(program(operations), noBlobs);
const defOf = (value: Tensor | undefined): OpDef => value!.def as OpDef;

// --- what is refused ---------------------------------------------------------------------------------------------
const add = (name: string, x: string, y: string) => operation("add", name, X, { x, y });

const refused: readonly (readonly [what: string, operations: readonly MilOperation[], complaint: string])[] = [
  ["an unknown op", [operation("soft_max", "y", X, { x: "x" })], 'op 1 (soft_max "y"): is an op unknown to graphc'],
  [
    "an unknown parameter",
    [operation("exp", "y", X, { x: "x", speed: int(3) })],
    'op 1 (exp "y"): exp: has no operand or attribute "speed"',
  ],
  ...["constructor", "toString", "__defineGetter__", "hasOwnProperty"].map(
    (name) =>
      [
        `the parameter ${name}`,
        [operation("exp", "y", X, { x: "x", [name]: int(3) })],
        `op 1 (exp "y"): exp: has no operand or attribute "${name}"`,
      ] as const,
  ),
  [
    "a parameter of a constant",
    [{ ...ints("c", 1), inputs: { x: [{ name: "x" }] } }, operation("exp", "y", X, { x: "x" })],
    'op 1 (const "c"): has no operand or attribute "x"',
  ],
  [
    "a parameter of a copy",
    [
      operation("exp", "e", X, { x: "x" }),
      { ...operation("identity", "y", X, { x: "e", y: "x" }), name: "y_output_copy" },
    ],
    'op 2 (identity "y_output_copy"): has no operand or attribute "y"',
  ],
  ["a missing operand", [operation("add", "y", X, { x: "x" })], 'op 1 (add "y"): add: operand "y" is missing'],
  [
    "a missing attribute",
    [operation("transpose", "y", X, { x: "x" })],
    'op 1 (transpose "y"): transpose: attribute "perm" is missing',
  ],
  ["an undefined name", [add("y", "x", "ghost")], 'op 1 (add "y"): uses "ghost", which is not defined'],
  [
    "a cycle",
    [add("a", "x", "y"), add("y", "a", "x")],
    'op 1 (add "a"): uses "y", which only op 2 makes: the ops are cyclic or out of order',
  ],
  [
    "an op that uses itself",
    [add("y", "x", "y")],
    'op 1 (add "y"): uses "y", which only op 1 makes: the ops are cyclic or out of order',
  ],
  [
    "ops out of order",
    [ints("c", 1), add("y", "x", "late"), operation("exp", "late", X, { x: "x" })],
    'op 2 (add "y"): uses "late", which only op 3 makes: the ops are cyclic or out of order',
  ],
  [
    "a wrong dtype",
    [operation("exp", "y", tensorType("fp32", 2, 3), { x: "x" })],
    'op 1 (exp "y"): declares "y" as fp32[2,3]; its operands make it fp16[2,3]',
  ],
  [
    "a wrong shape",
    [operation("exp", "y", half(3, 2), { x: "x" })],
    'op 1 (exp "y"): declares "y" as fp16[3,2]; its operands make it fp16[2,3]',
  ],
  [
    "a wrong rank",
    [operation("exp", "y", half(2, undefined, 1), { x: "x" })],
    'op 1 (exp "y"): declares "y" as fp16[2,?,1]; its operands make it fp16[2,3]',
  ],
  [
    "operands that do not fit",
    [constOperation("w", literal(half(5), 1, 2, 3, 4, 5)), operation("add", "y", X, { x: "x", y: "w" })],
    'op 2 (add "y"): add: cannot broadcast [2,3] with [5]',
  ],
  [
    "a const that is not what it declares",
    [{ ...constOperation("c", int(1)), outputs: [{ name: "c", type: tensorType("int32", 1) }] }, add("y", "x", "x")],
    'op 1 (const "c"): declares int32[1], its value is int32[]',
  ],
  ["no result", [operation("exp", "y", undefined, { x: "x" })], 'op 1 (exp "y"): declares 0 results; it has 1'],
  [
    "an attribute that is computed",
    [operation("reshape", "y", X, { x: "x", shape: "x" })],
    'op 1 (reshape "y"): takes "shape" from a computed value; graphc needs it to be a constant',
  ],
  [
    "several values for one parameter",
    [operation("exp", "y", X, { x: ["x", "x"] })],
    'op 1 (exp "y"): binds 2 values to "x"',
  ],
  [
    "control flow",
    [{ ...operation("cond", "y", X, { pred: flag(true) }), blocks: [{ inputs: [], operations: [], outputs: ["x"] }] }],
    'op 1 (cond "y"): has nested blocks; graphs have no control flow',
  ],
  [
    "an element type that graphs do not have",
    [constOperation("c", literal(tensorType("fp64", 1), 1)), add("y", "x", "c")],
    'op 1 (const "c"): is fp64, an element type that graphs do not have',
  ],
];

test.each(refused)("%s is refused", (_, operations, complaint) => {
  expect(() => liftOps(...operations)).toThrow(`function "main", ${complaint}`);
  expect(() => liftOps(...operations)).toThrow(expect.objectContaining({ name: "UserError" }));
});

// --- what is only looked at --------------------------------------------------------------------------------------
const opaqueOps = (...operations: readonly MilOperation[]) =>
  liftFunction(program(operations), noBlobs, { opaque: true });

test("results of ops that are not known are inputs, and what leads to them are outputs", () => {
  const { graph, opaque } = opaqueOps(
    operation("exp", "e", X, { x: "x" }),
    operation("mystery", "m", X, { x: "e", y: "e" }),
    add("y", "m", "x"),
  );
  expect(graph.inputs.map(({ name }) => name)).toEqual(["x", "m"]);
  expect(Object.entries(graph.outputs).map(([key, { name }]) => [key, name])).toEqual([
    ["m_operand_0", "e"],
    ["m_operand_1", "e"],
    ["y", "y"],
  ]);
  expect(opaque.map(({ op, why }) => [op.name, why])).toEqual([["m", "is an op unknown to graphc"]]);
});

test("an output that such an op gives is none of the graph; an attribute that is computed and control flow are such ops", () => {
  const { graph, opaque } = opaqueOps(operation("reshape", "r", X, { x: "x", shape: "x" }), {
    ...operation("cond", "y", X, { pred: flag(true) }),
    blocks: [{ inputs: [], operations: [], outputs: ["r"] }],
  });
  expect(Object.keys(graph.outputs)).toEqual(["r_operand_0", "r_operand_1"]);
  expect(opaque.map(({ why }) => why.split(";")[0])).toEqual([
    'takes "shape" from a computed value',
    "has nested blocks",
  ]);
});

test("what nested blocks use leads to them, but not what they make themselves", () => {
  const inner = { inputs: [], operations: [add("t", "x", "x")], outputs: [] };
  const { graph } = opaqueOps(
    operation("exp", "e", X, { x: "x" }),
    {
      ...operation("cond", "c", X, { pred: flag(true) }),
      blocks: [
        {
          inputs: [],
          operations: [{ ...operation("cond", "d", X, { pred: flag(true) }), blocks: [inner] }],
          outputs: ["e"],
        },
        { inputs: [], operations: [add("u", "e", "x")], outputs: ["u"] },
      ],
    },
    add("y", "c", "c"),
  );
  expect(Object.entries(graph.outputs).map(([key, { name }]) => [key, name])).toEqual([
    ...["x", "x", "e", "e", "x"].map((name, k) => [`c_operand_${k}`, name]),
    ["y", "y"],
  ]);
});

test("what stands for such ops is held against no interface, and is no input that nobody uses", async () => {
  const bool = tensorType("bool");
  const { graph, opaque } = opaqueOps(
    operation("mystery", "f", bool, { x: "x" }),
    operation("logical_not", "n", bool, { x: "f" }),
    operation("mystery", "idle", X, { x: "x" }),
    { ...operation("cond", "y", X, { pred: "n" }), blocks: [{ inputs: [], operations: [], outputs: ["x"] }] },
  );
  const subject = { graph, skipped: [], findings: [], unknown: opaque };
  const { findings, unknown } = await judge(subject, undefined, { ranges: new Map(), chips: [], roles: [] });
  expect(findings.filter(({ rule }) => rule === "unused")).toEqual([]);
  expect(unknown.map(({ names }) => names)).toEqual([["f", "idle"], ["y"]]);
});

test("an op that is not known must tell the type of what it gives", () => {
  const open = half(undefined, 4);
  expect(() => opaqueOps(operation("mystery", "m", open, { x: "x" }), add("y", "x", "x"))).toThrow(
    'function "main", op 1 (mystery "m"): is an op unknown to graphc, and gives "m" as fp16[?,4]',
  );
  expect(() => opaqueOps(operation("mystery", "m", X, { x: "x" }), add("y", "ghost", "m"))).toThrow("ghost");
});

test("a name that is defined twice", () => {
  const twice = () => liftOps(add("y", "x", "x"), add("y", "x", "x"));
  expect(twice).toThrow('function "main", value "y": is defined twice: by op 1 and by op 2');
  expect(() => liftOps(add("x", "x", "x"))).toThrow('value "x": is defined twice: by an input and by op 1');
});

test("an output that nothing makes", () => {
  expect(() => liftOps(add("z", "x", "x"))).toThrow('function "main", output: uses "y", which is not defined');
});

test("a function that does not exist", () => {
  expect(() => lift(program([add("y", "x", "x")]), noBlobs, { function: "t9" })).toThrow(
    'there is no function "t9"; the functions are main',
  );
});

// --- how things are understood -----------------------------------------------------------------------------------
test("value names are kept", () => {
  const { outputs } = liftOps(operation("exp", "a", X, { x: "x" }), add("y", "a", "x"));
  expect(outputs.y!.name).toBe("y");
  expect((defOf(outputs.y).operands.x as Tensor).name).toBe("a");
});

test("inline values stand for const ops, and what is left out has its default", () => {
  const inline = liftOps(operation("softmax", "y", X, { x: "x", axis: int(0) }));
  expect(defOf(inline.outputs.y).attrs).toEqual({ axis: 0 });
  const left = liftOps(operation("softmax", "y", X, { x: "x" }));
  expect(defOf(left.outputs.y).attrs).toEqual({ axis: 1 });
});

const spellings: readonly (readonly [operation: MilOperation, attrs: Record<string, unknown>])[] = [
  [operation("reshape", "y", half(3, 2), { x: "x", shape: literal(tensorType("int32", 2), -1, 2) }), { shape: [3, 2] }],
  [operation("reshape", "y", half(2, 3), { x: "x", shape: literal(tensorType("int32", 2), 0, -1) }), { shape: [2, 3] }],
  [
    operation("reshape", "y", half(1, 2, 3), { x: "x", shape: literal(tensorType("int32", 3), 1, 0, 0) }),
    { shape: [1, 2, 3] },
  ],
  [operation("transpose", "y", half(3, 2), { x: "x", perm: literal(tensorType("int32", 2), -1, 0) }), { perm: [1, 0] }],
  [operation("expand_dims", "y", half(2, 3, 1), { x: "x", axes: literal(tensorType("int32", 1), -1) }), { axes: [2] }],
  [operation("reduce_sum", "y", half(), { x: "x" }), { axes: [0, 1], keep_dims: false }],
];

test.each(spellings)("$type has its attributes resolved: %#", (op, attrs) => {
  expect(defOf(liftOps(op).outputs.y).attrs).toMatchObject(attrs);
});

test("split by a count has sizes, and its parts share operands", () => {
  const split: MilOperation = {
    ...operation("split", "split", undefined, { x: "x", num_splits: int(3), axis: int(-1) }),
    outputs: ["a", "y", "c"].map((name) => ({ name, type: half(2, 1) })),
  };
  const { outputs } = lift(program([split], { outputs: ["a", "y", "c"] }), noBlobs);
  const defs = Object.values(outputs).map(defOf);
  expect(defs.map(({ part }) => part)).toEqual([0, 1, 2]);
  expect(defs.map(({ attrs }) => attrs)).toEqual(Array(3).fill({ split_sizes: [1, 1, 1], axis: 1 }));
  expect(new Set(defs.map(({ operands }) => operands)).size).toBe(1);
});

test("squeeze keeps named axes that are not of size 1", () => {
  const op = operation("squeeze", "y", half(3), { x: "x", axes: literal(tensorType("int32", 2), 0, 1) });
  const { outputs } = lift(program([op], { inputs: [{ name: "x", type: half(1, 3) }] }), noBlobs);
  expect(defOf(outputs.y).attrs).toEqual({ axes: [0] });
});

// --- states ------------------------------------------------------------------------------------------------------
const K: MilType = { kind: "state", tensor: X };
const withState = (...operations: readonly MilOperation[]): Graph =>
  lift(
    program(operations, {
      inputs: [
        { name: "x", type: X },
        { name: "k", type: K },
      ],
    }),
    noBlobs,
  );
const read = (name: string) => operation("read_state", name, X, { input: "k" });
const write = (data: string) => operation("write_state", `write_${data}`, undefined, { input: "k", data });

test("a state is read as what was last written to it", () => {
  const g = withState(
    read("old"),
    add("a", "old", "x"),
    write("a"),
    read("middle"),
    operation("mul", "b", X, { x: "middle", y: "middle" }),
    write("b"),
    read("new"),
    operation("sub", "y", X, { x: "new", y: "old" }),
  );
  const [k] = g.states;
  const { x: b, y: old } = defOf(g.outputs.y).operands as Record<string, Tensor>;
  expect(old).toBe(k!.entry);
  expect(b).toBe(k!.exit);
  expect(b!.name).toBe("b");
  expect((defOf(b).operands.x as Tensor).name).toBe("a");
});

test("a state that is only read keeps its value", () => {
  const [k] = withState(read("old"), add("y", "old", "x")).states;
  expect(k!.exit).toBe(k!.entry);
});

const stateMistakes: readonly (readonly [operations: readonly MilOperation[], complaint: string])[] = [
  [
    [operation("read_state", "y", X, { input: "k", speed: "x" })],
    'op 1 (read_state "y"): has no operand or attribute "speed"',
  ],
  [
    [operation("write_state", "w", undefined, { input: "k", data: ["x", "x"] })],
    'op 1 (write_state "w"): must have one value as its "data"',
  ],
  [
    [operation("write_state", "w", X, { input: "k", data: "x" })],
    'op 1 (write_state "w"): declares 1 results; it has none',
  ],
  [[add("y", "k", "x")], 'op 1 (add "y"): uses the state "k" as a tensor; only read_state and write_state may'],
  [[operation("read_state", "y", X, { input: "x" })], 'op 1 (read_state "y"): must name a state as its "input"'],
  [
    [operation("write_state", "w", undefined, { input: "k" })],
    'op 1 (write_state "w"): must have one value as its "data"',
  ],
  [
    [operation("transpose", "a", half(3, 2), { x: "x", perm: literal(tensorType("int32", 2), 1, 0) }), write("a")],
    'op 2 (write_state "write_a"): writes fp16[3,2] into the state "k", which is fp16[2,3]',
  ],
];

test("an opset that graphc does not know", () => {
  const of = (opset: string) => lift(program([operation("exp", "y", X, { x: "x" })], { opset }), noBlobs);
  expect(() => of("CoreML10")).toThrow('has the opset "CoreML10"; graphc knows CoreML5, CoreML6');
  expect(of("CoreML9").name).toBe("main");
});

test.each(stateMistakes)("a mistake with a state: %#", (operations, complaint) => {
  expect(() => withState(...operations)).toThrow(`function "main", ${complaint}`);
});
