/** Where boxes and lines lie: Graphviz, run here and not in the page. */
import { instance, type Viz } from "@viz-js/viz";
import type { Drawing, DrawnLine, PageNode } from "./data.ts";
import { edgesOf, type Part } from "./sections.ts";

/** Pixels of a letter in a box and on a line, of a line of text, and the room below for the picture of rows. */
const [LETTER, SMALL, LINE, PICTURE, PAD] = [7.3, 5.5, 16, 22, 8];
/** Longer labels end in an ellipsis; the panel has them whole. */
const MOST_LETTERS = 34;
/** Graphviz's inch. */
const INCH = 72;

/** A part as it is drawn: which values, and what each stands for. */
export interface View {
  readonly shown: readonly number[];
  readonly standsFor: (place: number) => readonly number[];
}

/** With every op, and with named values alone. */
export const viewsOf = ({ values, named, insides }: Part): { readonly all: View; readonly named: View } => {
  return {
    all: { shown: values, standsFor: (place) => [values[place]!] },
    named: { shown: named, standsFor: (place) => insides[place]! },
  };
};

/** Lays out views; of two that differ in nothing that is drawn the second has the drawing of the first. */
export async function layouts(nodes: readonly PageNode[]) {
  const viz = await instance();
  const drawings: Drawing[] = [];
  const known = new Map<string, number>();
  return {
    drawings,
    place(view: View): number {
      const graph = graphvizOf(nodes, view);
      const edges = placedEdges(nodes, view);
      const key = JSON.stringify([graph, edges]);
      const before = known.get(key);
      if (before !== undefined) return before;
      known.set(key, drawings.length);
      drawings.push(drawn(viz, graph, edges));
      return drawings.length - 1;
    },
  };
}

/** An edge by places alone: of the value that it carries among those that its box stands for. */
interface PlacedEdge {
  readonly from: number;
  readonly to: number;
  readonly inner: number;
  readonly beside?: true;
}

const placedEdges = (nodes: readonly PageNode[], view: View): readonly PlacedEdge[] =>
  edgesOf(nodes, view).map(({ from, to, value, beside }) => ({
    from,
    to,
    inner: view.standsFor(from).indexOf(value),
    ...(beside ? { beside } : {}),
  }));

type GraphvizGraph = Exclude<Parameters<Viz["renderJSON"]>[0], string>;

/** Names are places, so that no text of a file reaches Graphviz; sizes are rounded up, so that layers of other numbers look alike. */
function graphvizOf(nodes: readonly PageNode[], view: View): GraphvizGraph {
  return {
    directed: true,
    graphAttributes: { rankdir: "TB", nodesep: 0.25, ranksep: 0.35, nslimit: 2, mclimit: 0.5 },
    nodeAttributes: { shape: "box", fixedsize: true, label: "" },
    nodes: view.shown.map((n, place) => ({ name: `n${place}`, attributes: sizeOfBox(nodes[n]!) })),
    edges: edgesOf(nodes, view).map(({ from, to, value }) => ({
      tail: `n${from}`,
      head: `n${to}`,
      attributes: { label: "x".repeat(Math.ceil((nodes[value]!.type.length * SMALL) / 6)), fontsize: 9 },
    })),
  };
}

function sizeOfBox({ label, type, kind, op }: PageNode): { width: number; height: number } {
  const second = op === undefined || op === label ? type : `${op} → ${type}`;
  const letters = Math.max(Math.min(label.length, MOST_LETTERS), second.length * 0.85, 8);
  const width = Math.ceil((letters * LETTER + 2 * PAD) / 20) * 20;
  const height = 2 * LINE + PAD + (kind === "weight" || kind === "const" ? 0 : PICTURE);
  return { width: width / INCH, height: height / INCH };
}

/** What Graphviz says of a drawing. */
interface Told {
  readonly bb: string;
  readonly objects?: readonly { readonly pos: string; readonly width: string; readonly height: string }[];
  readonly edges?: readonly { readonly pos: string; readonly lp?: string }[];
}

function drawn(viz: Viz, graph: GraphvizGraph, edges: readonly PlacedEdge[]): Drawing {
  const told = viz.renderJSON(graph) as Told;
  const [, , width = 0, height = 0] = told.bb.split(",").map(Number);
  const point = (text: string): [number, number] => {
    const [x = 0, y = 0] = text.split(",").map(Number);
    return [Math.round(x), Math.round(height - y)];
  };
  const boxes = (told.objects ?? []).map(({ pos, width: w, height: h }) => {
    return [...point(pos), Math.round(Number(w) * INCH), Math.round(Number(h) * INCH)] as const;
  });
  const lines = (told.edges ?? []).map(({ pos, lp }, k): DrawnLine => {
    return { ...edges[k]!, path: pathOf(pos, point), label: point(lp ?? "0,0") };
  });
  return { width: Math.ceil(width), height: Math.ceil(height), boxes, lines };
}

/** `e,x,y a b c d …`: the arrow's point, then a Bézier spline. */
function pathOf(pos: string, point: (text: string) => readonly [number, number]): string {
  const words = pos.split(" ");
  const end = words.find((word) => word.startsWith("e,"))?.slice(2);
  const points = words.filter((word) => !/^[es],/.test(word)).map((word) => point(word).join(" "));
  return `M${points[0]}C${points.slice(1).join(" ")}${end ? `L${point(end).join(" ")}` : ""}`;
}
