/** The description of a package on the command line: `diff` and `check` alike refuse what contradicts, and tell of the rest. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ArrayFeatureType_ArrayDataType as Type } from "../../src/emit/mil/gen/FeatureTypes_pb.js";
import {
  type FeatureDescription,
  type Model,
  type ModelDescription,
  ModelSchema,
} from "../../src/emit/mil/gen/Model_pb.js";
import { encodeModel } from "../../src/emit/write/encode.ts";
import { graphc } from "../support/cli.ts";
import { sameFields } from "../support/diff/fields.ts";
import { modelOfJson } from "../support/inspect-json.ts";

const folder = mkdtempSync(join(tmpdir(), "graphc-cli-"));
afterAll(() => rmSync(folder, { recursive: true }));

const [file, good, other] = ["m.ts", "m.t1.mlpackage", "other.mlpackage"].map((name) => join(folder, name)) as [
  string,
  string,
  string,
];
const modelIn = (path: string) => join(path, "Data/com.apple.CoreML/model.mlmodel");

const SOURCE = `
import { add, constant, exp, graph, input, mul, named, state } from "graphc";
export default function model() {
  const [x, k] = [input("x", [1, 4]), state("k", [1, 4])];
  const special = named("special", constant([NaN, -Infinity, -0, 1], [1, 4]));
  return graph({ name: "m", inputs: [x], states: [[k, add(k, x)]], outputs: { y: add(mul(x, special), exp(k)) } });
}`;

beforeAll(async () => {
  writeFileSync(file, SOURCE);
  expect((await graphc(["emit", file, "--tokens", "1", "--max-seq", "8", "--out", folder])).code).toBe(1);
});

/** A copy of the package with its model edited. */
function edited(edit: (model: Model, description: ModelDescription) => unknown): string {
  rmSync(other, { recursive: true, force: true });
  cpSync(good, other, { recursive: true });
  const model = fromBinary(ModelSchema, readFileSync(modelIn(other)));
  edit(model, model.description!);
  writeFileSync(modelIn(other), toBinary(ModelSchema, model));
  return other;
}

function arrayOf({ type }: FeatureDescription) {
  const is = type!.Type;
  if (is.case === "multiArrayType") return is.value;
  if (is.case !== "stateType" || is.value.Type.case !== "arrayType") throw new Error("no array");
  return is.value.Type.value;
}

type Edit = (model: Model, description: ModelDescription) => unknown;
const contradictions: readonly (readonly [what: string, edit: Edit, sentence: string])[] = [
  ["an input renamed", (_, d) => Object.assign(d.input[0]!, { name: "z" }), 'names the input "z"'],
  ["an output missing", (_, d) => d.output.pop(), 'lacks the output "y"'],
  ["a state missing", (_, d) => d.state.pop(), 'lacks the state "k"'],
  ["an input more", (_, d) => d.input.push({ ...d.input[0]!, name: "more" }), 'names the input "more"'],
  [
    "another type",
    (_, d) => Object.assign(arrayOf(d.input[0]!), { dataType: Type.FLOAT32 }),
    "is described as fp32[1,4]",
  ],
  ["another shape", (_, d) => Object.assign(arrayOf(d.output[0]!), { shape: [4n, 1n] }), "is described as fp16[4,1]"],
  [
    "a state of another shape",
    (_, d) => Object.assign(arrayOf(d.state[0]!), { shape: [1n, 5n] }),
    "is described as fp16[1,5]",
  ],
  ["no description", (model) => delete model.description, 'does not tell of the function "main"'],
  ["a prediction of nothing", (_, d) => Object.assign(d, { predictedFeatureName: "z" }), 'is described to predict "z"'],
];

test.each(contradictions)(
  "%s: refused by diff in both directions, by check, and shown by inspect",
  async (_, edit, sentence) => {
    const bad = edited(edit);
    const refusal = { code: 2, out: "", err: expect.stringContaining(sentence) };
    for (const line of [
      ["diff", good, bad],
      ["diff", bad, good],
      ["diff", bad, bad],
      ["diff", file, bad, "--max-seq", "8"],
      ["check", bad],
    ])
      expect(await graphc(line)).toEqual(refusal);
    const { code, out } = await graphc(["inspect", bad]);
    expect({ code, out: out.replace(/\s+/g, " ") }).toEqual({
      code: 1,
      out: expect.stringMatching(/func main.*error \[described\]/),
    });
    expect(out.replace(/\s+/g, " ")).toContain(sentence);
  },
);

const differences: readonly (readonly [what: string, edit: Edit, line: string])[] = [
  [
    "an optional input",
    (_, d) => Object.assign(d.input[0]!.type!, { isOptional: true }),
    'optional of input "x": absent → true',
  ],
  [
    "a default",
    (_, d) => Object.assign(arrayOf(d.input[0]!), { defaultOptionalValue: { case: "floatDefaultValue", value: 2 } }),
    'default of input "x": absent → {"kind":"float","value":2}',
  ],
  ["updatable", (model) => Object.assign(model, { isUpdatable: true }), "updatable: absent → true"],
  [
    "words",
    (_, d) => Object.assign(d.output[0]!, { shortDescription: "rows" }),
    'description of output "y": absent → rows',
  ],
  ["a predicted feature", (_, d) => Object.assign(d, { predictedFeatureName: "y" }), "predicted feature: absent → y"],
];

test.each(differences)("%s: told by diff, against the package and against the graph file", async (_, edit, line) => {
  const changed = edited(edit);
  for (const [one, options] of [
    [good, []],
    [file, ["--tokens", "1", "--max-seq", "8"]],
  ] as const) {
    const { code, out } = await graphc(["diff", one, changed, ...options]);
    expect([code, out]).toEqual([1, expect.stringContaining(line)]);
    expect((await graphc(["diff", changed, one, ...options])).code).toBe(1);
  }
});

describe("what is not said twice", () => {
  test("the package is no other than its graph file, and than itself", async () => {
    expect((await graphc(["diff", good, file, "--tokens", "1", "--max-seq", "8"])).out).toBe("no difference");
    expect((await graphc(["diff", good, edited(() => {})])).out).toBe("no difference");
  });

  test("of a package of several functions the one that is compared with a graph file must be named", async () => {
    const two = edited((model, d) => {
      const { functions } = model.Type.value!;
      functions.more = functions.main!;
      const [input, output, state] = [d.input, d.output, d.state].map((list) => list.splice(0));
      const of = (name: string) => ({ name, input, output, state });
      Object.assign(
        d,
        create(ModelSchema, { description: { functions: [of("main"), of("more")] as never } }).description,
      );
      d.defaultFunctionName = "main";
    });
    const diff = ["diff", file, two, "--tokens", "1", "--max-seq", "8"];
    const { code, err } = await graphc(diff);
    expect([code, err]).toEqual([2, expect.stringMatching(/has 2 functions: main, more; say which: --function NAME$/)]);
    for (const name of ["main", "more"])
      expect((await graphc([...diff, "--function", name])).out).toBe(`no difference, of the function "${name}" alone`);
    expect((await graphc([...diff, "--function", "most"])).err).toMatch(
      /there is no function "most"; the functions are main, more$/,
    );
  });
});

test("inspect --json prints NaN, infinities and −0, and enough to build the same message", async () => {
  const { out } = await graphc(["inspect", good, "--json"]);
  expect(out.replace(/\s/g, "")).toContain('["NaN","-Infinity","-0",1]');
  expect(sameFields(encodeModel(modelOfJson(out)), readFileSync(modelIn(good)))).toBe(true);
});
