/**
 * Lowers the values of a graph one by one to MIL ops. Special forms that the format demands:
 * - A state is read before its first use, written as soon as its value at exit is made, and read again for later users
 *   of that value. So Core ML can keep one buffer per state.
 * - Operands of `constexpr_*` ops are literals inside the op, not `const` ops.
 */
import type { Graph, State } from "../../dsl/graph.ts";
import { typeOfPart } from "../../dsl/op.ts";
import type { OpSpec } from "../../dsl/op-spec.ts";
import { infoOf, mapOperands } from "../../dsl/operands.ts";
import { opTable } from "../../dsl/ops/index.ts";
import { type AttrValue, type Def, type OpDef, operandsOf, type Tensor } from "../../dsl/tensor.ts";
import { has } from "../../dsl/traits.ts";
import type { TensorType } from "../../dsl/type.ts";
import { sourceName } from "../../dsl/weight-source.ts";
import { groupBy } from "../group.ts";
import { type MilArgument, type MilOperation, type MilValue, milType } from "../mil/records.ts";
import type { BlobPlanner } from "./blob.ts";
import { attrLiteral, tensorLiteral } from "./literal.ts";
import type { Names } from "./names.ts";

/** What lowering knows, and what it has made so far. */
export interface Lowering {
  readonly names: Names;
  readonly blobs: BlobPlanner;
  /** The values that are results of one MIL op: those that share their operands. */
  readonly siblings: ReadonlyMap<OpDef["operands"], readonly Tensor[]>;
  readonly states: ReadonlyMap<Def, State>;
  /** The states that hold a value at exit. */
  readonly writes: ReadonlyMap<Def, readonly State[]>;
  /** Values that an op or an output consumes. */
  readonly consumed: ReadonlySet<Def>;
  /** The ops so far, in the order of the file. */
  readonly operations: MilOperation[];
  /** The name under which a value is consumed from here on. */
  readonly current: Map<Def, string>;
}

type OpTensor = Tensor & { readonly def: OpDef };
type Literal = Extract<Def, { kind: "const" | "weight" }>;

/** The state before the first value; `order` is the schedule of the graph. */
export function beginLowering(graph: Graph, order: readonly Tensor[], names: Names, blobs: BlobPlanner): Lowering {
  const ops = order.filter((value): value is OpTensor => value.def.kind === "op");
  const consumers = [...ops.flatMap(({ def }) => operandsOf(def)), ...Object.values(graph.outputs)];
  return {
    names,
    blobs,
    siblings: groupBy(ops, ({ def }) => def.operands),
    states: new Map(graph.states.map((state) => [state.entry.def, state])),
    writes: groupBy(graph.states.filter(isWritten), ({ exit }) => exit.def),
    consumed: new Set(consumers.map(({ def }) => def)),
    operations: [],
    current: new Map(),
  };
}

/** Whether the call changes the state. */
export const isWritten = ({ entry, exit }: State): boolean => entry.def !== exit.def;

/** Appends the ops that make a value. Constants, weights and states wait for their first user. */
export function lowerValue(lowering: Lowering, value: Tensor): void {
  const { def } = value;
  if (def.kind === "input") made(lowering, def, def.name);
  else if (def.kind === "op") lowerOp(lowering, value as OpTensor);
  else if (lowering.writes.has(def)) nameInUse(lowering, value, "value");
}

/** The name of a value for a user at this place; makes it if it has waited. */
export function nameInUse(lowering: Lowering, value: Tensor, base: string): string {
  const { def } = value;
  if (!lowering.current.has(def)) {
    if (def.kind === "state") readEntry(lowering, lowering.states.get(def)!);
    else if (def.kind !== "op" && def.kind !== "input") addConst(lowering, def, value.type, base);
  }
  return lowering.current.get(def)!;
}

/** Records that a value exists, and writes it to the states that hold it at exit. */
function made(lowering: Lowering, def: Def, name: string): void {
  const { current, writes, consumed } = lowering;
  current.set(def, name);
  const states = writes.get(def) ?? [];
  for (const state of states) writeState(lowering, state, name);
  if (states.length > 0 && consumed.has(def)) current.set(def, readState(lowering, states[0]!, "updated"));
}

function writeState(lowering: Lowering, state: State, data: string): void {
  const { current, writes, consumed } = lowering;
  const { def } = state.entry;
  // The old contents are gone after the write: whoever still needs them must have read them.
  if ((consumed.has(def) || writes.has(def)) && !current.has(def)) readEntry(lowering, state);
  addOp(lowering, {
    type: "write_state",
    name: lowering.names.fresh(`${state.name}_write`),
    inputs: { input: [{ name: state.name }], data: [{ name: data }] },
    outputs: [],
  });
}

const readEntry = (lowering: Lowering, state: State): void =>
  made(lowering, state.entry.def, readState(lowering, state, "read"));

function readState(lowering: Lowering, { name: state, entry }: State, suffix: string): string {
  const name = lowering.names.fresh(`${state}_${suffix}`);
  const inputs = { input: [{ name: state }] };
  addOp(lowering, { type: "read_state", name, inputs, outputs: [{ name, type: milType(entry.type) }] });
  return name;
}

function addConst(lowering: Lowering, def: Literal, type: TensorType, base: string): void {
  const { names, blobs } = lowering;
  const stored = def.kind === "weight" && def.source.from === "checkpoint" ? sourceName(def.source) : base;
  const name = names.of(def) ?? names.fresh(stored);
  addConstOp(lowering, name, tensorLiteral(def, type, blobs));
  made(lowering, def, name);
}

function addConstOp(lowering: Lowering, name: string, value: MilValue): void {
  addOp(lowering, { type: "const", name, inputs: {}, outputs: [{ name, type: value.type }], value });
}

function addOp({ operations }: Lowering, op: Omit<MilOperation, "blocks">): void {
  operations.push({ ...op, blocks: [] });
}

function lowerOp(lowering: Lowering, value: OpTensor): void {
  const { def } = value;
  if (lowering.current.has(def)) return;
  const { spec } = opTable.get(def.op)!;
  const results = resultsOf(lowering, value, spec);
  const name = results[0]!.name;
  addOp(lowering, {
    type: def.op,
    name,
    inputs: { ...operandArguments(lowering, def, name), ...attributeArguments(lowering, def, spec, name) },
    outputs: results.map((result) => ({ name: result.name, type: milType(result.type) })),
  });
  for (const result of results) if (result.def) made(lowering, result.def, result.name);
}

interface Result {
  readonly name: string;
  readonly type: TensorType;
  /** Absent for a part that the graph does not use; the MIL op has it all the same. */
  readonly def?: OpDef;
}

function resultsOf({ names, siblings }: Lowering, { def, type }: OpTensor, spec: OpSpec): readonly Result[] {
  if (!spec.parts) return [{ name: names.of(def)!, type, def }];
  const infos = mapOperands(def.operands, infoOf) as never;
  const reached = new Map((siblings.get(def.operands) as OpTensor[]).map((x) => [x.def.part, x]));
  return Array.from({ length: spec.parts(infos, def.attrs as never) }, (_, part) => {
    const value = reached.get(part);
    if (value) return { name: names.of(value.def)!, type: value.type, def: value.def };
    return { name: names.fresh(`${def.op}_unused`), type: typeOfPart(spec, infos, def.attrs, part) as TensorType };
  });
}

type Arguments = Record<string, readonly MilArgument[]>;

function operandArguments(lowering: Lowering, def: OpDef, name: string): Arguments {
  const argument = has(def, "constexpr") ? inlineArgument : namedArgument;
  return Object.fromEntries(
    Object.entries(def.operands).map(([key, x]) => {
      const base = `${name}_${key}`;
      const list = Array.isArray(x);
      return [key, ([x].flat() as Tensor[]).map((one, i) => argument(lowering, one, list ? `${base}_${i}` : base))];
    }),
  );
}

const namedArgument = (lowering: Lowering, x: Tensor, base: string): MilArgument => ({
  name: nameInUse(lowering, x, base),
});

function inlineArgument(lowering: Lowering, x: Tensor, base: string): MilArgument {
  const { def } = x;
  if (def.kind === "const" || def.kind === "weight") return { value: tensorLiteral(def, x.type, lowering.blobs) };
  return namedArgument(lowering, x, base);
}

function attributeArguments(lowering: Lowering, def: OpDef, spec: OpSpec, name: string): Arguments {
  const infos = mapOperands(def.operands, infoOf) as never;
  const isSaid = ([key, value]: readonly [string, AttrValue]): boolean =>
    value !== spec.attrs[key]!.default || !spec.attrs[key]!.unsaid?.(infos, def.attrs);
  const said = Object.entries(def.attrs).filter(isSaid);
  return Object.fromEntries(
    said.map(([key, value]) => {
      const { kind, dtype, stored, of = Object.keys(def.operands)[0]! } = spec.attrs[key]!;
      const model = [def.operands[of]].flat()[0] as Tensor | undefined;
      const literal = attrLiteral(value, kind, dtype ?? model?.type.dtype ?? "fp32", stored);
      if (has(def, "constexpr")) return [key, [{ value: literal }]];
      const constant = lowering.names.fresh(`${name}_${key}`);
      addConstOp(lowering, constant, literal);
      return [key, [{ name: constant }]];
    }),
  );
}
