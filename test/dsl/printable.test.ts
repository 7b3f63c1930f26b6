/** What reaches a terminal: no control but line breaks of our own, nothing that turns the writing round, no flood. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { harmless, printable, printableSentence } from "../../src/dsl/printable.ts";

/** Text as files may hold it, rich in what must not reach a terminal. */
const texts = fc
  .array(
    fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom(
        "\x1b[2J",
        "\r",
        "\n",
        "\t",
        "\x9b31m",
        "\u202e",
        "\u2066",
        "\u2028",
        "\ufeff",
        "\u00ad",
        "\ud800",
      ),
      fc.string({ unit: fc.constant("a"), maxLength: 600 }),
      fc.constant(" "),
    ),
  )
  .map((parts) => parts.join(""));

test("a line is one line of what has a glyph, and of no word that nobody reads", () => {
  fc.assert(
    fc.property(texts, (text) => {
      const line = printable(text);
      expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
      // An escape is six characters, and a cut word holds at most 200 of them.
      expect(Math.max(...line.split(/\s/).map((word) => word.length))).toBeLessThan(6 * 201);
    }),
  );
});

test("a sentence keeps its beginning and its end", () => {
  const long = printableSentence(`begin ${"word ".repeat(5000)}end`, 2000);
  expect(long.length).toBeLessThan(2010);
  expect(long).toMatch(/^begin word .* … .*word end$/);
  expect(printableSentence("as it is; do that", 2000)).toBe("as it is; do that");
});

test("a word of 201 characters is cut and says by how much", () => {
  expect(printable("a".repeat(200))).toBe("a".repeat(200));
  expect(printable(`x ${"a".repeat(201)}, y`)).toBe(`x ${"a".repeat(120)}…(42 more)…${`${"a".repeat(39)},`} y`);
});

test("JSON says the same once it is harmless", () => {
  fc.assert(
    fc.property(fc.jsonValue(), texts, (value, text) => {
      const json = JSON.stringify({ value, text, [text]: 1 }, null, 2);
      expect(harmless(json)).not.toMatch(/[^\P{Cc}\n\t]|[\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
      expect(JSON.parse(harmless(json))).toEqual(JSON.parse(json));
    }),
  );
});

test("line breaks and tabs of a text stay", () => {
  expect(harmless("a\n\tb\r\x1b[2J")).toBe("a\n\tb\\u000d\\u001b[2J");
});
