/** Activations as codes of 8 bits, and back: whole numbers with a scale and a zero point, for a tensor or for each place of an axis. */
import type { Algebra, Index, Read, Scalar } from "../algebra.ts";
import { attr } from "../attr.ts";
import { op } from "../op.ts";
import type { Given, Info } from "../op-spec.ts";
import type { Tensor } from "../tensor.ts";
import { type DType, FLOATS, type Shape, type TensorType } from "../type.ts";
import { nearestWhole } from "./rounding.ts";

/** Element types of codes. */
const CODES = ["int8", "uint8"] as const satisfies readonly DType[];

/** Call of quantize: scale and zero_point are scalars, or vectors along `axis`. */
export type Quantize = <S extends Shape, D extends (typeof CODES)[number]>(
  input: Tensor<S>,
  scale: Tensor | number | readonly number[],
  options: { output_dtype: D; zero_point?: Tensor | number | readonly number[]; axis?: number },
) => Tensor<S, D>;
/** Call of dequantize: the result has the type of the scale. */
export type Dequantize = <S extends Shape, D extends DType = "fp16">(
  input: Tensor<S>,
  scale: Tensor<Shape, D> | number | readonly number[],
  options?: { zero_point?: Tensor | number | readonly number[]; axis?: number },
) => Tensor<S, D>;

interface Operands<X> {
  readonly input: X;
  readonly scale: X;
  readonly zero_point: X | undefined;
}

const ENDS = { int8: [-128, 127], uint8: [0, 255] } as const;

/** MIL has no axis beside scalars, and demands one beside vectors. */
const axis = attr("axis", 0, {
  says: "none beside scalars",
  unsaid: ({ scale }) => (scale as TensorType).shape.length === 0,
});

function axisSaid(given: Given, { scale }: Pick<Operands<Info>, "scale">): Given | string {
  const rank = scale.shape.length;
  // A value is made again from its stored attributes, in which 0 stands for none.
  if (rank === 0 && (given.axis ?? 0) !== 0) return "axis must not be given where scale is a scalar";
  if (rank === 1 && given.axis === undefined) return "axis must be given where scale is a vector";
  return given;
}

/** What is wrong with the scale and the zero point of a tensor; undefined where nothing is. */
function checkScale({ input, scale, zero_point }: Operands<Info>, along: number): string | undefined {
  if (input.shape.length === 0) return "input must have rank 1 or more";
  if (scale.shape.length > 1) return `scale has rank ${scale.shape.length}; it must be a scalar or a vector`;
  if (zero_point && zero_point.shape.length !== scale.shape.length)
    return `zero_point has rank ${zero_point.shape.length}, scale has rank ${scale.shape.length}`;
  for (const [name, x] of Object.entries({ scale, zero_point }))
    if (x && x.shape.length === 1 && x.shape[0] !== input.shape[along])
      return `${name} has ${x.shape[0]} numbers; axis ${along} of input has size ${input.shape[along]}`;
  return undefined;
}

/** The number of a scale or zero point for the element at an index. */
const numberFor = (x: Read, ix: readonly Index[], along: number): Scalar =>
  x.shape.length === 0 ? x.at() : x.at(ix[along]!);

/** The code nearest to a number: its quotient by the scale, which is an element of the input's type as coremltools folds it. */
function codeOf(
  m: Algebra,
  { input, scale, zero_point }: Operands<Read>,
  along: number,
  dtype: (typeof CODES)[number],
) {
  const [least, most] = ENDS[dtype];
  return (ix: readonly Index[]): Scalar => {
    const quotient = m.round(input.dtype, m.div(input.at(...ix), numberFor(scale, ix, along)));
    const whole = nearestWhole(m, quotient);
    const shifted = zero_point ? m.add(whole, numberFor(zero_point, ix, along)) : whole;
    return m.round(dtype, m.minimum(m.maximum(shifted, m.num(least)), m.num(most)));
  };
}

/** The nearest code to input / scale, behind the zero point, clipped to the codes that there are. */
export const quantize = op<Quantize>("quantize")({
  doc: [
    "y = the whole number nearest to input / scale, of two the even one, + zero_point, clipped to −128…127 (int8) or 0…255 (uint8);",
    "scale and zero_point are scalars or have a number for each place of `axis`, and no zero_point stands for 0; input / scale is rounded to the",
    "input's type first (as coremltools folds it); NaN becomes 0",
  ].join(" "),
  operands: {
    input: { dtypes: FLOATS },
    scale: { dtypes: FLOATS, like: "input", constant: true },
    zero_point: { dtypes: CODES, constant: true, optional: true },
  },
  attrs: { axis, output_dtype: attr("string", undefined, { oneOf: CODES }) },
  // Its own clipping leaves nothing to round; NaN aside, of which `round` makes 0.
  rounds: false,
  traits: ["jumps", "floors", "caps"],
  shorthand: axisSaid,
  infer(x, { axis: along, output_dtype }) {
    const { input, scale, zero_point } = x;
    if (zero_point && zero_point.dtype !== output_dtype)
      return `zero_point is ${zero_point.dtype}; output_dtype is ${output_dtype}`;
    if (scale.values && Array.from(scale.values).includes(0)) return "scale has a 0, by which nothing can be divided";
    return checkScale(x, along) ?? { dtype: output_dtype as DType, shape: input.shape };
  },
  element: (m, x, { axis: along }, { dtype }) => codeOf(m, x, along, dtype as (typeof CODES)[number]),
});

/** scale · (code − zero_point). */
export const dequantize = op<Dequantize>("dequantize")({
  doc: [
    "y = scale · (input − zero_point), in the type of scale; scale and zero_point are scalars or have a number for each place of `axis`,",
    "and no zero_point stands for 0",
  ].join(" "),
  operands: {
    input: { dtypes: CODES },
    scale: { dtypes: FLOATS, constant: true },
    zero_point: { dtypes: CODES, like: "input", constant: true, optional: true },
  },
  attrs: { axis },
  shorthand: axisSaid,
  infer: (x, { axis: along }) => checkScale(x, along) ?? { dtype: x.scale.dtype, shape: x.input.shape },
  element:
    (m, { input, scale, zero_point }, { axis: along }) =>
    (ix) => {
      const code = input.at(...ix);
      return m.mul(numberFor(scale, ix, along), zero_point ? m.sub(code, numberFor(zero_point, ix, along)) : code);
    },
});
