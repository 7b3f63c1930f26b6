/** Each function of the library given the wrong thing: the sentence that says so, and nothing else is thrown. */
import fc from "fast-check";
import * as library from "graphc";
import { expect, test } from "vitest";
import attention from "../../examples/attention.ts";
import { opTable } from "../../src/dsl/ops/index.ts";

const {
  check,
  diffGraphs,
  generatedWeights,
  graphOf,
  openWeights,
  parity,
  printGraph,
  prove,
  readPackage,
  run,
  writePackage,
} = library;
const block = attention({ tokens: 2, maxSeq: 8 });
const step = attention({ tokens: 1, maxSeq: 8 });
const sized = { model: attention, tokens: 2, maxSeq: 8 };
const x = library.input("x", [1, 4]);
const small = library.graph({ name: "small", inputs: [x], outputs: { y: library.add(x, 1) } });
const wrong = (value: unknown) => value as never;
const missing = "/nowhere/x.mlpackage";

const { attention: attend, constant, declareSlot, decoderLayers, evaluate, hostRows, inverseFrequencies } = library;
const { PHI4_MINI, project, projectParts, rmsNorm, rope, ropeRows, sentenceOf, withFactorList, writeRows } = library;
const [Q, K, mask] = [
  library.input("q", [1, 4, 2, 8]),
  library.state("k", [1, 2, 8, 8]),
  library.input("m", [1, 1, 2, 8]),
];
const parts = { Q, K, V: K, mask };
const hidden = library.input("h", [1, 4, 2, 1]);
const gain = library.weight("g", [1, 4, 1, 1]);
const rows = library.input("rows", [1, 2, 2, 8]);
const cos = library.input("cos", [2, 4]);
const sizes = { tokens: 2, maxSeq: 8, kvHeads: 2, headDim: 8 };
const { slot } = declareSlot("blend", sizes);
const size = { tokens: 2, maxSeq: 8 };
const one = { dtype: "fp16", shape: [1, 4], data: new Float64Array(4) } as const;

const NONE = "attention_t2 reads weights of a checkpoint, and none are given";

/** By the function: a call, and the sentence. */
const CASES: Readonly<Record<string, readonly (readonly [call: () => unknown, says: string])[]>> = {
  check: [
    [() => check(wrong(undefined)), "what is checked must be a graph, not undefined"],
    [() => check(wrong({ blobs: 1 })), "what is checked must be a package, not an object"],
    [() => check(block, wrong({ weight: 1 })), 'check has no option "weight"'],
    [() => check(block, { weights: wrong(3) }), "weights must be open weights, not 3"],
    [() => check(block, { roles: { y: "mask" } }), 'there is no input "y", for which a role is given'],
  ],
  prove: [
    [
      () => prove(wrong(undefined)),
      "what is compared must be { model, tokens, maxSeq } or { block, step }, not undefined",
    ],
    [() => prove({ block, step: wrong(7) }), "the step must be a graph, not 7"],
    [
      () => prove({ block, step: block }),
      "attention_t2 is the same graph as its step, so that there is nothing to compare",
    ],
    [() => prove({ block: small, step }), 'input "attn_mask" of attention_t1 is missing in small'],
    [() => prove({ ...sized, tokens: 0 }), "tokens must be a whole number from 1, not 0"],
    [() => prove({ ...sized, tokens: 9 }), "a block of 9 tokens does not fit a cache of 8 rows"],
    [() => prove({ ...sized, model: wrong(1) }), "a model must be a function, not 1"],
    [() => prove({ ...sized, model: wrong(() => 1) }), "what the model returns must be a graph, not 1"],
    [
      () => prove({ ...sized, model: wrong(() => (null as never as Error).message) }),
      "the model threw while its graph was made: Cannot read properties of null (reading 'message')",
    ],
    [
      () => prove(sized, { roles: { attn_mask: wrong("masks") } }),
      'the role of "attn_mask": the role must be rows or mask or write_mask or position or shared or cache, not "masks"',
    ],
    [() => prove(sized, { roles: { m: "mask" } }), 'there is no input "m", for which the option --role gives a role'],
  ],
  parity: [
    [() => parity(sized), NONE],
    [() => parity(sized, { threads: 3 }), "threads must be a whole number from 1 to 2, not 3"],
    [
      () => parity(sized, { decoder: wrong("phi") }),
      'decoder must be a decoder, such as readDecoder() gives, not "phi"',
    ],
  ],
  run: [
    [() => run(wrong(attention), {}), "what is run must be a graph, not a function"],
    [() => run(block, {}), NONE],
    [() => run(small, {}), 'there is no value for "x"; the graph wants fp16[1,4]'],
    [() => run(small, wrong(3)), "values must be an object of arrays by name, not 3"],
    [() => run(small, { x: wrong([1, 2, 3, 4]) }), '"x" must be { dtype, shape, data }, not an array'],
    [
      () => run(small, { x: { dtype: "fp16", shape: [4], data: new Float64Array(4) } }),
      '"x" is fp16[4]; the graph wants fp16[1,4]',
    ],
    [
      () => run(small, { x: { dtype: "fp16", shape: [1, 4], data: new Float64Array(3) } }),
      '"x" has 3 elements; fp16[1,4] has 4',
    ],
    [
      () => run(small, { z: { dtype: "fp16", shape: [1, 4], data: new Float64Array(4) } }),
      'the graph has no input "z"',
    ],
    [() => run(small, {}, { precision: wrong("fp8") }), 'precision must be fp16 or fp64, not "fp8"'],
  ],
  readPackage: [
    [() => readPackage(missing), `${missing} does not exist`],
    [() => readPackage(wrong(undefined)), "the package must be a path, not undefined"],
  ],
  graphOf: [[() => graphOf(wrong(block)), "what a graph is made of must be a package, not an object"]],
  writePackage: [
    [() => writePackage(wrong("g"), "a.mlpackage"), 'what is written must be a graph, not "g"'],
    [() => writePackage(block, "/nowhere/a.mlpackage"), NONE],
    [() => writePackage(small, "/nowhere/a"), "must end in .mlpackage: Core ML opens no other name"],
    [() => writePackage(small, wrong(5)), "the place of the package must be a path, not 5"],
  ],
  printGraph: [
    [
      () => printGraph(wrong({ name: "g", inputs: [3], states: [], outputs: {} })),
      "what is printed must be a graph, not an object",
    ],
  ],
  diffGraphs: [[() => diffGraphs(small, wrong(null)), "the second graph must be a graph, not null"]],
  openWeights: [
    [() => openWeights("/nowhere"), "/nowhere"],
    [() => openWeights(wrong(1)), "the checkpoint must be a path, not 1"],
  ],
  generatedWeights: [
    [() => generatedWeights(wrong([])), "what weights are made for must be a graph, not an array"],
    [() => generatedWeights(block, -1), "the seed must be a whole number from 0, not -1"],
  ],
  input: [
    [() => library.input(wrong(3), [1]), "input: the name must be a text, not 3"],
    [() => library.input("x", wrong("ab")), 'input: the shape must be an array of sizes, not "ab"'],
    [() => library.input("x", [1, 0]), "input: axis 1 of the shape must be a whole number from 1, not 0"],
    [() => library.input("x", [1], wrong("fp8")), "input: the element type must be fp16 or fp32 or int32"],
    [() => library.input("x", [1], "fp16", wrong({ rôle: "mask" })), 'input has no option "rôle"'],
  ],
  state: [
    [() => library.state("", [1]), 'state: the name must be a text, not ""'],
    [() => library.state("k", [1.5]), "state: axis 0 of the shape must be a whole number from 1, not 1.5"],
  ],
  weight: [
    [() => library.weight("w", wrong(undefined)), "weight: the shape must be an array of sizes, not undefined"],
    [() => library.weight("w", [1], wrong({ row: [0, 1] })), 'weight has no option "row"'],
  ],
  named: [
    [() => library.named(wrong(undefined), x), "named: the name must be a text, not undefined"],
    [() => library.named("y", wrong(5)), "named: what is named must be a value of a graph, not 5"],
  ],
  constant: [
    [() => constant(wrong(null), [1]), "constant: its numbers must be an array of numbers, not null"],
    [() => constant(wrong(["a"]), [1]), "constant: its numbers must be an array of numbers, not an array"],
    [() => constant(wrong([1n]), [1]), "constant: its numbers must be an array of numbers, not an array"],
    [() => constant([1], wrong(1)), "constant: the shape must be an array of sizes, not 1"],
    [() => constant([1, 2], [1]), "constant: 2 numbers for fp16[1], which has 1"],
  ],
  attention: [
    [() => attend(wrong(undefined)), "attention: its parts must be an object, not undefined"],
    [() => attend({ ...parts, mask: wrong(1) }), "attention: mask must be a value of a graph, not 1"],
    [() => attend({ ...parts, Q: wrong(x) }), "attention: Q must have 4 axes, and is fp16[1,4]"],
    [() => attend({ ...parts, Q: library.input("q", [1, 3, 2, 8]) }), "3 query heads must be a multiple of 2 KV heads"],
    [() => attend({ ...parts, V: Q }), "attention: K and V must have one shape, not [1,2,8,8] and [1,4,2,8]"],
    [() => attend({ ...parts, cap: 0 }), "attention: cap must be a finite number above 0, not 0"],
    [() => attend({ ...parts, held: 0.5 }), "attention: held must be a whole number from -1000 to 1000, not 0.5"],
    [() => attend({ ...parts, clamp: -1 }), "attention: clamp must be a finite number above 0, not -1"],
    [() => attend({ ...parts, scale: wrong("1") }), 'attention: scale must be a finite number, not "1"'],
    [() => attend(parts, wrong({ gqa: "folded" })), 'gqa of the form must be fold or loop or tile, not "folded"'],
    [() => attend(parts, wrong({ heads: 2 })), 'attention: the form has no question "heads"'],
    [() => attend(parts, {}, wrong("n")), 'attention: name must be a function, not "n"'],
    [
      () =>
        attend(
          parts,
          {},
          wrong(() => 1),
        ),
      "attention: what name gives must be a value of a graph, not 1",
    ],
  ],
  declareSlot: [
    [() => declareSlot(wrong("blended"), sizes), "declareSlot: the write must be blend or select or"],
    [() => declareSlot("blend", wrong(null)), "declareSlot: the sizes must be an object, not null"],
    [() => declareSlot("scatter", { ...sizes, tokens: 0 }), "declareSlot: tokens must be a whole number from 1, not 0"],
  ],
  writeRows: [
    [() => writeRows(wrong(1), rows, slot), "writeRows: the cache must be a value of a graph, not 1"],
    [() => writeRows(K, wrong(x), slot), "writeRows: the rows must have 4 axes, and is fp16[1,4]"],
    [
      () => writeRows(K, rows, wrong({ write: "scatter" })),
      "position of the slot must be a value of a graph, not undefined",
    ],
    [() => writeRows(K, rows, wrong({ ...slot, write: 1 })), "writeRows: the write of the slot must be blend or"],
  ],
  rmsNorm: [
    [() => rmsNorm(wrong(1), gain, { eps: 1e-5 }), "rmsNorm: x must be a value of a graph, not 1"],
    [() => rmsNorm(hidden, gain, wrong(undefined)), "rmsNorm: the options of rmsNorm must be an object, not undefined"],
    [() => rmsNorm(hidden, gain, { eps: -1 }), "rmsNorm: eps must be a finite number from 0, not -1"],
    [
      () => rmsNorm(hidden, gain, { eps: 1e-5, axis: 4 }),
      "rmsNorm: the axis must be a whole number from 0 to 3, not 4",
    ],
    [() => rmsNorm(hidden, gain, { eps: 1e-5, form: wrong("min") }), "rmsNorm: the form must be hybrid or naive"],
  ],
  rope: [
    [() => rope(rows, wrong("c"), cos, { axis: 3 }), 'rope: cos must be a value of a graph, not "c"'],
    [() => rope(rows, cos, cos, wrong({})), "rope: the axis must be a whole number from 0 to 3, not undefined"],
    [() => rope(rows, cos, cos, { axis: 1 }), "rope: cos [2,4] has no axis of pairs beside axis 1 of x [1,2,2,8]"],
    [
      () => rope(rows, cos, library.input("s", [2, 3]), { axis: 3 }),
      "rope: sin [2,3] must have as many pairs as cos [2,4]",
    ],
    [() => rope(rows, cos, cos, { axis: 2 }), "rope: 2 pairs are more dims than the 2 on axis 2 of x [1,2,2,8]"],
    [
      () => rope(rows, cos, cos, { axis: 3, pairs: wrong("odd") }),
      'rope: pairs must be halves or neighbours, not "odd"',
    ],
  ],
  project: [
    [() => project(wrong(x), { tensor: "w", outputs: 2 }), "project: x must have 4 axes, and is fp16[1,4]"],
    [() => project(hidden, wrong("w")), 'project: the options of a matrix must be an object, not "w"'],
    [() => project(hidden, { tensor: "w", outputs: 0 }), "project: outputs must be a whole number from 1, not 0"],
    [() => project(hidden, { tensor: [], outputs: 2 }), "project: the tensor must be joined of one tensor or more"],
    [
      () => project(hidden, { tensor: "w", outputs: 2, rows: [2, 2] }),
      "the end of rows must be a whole number from 3, not 2",
    ],
    [
      () => project(hidden, { tensor: "w", outputs: 2 }, wrong("gemm")),
      "the projection must be conv or linear or matmul",
    ],
  ],
  projectParts: [
    [
      () => projectParts(hidden, { tensor: "w", outputs: 4 }, wrong([])),
      "projectParts: the sizes must be an object, not an array",
    ],
    [
      () => projectParts(hidden, { tensor: "w", outputs: 4 }, { q: 1, k: 2 }),
      "projectParts: the sizes have 3 rows together, and the matrix has 4",
    ],
  ],
  inverseFrequencies: [
    [() => inverseFrequencies(wrong(1), 8), "the table must be an object, not 1"],
    [() => inverseFrequencies({ ...PHI4_MINI, rotaryDims: 3 }, 8), "rotaryDims of the table must be even, not 3"],
    [
      () => inverseFrequencies({ ...PHI4_MINI, rotaryDims: 128 }, 8),
      "shortFactor of rope must have a number for each of 64 pairs of dims, not 48",
    ],
    [() => inverseFrequencies(PHI4_MINI, wrong("8")), 'max_seq must be a whole number from 1, not "8"'],
    [
      () => inverseFrequencies({ ...PHI4_MINI, rope: wrong({ type: "ntk" }) }, 8),
      "the type of rope of the table must be default or linear or divided",
    ],
  ],
  ropeRows: [
    [() => ropeRows(wrong(null), [0], 8), "the table must be an object, not null"],
    [() => ropeRows(PHI4_MINI, wrong(0), 8), "positions must be an array of cache rows"],
    [() => ropeRows(PHI4_MINI, [8], 8), "position 8 is outside a cache of 8 rows"],
  ],
  hostRows: [
    [
      () => hostRows(wrong("phi"), "rope_cos", [0], 8),
      'decoder must be a decoder, such as readDecoder() gives, not "phi"',
    ],
    [() => hostRows(PHI4_MINI, wrong(1), [0], 8), "hostRows: the name of an input must be a text"],
  ],
  withFactorList: [
    [
      () => withFactorList(wrong(undefined), "long"),
      "decoder must be a decoder, such as readDecoder() gives, not undefined",
    ],
    [() => withFactorList(PHI4_MINI, wrong("middle")), 'the list of factors must be short or long, not "middle"'],
  ],
  decoderLayers: [
    [() => decoderLayers(wrong(1), size), "decoder must be a decoder, such as readDecoder() gives, not 1"],
    [
      () => decoderLayers({ ...PHI4_MINI, heads: 25 }, size),
      "heads of the decoder must be a multiple of kvHeads 8, not 25",
    ],
    [() => decoderLayers({ ...PHI4_MINI, pattern: [] }, size), "pattern of the decoder must have a kind of layer"],
    [() => decoderLayers(wrong({ ...PHI4_MINI, biases: 1 }), size), "biases of the decoder must be an object, not 1"],
    [() => decoderLayers(PHI4_MINI, wrong(2)), "the size must be an object, not 2"],
    [() => decoderLayers(PHI4_MINI, { tokens: 2, maxSeq: 1 }), "a block of 2 tokens does not fit a cache of 1 rows"],
    [() => decoderLayers(PHI4_MINI, size, wrong({ norms: "max" })), 'the spelling has no question "norms"'],
    [() => decoderLayers(PHI4_MINI, size, { cache: wrong("host") }), 'cache must be state or io, not "host"'],
    [() => decoderLayers(PHI4_MINI, size, { first: 32 }), "there is no layer 32; the model has layers 0 to 31"],
  ],
  evaluate: [
    [() => evaluate(wrong(1), { values: {} }), "what is evaluated must be a graph, not 1"],
    [() => evaluate(small, wrong(undefined)), "the bindings must be an object, not undefined"],
    [() => evaluate(small, wrong({ values: 3 })), "values of the bindings must be an object, not 3"],
    [() => evaluate(small, { values: {} }), 'evaluate: no value for input "x"'],
    [
      () => evaluate(small, { values: { x: wrong([1]) } }),
      'input "x" must be { dtype, shape, data } with a Float64Array',
    ],
    [() => evaluate(small, { values: { x: { ...one, shape: [4] } } }), 'input "x" is fp16[1,4], given fp16[4]'],
    [
      () => evaluate(small, { values: { x: { ...one, data: new Float64Array(3) } } }),
      'input "x" has 4 elements, given 3',
    ],
    [() => evaluate(small, { values: { x: one } }, { precision: wrong("fp8") }), "precision must be fp16 or fp64"],
  ],
  graph: [
    [() => library.graph(wrong(undefined)), "graph: its name must be a text"],
    [() => library.graph({ name: "g", inputs: [x], outputs: {} }), 'graph "g": has no output'],
    [() => library.graph({ name: "g", inputs: [], outputs: { x } }), 'input "x" is used but not declared'],
  ],
  blockPositions: [
    [() => library.blockPositions(-1, 2, 8), "start must be a whole number from 0, not -1"],
    [() => library.blockPositions(7, 2, 8), "start 7 + 2 tokens is beyond max_seq 8; the cache is full"],
  ],
  causalMask: [[() => library.causalMask([8], 8), "position 8 is outside a cache of 8 rows"]],
  writeMask: [[() => library.writeMask([1, 1], 8), "two tokens of the block would write cache row 1"]],
  fp16Rows: [[() => library.fp16Rows(wrong([1])), "rows must be rows of numbers, such as ropeRows() gives"]],
  readDecoder: [
    [() => library.readDecoder(3, "config.json"), "config.json"],
    [() => library.readDecoder({ model_type: "bert" }, "config.json"), '"model_type" "bert" is not supported'],
  ],
  sentenceOf: [
    [() => sentenceOf(wrong(undefined)), "what a sentence is made of must be an error with a message"],
    [() => sentenceOf(wrong({ message: "no", mend: 3 })), "the mend of an error must be a text"],
  ],
};

/** What it throws, at once or later. */
async function thrown(call: () => unknown): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

const isOurs = (error: unknown): error is Error => library.isUserError(error) || library.isGraphError(error);

test.each(Object.entries(CASES).flatMap(([name, cases]) => cases.map(([call, says]) => [name, says, call] as const)))(
  "%s: %s",
  async (_, says, call) => {
    const error = await thrown(call);
    expect(error).toSatisfy(isOurs);
    expect((error as Error).message).toContain(says);
  },
);

const CLASSES: ReadonlySet<string> = new Set(["GraphError", "ProofContradicted", "UserError"]);

const functions = Object.entries(library as Readonly<Record<string, unknown>>).flatMap(([name, call]) =>
  typeof call === "function" && !CLASSES.has(name) ? [[name, call as (...args: unknown[]) => unknown] as const] : [],
);

/** Every op is refused its garbage by its declaration (`makeOp`); these take no more than a look at what they are given. */
const PLAIN: ReadonlySet<string> = new Set(["isGraphError", "isUserError"]);

test("every function that is no op has cases above", () => {
  expect(functions.length).toBeGreaterThan(100);
  const made = functions.map(([name]) => name).filter((name) => !opTable.has(name) && !PLAIN.has(name));
  expect(Object.keys(CASES).toSorted()).toEqual(made.toSorted());
  expect([...PLAIN, ...CLASSES].filter((name) => !(name in library))).toEqual([]);
});

test("garbage is refused in our words, whatever it is", async () => {
  const piece = fc.oneof(
    fc.anything(),
    fc.constantFrom<unknown[]>(undefined, x, [x, x], small, block, { block, step }, sized, "x", missing),
    fc.nat(9),
    fc.array(fc.nat(4)),
  );
  const garbage = fc.array(piece, { maxLength: 5 });
  for (const [name, call] of functions)
    await fc.assert(
      fc.asyncProperty(garbage, async (args) => {
        // A package that is written lands where the test may write, and two big proofs of one pair say the same.
        if (name === "prove" || name === "parity")
          args = args.map((one) => (one === sized ? { ...sized, tokens: 9 } : one));
        try {
          await call(...args);
        } catch (error) {
          if (!isOurs(error)) throw new Error(`${name}: ${(error as Error)?.stack ?? error}`);
        }
      }),
      { seed: 20261127, numRuns: 25 },
    );
});
