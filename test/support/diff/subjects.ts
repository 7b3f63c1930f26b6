/** Packages that the fuzz of `diff` edits: every op once, graphs of several ops, and models that say all a description can. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Graph, graph, schedule } from "../../../src/dsl/graph.ts";
import { add, opTable, reduce_sum, slice_by_index } from "../../../src/dsl/ops/index.ts";
import { input } from "../../../src/dsl/tensor.ts";
import { MODEL_PATH, WEIGHTS_PATH } from "../../../src/emit/mil/manifest.ts";
import type { MilFeature, MilFunction, MilInterface, MilModel, MilOperation } from "../../../src/emit/mil/records.ts";
import { openBlobs } from "../../../src/emit/read/blobs/blob.ts";
import { decodeModel } from "../../../src/emit/read/decode/decode.ts";
import type { Package } from "../../../src/emit/read/read.ts";
import { encodeModel } from "../../../src/emit/write/encode.ts";
import { lower } from "../../../src/emit/write/lower.ts";
import { writePackage } from "../../../src/emit/write/package.ts";
import { generatedStore, storedShapes } from "../../../src/weights/generated.ts";
import { tinyGraph } from "../emit.ts";
import { K, open, range } from "../graphs/flexible.ts";
import { exampleOf, randomFrom } from "../ops/examples.ts";
import { constOperation, literal, operation, program, randomGraph, tensorType } from "../read.ts";

/** A package before it is edited. */
export interface Subject {
  readonly name: string;
  /** Of model.mlmodel. */
  readonly bytes: Uint8Array;
  /** Of weight.bin; absent where the model refers to none. */
  readonly weights?: Uint8Array;
}

/** All of them, the same ones every time. */
export async function subjects(): Promise<readonly Subject[]> {
  const ops = [...opTable.keys()].map((op) => [op, exampleOf(op, randomFrom(op.length)).graph] as const);
  const random = Array.from({ length: 12 }, (_, seed) => [`random ${seed}`, randomGraph(randomFrom(seed))] as const);
  const graphs: readonly (readonly [string, Graph])[] = [...ops, ...random, ["tiny", tinyGraph()], ["spelt", spelt()]];
  const emitted: Subject[] = [];
  for (const [name, one] of graphs) emitted.push(await emittedSubject(name, one));
  const byHand = Object.entries({ everything: everything(), two: twoFunctions(), literals: literals() });
  return [
    ...emitted,
    ...emitted.flatMap(asIos16),
    ...byHand.map(([name, model]) => ({ name, bytes: encodeModel(model) })),
  ];
}

async function emittedSubject(name: string, one: Graph): Promise<Subject> {
  const root = mkdtempSync(join(tmpdir(), "graphc-subject-"));
  try {
    const path = join(root, "a.mlpackage");
    await writePackage(one, generatedStore(storedShapes(schedule(one))), path);
    const bytes = readFileSync(join(path, MODEL_PATH));
    const weights = lower(one).blobs.blobs.length > 0 ? { weights: readFileSync(join(path, WEIGHTS_PATH)) } : {};
    return { name, bytes, ...weights };
  } finally {
    rmSync(root, { recursive: true });
  }
}

/** Writes a model with its weights into a folder, as they lie in a package, and opens them. @throws UserError as the reader does */
export function openIn(folder: string, bytes: Uint8Array, weights: Uint8Array | undefined): Package {
  const modelFile = join(folder, "model.mlmodel");
  const weightFile = join(folder, "weights", "weight.bin");
  mkdirSync(dirname(weightFile), { recursive: true });
  if (weights) writeFileSync(weightFile, weights);
  return { path: modelFile, modelFile, model: decodeModel(bytes), blobs: openBlobs(modelFile) };
}

/** Masked slices and sums over several axes: what has equal spellings. */
function spelt(): Graph {
  const x = input("x", [2, 3, 4]);
  const masks = { begin_mask: [true, false, true], end_mask: [true, true, false], squeeze_mask: [false, true, false] };
  const rising = slice_by_index(x, [1, 1, 0], [1, 2, 3], { ...masks, stride: [1, 2, 2] });
  const falling = slice_by_index(x, [0, 2, 3], [1, 0, 0], { begin_mask: [false, true, true], stride: [1, -1, -2] });
  const sums = [reduce_sum(x, { axes: [0, 2] }), reduce_sum(x, { axes: [2, 1, 0], keep_dims: true })];
  return graph({ name: "spelt", inputs: [x], outputs: { rising, falling, a: sums[0]!, b: add(sums[1]!, rising) } });
}

/** A model with the operands of a compressed weight in attributes, as files of iOS 16 have them. */
function asIos16({ name, bytes, weights }: Subject): readonly Subject[] {
  const model = decodeModel(bytes);
  const [main] = model.functions;
  const values = new Map(main!.operations.map((op) => [op.outputs[0]?.name, op.value]));
  const inlined = main!.operations.map((op): MilOperation => {
    if (!op.type.startsWith("constexpr_")) return op;
    const literals = Object.entries(op.inputs).flatMap(([key, [x]]) => {
      const value = x && "name" in x ? values.get(x.name) : undefined;
      return value ? [[key, [{ value }]] as const] : [];
    });
    const inputs = { ...op.inputs, ...Object.fromEntries(literals) };
    return { ...op, inputs, attributes: literals.map(([key]) => key).toSorted() };
  });
  if (!inlined.some((op) => op.attributes)) return [];
  const functions = [{ ...main!, operations: inlined }];
  return [{ name: `${name} of iOS 16`, bytes: encodeModel({ ...model, functions }), ...(weights ? { weights } : {}) }];
}

const X: MilFeature = { name: "x", dtype: "fp16", shape: [4, 8], range, optional: true, description: "rows" };
const Z: MilFeature = {
  name: "z",
  dtype: "int32",
  shape: [4, 8],
  enumerated: [
    [4, 8],
    [2, 8],
  ],
};

/** Everything that a description and a function may say, at once. */
function everything(): MilModel {
  const inputs = [
    { name: "x", type: open },
    { name: "z", type: tensorType("int32", undefined, 8) },
    { name: "k", type: { kind: "state", tensor: K } as const },
  ];
  const operations = [
    operation("exp", "y", open, { x: "x" }),
    operation("abs", "w", tensorType("int32", undefined, 8), { x: "z" }),
  ];
  const main: MilInterface = {
    inputs: [
      { ...X, default: { kind: "float", value: -0 } },
      { ...Z, default: { kind: "int", value: 3 } },
    ],
    outputs: [
      { name: "y", dtype: "fp16" },
      { name: "w", dtype: "int32", description: "what is left" },
    ],
    states: [{ name: "k", dtype: "fp16", shape: [4, 8] }],
    predictedFeature: "y",
    predictedProbabilities: "w",
  };
  const model = program(operations, { inputs, outputs: ["y", "w"], ...extras() }, { main });
  return {
    ...model,
    metadata: { author: "somebody", __proto__x: "1" },
    about: { shortDescription: "all", version: "1", author: "a", license: "MIT" },
    updatable: true,
    trainingInputs: [{ ...X, default: { kind: "double", value: Number.NaN } }],
    buildInfo: { "coremltools-version": "9.0", other: "" },
    docString: "a program",
  };
}

const extras = (): Partial<MilFunction> => ({
  attributes: { speed: literal(tensorType("fp32", 3), Number.NaN, Infinity, -0) },
  specializations: { CoreML7: { inputs: [], operations: [operation("tanh", "y", open, { x: "x" })], outputs: ["y"] } },
});

/** Two functions, one of them with an op that no result needs. */
function twoFunctions(): MilModel {
  const fixed = tensorType("fp16", 4, 8);
  const face: MilInterface = {
    inputs: [{ name: "x", dtype: "fp16", shape: [4, 8] }],
    outputs: [{ name: "y", dtype: "fp16", shape: [4, 8] }],
    states: [],
  };
  const of = (name: string, ops: readonly MilOperation[]) =>
    program(ops, { name, inputs: [{ name: "x", type: fixed }] }).functions[0]!;
  const functions = [
    of("one", [operation("exp", "y", fixed, { x: "x" }), operation("tanh", "dead", fixed, { x: "x" })]),
    of("two", [operation("exp", "e", fixed, { x: "x" }), operation("add", "y", fixed, { x: "e", y: "e" })]),
  ];
  return { ...program([]), functions, interfaces: { one: face, two: face }, defaultFunction: "two" };
}

/** A literal of every kind that a file may hold, most of them used by nothing. */
function literals(): MilModel {
  const floats = [0, -0, 1.5, Infinity, -Infinity, Number.NaN];
  const of = (dtype: Parameters<typeof tensorType>[0], ...data: readonly number[]) =>
    constOperation(`c_${dtype}`, literal(tensorType(dtype, data.length), ...data));
  const odd = { ...literal(tensorType("fp16", 2), Number.NaN, 1), bytes: Uint8Array.from([1, 0x7e, 0, 0x3c]) };
  const operations = [
    ...(["fp16", "fp32", "fp64", "bf16"] as const).map((dtype) => of(dtype, ...floats)),
    ...(["int8", "int16", "int32", "int64", "int4"] as const).map((dtype) => of(dtype, -7, 0, 7)),
    ...(["uint8", "uint16", "uint32", "uint64", "uint4", "uint6"] as const).map((dtype) => of(dtype, 3, 0, 7)),
    ...(["bool", "uint1", "uint2", "uint3", "fp8e4m3fn", "fp8e5m2"] as const).map((dtype) => of(dtype, 1, 0, 1)),
    constOperation("c_text", literal(tensorType("string", 2), "NaN", "-0")),
    constOperation("odd", odd),
    operation("mul", "y", tensorType("fp16", 6), { x: "x", y: "c_fp16" }),
  ];
  const main: MilInterface = {
    inputs: [{ name: "x", dtype: "fp16", shape: [6] }],
    outputs: [{ name: "y", dtype: "fp16", shape: [6] }],
    states: [],
  };
  return program(operations, { inputs: [{ name: "x", type: tensorType("fp16", 6) }] }, { main });
}
