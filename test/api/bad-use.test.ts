/** Each function of the library given the wrong thing: the sentence that says so, and nothing else is thrown. */
import fc from "fast-check";
import * as library from "graphc";
import { expect, test } from "vitest";
import attention from "../../examples/attention.ts";

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

/** Functions that begin with what authors write in TypeScript, and do not look at it themselves: their garbage still ends in a TypeError. */
const TRUSTING: ReadonlySet<string> = new Set([
  "attention",
  "constant",
  "declareSlot",
  "decoderLayers",
  "evaluate",
  "hostRows",
  "inverseFrequencies",
  "project",
  "projectParts",
  "rmsNorm",
  "rope",
  "ropeRows",
  "sentenceOf",
  "withFactorList",
  "writeRows",
]);
const CLASSES: ReadonlySet<string> = new Set(["GraphError", "ProofContradicted", "UserError"]);

const functions = Object.entries(library as Readonly<Record<string, unknown>>).flatMap(([name, call]) =>
  typeof call === "function" && !CLASSES.has(name) ? [[name, call as (...args: unknown[]) => unknown] as const] : [],
);

test("every function of the compiler has cases above", () => {
  expect(functions.length).toBeGreaterThan(100);
  const made = [
    "check",
    "prove",
    "parity",
    "run",
    "readPackage",
    "graphOf",
    "writePackage",
    "printGraph",
    "diffGraphs",
  ];
  expect(Object.keys(CASES).toSorted()).toEqual([...made, "openWeights", "generatedWeights"].toSorted());
  expect([...TRUSTING, ...CLASSES].filter((name) => !(name in library))).toEqual([]);
});

test("garbage is refused in our words, whatever it is", async () => {
  const piece = fc.oneof(
    fc.anything(),
    fc.constantFrom<unknown[]>(undefined, x, [x, x], small, block, { block, step }, sized, "x", missing),
    fc.nat(9),
    fc.array(fc.nat(4)),
  );
  const garbage = fc.array(piece, { maxLength: 5 });
  for (const [name, call] of functions.filter(([name]) => !TRUSTING.has(name)))
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
      { numRuns: 25 },
    );
});
