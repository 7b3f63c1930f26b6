/** RMSNorm: what its gain is, what its epsilon is added to, and what fp16 does to its square. */
import type { Graph } from "../../../dsl/graph.ts";
import {
  abs,
  add,
  maximum,
  mul,
  real_div,
  reduce_max,
  reduce_mean,
  rsqrt,
  sqrt,
  square,
} from "../../../dsl/ops/index.ts";
import { input, named, weight } from "../../../dsl/tensor.ts";
import { rmsNorm } from "../../../models/blocks/norm.ts";
import type { Incident } from "../incident.ts";
import { book, either, filled, givingY, issue, pkg, type Value } from "./small.ts";

const WIDTH = 8;
const EPS = 0.1;
const row = () => input("x", [1, WIDTH, 1, 1]);
const gain = (): Value => weight("norm.weight", [1, WIDTH, 1, 1]);

/** A norm whose stored gain is the factor, or the factor less 1. */
function gained(onePlus: boolean): Graph {
  const x = row();
  return givingY(named("normed", rmsNorm(x, onePlus ? add(gain(), 1) : gain(), { eps: EPS })), x);
}

/** Mean over the channels. */
const mean = (x: Value): Value => reduce_mean(x, { axes: [1], keep_dims: true });

/** x over the root of the mean of its squares, as it is written in a paper. */
function plainNorm(): Graph {
  const x = row();
  return givingY(mul(real_div(x, sqrt(add(mean(square(x)), EPS))), gain()), x);
}

/** The same of a row of which the largest has been divided out; the epsilon stays as it was, or shrinks with the squares. */
function maxNorm(shrunk: boolean): Graph {
  const x = row();
  const most = maximum(reduce_max(abs(x), { axes: [1], keep_dims: true }), 2 ** -10);
  const small = real_div(x, most);
  const eps = shrunk ? real_div(real_div(filled([1, 1, 1, 1], EPS), most), most) : filled([1, 1, 1, 1], EPS);
  return givingY(named("normed", mul(real_div(small, sqrt(add(mean(square(small)), eps))), gain())), x);
}

/** Squares in the dtype of the row, of the row as it is or divided by its largest. */
function squares(scaled: boolean): Graph {
  const x = row();
  const small = scaled ? real_div(x, maximum(reduce_max(abs(x), { axes: [1], keep_dims: true }), 2 ** -10)) : x;
  return givingY(mul(small, rsqrt(mean(mul(small, small)), { epsilon: 1e-4 })), x);
}

/** A layer's norm in the form that is asked for. */
function layerNorm(form: "naive" | "hybrid"): Graph {
  const x = row();
  return givingY(rmsNorm(x, gain(), { eps: EPS, form }), x);
}

/** Incidents of norms. */
export const norms: readonly Incident[] = [
  {
    id: "I-08",
    happened: "the stored gain is γ − 1 and was taken for γ; the noise was put down to quantisation for hours",
    sources: [book("chapter 3")],
    replay: {
      line: (variant) => ["equal", pkg("converted", gained(variant === "mended")), pkg("ours", gained(true))],
      caught: { by: "verdict", at: "y" },
    },
  },
  {
    id: "I-10",
    happened: "RMSNorm squared rows as they came: above 255.9 the square is infinite in fp16",
    sources: [book("experiment 27")],
    replay: {
      line: (variant) => ["check", pkg("norm", layerNorm(either(variant, "naive", "hybrid")))],
      caught: { by: "rule", rule: "square-overflow" },
    },
  },
  {
    id: "I-50",
    happened: "the casts to fp32 around mean(x²) were taken out on the way to the engine, and the squares overflowed",
    sources: [issue("pytorch/executorch", 19523), issue("pytorch/executorch", 8641)],
    replay: {
      line: (variant) => ["check", pkg("lowered", squares(variant === "mended"))],
      caught: { by: "rule", rule: "square-overflow" },
      standsFor: "the graph as it is behind the lowering, without its casts",
    },
  },
  {
    id: "I-53",
    happened: "coremltools' RMSNorm divides by the largest and then adds the epsilon as it was: 4 to 6 % off",
    sources: [issue("apple/coremltools", 2821)],
    replay: {
      line: (variant) => ["equal", pkg("converted", maxNorm(variant === "mended")), pkg("right", plainNorm())],
      caught: { by: "verdict", at: "real_div_0" },
    },
  },
];
