/**
 * One spelling of what may be written in several: what an op ignores is set to one value, and axes in any order are put
 * in one. It looks at no size, so that graphs are spelt alike at every size of a flexible package.
 */
import { type Graph, schedule } from "../../dsl/graph.ts";
import type { OpDef, Tensor } from "../../dsl/tensor.ts";

/** A graph in the one spelling, and where its values went. */
export interface Respelled {
  readonly graph: Graph;
  /** The value of this graph that stands for one of the original; undefined for one that no result needs. */
  readonly of: (value: Tensor) => Tensor | undefined;
}

/** Respells every op of a graph; names, types and sites stay. */
export function respelled(graph: Graph): Respelled {
  const made = new Map<Tensor, Tensor>();
  for (const value of schedule(graph)) made.set(value, again(value, made));
  const of = (value: Tensor): Tensor => made.get(value)!;
  return {
    graph: {
      ...graph,
      states: graph.states.map((s) => ({ ...s, exit: of(s.exit) })),
      outputs: Object.fromEntries(Object.entries(graph.outputs).map(([name, value]) => [name, of(value)])),
    },
    of: (value) => made.get(value),
  };
}

function again(value: Tensor, made: ReadonlyMap<Tensor, Tensor>): Tensor {
  const { def } = value;
  if (def.kind !== "op") return value;
  const anew = (x: Tensor): Tensor => made.get(x)!;
  const operands = Object.entries(def.operands).map(([key, x]) => {
    return [key, Array.isArray(x) ? x.map(anew) : anew(x as Tensor)] as const;
  });
  const isMoved = operands.some(([key, x]) => [x].flat().some((one, i) => one !== [def.operands[key]!].flat()[i]));
  const moved = isMoved ? { ...def, operands: Object.fromEntries(operands) } : def;
  const spelt = SPELLINGS.get(def.op)?.(moved) ?? moved;
  return spelt === def ? value : { ...value, def: spelt };
}

/**
 * Whether a parameter of an op has spellings that are equal: of a slice its bounds, strides and masks; of a reduction or
 * squeeze its axes. A file may squeeze axes that are not of size 1, which depends on sizes.
 */
export const hasSpellings = (op: string, parameter: string, flexible: boolean): boolean =>
  SLICES.includes(op)
    ? ["begin", "end", "stride", "begin_mask", "end_mask"].includes(parameter)
    : parameter === "axes" && (REDUCTIONS.includes(op) || (op === "squeeze" && !flexible));

const SLICES = ["slice_by_index", "slice_update"];
const REDUCTIONS = ["sum", "mean", "sum_square", "l2_norm", "max", "min"].map((name) => `reduce_${name}`);

/** A reduction and a squeeze take a set of axes. */
function inOrder({ attrs, ...def }: OpDef): OpDef {
  const { axes } = attrs;
  if (!Array.isArray(axes)) return { ...def, attrs };
  return { ...def, attrs: { ...attrs, axes: (axes as readonly number[]).toSorted((a, b) => a - b) } };
}

/** A slice of one axis. */
interface AxisSlice {
  readonly begin: number;
  readonly end: number;
  readonly step: number;
  readonly fromEdge: boolean;
  readonly toEdge: boolean;
}

/**
 * A masked begin of a rising slice is 0; any other masked bound is ignored. A squeezed axis has neither end nor stride.
 */
function unmasked({ begin, end, step, fromEdge, toEdge }: AxisSlice, squeezed: boolean): AxisSlice {
  const own = squeezed ? 1 : step;
  return {
    step: own,
    begin: fromEdge ? 0 : begin,
    end: toEdge || squeezed ? 0 : end,
    fromEdge: fromEdge && own < 0,
    toEdge: toEdge && !squeezed,
  };
}

/** Bounds that are known only at run time stay as they are. */
function withoutMasks({ attrs, operands, ...def }: OpDef): OpDef {
  const { stride, begin_mask, end_mask, squeeze_mask } = attrs as unknown as SliceAttrs;
  const [begin, end] = [numbersOf(operands.begin), numbersOf(operands.end)];
  if (!begin || !end) return { ...def, attrs, operands };
  const axes = begin.map((first, i) => {
    const axis = { begin: first, end: end[i]!, step: stride[i]!, fromEdge: begin_mask[i]!, toEdge: end_mask[i]! };
    return unmasked(axis, squeeze_mask[i]!);
  });
  const all = <K extends keyof AxisSlice>(key: K) => axes.map((axis) => axis[key]);
  const [newBegin, newEnd] = [all("begin"), all("end")];
  return {
    ...def,
    attrs: { ...attrs, stride: all("step"), begin_mask: all("fromEdge"), end_mask: all("toEdge") },
    operands: {
      ...operands,
      begin: withNumbers(operands.begin as Tensor, newBegin),
      end: withNumbers(operands.end as Tensor, newEnd),
    },
  };
}

interface SliceAttrs {
  readonly stride: readonly number[];
  readonly begin_mask: readonly boolean[];
  readonly end_mask: readonly boolean[];
  readonly squeeze_mask: readonly boolean[];
}

function numbersOf(x: OpDef["operands"][string] | undefined): readonly number[] | undefined {
  const def = x && !Array.isArray(x) ? (x as Tensor).def : undefined;
  return def?.kind === "const" ? Array.from(def.data) : undefined;
}

const withNumbers = (x: Tensor, data: readonly number[]): Tensor =>
  x.def.kind === "const" ? { ...x, def: { ...x.def, data: Float64Array.from(data) } } : x;

const SPELLINGS: ReadonlyMap<string, (def: OpDef) => OpDef> = new Map([
  ...[...REDUCTIONS, "squeeze"].map((op) => [op, inOrder] as const),
  ...SLICES.map((op) => [op, withoutMasks] as const),
]);
