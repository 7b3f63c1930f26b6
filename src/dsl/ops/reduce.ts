/** Reductions over a set of axes. */
import { type Algebra, type Index, reduceOver, type Scalar, sumOver } from "../algebra.ts";
import { attr } from "../attr.ts";
import { op } from "../op.ts";
import type { Reduce } from "../shapes/signatures.ts";
import { type DType, FLOATS, isFloat, NUMBERS, placesOf, type Shape, sizeOf, type TensorType } from "../type.ts";

type Summand = (ks: readonly Index[]) => Scalar;

/** `axes` defaults to all axes of the operand. */
export const allAxes = attr("axes", (x) => [...(Object.values(x)[0] as TensorType).shape.keys()], { says: "all axes" });

/** Declares a reduction from its meaning on the elements of the reduced axes, which have the given sizes. */
const reduction = (
  name: string,
  doc: string,
  f: (m: Algebra, sizes: Shape, term: Summand, dtype: DType) => Scalar,
  { chooses, dtypes = NUMBERS }: { chooses?: true; dtypes?: readonly DType[] } = {},
) =>
  op<Reduce>(name)({
    doc,
    operands: { x: { dtypes } },
    attrs: { axes: allAxes, keep_dims: attr("bool", false) },
    ...(chooses ? { rounds: false } : {}),
    infer({ x }, { axes, keep_dims }) {
      if (axes.length === 0) return "names no axis to reduce";
      const shape = x.shape.flatMap((n, axis) => (axes.includes(axis) ? (keep_dims ? [1] : []) : [n]));
      return { dtype: x.dtype, shape };
    },
    element: (m, { x }, { axes, keep_dims }) => {
      const reduced = axes.toSorted((a, b) => a - b);
      const sizes = reduced.map((axis) => x.shape[axis]!);
      return (ix) => {
        const kept = ix.values();
        const place = x.shape.map((_, axis) => {
          const isReduced = reduced.includes(axis);
          const outer = isReduced && !keep_dims ? undefined : kept.next().value;
          return isReduced ? undefined : outer;
        });
        return f(m, sizes, (ks) => x.at(...place.map((outer, axis) => outer ?? ks[reduced.indexOf(axis)]!)), x.dtype);
      };
    },
  });

const sumOfSquares = (m: Algebra, sizes: Shape, term: Summand) =>
  sumOver(m, sizes, (ks) => {
    const a = term(ks);
    return m.mul(a, a);
  });

/** Σ x over `axes` (all when absent), in an order that depends on the sizes alone. */
export const reduce_sum = reduction("reduce_sum", "y = Σ x over `axes`", sumOver);
/** Σ x / n over `axes`, all when absent. */
export const reduce_mean = reduction("reduce_mean", "y = Σ x / n over the n elements of `axes`", (m, sizes, term) =>
  m.div(sumOver(m, sizes, term), m.num(sizeOf(sizes))),
);
/** Σ x² over `axes`, all when absent; in fp16 infinite above 65504. */
export const reduce_sum_square = reduction("reduce_sum_square", "y = Σ x² over `axes`", sumOfSquares);
/** √(Σ x²) over `axes`, all when absent. */
export const reduce_l2_norm = reduction("reduce_l2_norm", "y = √(Σ x²) over `axes`", (m, sizes, term) =>
  m.unary("sqrt", sumOfSquares(m, sizes, term)),
);
/** Σ |x| over `axes`, all when absent. */
export const reduce_l1_norm = reduction("reduce_l1_norm", "y = Σ |x| over `axes`", (m, sizes, term) =>
  sumOver(m, sizes, (ks) => m.unary("abs", term(ks))),
);
/** ln Σ x over `axes`, all when absent. */
export const reduce_log_sum = reduction(
  "reduce_log_sum",
  "y = ln Σ x over `axes`",
  (m, sizes, term) => m.unary("log", sumOver(m, sizes, term)),
  { dtypes: FLOATS },
);
/** ln Σ eˣ over `axes`, all when absent, in a form that does not overflow. */
export const reduce_log_sum_exp = reduction(
  "reduce_log_sum_exp",
  "y = ln Σ e^(x − t) + t over `axes`, t the largest x, which is ln Σ eˣ",
  (m, sizes, term) => {
    const top = reduceOver(m, "max", sizes, term);
    return m.add(
      m.unary(
        "log",
        sumOver(m, sizes, (ks) => m.unary("exp", m.sub(term(ks), top))),
      ),
      top,
    );
  },
  { dtypes: FLOATS },
);
/** Π x over `axes`, all when absent, from the first to the last. */
export const reduce_prod = reduction("reduce_prod", "y = Π x over `axes`", (m, sizes, term, dtype) => {
  const factors = placesOf(sizes).map((place) => term(place.map((k) => m.index(k))));
  const product = factors.reduce((a, b) => m.mul(a, b));
  // Of three or more nobody says the order. Whole numbers are the same in any.
  return isFloat(dtype) && factors.length > 2 ? m.ownOrder("reduce_prod", [], product, factors) : product;
});
/** The largest x over `axes`, all when absent; rounds nothing. */
export const reduce_max = reduction(
  "reduce_max",
  "y = the largest x over `axes`",
  (m, sizes, term) => reduceOver(m, "max", sizes, term),
  { chooses: true },
);
/** The smallest x over `axes`, all when absent; rounds nothing. */
export const reduce_min = reduction(
  "reduce_min",
  "y = the smallest x over `axes`",
  (m, sizes, term) => reduceOver(m, "min", sizes, term),
  { chooses: true },
);
