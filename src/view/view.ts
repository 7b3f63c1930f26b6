/** A graph and what is known of it as the data of a page. */
import type { Graph } from "../dsl/graph.ts";
import { type Beside, type Merged, mergedNodes, twinsIn } from "./beside.ts";
import type { Attention, Overlay, PageData, PageNode, Section } from "./data.ts";
import { layouts, viewsOf } from "./layout.ts";
import { docsOf, nodesOf, type PlaceOfSite } from "./nodes.ts";
import { partsOf } from "./sections.ts";
import type { ErrorTexts } from "./weight-errors.ts";

/** What a page is made of. */
export interface Viewed {
  readonly graph: Graph;
  /** Another graph that it is held against, drawn into the same picture. */
  readonly beside?: Beside | undefined;
  readonly facts: readonly string[];
  /** Marks by the number of a value: of the graph, and behind all of those of the one beside it. */
  readonly overlays: readonly Overlay[];
  readonly attention: Attention;
  /** Of weights of the graph, and of those of the one beside it. */
  readonly errors: ErrorTexts;
  readonly placeOf: PlaceOfSite;
  /** Told how many parts are laid out. */
  progress(done: number, total: number): void;
}

/** Lays the graph out part by part. */
export async function pageData({
  graph,
  beside,
  facts,
  overlays,
  attention,
  errors,
  placeOf,
  progress,
}: Viewed): Promise<PageData> {
  const { nodes, places } = drawnNodes(graph, beside, (one) => nodesOf(one, placeOf, errors));
  const parts = partsOf(nodes);
  const { place, drawings } = await layouts(nodes);
  const sections: Section[] = [];
  for (const part of parts) {
    const { all, named } = viewsOf(part);
    sections.push({ ...part, drawings: { all: place(all), named: place(named) } });
    progress(sections.length, parts.length);
  }
  const moved = overlays.map((overlay) => ({
    ...overlay,
    marks: overlay.marks.map((mark) => ({ ...mark, node: places[mark.node]! })),
  }));
  const docs = { ...(beside ? docsOf(beside.graph) : {}), ...docsOf(graph) };
  return { title: graph.name, facts, nodes, sections, drawings, overlays: moved, attention, docs };
}

function drawnNodes(graph: Graph, beside: Beside | undefined, nodes: (graph: Graph) => readonly PageNode[]): Merged {
  const own = nodes(graph);
  if (!beside) return { nodes: own, places: own.map((_, n) => n) };
  return mergedNodes(own, nodes(beside.graph), twinsIn(graph, beside));
}
