/**
 * One spelling of what may be written in several: what an op ignores is set to one value, and axes in any order are put
 * in one. It looks at no size, so that graphs are spelt alike at every size of a flexible package.
 */
import { type Graph, schedule } from "../../dsl/graph.ts";
import type { Attrs, OpDef, Tensor } from "../../dsl/tensor.ts";

/** A graph in the one spelling, and where its values went. */
export interface Respelled {
  readonly graph: Graph;
  /** The value of this graph that stands for one of the original; undefined for one that no result needs. */
  readonly of: (value: Tensor) => Tensor | undefined;
}

/** Respells every op of a graph; what is spelt so already stays the same object. */
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

/**
 * A masked begin of a rising slice is 0; any other masked bound is ignored. A squeezed axis has neither end nor stride.
 */
function unmasked({ attrs, operands, ...def }: OpDef): OpDef {
  const { stride, begin_mask, end_mask, squeeze_mask } = attrs as Attrs & Record<string, readonly never[]>;
  const [begin, end] = [numbersOf(operands.begin), numbersOf(operands.end)];
  if (!begin || !end) return { ...def, attrs, operands };
  const axes = begin.map((first, axis) => {
    const squeezed: boolean = squeeze_mask![axis]!;
    const step: number = squeezed ? 1 : stride![axis]!;
    const [fromEdge, toEdge]: readonly boolean[] = [begin_mask![axis]!, end_mask![axis]!];
    return {
      step,
      begin: fromEdge ? 0 : first,
      end: toEdge || squeezed ? 0 : end[axis]!,
      fromEdge: fromEdge! && step < 0,
      toEdge: toEdge! && !squeezed,
    };
  });
  return {
    ...def,
    attrs: {
      ...attrs,
      stride: axes.map((x) => x.step),
      begin_mask: axes.map((x) => x.fromEdge),
      end_mask: axes.map((x) => x.toEdge),
    },
    operands: {
      ...operands,
      begin: withNumbers(
        operands.begin as Tensor,
        axes.map((x) => x.begin),
      ),
      end: withNumbers(
        operands.end as Tensor,
        axes.map((x) => x.end),
      ),
    },
  };
}

function numbersOf(x: OpDef["operands"][string] | undefined): readonly number[] | undefined {
  const def = x && !Array.isArray(x) ? (x as Tensor).def : undefined;
  return def?.kind === "const" ? Array.from(def.data) : undefined;
}

const withNumbers = (x: Tensor, data: readonly number[]): Tensor =>
  x.def.kind === "const" ? { ...x, def: { ...x.def, data: Float64Array.from(data) } } : x;

const SPELLINGS: ReadonlyMap<string, (def: OpDef) => OpDef> = new Map([
  ...[...REDUCTIONS, "squeeze"].map((op) => [op, inOrder] as const),
  ...SLICES.map((op) => [op, unmasked] as const),
]);
