/** Arithmetic element by element, with right-aligned broadcasting. */
import { type Algebra, broadcastAt, type Scalar } from "../algebra.ts";
import { op } from "../op.ts";
import type { Binary } from "../shapes/signatures.ts";
import type { Trait } from "../traits.ts";
import { broadcast, type DType, NUMBERS, type TensorType } from "../type.ts";

/** The type of a broadcast result, or why the two do not broadcast. */
export function broadcastType(x: TensorType, y: TensorType, dtype: DType = x.dtype): TensorType | string {
  const shape = broadcast(x.shape, y.shape);
  return shape ? { dtype, shape } : `cannot broadcast [${x.shape.join(",")}] with [${y.shape.join(",")}]`;
}

interface BinaryOptions {
  /** The result is one of the operands. */
  readonly chooses: true;
  readonly traits: readonly Trait[];
}

/** Declares an op of two operands from its formula and its meaning on two scalars. */
const binary = <const Name extends string>(
  name: Name,
  doc: string,
  f: (m: Algebra, a: Scalar, b: Scalar) => Scalar,
  options?: BinaryOptions,
) =>
  op<Binary<Name>>(name)({
    doc,
    operands: { x: { dtypes: NUMBERS }, y: { dtypes: NUMBERS, like: "x" } },
    attrs: {},
    ...(options ? { rounds: false, traits: options.traits } : {}),
    infer: ({ x, y }) => broadcastType(x, y),
    element:
      (m, { x, y }) =>
      (ix) =>
        f(m, broadcastAt(m, x, ix), broadcastAt(m, y, ix)),
  });

/** x + y, broadcast. */
export const add = binary("add", "z = x + y", (m, a, b) => m.add(a, b));
/** x − y, broadcast. */
export const sub = binary("sub", "z = x − y", (m, a, b) => m.sub(a, b));
/** x · y, broadcast. */
export const mul = binary("mul", "z = x · y", (m, a, b) => m.mul(a, b));
/** x / y, broadcast; on int32 truncated towards zero. */
export const real_div = binary("real_div", "z = x / y; on int32 truncated towards zero", (m, a, b) => m.div(a, b));
/** x to the power y, broadcast; 1 to any power is 1, NaN included. */
export const pow = binary(
  "pow",
  [
    "z = x to the power y, as IEEE 754 has it: 1 to any power and any x to the power 0 are 1, NaN included; on int32 wrapped,",
    "below power 0 truncated towards zero",
  ].join(" "),
  (m, a, b) => m.pow(a, b),
);
/** The larger of x and y, broadcast; rounds nothing. */
export const maximum = binary("maximum", "z = the larger of x and y", (m, a, b) => m.maximum(a, b), {
  chooses: true,
  traits: ["floors"],
});
/** The smaller of x and y, broadcast; rounds nothing. */
export const minimum = binary("minimum", "z = the smaller of x and y", (m, a, b) => m.minimum(a, b), {
  chooses: true,
  traits: ["caps"],
});
