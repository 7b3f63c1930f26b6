/** Pages of several graphs as one: what a build is made of, part behind part. */
import { groupBy } from "../emit/group.ts";
import type { Overlay, PageData, PageNode, Section } from "./data.ts";

/** A part of a whole, and what it is called. */
export interface NamedPage {
  readonly name: string;
  readonly data: PageData;
}

/**
 * One page with the sections of all, at least one. Sentences say of which parts they are: parts of which the same is said share them, and
 * lines behind the first are indented. Its matrix of attention is the first part's.
 */
export function mergedPages(title: string, facts: readonly string[], pages: readonly NamedPage[]): PageData {
  const nodes: PageNode[] = [];
  const sections: Section[] = [];
  const drawings: PageData["drawings"][number][] = [];
  const starts: number[] = [];
  for (const { name, data } of pages) {
    const [node, drawing] = [nodes.length, drawings.length];
    starts.push(node);
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
    overlays: pages[0]!.data.overlays.map(({ id }) => joined(pages, starts, id)),
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
function joined(pages: readonly NamedPage[], starts: readonly number[], id: string): Overlay {
  const parts = pages.flatMap(({ name, data }, k) => {
    const overlay = data.overlays.find((one) => one.id === id);
    return overlay ? [{ name, overlay, by: starts[k]! }] : [];
  });
  const shown = parts.find(({ overlay }) => overlay.state === "shown") ?? parts[0]!;
  const said = groupBy(parts, ({ overlay }) => JSON.stringify(overlay.says));
  return {
    ...shown.overlay,
    says: [...said.values()].flatMap((group) => {
      const [first = "", ...rest] = group[0]!.overlay.says;
      return [`${namesOf(group.map(({ name }) => name))}: ${first}`, ...rest.map((line) => `  ${line}`)];
    }),
    marks: parts.flatMap(({ overlay, by }) => overlay.marks.map((mark) => ({ ...mark, node: mark.node + by }))),
  };
}

/** Of more parts the first ones, and how many others. */
const NAMED = 3;

const namesOf = (names: readonly string[]): string =>
  names.length <= NAMED
    ? names.join(", ")
    : `${names.slice(0, NAMED - 1).join(", ")} and ${names.length - NAMED + 1} more`;
