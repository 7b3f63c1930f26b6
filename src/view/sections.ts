/** Divides the values of a graph into parts that can be drawn: layers, or stretches where there are none. */
import type { PageNode } from "./data.ts";

/** A part of the graph, before it is laid out. */
export interface Part {
  readonly title: string;
  readonly values: readonly number[];
  readonly named: readonly number[];
  readonly insides: readonly (readonly number[])[];
}

/** A name of a layer, as our models and converters write it: `layers.3.q`, `model_layers_3_mlp`. */
const LAYER = /(?:^|[._/])(?:layers?|blocks?|h)[._/]?(\d+)(?=[._/]|$)/;
/** Values of a stretch of a graph without layers: what a person still finds their way in, and a layout takes a second for. */
const STRETCH = 160;

/** The parts of a graph, in the order in which it is computed. Every value is in one of them, and in others that read it. */
export function partsOf(nodes: readonly PageNode[]): readonly Part[] {
  const layers = layersOf(nodes);
  const owners = ownersOf(nodes, layers);
  const parts = new Map<string, number[]>();
  const add = (title: string, n: number) => parts.set(title, [...(parts.get(title) ?? []), n]);
  const hasLayers = layers.some((layer) => layer !== undefined);
  const computed = nodes.flatMap((node, n) => (node.kind === "op" ? [n] : []));
  for (const [k, n] of computed.entries())
    if (hasLayers) add(layers[n] === undefined ? "outside the layers" : `layer ${layers[n]}`, n);
    else add(computed.length <= STRETCH ? "the graph" : stretchTitle(k, computed.length), n);
  if (computed.length === 0 && nodes.length > 0)
    return [
      partOf(
        "the graph",
        nodes.map((_, n) => n),
        nodes,
        owners,
      ),
    ];
  return [...parts].map(([title, own]) => partOf(title, own, nodes, owners));
}

function stretchTitle(k: number, all: number): string {
  const begin = Math.floor(k / STRETCH) * STRETCH;
  return `ops ${begin + 1} to ${Math.min(begin + STRETCH, all)} of ${all}`;
}

/** The layer of each value: its own name's, else the last one among what it is made from. */
function layersOf(nodes: readonly PageNode[]): readonly (number | undefined)[] {
  const layers: (number | undefined)[] = [];
  for (const { kind, label, operands } of nodes) {
    const own = kind === "weight" ? undefined : LAYER.exec(label)?.[1];
    const before = operands.flatMap(([, n]) => layers[n] ?? []);
    layers.push(own === undefined ? (before.length > 0 ? Math.max(...before) : undefined) : Number(own));
  }
  return fromUsers(nodes, layers);
}

/** What nothing before it tells a layer of, such as the norm of the first row, has that of the first value that reads it. */
function fromUsers(nodes: readonly PageNode[], layers: (number | undefined)[]): readonly (number | undefined)[] {
  for (let n = nodes.length - 1; n >= 0; n--)
    for (const [, operand] of nodes[n]!.operands)
      if (layers[n] !== undefined && nodes[operand]!.kind === "op")
        layers[operand] = Math.min(layers[operand] ?? layers[n]!, layers[n]!);
  return layers;
}

const isNamed = ({ kind, op, label, results }: PageNode): boolean =>
  kind === "input" ||
  kind === "state" ||
  results.length > 0 ||
  (op !== undefined && label !== op && !isNumbered(op, label));

/** Every value of a package has a name; those that nobody gave are numbered: `mul_12` of ours, `var_90_cast_fp16` and `op_7` of coremltools. */
const isNumbered = (op: string, label: string): boolean =>
  label.startsWith(`${op}_`)
    ? /^\d+(_cast_fp16)?$/.test(label.slice(op.length + 1))
    : /^(var|op)_\d+(_cast_fp16|_cast_fp32)?$/.test(label);

/** The named value that each value is a step on the way to; its own where several read it. */
function ownersOf(nodes: readonly PageNode[], layers: readonly (number | undefined)[]): readonly number[] {
  const users = nodes.map((): number[] => []);
  for (const [n, { operands }] of nodes.entries()) for (const [, operand] of operands) users[operand]!.push(n);
  const owners: number[] = [];
  for (let n = nodes.length - 1; n >= 0; n--) {
    const of = new Set(users[n]!.map((user) => owners[user]!));
    const [first] = of;
    const joins = !isNamed(nodes[n]!) && first !== undefined && (of.size === 1 || isLeaf(nodes[n]!));
    owners[n] = joins && (isLeaf(nodes[n]!) || layers[n] === layers[first]) ? first : n;
  }
  return owners;
}

const isLeaf = ({ kind }: PageNode): boolean => kind === "weight" || kind === "const";

function partOf(title: string, own: readonly number[], nodes: readonly PageNode[], owners: readonly number[]): Part {
  const read = own.flatMap((n) => [...nodes[n]!.operands, ...(nodes[n]!.beside ?? [])].map(([, operand]) => operand));
  const values = sorted([...own, ...read]);
  const inside = new Set(own);
  const shown = values.map((n) => (inside.has(n) || isLeaf(nodes[n]!) ? owners[n]! : n));
  const named = sorted(shown.filter((n) => values.includes(n)));
  return { title, values, named, insides: named.map((n) => values.filter((value) => owners[value] === n)) };
}

const sorted = (numbers: readonly number[]): readonly number[] => [...new Set(numbers)].sort((a, b) => a - b);

/** An edge by the places of its ends, and the value that lies on it. */
export interface Edge {
  readonly from: number;
  readonly to: number;
  readonly value: number;
  /** Only the second of two graphs has it. */
  readonly beside: boolean;
}

/** The edges of a drawing of these values, by their places in it. */
export function edgesOf(
  nodes: readonly PageNode[],
  { shown, standsFor }: { readonly shown: readonly number[]; readonly standsFor: (place: number) => readonly number[] },
): readonly Edge[] {
  const places = new Map<number, number>();
  for (const [place] of shown.entries()) for (const n of standsFor(place)) places.set(n, place);
  for (const [place, n] of shown.entries()) places.set(n, place);
  const edges = new Map<string, Edge>();
  const add = (value: number, to: number, beside: boolean): void => {
    const from = places.get(value);
    const key = `${value} ${to}`;
    if (from !== undefined && from !== to && !edges.has(key)) edges.set(key, { from, to, value, beside });
  };
  for (const beside of [false, true])
    for (const [to] of shown.entries())
      for (const n of standsFor(to))
        for (const [, value] of (beside ? nodes[n]!.beside : nodes[n]!.operands) ?? []) add(value, to, beside);
  return [...edges.values()];
}
