/** The same numbers as another element type, or as they are. */
import { attr } from "../attr.ts";
import { op } from "../op.ts";
import type { Tensor } from "../tensor.ts";
import { DTYPES, type DType, type Shape } from "../type.ts";

/** Call of cast: the dtype option is the result's. */
export type Cast = <S extends Shape, D extends DType>(x: Tensor<S>, options: { dtype: D }) => Tensor<S, D>;
/** Call of identity. */
export type Identity = <S extends Shape, D extends DType>(x: Tensor<S, D>) => Tensor<S, D>;

/** Element types that exist outside weights. */
export const STANDARD = [
  "fp16",
  "fp32",
  "int32",
  "int16",
  "uint16",
  "int8",
  "uint8",
  "bool",
] as const satisfies readonly DType[];

/** x as another dtype: floats to nearest even, integers truncated towards zero and wrapped, bool 1 where x is not 0. */
export const cast = op<Cast>("cast")({
  doc: [
    "y = x as `dtype`: floats to nearest even, integers truncated towards zero, bool 1 where x is not 0. Out of range: a float becomes ±∞",
    "(IEEE 754; in fp16 from 65520 on); an integer keeps its low bits (two's complement, as numpy's astype, which coremltools folds by);",
    "a float as an integer has no defined result (ISO C 6.3.1.4, to which numpy's astype leaves it; coremltools 9.0 on x86-64 folds 3·10⁹ as",
    "int32 to −2³¹): graphc keeps the low bits, NaN and ±∞ become 0, and `check` reports constants that are cast out of range",
  ].join(" "),
  operands: { x: { dtypes: STANDARD } },
  attrs: { dtype: attr("string", undefined, { oneOf: STANDARD }) },
  traits: ["jumps"],
  infer: ({ x }, { dtype }) => ({ dtype: dtype as DType, shape: x.shape }),
  element:
    (_, { x }) =>
    (ix) =>
      x.at(...ix),
});

/** y = x, under a name of its own. */
export const identity = op<Identity>("identity")({
  doc: "y = x",
  operands: { x: { dtypes: DTYPES } },
  attrs: {},
  rounds: false,
  traits: ["moves", "view"],
  infer: ({ x }) => x,
  element:
    (_, { x }) =>
    (ix) =>
      x.at(...ix),
});
