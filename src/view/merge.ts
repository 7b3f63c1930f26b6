/** Pages of several graphs as one: what a build is made of, part behind part. */
import type { Overlay, PageData, PageNode, Section } from "./data.ts";

/** A part of a whole, and what it is called. */
export interface NamedPage {
  readonly name: string;
  readonly data: PageData;
}

/** One page with the sections of all, at least one; sentences say of which part they are. Its matrix of attention is the first part's. */
export function mergedPages(title: string, facts: readonly string[], pages: readonly NamedPage[]): PageData {
  const nodes: PageNode[] = [];
  const sections: Section[] = [];
  const drawings: PageData["drawings"][number][] = [];
  const overlays = new Map<string, Overlay>();
  for (const { name, data } of pages) {
    const [node, drawing] = [nodes.length, drawings.length];
    for (const overlay of data.overlays)
      overlays.set(overlay.id, joined(overlays.get(overlay.id), overlay, name, node));
    nodes.push(...data.nodes.map((one) => movedNode(one, node)));
    sections.push(...data.sections.map((one) => movedSection(one, name, node, drawing)));
    drawings.push(...data.drawings);
  }
  const { attention } = pages[0]!.data;
  return {
    title,
    facts,
    nodes,
    sections,
    drawings,
    overlays: [...overlays.values()],
    attention: { ...attention, says: attention.says.map((line) => `${pages[0]!.name}: ${line}`) },
    docs: Object.assign({}, ...pages.map(({ data }) => data.docs)),
  };
}

function movedNode(node: PageNode, by: number): PageNode {
  const moved = (operands: PageNode["operands"]) => operands.map(([name, n]) => [name, n + by] as const);
  return { ...node, operands: moved(node.operands), ...(node.beside ? { beside: moved(node.beside) } : {}) };
}

function movedSection({ title, drawings, ...section }: Section, name: string, by: number, drawing: number): Section {
  const moved = (numbers: readonly number[]) => numbers.map((n) => n + by);
  return {
    title: `${name}: ${title}`,
    values: moved(section.values),
    named: moved(section.named),
    insides: section.insides.map(moved),
    drawings: { all: drawings.all + drawing, named: drawings.named + drawing },
  };
}

/** It has something to show where one of its parts has. */
function joined(before: Overlay | undefined, { marks, says, ...overlay }: Overlay, name: string, by: number): Overlay {
  const own: Overlay = {
    ...overlay,
    says: says.map((line) => `${name}: ${line}`),
    marks: marks.map((mark) => ({ ...mark, node: mark.node + by })),
  };
  if (!before) return own;
  const shown = before.state === "shown" ? before : own;
  return { ...shown, says: [...before.says, ...own.says], marks: [...before.marks, ...own.marks] };
}
