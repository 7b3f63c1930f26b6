/** A drawing as text for Mermaid (mermaid.js.org/syntax/flowchart), which renders in Markdown on several hosts. */
import type { Graph } from "../../dsl/graph.ts";
import { type Box, drawingOf } from "./drawing.ts";

const BRACKETS: Readonly<Record<Box["kind"], readonly [open: string, close: string]>> = {
  input: ["([", "])"],
  state: ["[(", ")]"],
  weight: ["[/", "/]"],
  const: ["[/", "/]"],
  op: ["[", "]"],
  result: ["([", "])"],
};

/** A flowchart from inputs at the top to results; ends in a newline. */
export function mermaidOf(graph: Graph): string {
  const { boxes, arrows } = drawingOf(graph);
  const lines = boxes.map(({ id, kind, lines }) => {
    const [open, close] = BRACKETS[kind];
    return `  ${id}${open}"${lines.map(escaped).join("<br>")}"${close}`;
  });
  return [
    "flowchart TD",
    ...lines,
    ...arrows.map(({ from, to, type }) => `  ${from} -->|"${escaped(type)}"| ${to}`),
    "",
  ].join("\n");
}

/** Mermaid knows characters by their numbers as `#35;`; everything but letters, digits and a few harmless signs is told so. */
const escaped = (text: string): string =>
  Array.from(text, (ch) => (/[\p{L}\p{N} ._:,+*/()=-]/u.test(ch) ? ch : `#${ch.codePointAt(0)};`)).join("");
