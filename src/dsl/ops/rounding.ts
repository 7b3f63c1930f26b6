/** Whole numbers near a number: functions of one element, and division that gives whole numbers. */
import { type Algebra, broadcastAt, type Scalar } from "../algebra.ts";
import { op } from "../op.ts";
import type { Binary } from "../shapes/signatures.ts";
import { type DType, isFloat, NUMBERS } from "../type.ts";
import { broadcastType } from "./elementwise.ts";
import { unary } from "./unary.ts";

/** From here on every fp32 is whole. */
const ALL_WHOLE = 2 ** 23;

/** Truncated towards zero; NaN, ±∞ and what is too large to have a fraction as it is. */
const truncated = (m: Algebra, a: Scalar): Scalar =>
  m.select(
    m.compare("less", m.unary("abs", a), m.num(ALL_WHOLE)),
    () => m.round("int32", a),
    () => a,
  );

/** A whole number beside `a` as the one that is not above it. */
const notAbove = (m: Algebra, a: Scalar, whole: Scalar): Scalar =>
  m.select(
    m.compare("less", a, whole),
    () => m.sub(whole, m.num(1)),
    () => whole,
  );

const floorOf = (m: Algebra, a: Scalar): Scalar => notAbove(m, a, truncated(m, a));

/** To the nearest whole number, ties to the even one; NaN and ±∞ as they are. */
export function nearestWhole(m: Algebra, a: Scalar): Scalar {
  const below = floorOf(m, a);
  const above = () => m.add(below, m.num(1));
  const rest = m.sub(a, below);
  const half = m.div(below, m.num(2));
  const tie = () => m.select(m.compare("equal", half, floorOf(m, half)), () => below, above);
  const upper = () => m.select(m.compare("equal", rest, m.num(0.5)), tie, above);
  // Where nothing is to be rounded, ±∞ and NaN among it, the rest is 0 or NaN.
  return m.select(
    m.compare("less", m.num(0), rest),
    () => m.select(m.compare("less", rest, m.num(0.5)), () => below, upper),
    () => below,
  );
}

/** The largest whole number that is not above x. */
export const floor = unary("floor")({
  doc: "y = the largest whole number ≤ x",
  rounds: false,
  traits: ["jumps"],
  f: floorOf,
});
/** The smallest whole number that is not below x. */
export const ceil = unary("ceil")({
  doc: "y = the smallest whole number ≥ x",
  rounds: false,
  traits: ["jumps"],
  f: (m, a) => {
    const t = truncated(m, a);
    return m.select(
      m.compare("less", t, a),
      () => m.add(t, m.num(1)),
      () => t,
    );
  },
});
/** The whole number nearest to x; of two the even one. */
export const round = unary("round")({
  doc: "y = the whole number nearest to x, of two the even one (as coremltools folds it)",
  rounds: false,
  traits: ["jumps"],
  f: nearestWhole,
});
/** −1, 0 or 1; NaN stays. */
export const sign = unary("sign")({
  doc: "y = 1 where x > 0, −1 where x < 0, else x",
  dtypes: NUMBERS,
  rounds: false,
  traits: ["jumps", "floors", "caps"],
  f: (m, a) =>
    m.select(
      m.compare("less", m.num(0), a),
      () => m.num(1),
      () =>
        m.select(
          m.compare("less", a, m.num(0)),
          () => m.num(-1),
          () => a,
        ),
    ),
});

/** Of whole numbers the quotient's fraction is exact, however large it is. */
const floorQuotient = (m: Algebra, dtype: DType, a: Scalar, b: Scalar): Scalar => {
  const quotient = m.div(a, b);
  return isFloat(dtype) ? floorOf(m, quotient) : notAbove(m, quotient, m.round("int32", quotient));
};

const division = <const Name extends string>(
  name: Name,
  doc: string,
  f: (m: Algebra, dtype: DType, a: Scalar, b: Scalar) => Scalar,
) =>
  op<Binary<Name>>(name)({
    doc,
    operands: { x: { dtypes: NUMBERS }, y: { dtypes: NUMBERS, like: "x" } },
    attrs: {},
    traits: ["jumps"],
    infer: ({ x, y }) => broadcastType(x, y),
    element:
      (m, { x, y }) =>
      (ix) =>
        f(m, x.dtype, broadcastAt(m, x, ix), broadcastAt(m, y, ix)),
  });

/** ⌊x / y⌋, broadcast. */
export const floor_div = division("floor_div", "z = ⌊x / y⌋; on int32 0 where y is 0", floorQuotient);
/** x − ⌊x / y⌋ · y, broadcast: it has the sign of y. */
export const mod = division("mod", "z = x − ⌊x / y⌋ · y; on int32 x where y is 0", (m, dtype, a, b) =>
  m.sub(a, m.mul(floorQuotient(m, dtype, a, b), b)),
);
