/** A drawing as text for Graphviz (the DOT language, graphviz.org/doc/info/lang.html). */
import type { Graph } from "../../dsl/graph.ts";
import { type Box, drawingOf } from "./drawing.ts";

const SHAPES: Readonly<Record<Box["kind"], string>> = {
  input: "ellipse",
  state: "cylinder",
  weight: "note",
  const: "note",
  op: "box",
  result: "ellipse",
};

/** A digraph from inputs at the top to results; ends in a newline. */
export function dotOf(graph: Graph): string {
  const { name, boxes, arrows } = drawingOf(graph);
  return [
    `digraph ${quoted([name])} {`,
    '  node [fontname="sans-serif", fontsize=11];',
    '  edge [fontname="sans-serif", fontsize=9];',
    ...boxes.map(({ id, kind, lines }) => `  ${id} [shape=${SHAPES[kind]}, label=${quoted(lines)}];`),
    ...arrows.map(({ from, to, type }) => `  ${from} -> ${to} [label=${quoted([type])}];`),
    "}",
    "",
  ].join("\n");
}

/** In double quotes a backslash begins an escape of DOT's own, such as \N, and `&` an entity of HTML: both must be escaped. Lines end with \n. */
const quoted = (lines: readonly string[]): string => `"${lines.map(escaped).join("\\n")}"`;

const escaped = (line: string): string =>
  visible(line).replaceAll("&", "&amp;").replaceAll("\\", "\\\\").replaceAll('"', '\\"');

/** Names come from files: what ends a line or controls a terminal is shown as its number. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: those are meant
const visible = (text: string): string => text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, numbered);
const numbered = (ch: string): string => `\\u${ch.charCodeAt(0).toString(16).padStart(4, "0")}`;
