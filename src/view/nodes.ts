/** The values of a graph as a page has them. */
import { type Graph, schedule } from "../dsl/graph.ts";
import { opTable } from "../dsl/ops/index.ts";
import type { Site } from "../dsl/site.ts";
import type { Def, OpDef, Tensor } from "../dsl/tensor.ts";
import { show } from "../dsl/type.ts";
import { sourceName, type WeightSource } from "../dsl/weight-source.ts";
import { nameValues } from "../emit/write/names.ts";
import type { PageNode } from "./data.ts";
import type { ErrorTexts } from "./weight-errors.ts";

/** Of longer constants only the number of elements is shown. */
const SHOWN_ELEMENTS = 6;

/** How the author's line of a value is told; undefined where no author made it. */
export type PlaceOfSite = (site: Site) => string | undefined;

/** The nodes of a graph, in the order of its schedule. */
export function nodesOf(graph: Graph, placeOf: PlaceOfSite, errors: ErrorTexts): readonly PageNode[] {
  const order = schedule(graph);
  const numbers = new Map(order.map((value, n) => [value, n]));
  const names = milNames(graph, order);
  const results = resultNames(graph);
  return order.map((value) => {
    const { def, type } = value;
    const at = placeOf(value.site);
    const mil = names(def);
    const error = errors.get(def);
    return {
      kind: def.kind,
      label: labelOf(value),
      type: show(type),
      ...(def.kind === "op" ? { op: def.op } : {}),
      operands: def.kind === "op" ? operandsIn(def, numbers) : [],
      attrs: def.kind === "op" ? attrsOf(def) : [],
      ...(at === undefined ? {} : { at }),
      ...(mil === undefined ? {} : { mil }),
      ...(def.kind === "weight" ? { weight: weightOf(def.source) } : {}),
      ...(error === undefined ? {} : { error }),
      results: results.get(value) ?? [],
    };
  });
}

/** The formulas of the ops that a graph has. */
export const docsOf = (graph: Graph): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...new Set(schedule(graph).flatMap(({ def }) => (def.kind === "op" ? [def.op] : [])))]
      .sort()
      .map((op) => [op, opTable.get(op)?.spec.doc ?? "no formula is known of this op"]),
  );

/** Names as `emit` would give them. Of an interface that no package can have there are none. */
function milNames(graph: Graph, order: readonly Tensor[]): (def: Def) => string | undefined {
  const outputs = new Map(
    Object.entries(graph.outputs).flatMap(([name, { def }]) => (def.kind === "op" ? [[def, name] as const] : [])),
  );
  try {
    return nameValues(graph, order, outputs).of;
  } catch {
    return () => undefined;
  }
}

function resultNames(graph: Graph): ReadonlyMap<Tensor, readonly string[]> {
  const all = new Map<Tensor, string[]>();
  const add = (value: Tensor, text: string) => all.set(value, [...(all.get(value) ?? []), text]);
  for (const [name, value] of Object.entries(graph.outputs)) add(value, `output ${name}`);
  for (const { name, entry, exit } of graph.states) if (exit !== entry) add(exit, `state ${name} at exit`);
  return all;
}

function labelOf({ name, def }: Tensor): string {
  if (name !== undefined) return name;
  switch (def.kind) {
    case "op":
      return def.op;
    case "weight":
      return def.source.from === "checkpoint" ? sourceName(def.source) : "weight";
    case "const":
      return def.data.length <= SHOWN_ELEMENTS ? Array.from(def.data).join(", ") : `${def.data.length} numbers`;
    default:
      return def.name;
  }
}

const operandsIn = (def: OpDef, numbers: ReadonlyMap<Tensor, number>): PageNode["operands"] =>
  Object.entries(def.operands).flatMap(([name, x]) =>
    "type" in x ? [[name, numbers.get(x)!] as const] : x.map((one, k) => [`${name}[${k}]`, numbers.get(one)!] as const),
  );

const attrsOf = ({ attrs, part }: OpDef): PageNode["attrs"] => [
  ...Object.entries(attrs).map(([name, value]) => [name, JSON.stringify(value)] as const),
  ...(part === undefined ? [] : [["part", String(part)] as const]),
];

function weightOf(source: WeightSource): NonNullable<PageNode["weight"]> {
  if (source.from === "checkpoint") return { source: sourceName(source) };
  return { source: `${source.file} at byte ${source.offset}`, hash: source.sha256 };
}
