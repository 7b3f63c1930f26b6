/** A value held at a power of two, and the same at another one. */
import { roundFp16 } from "../../../dsl/number.ts";
import { mul } from "../../../dsl/ops/index.ts";
import type { Tensor } from "../../../dsl/tensor.ts";
import type { Shape } from "../../../dsl/type.ts";

/** The value is tensor · 2^exponent. */
export interface Held {
  readonly tensor: Tensor;
  readonly exponent: number;
}

/** The tensor of the same value at another exponent: a product with a power of two, or another constant. Both are exact but for what falls below fp16's smallest number. */
export function atExponent({ tensor, exponent }: Held, to: number): Tensor {
  const factor = 2 ** (exponent - to);
  if (factor === 1) return tensor;
  const { def, site } = tensor;
  if (def.kind === "const") {
    const data = Array.from(def.data, (x) => x * factor);
    if (data.every((x) => roundFp16(x) === x)) return { ...tensor, def: { kind: "const", data } };
  }
  return { ...mul(tensor as Tensor<Shape, "fp16">, factor), site };
}
