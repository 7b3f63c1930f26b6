/** Differences between packages: what their graphs do not show. */
import { expect, test } from "vitest";
import { diffPackages } from "../../../src/emit/diff/package.ts";
import { showDifferences } from "../../../src/emit/diff/text.ts";
import type { MilFeature, MilFunction, MilModel } from "../../../src/emit/mil/records.ts";
import type { Package } from "../../../src/emit/read/read.ts";
import { noBlobs, operation, program, tensorType } from "../../support/read.ts";

const packageOf = (model: MilModel): Package => ({ path: "p", modelFile: "m", model, blobs: noBlobs });
const open = tensorType("fp16", undefined, 8);

/** A function of one op on an input of flexible size, with its description. */
function functionOf(name: string, op: string, range: MilFeature["range"]): [MilFunction, MilModel["interfaces"]] {
  const input: MilFeature = { name: "x", dtype: "fp16", shape: [4, 8], ...(range ? { range } : {}) };
  const { functions } = program([operation(op, "y", open, { x: "x" })], { name, inputs: [{ name: "x", type: open }] });
  return [functions[0]!, { [name]: { inputs: [input], outputs: [{ name: "y", dtype: "fp16" }], states: [] } }];
}

function modelOf(...functions: readonly [MilFunction, MilModel["interfaces"]][]): MilModel {
  return {
    specificationVersion: 9,
    functions: functions.map(([f]) => f),
    interfaces: Object.assign({}, ...functions.map(([, face]) => face)),
    defaultFunction: functions[0]![0].name,
    metadata: {},
  };
}

const four = [
  [1, 4],
  [8, 8],
] as const;
const eight = [
  [1, 8],
  [8, 8],
] as const;
const plain = modelOf(functionOf("main", "exp", four));

const cases: readonly (readonly [what: string, after: MilModel, text: string])[] = [
  ["nothing", modelOf(functionOf("main", "exp", four)), ""],
  ["the version", { ...plain, specificationVersion: 10 }, "package:\n  specification version: 9 → 10"],
  [
    "the opset",
    { ...plain, functions: [{ ...plain.functions[0]!, opset: "CoreML9" }] },
    "package:\n  opset: CoreML8 → CoreML9",
  ],
  [
    "the sizes of an input",
    modelOf(functionOf("main", "exp", eight)),
    'package:\n  sizes of input "x": [1..4,8] → [1..8,8]',
  ],
  ["the name of the only function", modelOf(functionOf("t4", "exp", four)), "package:\n  default function: main → t4"],
  [
    "another function",
    modelOf(functionOf("main", "exp", four), functionOf("t1", "exp", four)),
    'package:\n  function "t1": absent → present',
  ],
];

test.each(cases)("%s", (_, after, text) => {
  expect(showDifferences(diffPackages(packageOf(plain), packageOf(after)))).toBe(text);
});

test("a function among several is named", () => {
  const two = (op: string) => packageOf(modelOf(functionOf("a", "exp", four), functionOf("b", op, four)));
  expect(showDifferences(diffPackages(two("exp"), two("exp")))).toBe("");
  expect(showDifferences(diffPackages(two("exp"), two("tanh")))).toBe(
    [
      'function "b"',
      "interface:",
      '  output "y" is made by another value: exp "y" → tanh "y"',
      "only in the first:",
      '  1 exp: "y" fp16[4,8]',
      "only in the second:",
      '  1 tanh: "y" fp16[4,8]',
    ].join("\n"),
  );
});
