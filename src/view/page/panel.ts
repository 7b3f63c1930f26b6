/** What is told of the value that was clicked. */
import type { Overlay, PageData, Section } from "../data.ts";
import { html } from "./element.ts";

type Row = readonly [name: string, value: Node | string];

/** All that the page knows of a value. */
export function panel(data: PageData, n: number, select: (node: number) => void): readonly HTMLElement[] {
  const node = data.nodes[n]!;
  const link = (to: number): HTMLElement => {
    const made = html("button", { class: "link", type: "button" }, data.nodes[to]!.label);
    made.addEventListener("click", () => select(to));
    return made;
  };
  const rows: readonly Row[] = [
    ...(node.only ? [["of", "the second graph alone"] as const] : []),
    ["what", node.op ? `op ${node.op}` : node.kind],
    ["type", node.type],
    ...(node.op ? [["meaning", html("code", {}, data.docs[node.op] ?? "")] as const] : []),
    ...node.operands.map(([name, to]): Row => [name, html("span", {}, link(to), ` ${data.nodes[to]!.type}`)]),
    ...(node.beside ?? []).map(
      ([name, to]): Row => [`${name}, in the second`, html("span", {}, link(to), ` ${data.nodes[to]!.type}`)],
    ),
    ...node.attrs.map(([name, value]): Row => [name, html("code", {}, value)]),
    ["author's line", node.at ?? "no author's line made it"],
    ["MIL name", node.mil ?? "none"],
    ...(node.weight ? [["source", node.weight.source] as const] : []),
    ...(node.weight ? [["SHA-256", node.weight.hash ?? "not known: its numbers are in no package"] as const] : []),
    ...(node.error === undefined ? [] : [["quantisation error", node.error] as const]),
    ...node.results.map((result): Row => ["is", result]),
  ];
  const inside = insideOf(data.sections, n);
  return [
    html("h2", {}, node.label),
    html("dl", {}, ...rows.flatMap(([name, value]) => [html("dt", {}, name), html("dd", {}, value)])),
    ...data.overlays.flatMap((overlay) => saidOf(overlay, n)),
    ...(inside.length > 1
      ? [html("h3", {}, "made by"), html("ol", {}, ...inside.map((to) => html("li", {}, link(to))))]
      : []),
  ];
}

/** What each overlay says of it, whichever is drawn. */
function saidOf({ title, state, says, marks }: Overlay, n: number): readonly HTMLElement[] {
  const mark = marks.find(({ node }) => node === n);
  const lines = state === "none" ? says : (mark?.says ?? ["nothing is said of this value"]);
  return [html("h3", {}, title), ...lines.map((line) => html("p", { class: mark ? `tone-${mark.tone}` : "" }, line))];
}

const insideOf = (sections: readonly Section[], n: number): readonly number[] =>
  sections
    .flatMap(({ named, insides }) => insides[named.indexOf(n)] ?? [])
    .filter((one, k, all) => all.indexOf(one) === k);
