/** What differs between the graph that is drawn and another one, at the values of both. */
import { counted } from "../../dsl/counted.ts";
import { type Graph, schedule } from "../../dsl/graph.ts";
import type { Tensor } from "../../dsl/tensor.ts";
import type { PlacedDifference } from "../../emit/diff/diff.ts";
import { showDifferences } from "../../emit/diff/text.ts";
import type { Beside } from "../beside.ts";
import type { Mark, Overlay, Tone } from "../data.ts";

const TITLE = { id: "diff", title: "diff" } as const;

/** How the two graphs are called on the page, and how it is known that two weights are the same. */
export interface Compared {
  readonly first: string;
  readonly second: string;
  readonly weights: "contents" | "names";
}

/** Nothing to compare with: why there is no such overlay. */
export const noDiff = (why: string): Overlay => ({
  ...TITLE,
  state: "none",
  says: [`not compared: ${why}`],
  legend: [],
  marks: [],
});

/** Marks of the first graph's values by their number, of the second's by theirs behind all of the first. */
export function diffOverlay(graph: Graph, beside: Beside, { first, second, weights }: Compared): Overlay {
  const [own, other] = [schedule(graph), schedule(beside.graph)];
  const { differences, inFirst, inSecond } = beside.placed;
  const told = changesAt(differences);
  const removed = own.flatMap((value, node) =>
    inSecond(value) ? [] : [one(node, "bad", `only in ${first}`, "only in first")],
  );
  const added = other.flatMap((value, n) =>
    inFirst(value) ? [] : [one(own.length + n, "good", `only in ${second}`, "only in second")],
  );
  const changed = own.flatMap((value, node): readonly Mark[] => {
    const says = told.get(value);
    return says && inSecond(value) ? [{ node, tone: "warn", says, short: "changed" }] : [];
  });
  return {
    ...TITLE,
    state: "shown",
    says: [...saysOf(differences, removed.length, added.length, changed.length), ...compared(weights)],
    legend: [
      ["bad", `only in ${first}`],
      ["good", `only in ${second}`],
      ["warn", "in both, and not the same"],
    ],
    marks: [...removed, ...added, ...changed],
  };
}

const one = (node: number, tone: Tone, says: string, short: string): Mark => ({ node, tone, says: [says], short });

const compared = (weights: Compared["weights"]): readonly string[] => [
  `Compared are the graphs, as graphc diff does, and their weights by ${weights === "names" ? "the names of their tensors" : "their contents"}: names of inner values and equal spellings do not count. What packages say besides (descriptions, flexible sizes, other functions) graphc diff tells.`,
];

function saysOf(
  differences: readonly PlacedDifference[],
  removed: number,
  added: number,
  changed: number,
): readonly string[] {
  if (differences.length === 0) return ["no difference: the two graphs are the same computation"];
  const head = `${counted(removed, "value")} only in the first, ${counted(added, "value")} only in the second, ${counted(changed, "value")} changed`;
  const ports = differences.flatMap(({ difference }) =>
    difference.kind === "interface" || difference.kind === "result" ? [difference] : [],
  );
  return [
    head,
    ...showDifferences(ports)
      .split("\n")
      .slice(1)
      .map((line) => line.trim()),
  ];
}

/** Sentences for the values of the first graph that have a counterpart with something else in it. */
function changesAt(differences: readonly PlacedDifference[]): ReadonlyMap<Tensor, readonly string[]> {
  const all = new Map<Tensor, readonly string[]>();
  for (const { difference, before } of differences) {
    const says = before ? sentencesOf(difference) : [];
    if (before && says.length > 0) all.set(before, [...(all.get(before) ?? []), ...says]);
  }
  return all;
}

function sentencesOf(difference: PlacedDifference["difference"]): readonly string[] {
  switch (difference.kind) {
    case "changed":
      return difference.changes.map(({ what, before, after }) => `${what}: ${before} → ${after}`);
    case "interface":
      return difference.before && difference.after
        ? [`type as ${difference.role} ${difference.name}: ${difference.before} → ${difference.after}`]
        : [`${difference.role} ${difference.name}: only in the ${difference.before ? "first" : "second"}`];
    case "result":
      return [
        `${difference.role} ${difference.name} is made by another value: ${difference.before} → ${difference.after}`,
      ];
    default:
      return [];
  }
}
