/** The rules about packages: what each finds, what it lets pass, and that no package of our own breaks one. */
import { describe, expect, test } from "vitest";
import { opTable } from "../../../src/dsl/ops/index.ts";
import type { MilFeature, MilFunction, MilInterface, MilModel, MilOperation } from "../../../src/emit/mil/records.ts";
import { decodeModel } from "../../../src/emit/read/decode/decode.ts";
import { packageFindings, packageRules } from "../../../src/emit/rules/package-rules.ts";
import { encodeModel } from "../../../src/emit/write/encode.ts";
import { lower } from "../../../src/emit/write/lower.ts";
import { exampleOf, randomFrom } from "../../support/ops/examples.ts";
import { constOperation, literal, operation, program, randomGraph, tensorType, X } from "../../support/read.ts";

const feature = (name: string, more: Partial<MilFeature> = {}): MilFeature => ({
  name,
  dtype: "fp16",
  shape: [2, 3],
  ...more,
});
const EXP = operation("exp", "y", X, { x: "x" });

interface Parts {
  readonly ops?: readonly MilOperation[];
  readonly fn?: Partial<MilFunction>;
  readonly face?: Partial<MilInterface>;
  readonly model?: Partial<MilModel>;
}

/** `y = exp(x)`, with other parts where they are given, after a trip through the bytes. */
function modelOf({ ops = [EXP], fn = {}, face = {}, model = {} }: Parts): MilModel {
  const main: MilInterface = { inputs: [feature("x")], outputs: [feature("y")], states: [], ...face };
  const name = fn.name ?? "main";
  const made = { ...program(ops, fn, { [name]: main }), ...(fn.name ? { defaultFunction: fn.name } : {}), ...model };
  return decodeModel(encodeModel(made));
}

const told = (parts: Parts) => packageFindings(modelOf(parts)).map(({ rule, text }) => `${rule}: ${text}`);

// --- with a state ------------------------------------------------------------------------------------------------
const K = { name: "k", type: { kind: "state", tensor: X } as const };
const READ = operation("read_state", "r", X, { input: "k" });
const write = (data: string): MilOperation => ({ ...operation("write_state", "w", undefined, { input: "k", data }) });
const stateful = (
  ops: readonly MilOperation[],
  outputs: readonly string[] = ["y"],
  inputs = [{ name: "x", type: X }],
): Parts => ({
  ops,
  fn: { inputs: [...inputs, K], outputs },
  face: { states: [feature("k")], outputs: outputs.map((name) => feature(name)) },
});
const ADD = operation("add", "sum", X, { x: "r", y: "x" });
const good = stateful([READ, ADD, write("sum"), operation("exp", "y", X, { x: "x" })]);

const OPEN = tensorType("fp16", undefined, 3);
const RANGE = [[1, 4] as const, [3, 3] as const];
/** A state, `z` of fixed size and `x` of a range. */
const mixed = (z: Partial<MilFeature>): Parts => ({
  ops: [operation("read_state", "r", X, { input: "k" }), operation("exp", "y", OPEN, { x: "x" })],
  fn: { inputs: [{ name: "x", type: OPEN }, { name: "z", type: X }, K] },
  face: {
    inputs: [feature("x", { range: RANGE }), feature("z", z)],
    outputs: [{ name: "y", dtype: "fp16" }],
    states: [feature("k")],
  },
});
const ONE_SIZE = [[2, 2] as const, [3, 3] as const];
/** The same with another name of its input. */
const renamed = (name: string): Pick<Parts, "ops" | "fn"> => ({
  ops: [operation("exp", "y", X, { x: name })],
  fn: { inputs: [{ name, type: X }] },
});
const withoutState = ({ fn, face, ...rest }: Parts): Parts => ({
  ...rest,
  ops: rest.ops!.slice(1),
  fn: { inputs: fn!.inputs!.slice(0, 2) },
  face: { ...face, states: [] },
});

/** What breaks a rule, with what is said of it; the rules that are not named are kept. */
const broken: Readonly<Record<string, readonly (readonly [what: string, parts: Parts, said: readonly string[]])[]>> = {
  version: [
    [
      "older",
      { model: { specificationVersion: 5 }, fn: { opset: "CoreML5" } },
      [
        "version: the specification version is 5; ML Programs are known from 6 to 10",
        "opset: the opset CoreML5 needs specification version 6; the file says 5",
        'border-type: "x" is fp16, which needs specification version 7; the file says 5',
        'border-type: "y" is fp16, which needs specification version 7; the file says 5',
      ],
    ],
    [
      "newer",
      { model: { specificationVersion: 11 } },
      ["version: the specification version is 11; ML Programs are known from 6 to 10"],
    ],
  ],
  opset: [
    [
      "unknown",
      { fn: { opset: "CoreML99" } },
      ['opset: the opset "CoreML99" is none; they are CoreML5, CoreML6, CoreML7, CoreML8, CoreML9'],
    ],
    [
      "of iOS 26 in a file of iOS 18",
      { fn: { opset: "CoreML9" } },
      ["opset: the opset CoreML9 needs specification version 10; the file says 9"],
    ],
  ],
  "op-opset": [
    [
      "states in iOS 17",
      { ...good, fn: { ...good.fn, opset: "CoreML7" } },
      [
        'op-opset: read_state is an op of CoreML8 and later; the function has the opset "CoreML7"',
        'op-opset: write_state is an op of CoreML8 and later; the function has the opset "CoreML7"',
      ],
    ],
  ],
  "functions-version": [
    [
      "iOS 17",
      { model: { specificationVersion: 8, layout: "functions", defaultName: "main" }, fn: { opset: "CoreML7" } },
      ["functions-version: lists its functions, which needs specification version 9; the file says 8"],
    ],
    [
      "no default",
      { model: { layout: "functions", defaultName: "" } },
      ["functions-version: names no function as the default among its functions (defaultFunctionName)"],
    ],
  ],
  "state-version": [
    [
      "iOS 17",
      { ...good, model: { specificationVersion: 8 }, fn: { ...good.fn, opset: "CoreML7" } },
      [
        'op-opset: read_state is an op of CoreML8 and later; the function has the opset "CoreML7"',
        'op-opset: write_state is an op of CoreML8 and later; the function has the opset "CoreML7"',
        'state-version: has the state "k"; states need specification version 9, and the file says 8',
      ],
    ],
  ],
  "border-type": [
    [
      "int8 before iOS 26",
      {
        ops: [operation("identity", "y", tensorType("int8", 2, 3), { x: "x" })],
        fn: { inputs: [{ name: "x", type: tensorType("int8", 2, 3) }] },
        face: { inputs: [feature("x", { dtype: "int8" })], outputs: [feature("y", { dtype: "int8" })] },
      },
      [
        'border-type: "x" is int8, which needs specification version 10; the file says 9',
        'border-type: "y" is int8, which needs specification version 10; the file says 9',
      ],
    ],
  ],
  described: [
    [
      "another name",
      { face: { inputs: [feature("z")] } },
      ['described: function "main": the description names the input "z", which the function does not have'],
    ],
    [
      "another shape",
      { face: { outputs: [feature("y", { shape: [3, 2] })] } },
      ['described: function "main", output "y": is described as fp16[3,2]; the function has it as fp16[2,3]'],
    ],
    [
      "a state that is none",
      { face: { states: [feature("k")] } },
      ['described: function "main": the description names the state "k", which the function does not have'],
    ],
    [
      "no function",
      { model: { interfaces: {}, layout: "none" } },
      ['described: the description does not tell of the function "main"'],
    ],
  ],
  name: [
    [
      "a keyword",
      { ops: [operation("exp", "tensor", X, { x: "x" }), operation("exp", "y", X, { x: "tensor" })] },
      ['name: "tensor" cannot be a name in MIL text; rename it'],
    ],
    [
      "a dot",
      { ops: [operation("exp", "a.b", X, { x: "x" }), operation("exp", "y", X, { x: "a.b" })] },
      ['name: "a.b" cannot be a name in MIL text; rename it'],
    ],
    ["a digit ahead, in a function", { fn: { name: "4t" } }, ['name: "4t" cannot be a name in MIL text; rename it']],
    [
      "what a terminal obeys",
      { ops: [operation("exp", "a\u001b[0m", X, { x: "x" }), operation("exp", "y", X, { x: "a\u001b[0m" })] },
      ['name: "a\\u001b[0m" cannot be a name in MIL text; rename it'],
    ],
  ],
  "op-name": [["none", { ops: [{ ...EXP, name: "" }] }, ['op-name: 1 op has no name: "exp"']]],
  "inline-weight": [
    [
      "a long constant",
      { ops: [constOperation("c", literal(tensorType("fp16", 1024), ...Array<number>(1024).fill(0))), EXP] },
      ['inline-weight: 1 large constant lies in the model file: "c"'],
    ],
  ],
  output: [["none", { fn: { outputs: [] }, face: { outputs: [] } }, ["output: has no output"]]],
  "state-type": [
    [
      "fp32",
      {
        ...good,
        fn: {
          inputs: [
            { name: "x", type: X },
            { name: "k", type: { kind: "state", tensor: tensorType("fp32", 2, 3) } },
          ],
        },
        face: { states: [feature("k", { dtype: "fp32" })] },
      },
      ['state-type: the state "k" is fp32; make it fp16'],
    ],
    [
      "a flexible one",
      {
        ...good,
        face: {
          states: [
            feature("k", {
              range: [
                [2, 2],
                [3, 3],
              ],
            }),
          ],
        },
      },
      ['state-type: the state "k" is of flexible size'],
    ],
  ],
  "output-in-state": [
    [
      "the value itself",
      stateful([READ, ADD, write("sum")], ["sum"]),
      ['output-in-state: the output "sum" is also written into a state; return a copy of it (identity)'],
    ],
    [
      "what it is made of",
      stateful(
        [READ, operation("exp", "e", X, { x: "x" }), operation("add", "sum", X, { x: "r", y: "e" }), write("sum")],
        ["e"],
      ),
      ['output-in-state: the output "e" is part of what is written into a state; return a copy of it (identity)'],
    ],
  ],
  "fixed-beside-flexible": [
    [
      "both",
      mixed({}),
      [
        'fixed-beside-flexible: has states, flexible inputs ("x") and fixed ones ("z"); give the fixed ones a range of their one size',
      ],
    ],
  ],
  "range-beside-enumerated": [
    [
      "both",
      mixed({ enumerated: [[2, 3]] }),
      ['range-beside-enumerated: has ranges of sizes ("x") beside enumerated shapes ("z")'],
    ],
  ],
  "flexible-integers": [
    [
      "one",
      {
        ops: [READ, operation("abs", "y", tensorType("int32", undefined, 3), { x: "x" })],
        fn: { inputs: [{ name: "x", type: tensorType("int32", undefined, 3) }, K] },
        face: {
          inputs: [feature("x", { dtype: "int32", range: RANGE })],
          outputs: [{ name: "y", dtype: "int32" }],
          states: [feature("k")],
        },
      },
      ['flexible-integers: has states and int32 inputs of flexible size: "x"'],
    ],
  ],
  unbounded: [
    [
      "one",
      {
        ...withoutState(mixed({})),
        face: {
          ...withoutState(mixed({})).face,
          inputs: [
            feature("x", {
              range: [
                [1, Infinity],
                [3, 3],
              ],
            }),
            feature("z"),
          ],
        },
      },
      ['unbounded: "x" has a size without an upper bound'],
    ],
  ],
  enumerated: [
    [
      "129",
      { face: { inputs: [feature("x", { enumerated: Array.from({ length: 129 }, () => [2, 3]) })] } },
      ['enumerated: "x" has 129 enumerated shapes'],
    ],
  ],
  rank: [
    [
      "6",
      {
        fn: { inputs: [{ name: "x", type: tensorType("fp16", 1, 1, 1, 1, 2, 3) }] },
        face: { inputs: [feature("x", { shape: [1, 1, 1, 1, 2, 3] })] },
      },
      ['rank: "x" has rank 6'],
    ],
    [
      "an empty axis",
      {
        fn: { inputs: [{ name: "x", type: tensorType("fp16", 0, 3) }] },
        face: { inputs: [feature("x", { shape: [0, 3] })] },
      },
      ['rank: "x" is [0,3], with nothing in it'],
    ],
  ],
};

test("every rule has a package that breaks it", () => {
  expect(Object.keys(broken)).toEqual(packageRules.map(({ id }) => id));
});

describe.each(Object.entries(broken))("%s", (_, cases) => {
  test.each(cases)("%s", (_what, parts, said) => expect([...told(parts)].sort()).toEqual([...said].sort()));
});

const OF_RANK_5 = tensorType("fp16", 1, 1, 1, 2, 3);
const eight = (version: number): Parts => ({
  ...broken["border-type"]![0]![1],
  model: { specificationVersion: version },
});

/** What nearly breaks each rule: one or two things of a package that does are other ones, and nothing is found. */
const kept: Readonly<Record<string, readonly (readonly [what: string, parts: Parts])[]>> = {
  version: [["the newest", { model: { specificationVersion: 10 } }]],
  opset: [
    ["of iOS 26 in a file of iOS 26", { model: { specificationVersion: 10 }, fn: { opset: "CoreML9" } }],
    ["an older one in a newer file", { fn: { opset: "CoreML7" } }],
  ],
  "op-opset": [["states in iOS 18", { ...good, fn: { ...good.fn, opset: "CoreML8" } }]],
  "functions-version": [["iOS 18", { model: { specificationVersion: 9, layout: "functions", defaultName: "main" } }]],
  "state-version": [["iOS 18", { ...good, model: { specificationVersion: 9 } }]],
  "border-type": [["int8 in iOS 26", eight(10)]],
  described: [
    ["a name that both have", { face: { inputs: [feature("z")] }, ...renamed("z") }],
    ["an output without its shape", { face: { outputs: [{ name: "y", dtype: "fp16" }] } }],
    ["one function by another name", { fn: { name: "t4" } }],
  ],
  name: [
    [
      "a keyword in it",
      { ops: [operation("exp", "tensor_0", X, { x: "x" }), operation("exp", "y", X, { x: "tensor_0" })] },
    ],
    ["a line for the dot", { ops: [operation("exp", "a_b", X, { x: "x" }), operation("exp", "y", X, { x: "a_b" })] }],
  ],
  "op-name": [["one of one sign", { ops: [{ ...EXP, name: "_" }] }]],
  "inline-weight": [
    [
      "1023 elements",
      { ops: [constOperation("c", literal(tensorType("fp16", 1023), ...Array<number>(1023).fill(0))), EXP] },
    ],
  ],
  output: [["one", {}]],
  "state-type": [["fp16", good]],
  "output-in-state": [
    ["a copy of it", stateful([READ, ADD, write("sum"), operation("identity", "copy", X, { x: "sum" })], ["copy"])],
    [
      "a read state that is shown",
      stateful([
        READ,
        operation("exp", "e", X, { x: "r" }),
        write("e"),
        operation("read_state", "y", X, { input: "k" }),
      ]),
    ],
  ],
  "fixed-beside-flexible": [
    ["a fixed input with a range of its one size", mixed({ range: ONE_SIZE })],
    ["without a state", withoutState(mixed({}))],
  ],
  "range-beside-enumerated": [["a range instead", mixed({ range: ONE_SIZE })]],
  "flexible-integers": [
    [
      "one of fixed size",
      {
        ops: [READ, operation("abs", "y", tensorType("int32", 2, 3), { x: "x" })],
        fn: { inputs: [{ name: "x", type: tensorType("int32", 2, 3) }, K] },
        face: {
          inputs: [feature("x", { dtype: "int32" })],
          outputs: [feature("y", { dtype: "int32" })],
          states: [feature("k")],
        },
      },
    ],
  ],
  unbounded: [["an upper bound", withoutState(mixed({}))]],
  enumerated: [
    ["128", { face: { inputs: [feature("x", { enumerated: Array.from({ length: 128 }, () => [2, 3]) })] } }],
  ],
  rank: [
    [
      "5",
      {
        fn: { inputs: [{ name: "x", type: OF_RANK_5 }] },
        face: { inputs: [feature("x", { shape: [1, 1, 1, 2, 3] })] },
      },
    ],
  ],
};

/** How many facts of a whole model may be other ones: an op and its result, or a feature; a state more or less is five times as much. */
const NEAR = 13;

/** What a model says, a fact a line: by how many of them two models differ. */
function distance(a: Parts, b: Parts): number {
  const facts = (parts: Parts) =>
    JSON.stringify(modelOf(parts), (_, x) => (x instanceof Map ? [...x] : x), 1).split("\n");
  const left = facts(b);
  const gone = facts(a).filter((fact) => {
    const at = left.indexOf(fact);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
  return Math.max(gone.length, left.length);
}

test("every rule has a package that nearly breaks it", () => {
  expect(Object.keys(kept)).toEqual(packageRules.map(({ id }) => id));
});

describe.each(Object.entries(kept))("nearly %s", (rule, cases) => {
  test.each(cases)("%s", (_, parts) => expect(told(parts)).toEqual([]));

  test("near a package that breaks it", () => {
    const apart = cases.flatMap(([, parts]) => broken[rule]!.map(([, other]) => distance(parts, other)));
    expect(Math.min(...apart)).toBeGreaterThan(0);
    expect(Math.min(...apart)).toBeLessThanOrEqual(NEAR);
  });
});

test("no package of our own breaks a rule", () => {
  const graphs = [...opTable.keys()].map((op) => exampleOf(op, randomFrom(1)).graph);
  for (let seed = 0; seed < 40; seed++) graphs.push(randomGraph(randomFrom(seed)));
  const found = graphs.flatMap((graph) => packageFindings(decodeModel(encodeModel(lower(graph).model))));
  expect(found).toEqual([]);
});
