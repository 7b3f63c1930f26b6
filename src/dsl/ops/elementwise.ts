/** Element by element, with right-aligned broadcasting. */
import { type Algebra, broadcastAt, type Scalar } from "../algebra.ts";
import type { Arg } from "../op.ts";
import { op } from "../op.ts";
import type { Tensor } from "../tensor.ts";
import { broadcast, type DType, NUMBERS, type Shape, type TensorType } from "../type.ts";

type Binary = <A extends Shape, D extends DType>(x: Tensor<A, D>, y: Arg) => Tensor<Shape, D>;

/** Declares an op of two operands from its formula and its meaning on two scalars. */
const binary = (name: string, doc: string, f: (m: Algebra, a: Scalar, b: Scalar) => Scalar) =>
  op<Binary>(name)({
    doc,
    operands: { x: { dtypes: NUMBERS }, y: { dtypes: NUMBERS, like: "x" } },
    attrs: {},
    infer: ({ x, y }) => broadcastType(x, y),
    element:
      (m, { x, y }) =>
      (ix) =>
        f(m, broadcastAt(m, x, ix), broadcastAt(m, y, ix)),
  });

function broadcastType(x: TensorType, y: TensorType): TensorType | string {
  const shape = broadcast(x.shape, y.shape);
  return shape ? { dtype: x.dtype, shape } : `cannot broadcast [${x.shape.join(",")}] with [${y.shape.join(",")}]`;
}

export const add = binary("add", "z = x + y", (m, a, b) => m.add(a, b));
export const sub = binary("sub", "z = x − y", (m, a, b) => m.sub(a, b));
export const mul = binary("mul", "z = x · y", (m, a, b) => m.mul(a, b));
export const real_div = binary("real_div", "z = x / y", (m, a, b) => m.div(a, b));
