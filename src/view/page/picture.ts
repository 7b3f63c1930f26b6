/** Draws one section as SVG, with the marks of the overlay that is shown. */
import type { Mark, Overlay, PageData, Section } from "../data.ts";
import { svg } from "./element.ts";
import { shownMark } from "./marks.ts";

/** What is drawn, and what a click does. */
export interface Shown {
  readonly data: PageData;
  readonly overlay: Overlay | undefined;
  readonly view: "all" | "named";
  readonly selected: number | undefined;
  select(node: number): void;
}

const MARGIN = 12;
const MOST_LETTERS = 34;
/** Of the picture of rows below the text of a box. */
const [ROWS_TOP, ROWS_HEIGHT] = [34, 20];

/** The section's picture. */
export function picture(section: Section, shown: Shown): SVGElement {
  const { data, view } = shown;
  const drawing = data.drawings[section.drawings[view]]!;
  const numbers = view === "all" ? section.values : section.named;
  const marks = new Map(shown.overlay?.marks.map((mark) => [mark.node, mark]));
  const [width, height] = [drawing.width + 2 * MARGIN, drawing.height + 2 * MARGIN];
  const carried = (place: number, inner: number) =>
    view === "all" ? numbers[place]! : section.insides[place]![inner]!;
  return svg(
    "svg",
    { width, height, viewBox: `${-MARGIN} ${-MARGIN} ${width} ${height}`, role: "group", "aria-label": section.title },
    ...drawing.lines.map(({ path, beside }) => svg("path", { d: path, class: beside ? "line other" : "line" })),
    ...drawing.lines.map(({ from, inner, label: [x, y] }) => {
      const value = carried(from, inner);
      const mark = marks.get(value);
      const edge = mark?.edge === undefined ? "" : `told tone-${mark.tone}`;
      return svg("text", { x, y: y + 3, class: `carried ${edge}` }, mark?.edge ?? data.nodes[value]!.type);
    }),
    ...drawing.boxes.map((box, place) => {
      const inside = view === "all" ? [] : section.insides[place]!;
      return boxOf(numbers[place]!, box, shownMark(data, marks, numbers[place]!, inside), shown);
    }),
  );
}

function boxOf(
  n: number,
  [x, y, width, height]: readonly [number, number, number, number],
  mark: Mark | undefined,
  { data, selected, select }: Shown,
): SVGElement {
  const node = data.nodes[n]!;
  const at = { x: 0, y: 0, width, height, rx: node.kind === "op" ? 4 : 12 };
  const second = node.op !== undefined && node.op !== node.label ? `${node.op} → ` : "";
  const made = svg(
    "g",
    {
      class: `box ${node.kind} ${node.only ? "other" : ""} ${mark ? `tone-${mark.tone}` : ""} ${n === selected ? "selected" : ""}`,
      transform: `translate(${x - width / 2} ${y - height / 2})`,
      tabindex: 0,
      role: "button",
      "data-node": n,
      "aria-label": [node.label, node.op ?? node.kind, node.type, ...(mark?.says ?? [])].join(", "),
    },
    svg("title", {}, [node.label, ...(mark?.says ?? [])].join("\n")),
    svg("rect", at),
    svg("text", { x: width / 2, y: 16, class: "label" }, shortened(node.label)),
    svg("text", { x: width / 2, y: 29, class: "type" }, second + node.type),
    ...(mark?.short && !mark.rows ? [shortOf(mark.short, width, height)] : []),
    ...(mark?.bar === undefined && mark?.reach === undefined ? [] : barOf(mark.bar ?? 0, mark.reach, width, height)),
    ...(mark?.rows ? cellsOf(mark.rows, width) : []),
  );
  made.addEventListener("click", () => select(n));
  made.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    select(n);
  });
  return made;
}

/** Boxes without room for a picture of rows have it above them. */
const shortOf = (short: string, width: number, height: number): SVGElement =>
  svg("text", { x: width - 6, y: height > ROWS_TOP + ROWS_HEIGHT ? height - 6 : -3, class: "short" }, short);

/** A bar along the box, how far it can be taken, and how much of it is. */
function barOf(taken: number, reach: number | undefined, width: number, height: number): readonly SVGElement[] {
  const y = Math.min(ROWS_TOP, height - 6);
  const bar = (size: number, name: string) =>
    svg("rect", { x: 8, y, width: size * (width - 16), height: 4, class: name });
  return [bar(1, "bar"), ...(reach === undefined ? [] : [bar(reach, "bar reach")]), bar(taken, "bar taken")];
}

/** The whole name is in the panel and in the tooltip. */
const shortened = (text: string): string => (text.length > MOST_LETTERS ? `${text.slice(0, MOST_LETTERS - 1)}…` : text);

/** A line for each row; a cell that several tokens changed has the colour of each of them, one below the other. */
function cellsOf(rows: readonly (readonly number[])[], width: number): readonly SVGElement[] {
  const height = ROWS_HEIGHT / rows.length;
  return rows.flatMap((cells, row) => {
    const cell = (width - 16) / Math.max(1, cells.length);
    return cells.flatMap((tokens, k) => {
      const of = tokensIn(tokens);
      const part = (cell - 0.5) / Math.max(1, of.length);
      const y = ROWS_TOP + row * height;
      return of.map((token, j) =>
        svg("rect", {
          x: 8 + k * cell + j * part,
          y,
          width: part,
          height: height - 1,
          class: `token token-${token % 8}`,
        }),
      );
    });
  });
}

/** The tokens of a set, the lowest first. */
export const tokensIn = (set: number): readonly number[] =>
  Array.from({ length: 30 }, (_, t) => t).filter((t) => ((set >>> t) & 1) === 1);
