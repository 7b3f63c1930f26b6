/** Functions of one element. */
import type { Algebra, Scalar, Unary } from "../algebra.ts";
import { type AttrSpecs, type AttrValues, attr } from "../attr.ts";
import { op } from "../op.ts";
import type { Tensor } from "../tensor.ts";
import type { Trait } from "../traits.ts";
import { type DType, FLOATS, NUMBERS, type Shape } from "../type.ts";

/** Call of a function of one element. */
export type Elementwise = <S extends Shape, D extends DType>(x: Tensor<S, D>) => Tensor<S, D>;
/** Call of a function that adds epsilon to x first. */
export type WithEpsilon = <S extends Shape, D extends DType>(
  x: Tensor<S, D>,
  options?: { epsilon?: number },
) => Tensor<S, D>;
/** Call of gelu; `EXACT` when no mode is given. */
export type Gelu = <S extends Shape, D extends DType>(
  x: Tensor<S, D>,
  options?: { mode?: "EXACT" | "TANH_APPROXIMATION" | "SIGMOID_APPROXIMATION" },
) => Tensor<S, D>;
/** Call of clip; alpha ≤ beta. */
export type Clip = <S extends Shape, D extends DType>(
  x: Tensor<S, D>,
  options: { alpha: number; beta: number },
) => Tensor<S, D>;

interface UnarySpec<A extends AttrSpecs> {
  readonly doc: string;
  readonly dtypes?: readonly DType[];
  readonly attrs?: A;
  readonly rounds?: false;
  readonly traits?: readonly Trait[];
  readonly f: (m: Algebra, a: Scalar, attrs: AttrValues<A>) => Scalar;
  /** What the attributes must satisfy, or a sentence that says what is wrong. */
  readonly check?: (attrs: AttrValues<A>) => string | undefined;
}

/** Declares an op of one operand from its meaning on one scalar. */
export const unary =
  <Signature extends (...args: never[]) => unknown = Elementwise>(name: string) =>
  <const A extends AttrSpecs = Record<never, never>>({
    doc,
    dtypes = FLOATS,
    attrs,
    rounds,
    traits,
    f,
    check,
  }: UnarySpec<A>) =>
    op<Signature>(name)({
      doc,
      operands: { x: { dtypes } },
      attrs: attrs ?? ({} as A),
      ...(rounds === false ? { rounds } : {}),
      ...(traits ? { traits } : {}),
      infer: ({ x }, values) => check?.(values as AttrValues<A>) ?? x,
      element:
        (m, { x }, values) =>
        (ix) =>
          f(m, x.at(...ix), values as AttrValues<A>),
    });

/** A function that the algebra itself names. */
const named = (name: Unary, doc: string, traits: readonly Trait[] = []) =>
  unary(name)({ doc, traits, f: (m, a) => m.unary(name, a) });

/** eˣ; fp16 overflows above 11.09. */
export const exp = named("exp", "y = eˣ", ["floors"]);
/** √x; NaN below 0. */
export const sqrt = named("sqrt", "y = √x");
/** tanh x. */
export const tanh = named("tanh", "y = tanh x", ["floors", "caps"]);
/** 2/√π · ∫₀ˣ e^(−t²) dt. */
export const erf = named("erf", "y = erf x = 2/√π · ∫₀ˣ e^(−t²) dt", ["floors", "caps"]);
/** sin x, x in radians. */
export const sin = named("sin", "y = sin x");
/** cos x, x in radians. */
export const cos = named("cos", "y = cos x");

/** |x|; rounds nothing. */
export const abs = unary("abs")({ doc: "y = |x|", dtypes: NUMBERS, rounds: false, f: (m, a) => m.unary("abs", a) });
/** x²; fp16 overflows above 255.9. */
export const square = unary("square")({ doc: "y = x²", dtypes: NUMBERS, f: (m, a) => m.mul(a, a) });

/** The default epsilon is MIL's; in fp16 it is 0. */
export const rsqrt = unary<WithEpsilon>("rsqrt")({
  doc: "y = 1 / √(x + epsilon)",
  traits: ["caps"],
  attrs: { epsilon: attr("float", 1e-12) },
  f: (m, a, { epsilon }) => m.unary("rsqrt", m.add(a, m.num(epsilon))),
});

/** 1 / (x + epsilon). */
export const inverse = unary<WithEpsilon>("inverse")({
  doc: "y = 1 / (x + epsilon)",
  attrs: { epsilon: attr("float", 1e-4) },
  traits: ["floors", "caps"],
  f: (m, a, { epsilon }) => m.div(m.num(1), m.add(a, m.num(epsilon))),
});

/** The default epsilon is MIL's; in fp16 it is 0. */
export const log = unary<WithEpsilon>("log")({
  doc: "y = ln(x + epsilon)",
  attrs: { epsilon: attr("float", 1e-45) },
  f: (m, a, { epsilon }) => m.unary("log", m.add(a, m.num(epsilon))),
});

/** 1 + e^(−a). */
const onePlusExpMinus = (m: Algebra, a: Scalar) => m.add(m.num(1), m.unary("exp", m.sub(m.num(0), a)));
const logistic = (m: Algebra, a: Scalar) => m.div(m.num(1), onePlusExpMinus(m, a));

/** 1 / (1 + e^(−x)). */
export const sigmoid = unary("sigmoid")({ doc: "y = 1 / (1 + e^(−x))", traits: ["floors", "caps"], f: logistic });
/** x / (1 + e^(−x)), also called swish. */
export const silu = unary("silu")({ doc: "y = x / (1 + e^(−x))", f: (m, a) => m.div(a, onePlusExpMinus(m, a)) });

/** x · Φ(x), Φ the normal distribution; `mode` picks one of two approximations. */
export const gelu = unary<Gelu>("gelu")({
  doc: [
    "EXACT: y = x/2 · (1 + erf(x/√2))",
    "TANH_APPROXIMATION: y = x/2 · (1 + tanh(√(2/π) · (x + 0.044715·x³)))",
    "SIGMOID_APPROXIMATION: y = x · sigmoid(1.702·x)",
  ].join("; "),
  attrs: {
    mode: attr("string", "EXACT", { oneOf: ["EXACT", "TANH_APPROXIMATION", "SIGMOID_APPROXIMATION"] }),
  },
  f: (m, a, { mode }) => {
    if (mode === "SIGMOID_APPROXIMATION") return m.mul(a, logistic(m, m.mul(m.num(1.702), a)));
    const half = m.mul(m.num(0.5), a);
    return m.mul(half, m.add(m.num(1), mode === "EXACT" ? gaussian(m, a) : tanhOfCubic(m, a)));
  },
});

const gaussian = (m: Algebra, a: Scalar) => m.unary("erf", m.div(a, m.num(Math.SQRT2)));

function tanhOfCubic(m: Algebra, a: Scalar): Scalar {
  const cubic = m.add(a, m.mul(m.num(0.044715), m.mul(a, m.mul(a, a))));
  return m.unary("tanh", m.mul(m.num(Math.sqrt(2 / Math.PI)), cubic));
}

/** min(max(x, alpha), beta); rounds nothing. */
export const clip = unary<Clip>("clip")({
  doc: "y = min(max(x, alpha), beta)",
  attrs: { alpha: attr("float"), beta: attr("float") },
  rounds: false,
  traits: ["floors", "caps"],
  check: ({ alpha, beta }) => (alpha <= beta ? undefined : `alpha ${alpha} is above beta ${beta}`),
  f: (m, a, { alpha, beta }) => m.minimum(m.maximum(a, m.num(alpha)), m.num(beta)),
});
