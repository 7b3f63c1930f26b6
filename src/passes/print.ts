/**
 * A graph as readable text: one value a line, with its op, operands, type, and the attributes that are not the default.
 * Unnamed values are numbered per op, so that a change in one place does not renumber all the others.
 */
import type { AttrSpec } from "../dsl/attr.ts";
import { type Graph, schedule } from "../dsl/graph.ts";
import type { Infos } from "../dsl/op-spec.ts";
import { infoOf, mapOperands } from "../dsl/operands.ts";
import { opTable } from "../dsl/ops/index.ts";
import type { AttrValue, OpDef, Tensor } from "../dsl/tensor.ts";
import { show, sizeOf } from "../dsl/type.ts";
import type { QuantisedPart, WeightSource } from "../dsl/weight-source.ts";

/** Of longer constants only the number of elements is shown. */
const SHOWN_ELEMENTS = 8;

/** The whole graph, ending in a newline. */
export function printGraph(graph: Graph): string {
  const values = schedule(graph);
  const nameOf = namer(values);
  const inputs = graph.inputs.map((x) => `  input ${nameOf(x)}: ${show(x.type)}`);
  const states = graph.states.map(({ name, entry }) => `  state ${name}: ${show(entry.type)}`);
  const lines = groupsOf(values).map((group) => `  ${line(group, nameOf)}`);
  const exits = graph.states.map(({ name, exit }) => `  state ${name} = ${nameOf(exit)}`);
  const outputs = Object.entries(graph.outputs).map(([name, value]) => `  output ${name} = ${nameOf(value)}`);
  return [`graph ${graph.name}`, ...inputs, ...states, "", ...lines, "", ...exits, ...outputs, ""].join("\n");
}

/** The values that are lines of their own, in schedule order; the parts of one op together. */
function groupsOf(values: readonly Tensor[]): readonly (readonly Tensor[])[] {
  const groups = new Map<unknown, Tensor[]>();
  for (const value of values) {
    const { def } = value;
    if (def.kind === "input" || def.kind === "state" || isInline(value)) continue;
    const key = def.kind === "op" && def.part !== undefined ? def.operands : value;
    groups.set(key, [...(groups.get(key) ?? []), value]);
  }
  return [...groups.values()];
}

/** Small constants are written where they are used. */
export const isInline = (value: Tensor): boolean =>
  value.def.kind === "const" && value.def.data.length <= SHOWN_ELEMENTS;

/** The author's names; for other values `op.n`, counted per op, and `op.n#part` for one of several results. */
export function namer(values: readonly Tensor[]): (value: Tensor) => string {
  const counts = new Map<string, number>();
  const numbers = new Map<unknown, number>();
  const numbered = (kind: string, key: unknown): string => {
    const n = numbers.get(key) ?? counts.get(kind) ?? 0;
    if (!numbers.has(key)) counts.set(kind, n + 1);
    numbers.set(key, n);
    return `${kind}.${n}`;
  };
  const name = (value: Tensor): string => {
    const { def } = value;
    if (isInline(value)) return literal(value);
    if (value.name !== undefined) return value.name;
    if (def.kind === "state" || def.kind === "input") return def.name;
    if (def.kind !== "op") return numbered(def.kind, value);
    return def.part === undefined ? numbered(def.op, value) : `${numbered(def.op, def.operands)}#${def.part}`;
  };
  const names = new Map(values.map((value) => [value, name(value)]));
  return (value) => names.get(value)!;
}

/** `0.5`, `[1, 2]`, and with the type where it cannot be guessed: `[0, 0]: int32[2]`. */
function literal({ type, def }: Tensor): string {
  const data = def.kind === "const" ? Array.from(def.data) : [];
  const shown = type.shape.length === 0 ? `${data[0]}` : `[${data.join(", ")}]`;
  return type.dtype === "fp16" && type.shape.length < 2 ? shown : `(${shown}: ${show(type)})`;
}

function line(group: readonly Tensor[], nameOf: (value: Tensor) => string): string {
  const results = inOrder(group);
  const { def, type } = group[0]!;
  const left = results.map((value) => (value ? nameOf(value) : "_")).join(", ");
  const types = results.map((value) => (value ? show(value.type) : "_")).join(", ");
  if (def.kind === "weight") return `${left} = weight ${showSource(def.source)}: ${types}`;
  if (def.kind === "const") return `${left} = const of ${sizeOf(type.shape)} elements: ${types}`;
  return `${left} = ${call(def as OpDef, nameOf)}: ${types}`;
}

/** The results of an op at their places; undefined for one that nothing uses. */
function inOrder(group: readonly Tensor[]): readonly (Tensor | undefined)[] {
  const results: (Tensor | undefined)[] = [];
  for (const value of group) results[value.def.kind === "op" ? (value.def.part ?? 0) : 0] = value;
  return Array.from(results);
}

function call(def: OpDef, nameOf: (value: Tensor) => string): string {
  const { spec } = opTable.get(def.op)!;
  const operands = Object.entries(def.operands).map(([key, x]) => {
    const text = Array.isArray(x) ? `[${x.map(nameOf).join(", ")}]` : nameOf(x as Tensor);
    return spec.operands[key]!.optional ? `${key}=${text}` : text;
  });
  const infos = mapOperands(def.operands, infoOf);
  const attrs = Object.entries(def.attrs)
    .filter(([key, value]) => !isDefault(spec.attrs[key]!, value, infos))
    .map(([key, value]) => `${key}=${showAttr(value)}`);
  return `${def.op}(${[...operands, ...attrs].join(", ")})`;
}

function isDefault({ default: fallback }: AttrSpec, value: AttrValue, infos: Infos): boolean {
  const usual = typeof fallback === "function" ? fallback(infos) : fallback;
  return usual !== undefined && String(usual) === String(value);
}

const showAttr = (value: AttrValue): string => (Array.isArray(value) ? `[${value.join(",")}]` : String(value));

function showSource(source: WeightSource): string {
  if (source.from === "package") return `sha256 ${source.sha256.slice(0, 12)}`;
  const { tensor, joined, rows, columns, transform, scaled, quantised } = source;
  const whole = joined ? joined.map((part) => part.tensor).join(" + ") : tensor;
  const range = (name: string, r?: readonly [number, number]) => (r ? ` ${name} ${r[0]}..${r[1]}` : "");
  const times = scaled
    ? ` times ${scaled.factor} (rows below ${scaled.below}, ${scaled.count} of every ${scaled.period})`
    : "";
  const part = quantised ? partText(quantised) : "";
  return `${whole}${range("rows", rows)}${range("columns", columns)}${transform ? ` ${transform}` : ""}${times}${part}`;
}

const partText = (part: QuantisedPart): string =>
  "rows" in part ? ` ${part.how} ${part.part} (${part.rows} rows a table)` : ` int8 ${part.part} (${part.how})`;
