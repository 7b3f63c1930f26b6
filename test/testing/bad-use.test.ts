/** Each function of graphc/testing given the wrong thing: the sentence that says so, and nothing else is thrown. No wrong use is a yes. */
import fc from "fast-check";
import { isGraphError, isUserError } from "graphc";
import * as testing from "graphc/testing";
import { expect, test } from "vitest";
import { testFolder } from "../support/cli.ts";
import { layer } from "../support/testing/layers.ts";

const { acceptedLengths, assertEqualOverRejections, assertGoldens, assertProven, assertRefuted } = testing;
const { feeds, sizes, smallConfigs, spellings } = testing;
const model = layer();
const sized = { model, tokens: 2, maxSeq: 8 };
const block = model({ tokens: 2, maxSeq: 8 });
const wrong = (value: unknown) => value as never;

/** By the function: a call, and the sentence. */
const CASES: Readonly<Record<string, readonly (readonly [call: () => unknown, says: string])[]>> = {
  assertProven: [
    [() => assertProven({ ...sized, tokens: [] }), "tokens is an empty list, so that nothing would be looked at"],
    [() => assertProven({ ...sized, tokens: [2, 1] }), "tokens must be a whole number from 2, not 1"],
    [() => assertProven({ ...sized, tokens: [2, 3, 2] }), "tokens names 2 twice"],
    [() => assertProven({ ...sized, tokens: 9 }), "a block of 9 tokens does not fit a cache of 8 rows"],
    [() => assertProven(sized, wrong({ levle: "exact" })), 'assertProven has no option "levle"'],
    [() => assertProven(sized, { level: wrong("bits") }), 'level must be "exact" or "reals", not "bits"'],
    [() => assertProven({ block, step: block }), "is the same graph as its step"],
    [() => assertProven(wrong(7)), "what is compared must be { model, tokens, maxSeq } or { block, step }, not 7"],
  ],
  assertRefuted: [
    [() => assertRefuted({ ...sized, tokens: [] }), "tokens is an empty list"],
    [() => assertRefuted(sized, { value: "" }), 'value must be the name of a value, not ""'],
    [() => assertRefuted(sized, wrong({ level: "exact" })), 'assertRefuted has no option "level"'],
  ],
  assertEqualOverRejections: [
    [() => assertEqualOverRejections(sized, { runs: 0 }), "runs must be a whole number from 1, not 0"],
    [() => assertEqualOverRejections({ ...sized, tokens: [] }), "tokens is an empty list"],
    [() => assertEqualOverRejections(sized, { path: "1" }), "path is one case of a seed"],
    [() => assertEqualOverRejections(sized, { path: "1", seed: 1, runs: 2 }), "path is one case of a seed"],
    [
      () => assertEqualOverRejections(sized, { path: "x", seed: 1 }),
      'path must be the path that a failure told, not "x"',
    ],
    [
      () => assertEqualOverRejections(sized, wrong({ numRuns: 3 })),
      'assertEqualOverRejections has no option "numRuns"',
    ],
  ],
  assertGoldens: [
    [() => assertGoldens(testFolder(), {}), "the table of goldens is empty, so that nothing would be looked at"],
    [
      () => assertGoldens(testFolder(), { a: block }, { kinds: [] }),
      "kinds must be a list of graph or mil, not an array",
    ],
    [
      () => assertGoldens(testFolder(), { a: block }, { kinds: wrong(["text"]) }),
      "kinds must be a list of graph or mil",
    ],
    [() => assertGoldens(testFolder(), { a: wrong(1) }), 'the golden "a" must be a graph, not 1'],
    [() => assertGoldens(testFolder(), { "../a": block }), '"../a" is no name of a golden'],
    [() => assertGoldens(testFolder(), { a: block, A: block }), 'the golden "A" differs from another only in capitals'],
    [
      () => assertGoldens(wrong(undefined), { a: block }),
      "the folder of goldens must be a path or a file URL, not undefined",
    ],
    [() => assertGoldens("", { a: block }), 'the folder of goldens must be a path or a file URL, not ""'],
    [() => assertGoldens(new URL("https://a.example/b"), { a: block }), "must be a path or a file URL, not an object"],
    [() => assertGoldens(testFolder(), { a: block }, wrong({ write: true })), 'assertGoldens has no option "write"'],
  ],
  feeds: [
    [() => feeds(wrong(block)), "what is compared must be { model, tokens, maxSeq } or { block, step }, not an object"],
    [() => feeds(sized, wrong({ seed: 1 })), 'feeds has no option "seed"'],
    [() => feeds(sized, { roles: { m: "mask" } }), 'there is no input "m"'],
  ],
  acceptedLengths: [
    [() => acceptedLengths({ tokens: 3, maxSeq: 2 }), "a block of 3 tokens does not fit a cache of 2 rows"],
    [() => acceptedLengths({ tokens: 3, maxSeq: 8, calls: 0 }), "calls must be a whole number from 1, not 0"],
  ],
  sizes: [
    [() => sizes({ mostTokens: 1 }), "mostTokens must be a whole number from 2, not 1"],
    [() => sizes(wrong({ tokens: 3 })), 'sizes has no option "tokens"'],
  ],
  spellings: [
    [() => spellings([]), "questions must be a list of some, not an array"],
    [() => spellings(wrong(["norms"])), 'there is no question "norms" of spelling'],
  ],
  smallConfigs: [
    [() => smallConfigs([]), "architectures must be a list of some, not an array"],
    [() => smallConfigs(["gpt2"]), 'graphc reads no architecture "gpt2"'],
  ],
};

const isOurs = (error: unknown): error is Error => isUserError(error) || isGraphError(error);

async function thrown(call: () => unknown): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

test.each(Object.entries(CASES).flatMap(([name, cases]) => cases.map(([call, says]) => [name, says, call] as const)))(
  "%s: %s",
  async (_, says, call) => {
    const error = await thrown(call);
    expect(error).toSatisfy(isOurs);
    expect((error as Error).message).toContain(says);
  },
);

const functions = Object.entries(testing as Readonly<Record<string, unknown>>).filter(
  ([name]) => name !== "AssertionFailed",
);

test("every function of the kit has cases above", () => {
  expect(functions.map(([name]) => name).sort()).toEqual(Object.keys(CASES).sort());
});

test("garbage is refused in our words, whatever it is", async () => {
  const piece = fc.oneof(
    fc.anything(),
    fc.constantFrom<unknown[]>(undefined, block, { block }, { ...sized, tokens: 9 }),
    fc.nat(9),
  );
  for (const [name, call] of functions as [string, (...args: unknown[]) => unknown][])
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 3 }), async (args) => {
        // A path is one that the test may write below.
        const given =
          name === "assertGoldens" ? args.map((one) => (typeof one === "string" ? testFolder() : one)) : args;
        try {
          await call(...given);
        } catch (error) {
          if (!isOurs(error) && !(error instanceof testing.AssertionFailed))
            throw new Error(`${name}: ${(error as Error)?.stack ?? error}`);
        }
      }),
      { seed: 20261127, numRuns: 40 },
    );
});
