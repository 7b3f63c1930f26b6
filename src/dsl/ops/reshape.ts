/** The same elements in the same row-major order under another shape. */
import { attr } from "../attr.ts";
import { op } from "../op.ts";
import type { Tensor } from "../tensor.ts";
import { DTYPES, type DType, type Shape, sizeOf } from "../type.ts";

export const reshape = op<
  <D extends DType, const S extends Shape>(x: Tensor<Shape, D>, options: { shape: S }) => Tensor<S, D>
>("reshape")({
  doc: "y = the elements of x in row-major order, as `shape`",
  operands: { x: { dtypes: DTYPES } },
  attrs: { shape: attr("int32[]") },
  rounds: false,
  infer: ({ x }, { shape }) =>
    sizeOf(x.shape) === sizeOf(shape)
      ? { dtype: x.dtype, shape }
      : `[${x.shape.join(",")}] has ${sizeOf(x.shape)} elements, [${shape.join(",")}] has ${sizeOf(shape)}`,
  element:
    (m, { x }, { shape }) =>
    (ix) =>
      x.at(...m.reindex(ix, shape, x.shape)),
});
