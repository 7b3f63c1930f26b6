/** Rebuilding a graph with some values exchanged: how tests plant a fault in a graph that is right. */
import { graph as close, type Graph, schedule } from "../../../src/dsl/graph.ts";
import { makeOp } from "../../../src/dsl/op.ts";
import { mapOperands } from "../../../src/dsl/operands.ts";
import { opTable } from "../../../src/dsl/ops/index.ts";
import { named, type OpDef, type Tensor } from "../../../src/dsl/tensor.ts";

/** Another value in place of one that has been rebuilt; undefined leaves it. */
export type Change = (value: Tensor) => Tensor | undefined;

export interface RewriteOptions {
  /** States in place of the rebuilt ones: [entry, exit] by name. */
  readonly exits?: Readonly<Record<string, Tensor>>;
}

/** The graph with `change` applied to every value, operands first. Types are inferred anew. */
export function rewrite(graph: Graph, change: Change, { exits = {} }: RewriteOptions = {}): Graph {
  const built = new Map<Tensor, Tensor>();
  const parts = new Map<OpDef["operands"], readonly Tensor[]>();
  const get = (value: Tensor): Tensor => built.get(value) ?? value;
  for (const value of schedule(graph)) {
    const rebuilt = value.def.kind === "op" ? rebuild(value, value.def, get, parts) : value;
    built.set(value, rename(value, change(rebuilt) ?? rebuilt));
  }
  return close({
    name: graph.name,
    inputs: graph.inputs,
    states: graph.states.map(({ name, entry, exit }) => [entry, exits[name] ?? get(exit)]),
    outputs: Object.fromEntries(Object.entries(graph.outputs).map(([name, value]) => [name, get(value)])),
  });
}

/** A value of an op on its rebuilt operands; the value itself when they are as before. */
function rebuild(
  value: Tensor,
  def: OpDef,
  get: (value: Tensor) => Tensor,
  parts: Map<OpDef["operands"], readonly Tensor[]>,
): Tensor {
  const same = [Object.values(def.operands)].flat(2).every((x) => get(x as Tensor) === x);
  if (same) return value;
  const made = parts.get(def.operands) ?? [apply(def, mapOperands(def.operands, get))].flat();
  parts.set(def.operands, made as readonly Tensor[]);
  return rename(value, made[def.part ?? 0] as Tensor);
}

/** A value under the name of the one it replaces. A leaf keeps its own: it is known by identity. */
const rename = (like: Tensor, value: Tensor): Tensor =>
  like.name === undefined || like.name === value.name || value.def.kind !== "op" ? value : named(like.name, value);

/** The same op with other operands or attributes. */
export function apply(def: OpDef, change: Readonly<Record<string, unknown>>): Tensor | readonly Tensor[] {
  const site = { frames: () => [] };
  return makeOp(opTable.get(def.op)!, { ...def.operands, ...def.attrs, ...change }, site);
}

/** The value of a graph by the name its author gave. */
export function find(graph: Graph, name: string): Tensor {
  const value = schedule(graph).find((x) => x.name === name);
  if (!value) throw new Error(`graph ${graph.name} has no value ${name}`);
  return value;
}

/** The op definition of a value when it is that op. */
export const isOp = (value: Tensor, ...ops: readonly string[]): OpDef | undefined =>
  value.def.kind === "op" && ops.includes(value.def.op) ? value.def : undefined;

/** An operand that is not a list. */
export const operand = (def: OpDef, name: string): Tensor => def.operands[name] as Tensor;
