/**
 * RMSNorm over one axis, y = x / √(mean(x²) + eps) · gain, in forms that differ in what fp16 does to them.
 *
 * With d = 3072 and eps = 1e-5 in fp16, each op rounded once:
 * - `naive` squares to infinity above |x| = 255, and a row then comes out as silent zeros.
 * - `sqrt_d` and `power_of_two` shrink x first. Its square is then subnormal for small rows, and the eps that has to
 *   shrink with it rounds to 0 or to a few units of 2⁻²⁴.
 * - `max` divides by the largest |x|, so that squares stay below 1: right for every finite row, but it divides twice.
 * - `hybrid`, the default, uses the largest |x| only inside the root and divides the row as it is, once. The floor of
 *   2⁻¹⁰ keeps a zero row from giving 0/0, and eps is divided step by step because eps/m² would underflow as one
 *   constant.
 * - `layer_norm` of [x, −x] has mean 0 and variance mean(x²). As good as the engine's kernel: with fp32 inside it is
 *   the most exact of all, with fp16 inside it is `naive`. Which one the Neural Engine has is not documented.
 */
import { refuseAt, tensorGiven } from "../../dsl/given/tensors.ts";
import { choiceGiven, numberGiven, optionsGiven, type Refuse, wholeGiven } from "../../dsl/given/values.ts";
import { roundFp16 } from "../../dsl/number.ts";
import {
  abs,
  add,
  concat,
  layer_norm,
  maximum,
  mul,
  real_div,
  reduce_max,
  reduce_mean,
  rsqrt,
  split,
  sqrt,
  square,
} from "../../dsl/ops/index.ts";
import type { Tensor } from "../../dsl/tensor.ts";
import type { Shape } from "../../dsl/type.ts";
import { MOST_HELD } from "./held.ts";

/** Every form, the default first; `survey` says which are safe for given rows. */
export const NORM_FORMS = ["hybrid", "naive", "sqrt_d", "max", "layer_norm", "power_of_two"] as const;
/** The name of a form. */
export type NormForm = (typeof NORM_FORMS)[number];

/**
 * `eps` is that of the model's config, added to the mean square; the form is `hybrid` when absent. `axis` is the one that a
 * row lies along, the channels' (1) when absent. A row that is held at 2^−held gives what the row itself would; `hybrid` and `max`
 * never make it large again, the other forms begin with that.
 */
export interface NormOptions {
  readonly eps: number;
  readonly form?: NormForm;
  readonly axis?: number;
  /** 0 when absent. */
  readonly held?: number;
}

/**
 * RMSNorm of x [1, d, T, 1] over its channels; gain is [1, d, 1, 1]. Over another axis the gain has its size there. The gain
 * comes after the rounding, as in Phi.
 * @throws GraphError for what is no value or no option
 */
export function rmsNorm<S extends Shape>(
  x: Tensor<S, "fp16">,
  gain: Tensor<Shape, "fp16">,
  options: NormOptions,
): Tensor<S, "fp16"> {
  checkNorm(x, gain, options, refuseAt("rmsNorm", rmsNorm));
  const { eps, form = "hybrid", axis = 1, held = 0 } = options;
  return mul(FORMS[form](x, { eps, axis, held }), gain) as Tensor<S, "fp16">;
}

function checkNorm(x: unknown, gain: unknown, options: unknown, no: Refuse): void {
  const { shape } = tensorGiven(x, "x", no, { dtype: "fp16" }).type;
  tensorGiven(gain, "the gain", no, { dtype: "fp16" });
  const {
    eps,
    form = "hybrid",
    axis = 1,
    held = 0,
  } = optionsGiven(options, "rmsNorm", ["eps", "form", "axis", "held"], no);
  numberGiven(eps, "eps", 0, no);
  choiceGiven(form, "the form", NORM_FORMS, no);
  wholeGiven(axis, "the axis", 0, shape.length - 1, no);
  wholeGiven(held, "held", -MOST_HELD, MOST_HELD, no);
}

type Value = Tensor<Shape, "fp16">;

/** Sizes below this are not used as a divisor: eps / 2⁻²⁰ is still a small number in fp16. */
const FLOOR = 2 ** -10;
/** Keeps squares finite up to |x| = 8191. */
const SHRINK = 2 ** -5;

type Asked = Required<Pick<NormOptions, "eps" | "axis" | "held">>;

const FORMS: Readonly<Record<NormForm, (x: Value, asked: Asked) => Value>> = {
  hybrid(x, { eps, axis, held }) {
    const m = largest(x, axis, held);
    const root = sqrt(add(meanSquare(real_div(x, m), axis), shareOf(eps, m, held)));
    return real_div(x, mul(root, m));
  },
  naive: (x, asked) => shrunk(x, 1, asked),
  sqrt_d: (x, asked) => shrunk(x, x.type.shape[asked.axis]! ** -0.5, asked),
  max(x, { eps, axis, held }) {
    const m = largest(x, axis, held);
    const z = real_div(x, m);
    return mul(z, rsqrt(add(meanSquare(z, axis), shareOf(eps, m, held))));
  },
  layer_norm(held, { eps, axis, held: k }) {
    const x = times(held, 2 ** k);
    const d = x.type.shape[axis]!;
    const [y] = split(layer_norm(concat([x, mul(x, -1)], { axis }), { axes: [axis], epsilon: eps }), {
      split_sizes: [d, d],
      axis,
    });
    return y!;
  },
  power_of_two: (x, asked) => shrunk(x, SHRINK, asked),
};

/** (c·x) / √(mean((c·x)²) + eps·c²). */
function shrunk(x: Value, c: number, { eps, axis, held }: Asked): Value {
  const z = times(x, c * 2 ** held);
  return mul(z, rsqrt(meanSquare(z, axis), { epsilon: eps * c * c }));
}

/** eps / m² of the row itself, by steps of which none is a number too small for fp16: eps · 2^−2k would be one, and below 0 eps / m. */
function shareOf(eps: number, m: Value, held: number): Value {
  if (held < 0) return real_div(real_div(roundFp16(eps) * 4 ** -held, m), m);
  const once = times(real_div(eps, m), 2 ** -held);
  return times(real_div(once, m), 2 ** -held);
}

const times = (x: Value, c: number): Value => (c === 1 ? x : mul(x, c));
const meanSquare = (x: Value, axis: number): Value => reduce_mean(square(x), { axes: [axis], keep_dims: true });
const largest = (x: Value, axis: number, held: number): Value =>
  maximum(reduce_max(abs(x), { axes: [axis], keep_dims: true }), FLOOR * 2 ** -held);
