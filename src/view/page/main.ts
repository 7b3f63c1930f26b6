/** The page: a bar of switches, sections that open, a panel. Loaded with the data of one graph in the same file. */
import type { Overlay, Section } from "../data.ts";
import { type PackedPage, unpacked } from "../packed.ts";
import { attentionSection } from "./attention.ts";
import { choice } from "./choice.ts";
import { html } from "./element.ts";
import { panel } from "./panel.ts";
import { picture } from "./picture.ts";

const data = unpacked(JSON.parse(document.getElementById("data")!.textContent!) as PackedPage);

/** What the reader chose. The page has no other state. */
const chosen: { overlay: string; view: "all" | "named"; node: number | undefined } = {
  overlay: "",
  view: "named",
  node: undefined,
};

const side = html("aside", { "aria-live": "polite", "aria-label": "the value that is chosen" });
const legend = html("section", { class: "legend", "aria-label": "what the overlay shows" });
const sections = data.sections.map((section, k) => sectionOf(section, k === 0));

document.body.append(
  html("header", {}, html("h1", {}, data.title), ...data.facts.map((fact) => html("p", {}, fact)), bar(), legend),
  html(
    "div",
    { class: "both" },
    html("main", {}, attentionSection(data.attention), ...sections.map(({ element }) => element)),
    side,
  ),
);
if (data.nodes.length === 0) side.append(html("p", {}, "the graph has no values"));
else side.append(html("p", {}, "Choose a value: click it, or go to it by Tab and press Enter."));
redraw();

function bar(): HTMLElement {
  const overlays = [["", "no overlay"] as const, ...data.overlays.map(({ id, title }) => [id, title] as const)];
  const views = [
    ["named", "named values"],
    ["all", "every op"],
  ] as const;
  return html(
    "nav",
    {},
    choice("overlay", "overlay", overlays, chosen.overlay, (id) => {
      chosen.overlay = id;
      redraw();
    }),
    choice("view", "view", views, chosen.view, (id) => {
      chosen.view = id === "all" ? "all" : "named";
      redraw();
    }),
    all("open all", true),
    all("close all", false),
  );
}

function all(title: string, open: boolean): HTMLElement {
  const button = html("button", { type: "button" }, title);
  button.addEventListener("click", () => {
    for (const { element } of sections) element.open = open;
  });
  return button;
}

/** A section draws itself when it is opened: 32 layers are 32 pictures, of which nobody looks at all at once. */
function sectionOf(section: Section, open: boolean): { readonly element: HTMLDetailsElement; draw(): void } {
  const room = html("div", { class: "picture" });
  const element = html(
    "details",
    open ? { open: "" } : {},
    html("summary", {}, section.title),
    room,
  ) as HTMLDetailsElement;
  const draw = () => {
    if (!element.open) return room.replaceChildren();
    const { view, node: selected } = chosen;
    room.replaceChildren(picture(section, { data, overlay: overlayOf(), view, selected, select }));
  };
  element.addEventListener("toggle", draw);
  return { element, draw };
}

function overlayOf(): Overlay | undefined {
  return data.overlays.find(({ id }) => id === chosen.overlay);
}

function redraw(): void {
  for (const { draw } of sections) draw();
  const overlay = overlayOf();
  legend.replaceChildren(...(overlay ? legendOf(overlay) : []));
}

function legendOf({ state, says, legend: tones, tokens = 0 }: Overlay): readonly HTMLElement[] {
  const colours = Array.from({ length: Math.min(tokens, 8) }, (_, t) =>
    html("li", { class: `key-token-${t}` }, tokens > 8 ? `tokens ${t}, ${t + 8}, …` : `token ${t}`),
  );
  const keys = tones.map(([tone, text]) => html("li", { class: `key-${tone}` }, text));
  return [
    ...says.map((line) => html("p", { class: state === "none" ? "none" : "" }, line)),
    html("ul", {}, ...colours, ...keys),
  ];
}

function select(node: number): void {
  chosen.node = node;
  side.replaceChildren(...panel(data, node, select));
  for (const box of document.querySelectorAll(".box"))
    box.classList.toggle("selected", box.getAttribute("data-node") === String(node));
}
