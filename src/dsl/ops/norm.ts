/** Normalisation by mean and variance, or by length. */
import { type Algebra, type Index, type Read, type Scalar, sumOver } from "../algebra.ts";
import { attr } from "../attr.ts";
import { op } from "../op.ts";
import type { Tensor } from "../tensor.ts";
import { type DType, FLOATS, type Shape, sameShape, sizeOf } from "../type.ts";
import { allAxes } from "./reduce.ts";

/** Call of layer_norm: gamma and beta have the shape of the normalised axes. */
export type LayerNorm = <S extends Shape, D extends DType>(
  x: Tensor<S, D>,
  options?: { axes?: readonly number[]; gamma?: Tensor; beta?: Tensor; epsilon?: number },
) => Tensor<S, D>;
/** Call of l2_norm. */
export type L2Norm = <S extends Shape, D extends DType>(
  x: Tensor<S, D>,
  options?: { epsilon?: number },
) => Tensor<S, D>;

/** (x − mean) / √(variance + epsilon) · gamma + beta over `axes`; the variance divides by n. */
export const layer_norm = op<LayerNorm>("layer_norm")({
  doc: "y = (x − μ) / √(σ² + epsilon) · gamma + beta, with μ = Σ x / n and σ² = Σ (x − μ)² / n over `axes`",
  operands: {
    x: { dtypes: FLOATS },
    gamma: { dtypes: FLOATS, like: "x", optional: true, constant: true },
    beta: { dtypes: FLOATS, like: "x", optional: true, constant: true },
  },
  attrs: { axes: allAxes, epsilon: attr("float", 1e-5) },
  infer({ x, gamma, beta }, { axes }) {
    if (axes.length === 0) return "names no axis to normalise";
    const sizes = sorted(axes).map((axis) => x.shape[axis]!);
    const wrong = Object.entries({ gamma, beta }).find(([, g]) => g && !sameShape(g.shape, sizes));
    return wrong ? `${wrong[0]} is [${wrong[1]!.shape.join(",")}]; the normalised axes are [${sizes.join(",")}]` : x;
  },
  element: (m, { x, gamma, beta }, { axes, epsilon }) => {
    const order = sorted(axes);
    return (ix) => {
      const own = order.map((axis) => ix[axis]!);
      const y = standardised(m, x, ix, order, epsilon);
      const scaled = gamma ? m.mul(y, gamma.at(...own)) : y;
      return beta ? m.add(scaled, beta.at(...own)) : scaled;
    };
  },
});

const sorted = (axes: readonly number[]) => axes.toSorted((a, b) => a - b);

function standardised(m: Algebra, x: Read, ix: readonly Index[], axes: readonly number[], epsilon: number): Scalar {
  const sizes = axes.map((axis) => x.shape[axis]!);
  const count = m.num(sizeOf(sizes));
  const at = (ks: readonly Index[]) => x.at(...ix.map((i, axis) => ks[axes.indexOf(axis)] ?? i));
  const mean = m.div(sumOver(m, sizes, at), count);
  const squares = sumOver(m, sizes, (ks) => {
    const centred = m.sub(at(ks), mean);
    return m.mul(centred, centred);
  });
  const deviation = m.unary("sqrt", m.add(m.div(squares, count), m.num(epsilon)));
  return m.div(m.sub(x.at(...ix), mean), deviation);
}

/** x / √(Σ x² + epsilon), the sum over the last three axes. */
export const l2_norm = op<L2Norm>("l2_norm")({
  doc: "y = x / √(Σ x² + epsilon), the sum over the last three axes",
  operands: { x: { dtypes: FLOATS } },
  attrs: { epsilon: attr("float", 1e-6) },
  infer: ({ x }) => (x.shape.length < 3 ? `needs rank 3 or more, x has rank ${x.shape.length}` : x),
  element:
    (m, { x }, { epsilon }) =>
    (ix) => {
      const outer = ix.slice(0, -3);
      const squares = sumOver(m, x.shape.slice(-3), (ks) => {
        const a = x.at(...outer, ...ks);
        return m.mul(a, a);
      });
      return m.div(x.at(...ix), m.unary("sqrt", m.add(squares, m.num(epsilon))));
    },
});
