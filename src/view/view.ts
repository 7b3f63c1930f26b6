/** A graph and what is known of it as the data of a page. */
import type { Graph } from "../dsl/graph.ts";
import type { Overlay, PageData, Section } from "./data.ts";
import { layouts, viewsOf } from "./layout.ts";
import { docsOf, nodesOf, type PlaceOfSite } from "./nodes.ts";
import { partsOf } from "./sections.ts";

/** What a page is made of. */
export interface Viewed {
  readonly graph: Graph;
  readonly facts: readonly string[];
  readonly overlays: readonly Overlay[];
  readonly placeOf: PlaceOfSite;
  /** Told how many parts are laid out. */
  progress(done: number, total: number): void;
}

/** Lays the graph out part by part. */
export async function pageData({ graph, facts, overlays, placeOf, progress }: Viewed): Promise<PageData> {
  const nodes = nodesOf(graph, placeOf);
  const parts = partsOf(nodes);
  const { place, drawings } = await layouts(nodes);
  const sections: Section[] = [];
  for (const part of parts) {
    const { all, named } = viewsOf(part);
    sections.push({ ...part, drawings: { all: place(all), named: place(named) } });
    progress(sections.length, parts.length);
  }
  return { title: graph.name, facts, nodes, sections, drawings, overlays, docs: docsOf(graph) };
}
