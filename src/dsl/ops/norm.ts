/** Normalisation by mean and variance, or by length. */
import { type Algebra, type Index, type Read, type Scalar, sumOver } from "../algebra.ts";
import { attr } from "../attr.ts";
import { op } from "../op.ts";
import type { Info } from "../op-spec.ts";
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

/** Call of batch_norm: all but x have a number a channel, the second axis of x. */
export type BatchNorm = <S extends Shape, D extends DType>(
  x: Tensor<S, D>,
  mean: Tensor<Shape, NoInfer<D>>,
  variance: Tensor<Shape, NoInfer<D>>,
  options?: { gamma?: Tensor; beta?: Tensor; epsilon?: number },
) => Tensor<S, D>;
/** Call of instance_norm: gamma and beta have a number a channel. */
export type InstanceNorm = <S extends Shape, D extends DType>(
  x: Tensor<S, D>,
  options?: { gamma?: Tensor; beta?: Tensor; epsilon?: number },
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

/** (x − mean) / √(variance + epsilon) · gamma + beta, each of them a number a channel. */
export const batch_norm = op<BatchNorm>("batch_norm")({
  doc: "y[n,c,…] = (x − mean[c]) / √(variance[c] + epsilon) · gamma[c] + beta[c]",
  operands: {
    x: { dtypes: FLOATS },
    mean: { dtypes: FLOATS, like: "x", constant: true },
    variance: { dtypes: FLOATS, like: "x", constant: true },
    gamma: { dtypes: FLOATS, like: "x", optional: true, constant: true },
    beta: { dtypes: FLOATS, like: "x", optional: true, constant: true },
  },
  attrs: { epsilon: attr("float", 1e-5) },
  infer: ({ x, ...channels }) => checkChannels(x, channels) ?? x,
  element:
    (m, { x, mean, variance, gamma, beta }, { epsilon }) =>
    (ix) => {
      const c = ix[1]!;
      const deviation = m.unary("sqrt", m.add(variance.at(c), m.num(epsilon)));
      return shifted(m, m.div(m.sub(x.at(...ix), mean.at(c)), deviation), c, gamma, beta);
    },
});

/** layer_norm over the axes behind the channels, gamma and beta a number a channel. */
export const instance_norm = op<InstanceNorm>("instance_norm")({
  doc: "y[n,c,…] = (x − μ) / √(σ² + epsilon) · gamma[c] + beta[c], with μ = Σ x / m and σ² = Σ (x − μ)² / m over all axes behind c",
  operands: {
    x: { dtypes: FLOATS },
    gamma: { dtypes: FLOATS, like: "x", optional: true, constant: true },
    beta: { dtypes: FLOATS, like: "x", optional: true, constant: true },
  },
  attrs: { epsilon: attr("float", 1e-5) },
  infer: ({ x, gamma, beta }) => checkChannels(x, { gamma, beta }) ?? x,
  element: (m, { x, gamma, beta }, { epsilon }) => {
    const behind = [...x.shape.keys()].slice(2);
    return (ix) => shifted(m, standardised(m, x, ix, behind, epsilon), ix[1]!, gamma, beta);
  },
});

function checkChannels(x: Info, channels: Readonly<Record<string, Info | undefined>>): string | undefined {
  if (x.shape.length < 3) return `needs rank 3 or more, x has rank ${x.shape.length}`;
  const wrong = Object.entries(channels).find(([, g]) => g && !sameShape(g.shape, [x.shape[1]!]));
  return wrong ? `${wrong[0]} is [${wrong[1]!.shape.join(",")}]; x has ${x.shape[1]} channels` : undefined;
}

function shifted(m: Algebra, y: Scalar, c: Index, gamma: Read | undefined, beta: Read | undefined): Scalar {
  const scaled = gamma ? m.mul(y, gamma.at(c)) : y;
  return beta ? m.add(scaled, beta.at(c)) : scaled;
}

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
