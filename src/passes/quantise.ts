/** Weights in fewer bits: a graph whose matrices are unpacked from int8 codes and a scale for each row. */
import type { Graph } from "../dsl/graph.ts";
import { schedule } from "../dsl/graph.ts";
import { mapOperands, type Operands } from "../dsl/operands.ts";
import { constexpr_blockwise_shift_scale } from "../dsl/ops/index.ts";
import type { Tensor } from "../dsl/tensor.ts";
import { type Shape, sizeOf } from "../dsl/type.ts";
import { type QuantisedPart, sourceName } from "../dsl/weight-source.ts";

/** The arithmetic of int8 codes. */
export type Int8 = QuantisedPart["how"];

/** Below this many elements coremltools leaves a weight as it is (OpLinearQuantizerConfig, weight_threshold). */
const FEWEST = 2048;

/** Tensors, by pieces of their names, that stay as they are. */
export type Kept = readonly string[];

/**
 * The graph with every large matrix of a checkpoint quantised; gains, biases and what is named as kept stay fp16. Its ops and values are
 * the same but for these.
 */
export function quantised(graph: Graph, how: Int8, kept: Kept = []): Graph {
  const made = new Map<Tensor, Tensor>();
  const records = new Map<Operands, Operands>();
  const now = (value: Tensor): Tensor => made.get(value) ?? value;
  const operandsNow = (operands: Operands): Operands => {
    const known = records.get(operands) ?? (mapOperands(operands, now) as Operands);
    // The parts of one op are known by their one record of operands.
    records.set(operands, known);
    return known;
  };
  for (const value of schedule(graph)) {
    const { def } = value;
    if (def.kind === "weight") made.set(value, isQuantised(value, kept) ? unpacked(value, how) : value);
    if (def.kind === "op") made.set(value, { ...value, def: { ...def, operands: operandsNow(def.operands) } });
  }
  return {
    ...graph,
    states: graph.states.map((state) => ({ ...state, exit: now(state.exit) })),
    outputs: Object.fromEntries(Object.entries(graph.outputs).map(([name, value]) => [name, now(value)])),
  };
}

/** A matrix of the checkpoint that is large enough and not kept: gains and biases have one axis that is longer than 1. */
function isQuantised({ def, type }: Tensor, kept: Kept): boolean {
  if (def.kind !== "weight" || def.source.from !== "checkpoint" || type.dtype !== "fp16") return false;
  const name = sourceName(def.source);
  const isMatrix = type.shape.filter((n) => n > 1).length > 1;
  return isMatrix && sizeOf(type.shape) > FEWEST && !kept.some((piece) => name.includes(piece));
}

function unpacked(value: Tensor, how: Int8): Tensor {
  const { type, def, site } = value;
  if (def.kind !== "weight" || def.source.from !== "checkpoint") return value;
  const { source } = def;
  const width = sizeOf(type.shape.slice(1));
  const of = (part: QuantisedPart["part"], dtype: "int8" | "fp16", shape: Shape): Tensor => ({
    type: { dtype, shape },
    def: { kind: "weight", source: { ...source, quantised: { how, part, width } } },
    site,
  });
  const scales = type.shape.map((n, axis) => (axis === 0 ? n : 1));
  return { ...constexpr_blockwise_shift_scale(of("codes", "int8", type.shape), of("scale", "fp16", scales)), site };
}
