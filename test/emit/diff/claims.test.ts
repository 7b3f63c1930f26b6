/** What makes `diff` tell a difference: each thing that it looks at, changed alone, in both directions, with its sentence. */
import { expect, test } from "vitest";
import { diffPackages } from "../../../src/emit/diff/package.ts";
import { showDifferences } from "../../../src/emit/diff/text.ts";
import type { MilFeature, MilFunction, MilInterface, MilModel, MilOperation } from "../../../src/emit/mil/records.ts";
import { decodeModel } from "../../../src/emit/read/decode/decode.ts";
import type { Package } from "../../../src/emit/read/read.ts";
import { encodeModel } from "../../../src/emit/write/encode.ts";
import { K, open, range } from "../../support/graphs/flexible.ts";
import { constOperation, literal, noBlobs, operation, program, tensorType } from "../../support/read.ts";

const x: MilFeature = { name: "x", dtype: "fp16", shape: [4, 8], range };
const z: MilFeature = { name: "z", dtype: "fp16", shape: [4, 8] };
const features: MilInterface = {
  inputs: [x, z],
  outputs: [
    { name: "y", dtype: "fp16" },
    { name: "w", dtype: "fp16", shape: [4, 8] },
  ],
  states: [
    { name: "k", dtype: "fp16", shape: [4, 8] },
    { name: "v", dtype: "fp16", shape: [4, 8] },
  ],
};

/** Reads and writes two states; one op is needed by nothing. */
const operations: readonly MilOperation[] = [
  constOperation("scale", literal(tensorType("fp16"), 2)),
  operation("softmax", "p", K, { x: "z", axis: literal(tensorType("int32"), -1) }),
  operation("read_state", "old", K, { input: "k" }),
  operation("mul", "new", K, { x: "old", y: "scale" }),
  operation("write_state", "k_write", undefined, { input: "k", data: "new" }),
  operation("write_state", "v_write", undefined, { input: "v", data: "z" }),
  operation("exp", "y", open, { x: "x" }),
  constOperation("axes", literal(tensorType("int32", 2), 0, 1)),
  operation("reduce_sum", "s", tensorType("fp16", 1, 1), {
    x: "z",
    axes: "axes",
    keep_dims: literal(tensorType("bool"), 1),
  }),
  operation("add", "w", K, { x: "p", y: "s" }),
  operation("tanh", "dead", K, { x: "z" }),
];

const inputs: MilFunction["inputs"] = [
  { name: "x", type: open },
  { name: "z", type: K },
  { name: "k", type: { kind: "state", tensor: K } },
  { name: "v", type: { kind: "state", tensor: K } },
];
const [main] = program(operations, { inputs, outputs: ["y", "w"] }).functions as [MilFunction];

/** The model with parts put in place of its own. */
const modelOf = (
  fn: Partial<MilFunction> = {},
  face: Partial<MilInterface> = {},
  more: Partial<MilModel> = {},
): MilModel => ({
  ...program([], {}, { main: { ...features, ...face } }),
  functions: [{ ...main, ...fn }],
  ...more,
});

const withOp = (i: number, edit: Partial<MilOperation>): Partial<MilFunction> => ({
  operations: operations.with(i, { ...operations[i]!, ...edit } as MilOperation),
});
const called = (name: string, type = K) => [{ name, type }];
const input = (edit: Partial<MilFeature>): Partial<MilInterface> => ({ inputs: [{ ...x, ...edit }, z] });
const of = (model: Partial<MilModel>): MilModel => modelOf({}, {}, model);
const twice = (second: Partial<MilFunction>): MilModel => ({
  ...modelOf(),
  functions: [main, { ...main, name: "other", ...second }],
  interfaces: { main: features, other: features },
});

const claims: readonly (readonly [what: string, after: MilModel, line: string])[] = [
  // The model.
  ["the version", of({ specificationVersion: 10 }), "specification version: 9 → 10"],
  ["updatable", of({ updatable: true }), "updatable: absent → true"],
  ["user metadata", of({ metadata: { author: "me" } }), "metadata author: absent → me"],
  [
    "what people are told",
    of({ about: { shortDescription: "", version: "2", author: "", license: "" } }),
    "about: absent → ",
  ],
  ["what tool wrote it", of({ buildInfo: { tool: "1" } }), "buildInfo: absent → "],
  ["the program's comment", of({ docString: "hello" }), "docString: absent → hello"],
  ["training inputs", of({ trainingInputs: [z] }), "trainingInputs: absent → "],
  ["where it is described", of({ layout: "functions", defaultName: "" }), "layout: absent → functions"],
  ["the name of the default function", of({ defaultName: "main" }), "defaultName: absent → main"],
  // The interface.
  ["an optional input", modelOf({}, input({ optional: true })), 'optional of input "x": absent → true'],
  ["a default", modelOf({}, input({ default: { kind: "float", value: 0 } })), 'default of input "x": absent → '],
  ["words about an input", modelOf({}, input({ description: "rows" })), 'description of input "x": absent → rows'],
  [
    "the sizes of an input",
    modelOf({}, input({ range: [[1, 5], range[1]] })),
    'sizes of input "x": [1..4,8] → [1..5,8]',
  ],
  [
    "listed sizes",
    modelOf(
      {},
      {
        inputs: [
          {
            name: "x",
            dtype: "fp16",
            shape: [4, 8],
            enumerated: [
              [4, 8],
              [2, 8],
            ],
          },
          z,
        ],
      },
    ),
    'sizes of input "x": [1..4,8] → one of [4,8] [2,8]',
  ],
  ["a default shape", modelOf({}, input({ shape: [3, 8] })), 'input "x": fp16[4,8] → fp16[3,8]'],
  [
    "the described shape of an output",
    modelOf({}, { outputs: [features.outputs[0]!, { name: "w", dtype: "fp16" }] }),
    'described shape of output "w": [4,8] → absent',
  ],
  ["the order of inputs", modelOf({}, { inputs: [z, x] }), "order of inputs: x, z → z, x"],
  ["the order of outputs", modelOf({}, { outputs: features.outputs.toReversed() }), "order of outputs: y, w → w, y"],
  ["the order of states", modelOf({}, { states: features.states.toReversed() }), "order of states: k, v → v, k"],
  ["a predicted feature", modelOf({}, { predictedFeature: "y" }), "predicted feature: absent → y"],
  ["predicted probabilities", modelOf({}, { predictedProbabilities: "y" }), "predicted probabilities: absent → y"],
  [
    "an input more",
    modelOf({ inputs: [...inputs, { name: "extra", type: K }] }, { inputs: [x, z, { ...z, name: "extra" }] }),
    'input "extra" fp16[4,8]: only in the second',
  ],
  [
    "an output less",
    modelOf({ outputs: ["y"] }, { outputs: [features.outputs[0]!] }),
    'output "w" fp16[4,8]: only in the first',
  ],
  // The function.
  ["the opset", modelOf({ opset: "CoreML9" }), "opset: CoreML8 → CoreML9"],
  [
    "an attribute of the function",
    modelOf({ attributes: { a: literal(tensorType("fp32"), -0) } }),
    "function attribute a: absent → ",
  ],
  [
    "a spare block",
    modelOf({ specializations: { CoreML7: { inputs: [], operations: [], outputs: [] } } }),
    "spare block CoreML7: absent → ",
  ],
  // What it computes: output by output, state by state.
  ["an output", modelOf(withOp(6, { type: "cos" })), 'output "y" is made by another value: exp "y" → cos "y"'],
  ["the other output", modelOf(withOp(9, { type: "sub" })), 'output "w" is made by another value: add "w" → sub "w"'],
  [
    "a state",
    modelOf(withOp(5, { inputs: { input: [{ name: "v" }], data: [{ name: "new" }] } })),
    'state "v" is made by another value',
  ],
  ["the other state", modelOf(withOp(3, { type: "add" })), 'state "k" is made by another value: mul "new" → add "new"'],
  [
    "the state that is written",
    modelOf(withOp(4, { inputs: { input: [{ name: "v" }], data: [{ name: "new" }] } })),
    'state "k" is made by another value',
  ],
  ["a constant", modelOf(withOp(0, { value: literal(tensorType("fp16"), 3) })), 'const "scale": contents [2] → [3]'],
  ["a constant that is −0", modelOf(withOp(0, { value: literal(tensorType("fp16"), -0) })), "contents [2] → [-0]"],
  [
    "an attribute",
    modelOf(withOp(1, { inputs: { x: [{ name: "z" }], axis: [{ value: literal(tensorType("int32"), 0) }] } })),
    "attribute axis 1 → 0",
  ],
  // How it is written, to the same effect.
  ["the name of an op", modelOf(withOp(3, { name: "other" })), 'op 4 (mul "new"): name: "new" → "other"'],
  ["no name", modelOf(withOp(3, { name: "" })), 'op 4 (mul "new"): name: "new" → ""'],
  [
    "a declared size",
    modelOf(withOp(9, { outputs: called("w", open) })),
    'op 10 (add "w"): outputs 0 type shape 0: 4 → absent',
  ],
  ["an op that nothing needs", modelOf(withOp(10, { type: "exp" })), 'op 11 (tanh "dead"): type: "tanh" → "exp"'],
  [
    "its operand",
    modelOf(withOp(10, { inputs: { x: [{ name: "w" }] } })),
    'op 11 (tanh "dead"): operand x name: "z" → "w"',
  ],
  [
    "its name",
    modelOf(withOp(10, { outputs: called("deader") })),
    'op 11 (tanh "dead"): outputs 0 name: "dead" → "deader"',
  ],
  [
    "an op more",
    modelOf({ operations: [...operations, operation("exp", "more", K, { x: "z" })] }),
    "function: number of ops: 11 → 12",
  ],
  [
    "the order of what is taken",
    modelOf({ inputs: [inputs[1]!, inputs[0]!, ...inputs.slice(2)] }),
    'function: inputs 0 name: "x" → "z"',
  ],
  ["the order of what is given", modelOf({ outputs: ["w", "y"] }), 'function: outputs 0: "y" → "w"'],
  [
    "a default that is left out",
    modelOf(withOp(1, { inputs: { x: [{ name: "z" }] } })),
    'op 2 (softmax "p"): operand axis: [{"value"',
  ],
];

/** As `readPackage` gives it: through bytes. */
const packageOf = (model: MilModel): Package => ({
  path: "p",
  modelFile: "m",
  model: decodeModel(encodeModel(model)),
  blobs: noBlobs,
});
const linesOf = (a: MilModel, b: MilModel) => showDifferences(diffPackages(packageOf(a), packageOf(b))).split("\n");

test.each(claims)("%s", (_, after, line) => {
  expect(linesOf(modelOf(), modelOf())).toEqual([""]);
  expect(linesOf(modelOf(), after).filter((one) => one.includes(line))).toHaveLength(1);
  expect(diffPackages(packageOf(after), packageOf(modelOf()))).not.toEqual([]);
  expect(linesOf(after, after)).toEqual([""]);
});

test("what a file holds cannot forge a line", () => {
  const lines = linesOf(modelOf(), of({ metadata: { "a\nno difference": "b\u001b[1A" }, docString: "c\n\nd" }));
  expect(lines).toEqual([
    "package:",
    "  metadata a\\u000ano difference: absent → b\\u001b[1A",
    "  docString: absent → c\\u000a\\u000ad",
  ]);
});

test("the order of what tells of the tool", () => {
  const info = [
    { a: "1", b: "2" },
    { b: "2", a: "1" },
  ].map((buildInfo) => of({ buildInfo })) as [MilModel, MilModel];
  expect(linesOf(...info)).toContain('  order of buildInfo: ["a","b"] → ["b","a"]');
});

test("of equal spellings the types count", () => {
  const of = (dtype: "int32" | "int16", ...axes: readonly number[]) => {
    const inputs = { x: [{ name: "z" }], axes: [{ value: literal(tensorType(dtype, 2), ...axes) }] };
    return modelOf(withOp(8, { inputs: { ...operations[8]!.inputs, ...inputs } }));
  };
  expect(linesOf(of("int32", 0, 1), of("int32", 1, 0))).toEqual([""]);
  expect(linesOf(of("int32", 0, 1), of("int16", 1, 0))).toContain(
    '  op 9 (reduce_sum "s"): operand axes dtype: "int32" → "int16"',
  );
});

test("of an op that nothing needs no spelling is equal to another", () => {
  const ints = (...data: readonly number[]) => literal(tensorType("int32", 2), ...data);
  const slice = (begin: number) =>
    operation("slice_by_index", "row", tensorType("fp16", 1, 8), {
      x: "z",
      begin: ints(begin, 0),
      end: ints(4, 8),
      stride: ints(4, 1),
    });
  const of = (begin: number) => modelOf({ operations: [...operations, slice(begin)] });
  expect(linesOf(of(0), of(1))).toContain('  op 12 (slice_by_index "row"): operand begin data 0: 0 → 1');
});

/** At the default size both squeeze axis 0 alone, at T = 1 one of them another too. */
test("what is equal at one size alone is told", () => {
  const [type, y] = [tensorType("fp16", 1, undefined, 8), tensorType("fp16", undefined, 8)];
  const of = (second: number): MilModel => {
    const axes = literal(tensorType("int32", 2), 0, second);
    const sizes = {
      shape: [1, 4, 8],
      range: [
        [1, 1],
        [1, 4],
        [8, 8],
      ],
    } as const;
    const face = {
      inputs: [{ name: "x", dtype: "fp16", ...sizes }],
      outputs: [{ name: "y", dtype: "fp16" }],
      states: [],
    } as const;
    return program([operation("squeeze", "y", y, { x: "x", axes })], { inputs: [{ name: "x", type }] }, { main: face });
  };
  expect(linesOf(of(1), of(1))).toEqual([""]);
  expect(linesOf(of(1), of(2))).toContain('  op 1 (squeeze "y"): operand axes data 1: 1 → 2');
});

test("equal spellings of a literal in a const op are none", () => {
  const after = modelOf(withOp(7, { value: literal(tensorType("int32", 2), 1, -2) }));
  expect(diffPackages(packageOf(modelOf()), packageOf(after))).toEqual([]);
});

const functions: readonly (readonly [what: string, after: MilModel, line: string])[] = [
  ["the default function", { ...twice({}), defaultFunction: "other" }, "default function: main → other"],
  [
    "the order of the descriptions",
    { ...twice({}), interfaces: { other: features, main: features } },
    "order of described functions",
  ],
  ["an op of the second function", twice(withOp(6, { type: "cos" })), 'function "other"'],
  ["the opset of the second function", twice({ opset: "CoreML9" }), "opset: CoreML8 → CoreML9"],
  [
    "the description of the second function",
    { ...twice({}), interfaces: { main: features, other: { ...features, ...input({ optional: true }) } } },
    'optional of input "x"',
  ],
  [
    "a function less",
    { ...twice({}), functions: [main], interfaces: { main: features }, layout: "functions" },
    'function "other": present → absent',
  ],
  [
    "the name of a function",
    { ...twice({ name: "another" }), interfaces: { main: features, another: features } },
    'function "another": absent → present',
  ],
];

test.each(functions)("of two functions, %s", (_, after, line) => {
  expect(linesOf(twice({}), twice({}))).toEqual([""]);
  expect(linesOf(twice({}), after).filter((one) => one.includes(line))).toHaveLength(1);
  expect(diffPackages(packageOf(after), packageOf(twice({})))).not.toEqual([]);
});

test("a function that one package alone has is read, and refused when its description contradicts it", () => {
  const wrong = { ...twice({}), interfaces: { main: features, other: { ...features, states: [] } } };
  for (const [a, b] of [
    [modelOf(), wrong],
    [wrong, modelOf()],
  ] as const)
    expect(() => linesOf(a!, b!)).toThrow('p: function "other": the description lacks the state "k"');
});
