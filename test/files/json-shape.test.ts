/** A shape is checked at run time and read as a type; a test of types is one that `tsc` refuses when it is not so. */
import { expect, expectTypeOf, test } from "vitest";
import {
  either,
  fields,
  hasShape,
  type JsonShape,
  list,
  nullable,
  type Of,
  oneOf,
  optional,
  recordOf,
  shaped,
} from "../../src/files/json-shape.ts";

const VERDICT = oneOf("pass", "fail");
const REPORT = fields({
  version: oneOf(1, 2),
  gates: list(fields({ verdict: VERDICT, note: optional("string") })),
  rows: list(nullable("number")),
  figure: either("number", oneOf("Infinity")),
  files: recordOf("string"),
  rest: "any",
});

const GOOD = { version: 1, gates: [{ verdict: "pass" }], rows: [1, null], figure: 0.5, files: { a: "b" }, rest: 0 };

test("the type is that of the shape", () => {
  expectTypeOf<Of<typeof REPORT>>().toEqualTypeOf<{
    readonly version: 1 | 2;
    readonly gates: readonly { readonly verdict: "pass" | "fail"; readonly note?: string | null }[];
    readonly rows: readonly (number | null)[];
    readonly figure: number | "Infinity";
    readonly files: Readonly<Record<string, string>>;
    readonly rest: unknown;
  }>();
});

const problemOf = <const S extends JsonShape>(value: unknown, shape: S): string => {
  try {
    shaped(value, shape, (problem) => new Error(problem));
    return "";
  } catch (error) {
    return (error as Error).message;
  }
};

test("a value that has the shape comes back as it is, other fields included", () => {
  const value = { ...GOOD, more: true };
  expect(shaped(value, REPORT, () => new Error())).toBe(value);
  expect(hasShape({ ...GOOD, gates: [{ verdict: "fail", note: null }] }, REPORT)).toBe(true);
});

test.each([
  [null, "it is not an object"],
  [{ ...GOOD, version: 3 }, "version is not 1, 2 but 3"],
  [{ ...GOOD, version: "1" }, "version is not a number"],
  [{ ...GOOD, gates: {} }, "gates is not a list"],
  [
    { ...GOOD, gates: [{ verdict: "pass" }, { verdict: "passed" }] },
    'gates[1].verdict is not "pass", "fail" but "passed"',
  ],
  [{ ...GOOD, gates: [{ verdict: 3 }] }, "gates[0].verdict is not a string"],
  [{ ...GOOD, gates: [{}] }, "gates[0].verdict is not a string"],
  [{ ...GOOD, gates: [{ verdict: "pass", note: 1 }] }, "gates[0].note is not a string"],
  [{ ...GOOD, rows: [1, "2"] }, "rows[1] is not a number"],
  [{ ...GOOD, figure: "NaN" }, 'figure is not a number or "Infinity"'],
  [{ ...GOOD, files: { a: 1 } }, "files.a is not a string"],
])("%j: %s", (value, problem) => {
  expect(problemOf(value, REPORT)).toBe(problem);
  expect(hasShape(value, REPORT)).toBe(false);
});

test("an element of a list may be null but not undefined, a field may be either", () => {
  expect(problemOf([undefined], list(nullable("number")))).toBe("[0] is not a number");
  expect(problemOf({ a: undefined, b: null }, fields({ a: optional("number"), b: optional("number") }))).toBe("");
});

test.each([
  [0, true],
  [2 ** 53 - 1, true],
  [2 ** 53, false],
  [-1, false],
  [0.5, false],
  [Infinity, false],
  ["1", false],
])("%s is a count: %s", (value, is) => {
  expect(hasShape(value, "count")).toBe(is);
});

test.each([
  ["a.t4.mlpackage", true],
  ["...", true],
  ["", false],
  [".", false],
  ["..", false],
  ["a/b", false],
  ["..\\b", false],
  ["/etc/passwd", false],
  ["a\0", false],
  [1, false],
])("%j names a file in the same folder: %s", (value, is) => {
  expect(hasShape(value, "file name")).toBe(is);
});
