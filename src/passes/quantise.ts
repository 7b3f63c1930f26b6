/** Weights in fewer bits: a graph whose matrices are unpacked from codes and scales, or from indices and tables. */
import type { Graph } from "../dsl/graph.ts";
import { schedule } from "../dsl/graph.ts";
import { constexpr_blockwise_shift_scale, constexpr_lut_to_dense } from "../dsl/ops/index.ts";
import { replaced, withResults } from "../dsl/rewrite.ts";
import type { Tensor } from "../dsl/tensor.ts";
import { bitsOf, type DType, type Shape, sizeOf } from "../dsl/type.ts";
import { type Int8Part, type PalettePart, type QuantisedPart, sourceName } from "../dsl/weight-source.ts";

/** How a matrix is stored: an arithmetic of int8 codes, or tables of 2^4, 2^6 or 2^8 entries. */
export type Form = QuantisedPart["how"];

/** Which matrices are stored how, by pieces of the names of their tensors. */
export interface Quantising {
  readonly how: Form;
  /** They stay as they are, whatever else is said. */
  readonly kept: readonly string[];
  /** Another form; of several that meet a name the first counts. */
  readonly others: readonly { readonly piece: string; readonly how: Form }[];
}

/** Below this many elements coremltools leaves a weight as it is (weight_threshold of its configurations). */
const FEWEST = 2048;
/** Rows that share a table where the rows can be divided so; coremltools' default, and the one that is known of a device. */
const GROUP = 32;

const INDICES = { lut4: "uint4", lut6: "uint6", lut8: "uint8" } as const satisfies Record<PalettePart["how"], DType>;

/**
 * The graph with every large matrix of a checkpoint quantised; gains, biases and what is named as kept stay fp16. Its ops and values are
 * the same but for these.
 */
export const quantised = (graph: Graph, quantising: Quantising): Graph =>
  withResults(
    graph,
    replaced(graph, (value) => (value.def.kind === "weight" ? stored(value, quantising) : undefined)),
  );

/** The names of the matrices of a graph that quantising is about. */
export const matricesOf = (graph: Graph): readonly string[] =>
  schedule(graph).flatMap((value) => matrixName(value) ?? []);

/** What a matrix of the checkpoint that is large enough is called: gains and biases have one axis that is longer than 1. */
function matrixName({ def, type }: Tensor): string | undefined {
  if (def.kind !== "weight" || def.source.from !== "checkpoint" || type.dtype !== "fp16") return undefined;
  const isMatrix = type.shape.filter((n) => n > 1).length > 1;
  return isMatrix && sizeOf(type.shape) > FEWEST ? sourceName(def.source) : undefined;
}

function stored(value: Tensor, { how, kept, others }: Quantising): Tensor {
  const name = matrixName(value);
  if (name === undefined || kept.some((piece) => name.includes(piece))) return value;
  const form = others.find(({ piece }) => name.includes(piece))?.how ?? how;
  return form === "nearest" || form === "coremltools" ? scaled(value, form) : palettised(value, form);
}

/** A part of a weight as a weight of its own. */
function partOf({ def, site }: Tensor, quantised: QuantisedPart, dtype: DType, shape: Shape): Tensor {
  if (def.kind !== "weight" || def.source.from !== "checkpoint") throw new Error("a part of what is no weight");
  return { type: { dtype, shape }, def: { kind: "weight", source: { ...def.source, quantised } }, site };
}

const widthOf = ({ type: { shape } }: Tensor): number => sizeOf(shape.slice(1));

function scaled(value: Tensor, how: Int8Part["how"]): Tensor {
  const { shape } = value.type;
  const [codes, scale] = (["codes", "scale"] as const).map((part) => ({ how, part, width: widthOf(value) }));
  const scales = shape.map((n, axis) => (axis === 0 ? n : 1));
  const unpacked = constexpr_blockwise_shift_scale(
    partOf(value, codes!, "int8", shape),
    partOf(value, scale!, "fp16", scales),
  );
  return { ...unpacked, site: value.site };
}

/** As it is where its tables would take more than what they save. */
function palettised(value: Tensor, how: PalettePart["how"]): Tensor {
  const { shape } = value.type;
  const rows = groupOf(shape[0]!);
  const bits = bitsOf(INDICES[how]);
  const tables = [shape[0]! / rows, ...shape.slice(1).map(() => 1), 2 ** bits, 1];
  if (bits * sizeOf(shape) + 16 * sizeOf(tables) >= 16 * sizeOf(shape)) return value;
  const [indices, lut] = (["indices", "lut"] as const).map((part) => ({ how, part, width: widthOf(value), rows }));
  const unpacked = constexpr_lut_to_dense(
    partOf(value, indices!, INDICES[how], shape),
    partOf(value, lut!, "fp16", tables) as Tensor<Shape, "fp16">,
  );
  return { ...unpacked, site: value.site };
}

/** The most rows, up to `GROUP`, of which there is a whole number of groups. */
function groupOf(rows: number): number {
  let group = Math.min(GROUP, rows);
  while (rows % group !== 0) group--;
  return group;
}
