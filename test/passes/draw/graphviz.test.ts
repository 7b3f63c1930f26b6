/** DOT as Graphviz itself draws it: what stands in each box is the author's name, to the letter. */
import { instance } from "@viz-js/viz";
import fc from "fast-check";
import { expect, test } from "vitest";
import { graph } from "../../../src/dsl/graph.ts";
import { add } from "../../../src/dsl/ops/index.ts";
import { input, named } from "../../../src/dsl/tensor.ts";
import { dotOf } from "../../../src/passes/draw/dot.ts";

const viz = await instance();

/** The lines in each box of the picture, by the box's id. Its JSON would double every backslash of what it draws. */
function boxesOf(dot: string): ReadonlyMap<string, readonly string[]> {
  const result = viz.render(dot, { format: "svg" });
  // It has no widths for most of Unicode, and warns of that.
  expect(result.errors.filter(({ level }) => level === "error")).toEqual([]);
  const nodes = result.output!.matchAll(/class="node">\s*<title>([^<]*)<\/title>(.*?)<\/g>/gs);
  const lines = (inside: string) => [...inside.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => read(text!));
  return new Map([...nodes].map(([, id, inside]) => [id!, lines(inside!)]));
}

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** XML's entities read once; a blank is drawn as one that does not break. */
const read = (xml: string): string =>
  xml
    .replace(/&(?:#(\d+)|#x([\da-f]+)|(\w+));/gi, (_, decimal?: string, hex?: string, word?: string) =>
      word === undefined
        ? String.fromCodePoint(decimal ? Number(decimal) : Number.parseInt(hex!, 16))
        : ENTITIES[word]!,
    )
    .replaceAll("\u00a0", " ");

/** What escapes and entities are made of. */
const oddName = fc
  .array(
    fc.constantFrom(
      '"',
      "\\",
      "\\n",
      "\\N",
      "&",
      "&amp;",
      "&#65;",
      "&lt",
      "#",
      "]",
      "[",
      "|",
      "->",
      "<b>",
      ";",
      "{",
      "é",
      "→",
      "a",
      "7",
    ),
    { minLength: 1, maxLength: 6 },
  )
  .map((parts) => parts.join(""));

test("a name is drawn as it is, whatever escapes and entities it is made of", () => {
  fc.assert(
    fc.property(oddName, (name) => {
      const x = input(`${name}x`, [2, 3]);
      const boxes = boxesOf(dotOf(graph({ name, inputs: [x], outputs: { y: named(name, add(x, 2)) } })));
      expect([...boxes]).toEqual([
        ["n0", [`input ${name}x`]],
        ["n1", [name, "add 2"]],
        ["r0", ["output y"]],
      ]);
    }),
    { seed: 20261127, numRuns: 100 },
  );
});
