/** Where records differ: somewhere iff they are not deeply equal, with NaN like NaN and −0 unlike 0. */
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { expect, test } from "vitest";
import { shownValue, unlike } from "../../../src/emit/diff/unlike.ts";

const leaf = fc.constantFrom<unknown>(0, -0, Number.NaN, 1, "a", "", true, null, undefined);
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { depthSize: "small" },
    leaf,
    fc.array(tie("tree"), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom("a", "b", "toString"), tie("tree"), { noNullPrototype: true }),
  ),
}));

/** A key that is absent and one without a value are the same to records. */
const present = (x: unknown): unknown => {
  if (Array.isArray(x)) return x.map(present);
  if (typeof x !== "object" || x === null) return x;
  return Object.fromEntries(Object.entries(x).flatMap(([key, y]) => (y === undefined ? [] : [[key, present(y)]])));
};

test("somewhere iff they are not equal, and in both directions", () => {
  let equal = 0;
  fc.assert(
    fc.property(tree, tree, (a, b) => {
      const same = isDeepStrictEqual(present(a), present(b));
      equal += Number(same);
      expect([unlike(a, b).length === 0, unlike(b, a).length === 0]).toEqual([same, same]);
      expect(unlike(a, structuredClone(a))).toEqual([]);
    }),
    { numRuns: 2000 },
  );
  expect(equal).toBeGreaterThan(20);
});

test("the place is told, and both values; elements of any kind of list count", () => {
  expect(unlike({ a: [1, { b: 0 }], c: 1 }, { a: [1, { b: -0 }] })).toEqual([
    { path: ["a", "1", "b"], before: 0, after: -0 },
    { path: ["c"], before: 1, after: undefined },
  ]);
  expect(unlike([1, 2], Float64Array.of(1, 2))).toEqual([]);
  expect(unlike([1, 2], Float64Array.of(1, -2))).toEqual([{ path: ["1"], before: 2, after: -2 }]);
  expect(unlike([1], { 0: 1 })).toHaveLength(1);
});

test("values are shown on one line", () => {
  const shown = [undefined, -0, Number.NaN, "a", { a: [-0, Infinity, Uint8Array.of(1)] }, "x".repeat(99)].map(
    shownValue,
  );
  expect(shown).toEqual(["absent", "-0", "NaN", '"a"', '{"a":["-0","Infinity",[1]]}', `"${"x".repeat(79)}…`]);
});
