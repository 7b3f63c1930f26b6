/** Normalise along one axis so that it sums to one. */
import { type Index, memoOf } from "../algebra.ts";
import { attr } from "../attr.ts";
import { op } from "../op.ts";
import type { Tensor } from "../tensor.ts";
import { type DType, FLOATS, type Shape } from "../type.ts";

/** Call of softmax; along the last axis when none is given. */
export type Softmax = <S extends Shape, D extends DType>(x: Tensor<S, D>, options?: { axis?: number }) => Tensor<S, D>;

/** exp(x − max x) / Σ exp(x − max x) along `axis`, rounded once. */
export const softmax = op<Softmax>("softmax")({
  doc: "yᵢ = exp(xᵢ − max x) / Σⱼ exp(xⱼ − max x), along `axis`",
  operands: { x: { dtypes: FLOATS } },
  attrs: { axis: attr("axis", -1) },
  traits: ["attention"],
  infer: ({ x }) => x,
  element: (m, { x }, { axis }) => {
    const [tops, totals] = [memoOf(m), memoOf(m)];
    const size = x.shape[axis]!;
    return (ix) => {
      const row = ix.with(axis, m.index(0));
      const along = (j: Index) => x.at(...ix.with(axis, j));
      const top = tops(row, () => m.max(size, along));
      const weight = (j: Index) => m.unary("exp", m.sub(along(j), top));
      const own = weight(ix[axis]!);
      return m.div(
        own,
        totals(row, () => m.sum(size, weight)),
      );
    };
  },
});
