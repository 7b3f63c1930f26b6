/**
 * Canonical values: across graphs, two values have the same key iff they are the same computation on the same inputs,
 * states and literals. Sites, names of inner values and repeated values do not count.
 */
import { createHash } from "node:crypto";
import { type Graph, schedule } from "../../dsl/graph.ts";
import type { Attrs, AttrValue, OpDef, Tensor } from "../../dsl/tensor.ts";
import { sameType, show, type TensorType } from "../../dsl/type.ts";
import type { Joined, WeightSource } from "../../dsl/weight-source.ts";
import { encodeElements } from "../mil/encode-elements.ts";

/** SHA-256 (hex) of the bytes that a weight of a checkpoint has in weight.bin; undefined when not known. */
export type WeightHash = (source: WeightSource, type: TensorType) => string | undefined;

/** When two weights are the same. */
export interface CompareOptions {
  /** Content of checkpoint weights. Without it such a weight equals only one of the same tensor, rows and columns. */
  readonly hash?: WeightHash | undefined;
  /** The same of the second graph, whose checkpoint is another. */
  readonly other?: WeightHash | undefined;
  /**
   * `order`: a checkpoint weight of one graph is taken to be the package weight of the same type at the same place in
   * the other's schedule. It compares graphs when the checkpoint is not at hand; the weights' contents go unchecked.
   */
  readonly weights?: "content" | "order";
}

/** ValueKeys of a graph's values; equal keys are equal numbers across all graphs that one interner served. */
export type ValueKeys = ReadonlyMap<Tensor, number>;

/** The keys of two graphs, comparable with each other. */
export function keysOf(a: Graph, b: Graph, options: CompareOptions = {}): readonly [ValueKeys, ValueKeys] {
  const table = new Map<string, number>();
  const intern = (text: string): number => {
    const key = table.get(text) ?? table.size;
    table.set(text, key);
    return key;
  };
  const hash = options.weights === "order" ? pairedByOrder(a, b) : (options.hash ?? (() => undefined));
  return [keysWith(a, intern, hash), keysWith(b, intern, options.other ?? hash)];
}

function keysWith(graph: Graph, intern: (text: string) => number, hash: WeightHash): ValueKeys {
  const keys = new Map<Tensor, number>();
  for (const value of schedule(graph)) keys.set(value, intern(textOf(value, keys, hash)));
  return keys;
}

function textOf({ def, type }: Tensor, keys: ValueKeys, hash: WeightHash): string {
  const shown = show(type);
  switch (def.kind) {
    case "input":
    case "state":
      return `${def.kind} ${shown} ${def.name}`;
    case "const":
      return `data ${shown} ${hashElements(type, def.data)}`;
    case "weight":
      return `data ${shown} ${contentOf(def.source, type, hash)}`;
    case "op":
      return `${def.op}.${def.part ?? 0} ${attrsText(def.attrs)} ${operandsText(def, keys)}`;
  }
}

/** The result type is left out: op, attributes and operands decide it. */
function operandsText(def: OpDef, keys: ValueKeys): string {
  const operands = Object.entries(def.operands).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return operands.map(([name, x]) => `${name}(${[x].flat().map((one) => keys.get(one as Tensor))})`).join(" ");
}

const attrsText = (attrs: Attrs): string =>
  Object.keys(attrs)
    .toSorted()
    .map((name) => `${name}=${showAttr(attrs[name]!)}`)
    .join(" ");

/** An attribute as text; unlike JSON it tells −0 from 0 and shows infinities. */
export function showAttr(value: AttrValue): string {
  if (Array.isArray(value)) return `[${value.map(showAttr).join(",")}]`;
  return typeof value === "string" ? JSON.stringify(value) : Object.is(value, -0) ? "-0" : String(value);
}

/** SHA-256 as hex of elements as weight.bin would store them. */
export const hashElements = ({ dtype }: TensorType, data: ArrayLike<number>): string =>
  createHash("sha256").update(encodeElements(dtype, data)).digest("hex");

function contentOf(source: WeightSource, type: TensorType, hash: WeightHash): string {
  return source.from === "package" ? source.sha256 : (hash(source, type) ?? sourceText(source));
}

const joinedText = (tensor: string, joined: Joined | undefined): string =>
  joined ? joined.map((part) => `${part.tensor}(${part.rows})`).join(" + ") : tensor;

/** A checkpoint weight as text: `model.norm.weight rows 0..8`. */
export function sourceText(source: WeightSource): string {
  if (source.from === "package") return `sha256 ${source.sha256.slice(0, 12)}`;
  const { tensor, joined, rows, columns, transform } = source;
  const cuts = [
    ["rows", rows],
    ["columns", columns],
  ].flatMap(([what, range]) => (range ? [`${what} ${range[0]}..${range[1]}`] : []));
  return [joinedText(tensor, joined), ...cuts, ...(transform ? [transform] : [])].join(" ");
}

/** Reads the content of a checkpoint weight off the package weight at the same place of the other graph. */
function pairedByOrder(a: Graph, b: Graph): WeightHash {
  const [left, right] = [literalsOf(a), literalsOf(b)];
  const found = new Map<string, string>();
  for (const [i, x] of left.entries()) {
    const y = right[i];
    if (!y || !sameType(x.type, y.type)) continue;
    for (const [one, other] of [
      [x, y],
      [y, x],
    ] as const) {
      if (one.def.kind !== "weight" || one.def.source.from !== "checkpoint") continue;
      if (other.def.kind !== "weight" || other.def.source.from !== "package") continue;
      const key = sourceText(one.def.source);
      if (!found.has(key)) found.set(key, other.def.source.sha256);
    }
  }
  return (source) => found.get(sourceText(source));
}

const literalsOf = (graph: Graph): readonly Tensor[] =>
  schedule(graph).filter(({ def }) => def.kind === "const" || def.kind === "weight");
