/** A description that contradicts its function is refused, each sentence of it, wherever a graph is made of it. */
import { expect, test } from "vitest";
import type { MilFeature, MilInterface, MilModel } from "../../../src/emit/mil/records.ts";
import { checkDescribed } from "../../../src/emit/read/described.ts";
import { graphOf } from "../../../src/emit/read/read.ts";
import { K, open, range } from "../../support/graphs/flexible.ts";
import { noBlobs, operation, program } from "../../support/read.ts";

const x: MilFeature = { name: "x", dtype: "fp16", shape: [4, 8], range };
const y: MilFeature = { name: "y", dtype: "fp16" };
const k: MilFeature = { name: "k", dtype: "fp16", shape: [4, 8] };
const right: MilInterface = { inputs: [x], outputs: [y], states: [k] };

/** y = exp(x) on a flexible x, beside a state. */
function modelOf(main: MilInterface, more: Partial<MilModel> = {}): MilModel {
  const inputs = [
    { name: "x", type: open },
    { name: "k", type: { kind: "state", tensor: K } as const },
  ];
  return { ...program([operation("exp", "y", open, { x: "x" })], { inputs }, { main }), ...more };
}

const edits: readonly (readonly [what: string, edit: Partial<MilInterface>, complaint: string])[] = [
  ["an input renamed", { inputs: [{ ...x, name: "z" }] }, 'names the input "z", which the function does not have'],
  ["an input missing", { inputs: [] }, 'lacks the input "x"'],
  ["an input twice", { inputs: [x, x] }, 'names the input "x" twice'],
  ["a state missing", { states: [] }, 'lacks the state "k"'],
  ["a state renamed", { states: [{ ...k, name: "v" }] }, 'names the state "v"'],
  ["a state among the inputs", { inputs: [x, k], states: [] }, 'names the input "k"'],
  ["an output missing", { outputs: [] }, 'lacks the output "y"'],
  ["an output renamed", { outputs: [{ ...y, name: "x" }] }, 'names the output "x"'],
  ["an input of another type", { inputs: [{ ...x, dtype: "fp32" }] }, 'input "x": is described as fp32[4,8]'],
  ["an output of another type", { outputs: [{ ...y, dtype: "int32" }] }, 'output "y": is described as int32[?,8]'],
  ["an input of another shape", { inputs: [{ ...x, shape: [4, 9] }] }, 'input "x": is described as fp16[4,9]'],
  ["an input of another rank", { inputs: [{ ...x, shape: [4] }] }, 'input "x": is described as fp16[4]'],
  ["an input without any shape", { inputs: [{ name: "x", dtype: "fp16" }] }, 'input "x": is described as fp16[]'],
  ["an output of another shape", { outputs: [{ ...y, shape: [4, 7] }] }, 'output "y": is described as fp16[4,7]'],
  ["a state of another shape", { states: [{ ...k, shape: [8, 4] }] }, 'state "k": is described as fp16[8,4]'],
  ["a state of another type", { states: [{ ...k, dtype: "fp32" }] }, 'state "k": is described as fp32[4,8]'],
  ["sizes of another rank", { inputs: [{ ...x, range: [[1, 4]] }] }, "is described in the sizes [1..4]"],
  [
    "sizes of a fixed axis",
    { inputs: [{ ...x, range: [range[0], [8, 9]] }] },
    "is described in the sizes [1..4,8..9]; the function has it as fp16[?,8]",
  ],
  ["sizes that are none", { inputs: [{ ...x, range: [[4, 1], range[1]] }] }, "[4..1,8..8], which are none"],
  ["a default shape beyond the sizes", { inputs: [{ ...x, shape: [5, 8] }] }, "has the default shape [5,8]"],
  [
    "a listed shape that is not the function's",
    { inputs: [{ name: "x", dtype: "fp16", enumerated: [[4, 8], [4]] }] },
    "is described in the sizes [4]",
  ],
  [
    "a default shape that is not listed",
    { inputs: [{ name: "x", dtype: "fp16", shape: [3, 8], enumerated: [[4, 8]] }] },
    "has the default shape [3,8], which is not among its enumerated shapes",
  ],
  ["an optional output", { outputs: [{ ...y, optional: true }] }, "only an input may be"],
  ["an optional state", { states: [{ ...k, optional: true }] }, "only an input may be"],
  [
    "a state with a default",
    { states: [{ ...k, default: { kind: "float", value: 0 } }] },
    "only an input may have one",
  ],
  ["a prediction that is no output", { predictedFeature: "z" }, 'is described to predict "z"'],
  ["probabilities that are no output", { predictedProbabilities: "x" }, 'is described to predict "x"'],
];

const graphIn = (model: MilModel) => graphOf({ path: "p", modelFile: "m", model, blobs: noBlobs });

test("what agrees is read: with sizes, optional, with a default, and with or without the shape of an output", () => {
  const inputs = [{ ...x, optional: true, default: { kind: "float", value: 0.5 } }] as const;
  const outputs = [{ ...y, shape: [4, 8] }];
  for (const main of [right, { ...right, inputs }, { ...right, outputs }, { ...right, predictedFeature: "y" }])
    expect(graphIn(modelOf(main)).inputs).toHaveLength(1);
});

test.each(edits)("%s", (_, edit, complaint) => {
  const model = modelOf({ ...right, ...edit });
  const refusal = expect.objectContaining({ name: "UserError", message: expect.stringContaining(complaint) });
  expect(() => checkDescribed(model, model.functions[0]!)).toThrow(refusal);
  expect(() => graphIn(model)).toThrow(expect.objectContaining({ name: "UserError" }));
});

test("a function without a description, and descriptions of functions that are not there", () => {
  const refusal = (model: MilModel) => expect(() => checkDescribed(model, model.functions[0]!));
  refusal(modelOf(right, { interfaces: {} })).toThrow('the description does not tell of the function "main"');
  refusal(modelOf(right, { interfaces: { main: right, other: right } })).toThrow('names the function "other"');
  refusal(modelOf(right, { defaultFunction: "other" })).toThrow('names the function "other"');
});
