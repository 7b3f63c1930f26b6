/** Long lines of prose: broken between words, none lost, the first words in their place; and a whole verdict that keeps to them. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { wrapLine } from "../../../src/cli/terminal/wrap.ts";
import { printVerdict } from "../../../src/cli/verdict/prove-text.ts";
import { prove } from "../../../src/passes/prove/prove.ts";
import { graphc } from "../../support/cli.ts";
import { pairOf } from "../../support/prove/prove.ts";
import { ROOT } from "../../support/root.ts";

const WIDTH = 100;

test("short lines stay as they are, to the last column", () => {
  for (const line of ["", "  x", "x".repeat(WIDTH), `  ${"ab ".repeat(32)}ab`]) expect(wrapLine(line)).toBe(line);
});

test("a long line is broken between words, and its continuation stands in by four", () => {
  expect(wrapLine(`  first ${"word ".repeat(30)}last`).split("\n")).toEqual([
    `  first ${"word ".repeat(18)}`.trimEnd(),
    `      ${"word ".repeat(12)}last`,
  ]);
});

test("a line of exactly the width is not broken, one of a column more is", () => {
  const line = (n: number) => `${"a".repeat(49)} ${"b".repeat(n)}`;
  expect(wrapLine(line(50))).toBe(line(50));
  expect(wrapLine(line(51))).toBe(`${"a".repeat(49)}\n    ${"b".repeat(51)}`);
});

test("a word that is longer than a line stays whole", () => {
  const word = "/long".repeat(40);
  expect(wrapLine(`  at ${word} and on`)).toBe(`  at\n      ${word}\n      and on`);
});

test("a verdict keeps to the width, its first line is the claim, and demands stand under their own heading", async () => {
  const { out } = await graphc(["prove", join(ROOT, "examples/attention.ts"), "--explain"]);
  const lines = out.split("\n");
  expect(lines[0]).toBe("PROVEN (exact): a block of 4 tokens against 4 single-token calls");
  expect(lines.filter((line) => line.length > WIDTH)).toEqual([]);
  const [gains, demands] = [lines.indexOf("  so that:"), lines.indexOf("  as long as:")];
  expect(gains).toBeGreaterThan(0);
  expect(lines.slice(gains + 1, demands).filter((line) => !/^ {4}(yes|no ) \S|^ {8}\S/.test(line))).toEqual([]);
  expect(lines[demands + 1]).toMatch(/^ {4}a block needs rows for all of its tokens/);
  expect(out.replaceAll(/\s+/g, " ")).toContain(
    "contiguous [P2] where these are asked for besides: P11 the write-mask column",
  );
});

test("positions that must be contiguous are a demand, those that may be scattered a gain", () => {
  const headingOf = (write: "slice_update" | "scatter") => {
    const { block, step } = pairOf({ tokens: 2 }, { write }, { write });
    const lines = printVerdict(prove(block, step, { secondOpinion: false })).split("\n");
    const at = lines.findIndex((line) => /positions (must|may) be/.test(line));
    return lines.slice(0, at).findLast((line) => /^ {2}\S/.test(line));
  };
  expect([headingOf("slice_update"), headingOf("scatter")]).toEqual(["  as long as:", "  so that:"]);
});
