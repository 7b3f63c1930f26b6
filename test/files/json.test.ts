/** JSON from files: what JSON.parse reads, but for keys given twice and nesting that nobody writes. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { strictJson, strictJsonOf } from "../../src/files/json.ts";

test("any JSON is read as JSON.parse reads it, however it is spaced and escaped", () => {
  const spaces = fc.constantFrom(undefined, 1, "\t", "\r\n ");
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), spaces, (value, space) => {
      const text = JSON.stringify(value, null, space);
      expect(strictJson(text, "f")).toEqual(JSON.parse(text));
    }),
  );
});

test("keys of Object.prototype are keys like any other", () => {
  const value = strictJson('{"__proto__": {"a": 1}, "constructor": 2, "toString": 3}', "f") as object;
  expect(Object.keys(value)).toEqual(["__proto__", "constructor", "toString"]);
  expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  expect((value as { a?: unknown }).a).toBe(undefined);
});

test.each([
  ['{"a": 1, "b": {"a": 2}, "a": 3}', 'f: the key "a" is given twice'],
  ['{"a": 1, "\\u0061": 3}', 'f: the key "a" is given twice'],
  ['[{"x": "}"}, {"__proto__": 1, "__proto__": 2}]', 'f: the key "__proto__" is given twice'],
  ["[".repeat(101) + "]".repeat(101), "f: nested deeper than 100"],
  [`${'{"a":'.repeat(101)}1${"}".repeat(101)}`, "f: nested deeper than 100"],
  ["[".repeat(1_000_000) + "]".repeat(1_000_000), "f: nested deeper than 100"],
])("refuses %.40s", (text, sentence) => {
  expect(() => strictJson(text, "f")).toThrow(sentence);
});

test("nesting of 100 is read", () => {
  expect(strictJson("[".repeat(100) + "]".repeat(100), "f")).toHaveLength(1);
});

test.each([
  [Uint8Array.of(0x22, 0xff, 0x22), "f: not valid UTF-8"],
  [Buffer.from("\ufeff{}"), /^f: not valid JSON/],
  [Buffer.from('{"a"'), /^f: not valid JSON/],
  [Buffer.from(""), /^f: not valid JSON/],
])("refuses the bytes %s", (bytes, sentence) => {
  expect(() => strictJsonOf(bytes, "f")).toThrow(sentence);
});
