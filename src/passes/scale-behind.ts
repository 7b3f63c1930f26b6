/**
 * For the engine's arithmetic alone: the other way in which an engine may use quantised weights: products of the unscaled codes are summed, and each sum is multiplied by
 * its row's scale, a bias being added behind that. What is on record of devices does not tell it from scales inside the weights
 * (Anemll/anemll-forge, QUANTIZATION_NOTES: sums that overflow though their scaled ends are small).
 */
import type { Graph } from "../dsl/graph.ts";
import type { Operands } from "../dsl/operands.ts";
import { abs, add, cast, greater, mul, reshape, select } from "../dsl/ops/index.ts";
import { replaced, withResults } from "../dsl/rewrite.ts";
import type { OpDef, Tensor } from "../dsl/tensor.ts";
import { codeScales } from "./engine/codes.ts";
import { codesOf } from "./kernels/product.ts";

/** No finite sum leaves the accumulator with more. */
const MOST = 32768;

type Half = Tensor<readonly number[], "fp16">;

/** The graph so written; undefined where no conv or linear has a weight of int8 codes with a scale a row. */
export function scaledBehind(graph: Graph): Graph | undefined {
  let found = false;
  const now = replaced(graph, (value, operandsNow) => {
    const { def } = value;
    const parts = def.kind === "op" ? partsOf(def) : undefined;
    if (def.kind !== "op" || !parts) return undefined;
    found = true;
    return behind(value, operandsNow(def.operands), parts);
  });
  return found ? withResults(graph, now) : undefined;
}

function partsOf(def: OpDef): ReturnType<typeof codesOf> {
  // Of codes by codes the scale is on record.
  if (codeScales(def)) return undefined;
  const { op, operands } = def;
  const { weight } = operands;
  return (op === "conv" || op === "linear") && weight && !Array.isArray(weight) ? codesOf(weight as Tensor) : undefined;
}

function behind(value: Tensor, { bias, ...operands }: Operands, [codes, scale]: readonly [Tensor, Tensor]): Tensor {
  const { def, type, site, name } = value;
  const { op, attrs } = def as OpDef;
  const rows = codes.type.shape[0]!;
  const shape = op === "conv" ? type.shape.map((_, axis) => (axis === 1 ? rows : 1)) : [rows];
  const byRow = (x: Tensor): Half => reshape(x as Half, { shape });
  const weight = cast(codes, { dtype: "fp16" });
  const sum = { type, site, def: { ...(def as OpDef), attrs, operands: { ...operands, weight } } } as unknown as Half;
  // The elementwise unit would take an infinity for 65536; behind the accumulator it is one at any scale.
  const isStuck = greater(abs(sum), MOST);
  const scaled = select(isStuck, sum, mul(sum, byRow(scale)) as Half) as Tensor;
  const result = bias ? (add(scaled as Half, byRow(bias as Tensor)) as Tensor) : scaled;
  return { ...result, site, ...(name === undefined ? {} : { name }) };
}
