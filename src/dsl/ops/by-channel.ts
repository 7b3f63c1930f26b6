/** Functions of one element with a number for each channel, the second axis. */
import type { Algebra, Scalar } from "../algebra.ts";
import { op } from "../op.ts";
import type { Info } from "../op-spec.ts";
import type { Tensor } from "../tensor.ts";
import { type DType, FLOATS, type Shape } from "../type.ts";

/** Call of prelu: alpha has one number a channel. */
export type Prelu = <S extends Shape, D extends DType>(x: Tensor<S, D>, alpha: Tensor) => Tensor<S, D>;
/** Call of softplus_parametric: alpha and beta have one number a channel. */
export type SoftplusParametric = <S extends Shape, D extends DType>(
  x: Tensor<S, D>,
  alpha: Tensor,
  beta: Tensor,
) => Tensor<S, D>;

const perChannel = { dtypes: FLOATS, constant: true } as const;

function checkChannels(x: Info, given: Readonly<Record<string, Info>>): string | undefined {
  const rank = x.shape.length;
  if (rank < 3) return `x must have rank 3 or more, not ${rank}`;
  const wrong = Object.entries(given).find(([, { shape }]) => shape.length !== 1 || shape[0] !== x.shape[1]);
  return wrong && `${wrong[0]} is [${wrong[1].shape.join(",")}]; x has ${x.shape[1]} channels`;
}

/** The numbers of the alphas in ranks where MIL allows but one: all alike, or not at hand. */
const differ = ({ values }: Info): boolean => values !== undefined && Array.from(values).some((a) => a !== values[0]);

/** x, and alpha[c] · x below 0. */
export const prelu = op<Prelu>("prelu")({
  doc: "y[n,c,…] = x where x ≥ 0, else alpha[c] · x; in ranks 3 and 5 all numbers of alpha are alike",
  operands: { x: { dtypes: FLOATS }, alpha: perChannel },
  attrs: {},
  infer({ x, alpha }) {
    const rank = x.shape.length;
    if (rank > 5) return `x must have rank 3 to 5, not ${rank}`;
    if (rank !== 4 && differ(alpha)) return `the numbers of alpha differ; in rank ${rank} they must be alike`;
    return checkChannels(x, { alpha }) ?? x;
  },
  element:
    (m, { x, alpha }) =>
    (ix) => {
      const a = x.at(...ix);
      return m.select(
        m.compare("less", a, m.num(0)),
        () => m.mul(alpha.at(ix[1]!), a),
        () => a,
      );
    },
});

/** alpha[c] · ln(1 + e^(beta[c] · x)), in a form that does not overflow. */
export const softplus_parametric = op<SoftplusParametric>("softplus_parametric")({
  doc: "y[n,c,…] = alpha[c] · (ln(1 + e^(−|b|)) + max(b, 0)), b = beta[c] · x, which is alpha[c] · ln(1 + eᵇ)",
  operands: { x: { dtypes: FLOATS }, alpha: perChannel, beta: perChannel },
  attrs: {},
  infer: ({ x, alpha, beta }) => checkChannels(x, { alpha, beta }) ?? x,
  element:
    (m, { x, alpha, beta }) =>
    (ix) =>
      m.mul(alpha.at(ix[1]!), softplusOf(m, m.mul(beta.at(ix[1]!), x.at(...ix)))),
});

/** ln(1 + eᵃ) without an overflow. */
export function softplusOf(m: Algebra, a: Scalar): Scalar {
  const small = m.unary("exp", m.sub(m.num(0), m.unary("abs", a)));
  return m.add(m.unary("log", m.add(m.num(1), small)), m.maximum(a, m.num(0)));
}
