/** The contract of a block call: every precondition has a name and a sentence, as docs/equivalence.md lists them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { PRECONDITIONS, UNDERFLOW } from "../../../../src/passes/prove/logic/preconditions.ts";
import { ROOT } from "../../../support/root.ts";

test("the preconditions are those of the document, in its order and with its names", () => {
  const rows = readFileSync(join(ROOT, "docs/equivalence.md"), "utf8").matchAll(/^\| (P\d+'?) \| (\w+) \| (.*) \|$/gm);
  const listed = [...rows].map(([, id, name]) => [id, name]);
  expect(listed).toHaveLength(16);
  expect(Object.entries(PRECONDITIONS).map(([id, { name }]) => [id, name])).toEqual(listed);
});

test("each says what the host promises", () => {
  const told = Object.values(PRECONDITIONS).map(({ says }) => says);
  for (const says of told) expect(says).toMatch(/\w+ \w+/);
  expect(new Set(told).size).toBe(told.length);
});

test("below the bound, and not far above it, exp is 0 in fp32", () => {
  expect(Math.fround(Math.exp(UNDERFLOW))).toBe(0);
  expect(Math.fround(Math.exp(UNDERFLOW + 1))).toBeGreaterThan(0);
});
