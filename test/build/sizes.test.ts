/** The list of functions: what it says, what it refuses, and that the manifest's text is read back. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  countsIn,
  FUNCTION_LIST,
  functionsIn,
  liftAt,
  runtimeBlock,
  sizesOf,
  sizesSetting,
  stepIn,
  widest,
} from "../../src/build/sizes.ts";

describe("a list of functions", () => {
  test.each<[string, Record<string, number>]>([
    ["infer,prefill64", { infer: 1, prefill64: 64 }],
    ["prefill=64,infer,verify4", { prefill: 64, infer: 1, verify4: 4 }],
    ["step=1,t4", { step: 1, t4: 4 }],
    // What is said wins over what the name ends in.
    ["infer=8,v10=1", { infer: 8, v10: 1 }],
  ])("%s says sizes in its order", (text, sizes) => {
    expect(text).toMatch(FUNCTION_LIST);
    const functions = functionsIn(text);
    expect(functions).toEqual(Object.entries(sizes).map(([name, tokens]) => ({ name, tokens })));
    expect(countsIn({ functions })).toEqual(Object.values(sizes).toSorted((a, b) => a - b));
    expect(stepIn(functions).tokens).toBe(1);
  });

  test.each([
    ["infer,prefill", 'the function "prefill" does not say how many tokens it takes'],
    ["infer,infer", "the function infer is named twice"],
    ["infer,infer=4", "the function infer is named twice"],
    ["infer,a4,b4", "a4 and b4 are the same function, of 4 tokens"],
    ["infer", "infer is one function alone"],
    [
      "verify4,prefill64",
      "none of the functions verify4,prefill64 takes one token, and the others are proven against that one",
    ],
    ["infer,a2,a3,a4,a5,a6,a7,a8,a9", "9 functions are named"],
    ["infer,program=4", '"program" cannot be the name of a function: MIL has a use for it'],
  ])("%s is refused", (text, message) => {
    expect(text).toMatch(FUNCTION_LIST);
    expect(() => functionsIn(text)).toThrow(expect.objectContaining({ name: "UserError", message }));
  });

  test.each(["", "4", "infer,", "a b", "infer,x=0", "infer,x=64k", "x=99999,infer", "a-b4"])(
    "%j has no such form",
    (text) => {
      expect(text).not.toMatch(FUNCTION_LIST);
    },
  );
});

describe("the setting of a build", () => {
  const names = fc.uniqueArray(fc.stringMatching(/^[a-z]{3,6}x$/), { minLength: 2, maxLength: 4 });
  const counts = fc.uniqueArray(fc.integer({ min: 2, max: 999 }), { minLength: 3, maxLength: 3 });
  const lists = fc.tuple(names, counts).map(([all, more]) => ({
    functions: all.map((name, k) => ({ name, tokens: k === 0 ? 1 : more[k - 1]! })),
  }));
  const ranges = fc
    .tuple(fc.integer({ min: 1, max: 99 }), fc.nat(9))
    .map(([from, more]) => ({ from, to: from + more }));

  test("is read as it was written", () => {
    fc.assert(
      fc.property(fc.oneof(lists, ranges), (sizes) => {
        expect(sizesOf(sizesSetting(sizes))).toEqual(sizes);
        expect(widest(sizes)).toBe(Math.max(...countsIn(sizes)));
        expect(runtimeBlock(sizes)).toBe("functions" in sizes ? 1 : sizes.to);
      }),
    );
  });

  test.each([{}, { tokens: 4 }, { tokens: "4..2" }, { tokens: "0..2" }, { functions: "a b" }, { functions: 1 }])(
    "is not made of %j",
    (own) => {
      expect(sizesOf(own)).toBeUndefined();
    },
  );

  test("says how a package is asked for each size", () => {
    const functions = functionsIn("infer,prefill=64");
    expect(countsIn({ functions }).map((count) => liftAt({ functions }, count))).toEqual([
      { function: "infer" },
      { function: "prefill" },
    ]);
    expect(liftAt({ from: 1, to: 4 }, 3)).toEqual({ tokens: 3 });
    expect(liftAt({ from: 4, to: 4 }, 4)).toEqual({});
  });
});
