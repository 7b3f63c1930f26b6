/** The rectifiers and their relations: functions of one element that are linear, or nearly so, on each side of 0. */
import { attr } from "../attr.ts";
import type { Tensor } from "../tensor.ts";
import { type DType, NUMBERS, type Shape } from "../type.ts";
import { softplusOf } from "./by-channel.ts";
import { unary } from "./unary.ts";

/** Call of a function with one number. */
export type WithAlpha = <S extends Shape, D extends DType>(x: Tensor<S, D>, options: { alpha: number }) => Tensor<S, D>;
/** Call of a function with two numbers. */
export type WithAlphaBeta = <S extends Shape, D extends DType>(
  x: Tensor<S, D>,
  options: { alpha: number; beta: number },
) => Tensor<S, D>;

const alpha = { alpha: attr("float") };
const alphaBeta = { alpha: attr("float"), beta: attr("float") };

/** max(x, 0); rounds nothing. */
export const relu = unary("relu")({
  doc: "y = max(x, 0)",
  rounds: false,
  traits: ["floors"],
  f: (m, a) => m.maximum(a, m.num(0)),
});
/** min(max(x, 0), 6); rounds nothing. */
export const relu6 = unary("relu6")({
  doc: "y = min(max(x, 0), 6)",
  rounds: false,
  traits: ["floors", "caps"],
  f: (m, a) => m.minimum(m.maximum(a, m.num(0)), m.num(6)),
});
/** x, and alpha · x below 0. */
export const leaky_relu = unary<WithAlpha>("leaky_relu")({
  doc: "y = x where x ≥ 0, else alpha · x",
  attrs: alpha,
  f: (m, a, { alpha }) =>
    m.select(
      m.compare("less", a, m.num(0)),
      () => m.mul(a, m.num(alpha)),
      () => a,
    ),
});
/** min(x, beta), and min(alpha · x, beta) below 0. */
export const clamped_relu = unary<WithAlphaBeta>("clamped_relu")({
  doc: "y = min(x, beta) where x ≥ 0, else min(alpha · x, beta)",
  attrs: alphaBeta,
  traits: ["caps"],
  f: (m, a, { alpha, beta }) =>
    m.minimum(
      m.select(
        m.compare("less", a, m.num(0)),
        () => m.mul(a, m.num(alpha)),
        () => a,
      ),
      m.num(beta),
    ),
});
/** max(x, alpha); rounds nothing. */
export const threshold = unary<WithAlpha>("threshold")({
  doc: "y = max(x, alpha)",
  dtypes: NUMBERS,
  attrs: alpha,
  rounds: false,
  traits: ["floors"],
  f: (m, a, { alpha }) => m.maximum(a, m.num(alpha)),
});
/** x, and 0 below alpha; rounds nothing. */
export const thresholded_relu = unary<WithAlpha>("thresholded_relu")({
  doc: "y = x where x ≥ alpha, else 0",
  attrs: alpha,
  rounds: false,
  traits: ["floors"],
  f: (m, a, { alpha }) =>
    m.select(
      m.compare("less", a, m.num(alpha)),
      () => m.num(0),
      () => a,
    ),
});
/** x, and alpha · (eˣ − 1) below 0. */
export const elu = unary<WithAlpha>("elu")({
  doc: "y = x where x ≥ 0, else alpha · (eˣ − 1)",
  attrs: alpha,
  traits: ["floors"],
  f: (m, a, { alpha }) =>
    m.select(
      m.compare("less", a, m.num(0)),
      () => m.mul(m.num(alpha), m.sub(m.unary("exp", a), m.num(1))),
      () => a,
    ),
});
/** ln(1 + eˣ), in a form that does not overflow. */
export const softplus = unary("softplus")({
  doc: "y = ln(1 + e^(−|x|)) + max(x, 0), which is ln(1 + eˣ)",
  traits: ["floors"],
  f: softplusOf,
});
/** x / (1 + |x|). */
export const softsign = unary("softsign")({
  doc: "y = x / (1 + |x|)",
  f: (m, a) => m.div(a, m.add(m.num(1), m.unary("abs", a))),
});
/** min(max(alpha · x + beta, 0), 1). */
export const sigmoid_hard = unary<WithAlphaBeta>("sigmoid_hard")({
  doc: "y = min(max(alpha · x + beta, 0), 1)",
  attrs: alphaBeta,
  traits: ["floors", "caps"],
  f: (m, a, { alpha, beta }) => m.minimum(m.maximum(m.add(m.mul(m.num(alpha), a), m.num(beta)), m.num(0)), m.num(1)),
});
/** alpha · x + beta. */
export const linear_activation = unary<WithAlphaBeta>("linear_activation")({
  doc: "y = alpha · x + beta",
  attrs: alphaBeta,
  f: (m, a, { alpha, beta }) => m.add(m.mul(m.num(alpha), a), m.num(beta)),
});
/** alpha · tanh(beta · x). */
export const scaled_tanh = unary<WithAlphaBeta>("scaled_tanh")({
  doc: "y = alpha · tanh(beta · x)",
  attrs: alphaBeta,
  traits: ["floors", "caps"],
  f: (m, a, { alpha, beta }) => m.mul(m.num(alpha), m.unary("tanh", m.mul(a, m.num(beta)))),
});
