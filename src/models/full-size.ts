/** Graphs whose hidden rows are held at a power of two, with rows that come in and go out as they are: for a proof that both say the same. */
import { type Graph, schedule } from "../dsl/graph.ts";
import { mapOperands, type Operands } from "../dsl/operands.ts";
import { mul } from "../dsl/ops/index.ts";
import { replaced, withResults } from "../dsl/rewrite.ts";
import type { OpDef, Tensor } from "../dsl/tensor.ts";
import { type Shape, sameType } from "../dsl/type.ts";

/**
 * The graph of layers, or of a head, as one of rows at full size: every value of the residual stream is made from its summands times
 * 2^residual, and read through a product with 2^−residual. Over the reals nothing else changes, whatever the graph is: both products
 * undo one another. Values of the stream then equal those of the graph without exponents, so that a stack can be cut there.
 */
export function atFullSize(graph: Graph, residual: number): Graph {
  if (residual === 0) return graph;
  const stream = streamOf(graph);
  const records = new Map<Operands, Operands>();
  const full = new Set<Tensor>();
  const small = (value: Tensor): Tensor => (full.has(value) ? times(value, -residual) : value);
  const large = (value: Tensor): Tensor => (full.has(value) ? value : times(value, residual));
  const now = replaced(graph, (value, operandsNow) => {
    const { def } = value;
    if (def.kind === "op" && stream.has(value)) {
      const made = {
        ...value,
        def: { ...def, operands: mapOperands(operandsNow(def.operands), large) as OpDef["operands"] },
      };
      full.add(made);
      return made;
    }
    if (stream.has(value)) full.add(value);
    if (def.kind !== "op") return undefined;
    const operands = operandsNow(def.operands);
    // Each reader has a product of its own: one for all would be another place where the stack could be cut.
    const known = records.get(operands) ?? (mapOperands(operands, small) as OpDef["operands"]);
    records.set(operands, known);
    return { ...value, def: { ...def, operands: known as OpDef["operands"] } };
  });
  const made = withResults(graph, now);
  const { hidden } = made.outputs;
  if (!hidden || full.has(hidden)) return made;
  return { ...made, outputs: { ...made.outputs, hidden: times(hidden, residual) } };
}

/** The input of hidden rows, and what comes of it by additions. */
function streamOf(graph: Graph): ReadonlySet<Tensor> {
  const stream = new Set<Tensor>();
  for (const value of schedule(graph)) {
    const { def } = value;
    if (def.kind === "input" && (def.name === "x" || def.name === "hidden")) stream.add(value);
    if (def.kind !== "op" || def.op !== "add") continue;
    const { x, y } = def.operands as Readonly<Record<"x" | "y", Tensor>>;
    if (stream.has(x) !== stream.has(y) && sameType(x.type, y.type)) stream.add(value);
  }
  return stream;
}

const times = (x: Tensor, k: number): Tensor => mul(x as Tensor<Shape, "fp16">, 2 ** k);
