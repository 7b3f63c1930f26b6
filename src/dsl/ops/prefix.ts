/** What depends on which of two places comes first: parts of matrices beside the diagonal, sums up to a place. */
import type { Algebra, Index, Scalar } from "../algebra.ts";
import { attr } from "../attr.ts";
import { op } from "../op.ts";
import type { Tensor } from "../tensor.ts";
import { type DType, isFloat, NUMBERS, type Shape } from "../type.ts";

/** Call of band_part; a bound below 0 keeps all. */
export type BandPart = <S extends Shape, D extends DType>(
  x: Tensor<S, D>,
  options?: { lower?: number; upper?: number },
) => Tensor<S, D>;
/** Call of cumsum. */
export type Cumsum = <S extends Shape, D extends DType>(
  x: Tensor<S, D>,
  options?: { axis?: number; exclusive?: boolean; reverse?: boolean },
) => Tensor<S, D>;
/** A place at or behind another, as a truth value. */
const isUpTo = (m: Algebra, i: Index, j: Index): Scalar => m.compare("less_equal", m.scalar(i), m.scalar(j));

/** The matrices of x near their diagonals, 0 elsewhere. */
export const band_part = op<BandPart>("band_part")({
  doc: "y[…, i, j] = x where i − j ≤ lower and j − i ≤ upper, else 0; a bound below 0 keeps all",
  operands: { x: { dtypes: [...NUMBERS, "bool"] } },
  attrs: { lower: attr("int32", -1), upper: attr("int32", -1) },
  rounds: false,
  infer: ({ x }) => (x.shape.length < 2 ? `needs rank 2 or more, x has rank ${x.shape.length}` : x),
  element: (m, { x }, { lower, upper }) => {
    const kept = (bound: number, i: Index, j: Index, then: () => Scalar): Scalar =>
      bound < 0 ? then() : m.select(isUpTo(m, i, m.plus(j, m.index(bound))), then, () => m.num(0));
    return (ix) => {
      const [i, j] = ix.slice(-2) as [Index, Index];
      return kept(lower, i, j, () => kept(upper, j, i, () => x.at(...ix)));
    };
  },
});

/** Sums of x from one end of an axis to each place. */
export const cumsum = op<Cumsum>("cumsum")({
  doc: "y[…, i, …] = Σ x[…, k, …] over k ≤ i, over k < i where exclusive; from the other end where reverse",
  operands: { x: { dtypes: NUMBERS } },
  attrs: { axis: attr("axis", 0), exclusive: attr("bool", false), reverse: attr("bool", false) },
  infer: ({ x }) => x,
  element: (m, { x }, { axis, exclusive, reverse }) => {
    const name = `cumsum${exclusive ? " exclusive" : ""}${reverse ? " reverse" : ""}`;
    return (ix) => {
      const i = ix[axis]!;
      const isCounted = (k: Index) => {
        const [a, b] = reverse ? [i, k] : [k, i];
        return isUpTo(m, exclusive ? m.plus(a, m.index(1)) : a, b);
      };
      const total = m.sum(x.shape[axis]!, (k) =>
        m.select(
          isCounted(k),
          () => x.at(...ix.with(axis, k)),
          () => m.num(0),
        ),
      );
      // Each sum may go on from the one before it; whole numbers are the same in any order.
      return isFloat(x.dtype) ? m.ownOrder(name, [i], total) : total;
    };
  },
});
