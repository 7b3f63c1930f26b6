/** Generated weights of a graph in memory, as the interpreter takes them. */
import { fp16Value } from "../../../src/dsl/number.ts";
import type { Tensor } from "../../../src/dsl/tensor.ts";
import type { TensorType } from "../../../src/dsl/type.ts";
import type { WeightSource } from "../../../src/dsl/weight-source.ts";
import { arrayOf, type NDArray } from "../../../src/passes/interpret/array.ts";
import { generatedStore, storedShapes } from "../../../src/weights/generated.ts";

/** Every weight among the values, as the store streams it. */
export async function packedWeights(
  values: readonly Tensor[],
  seed = 1,
): Promise<(source: WeightSource, type: TensorType) => NDArray> {
  const store = generatedStore(storedShapes(values), seed);
  const packed = new Map<string, NDArray>();
  for (const { def, type } of values) {
    if (def.kind !== "weight") continue;
    const bits: number[] = [];
    for await (const chunk of store.stream(def.source, type)) bits.push(...new Uint16Array(chunk.slice().buffer));
    packed.set(keyOf(def.source, type), arrayOf(type.dtype, type.shape, Float64Array.from(bits, fp16Value)));
  }
  return (source, type) => packed.get(keyOf(source, type))!;
}

const keyOf = (source: WeightSource, type: TensorType): string => JSON.stringify([source, type]);
