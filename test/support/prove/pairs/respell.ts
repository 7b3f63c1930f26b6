/** Other spellings of a value: some equal in bits, some over the reals alone, some only for some numbers. */
import type { Tensor } from "../../../../src/dsl/tensor.ts";
import { isFloat } from "../../../../src/dsl/type.ts";
import { call, castTo, numberLike, pick } from "./value.ts";

type Spelling = (v: Tensor, y: Tensor) => Tensor;

const n = numberLike;
const neg = (v: Tensor): Tensor => call("mul", v, n(v, -1));

const SPELLINGS: readonly Spelling[] = [
  (v) => call("real_div", call("mul", v, n(v, 3)), n(v, 3)),
  (v) => call("real_div", call("mul", v, n(v, 4)), n(v, 4)),
  (v) => call("sub", call("add", v, n(v, 1)), n(v, 1)),
  (v) => neg(call("minimum", neg(v), neg(v))),
  (v) => call("maximum", v, v),
  (v) => call("abs", call("abs", v)),
  (v) => call("real_div", call("mul", v, v), v),
  (v) => call("sqrt", call("mul", v, v)),
  (v, y) => call("sub", call("add", v, y), y),
  (v, y) => call("add", v, call("sub", y, y)),
  (v, y) => call("real_div", call("mul", v, call("square", y)), call("square", y)),
  (v) => call("select", call("equal", v, v), v, n(v, 0)),
  (v) => call("select", call("less", v, n(v, 0)), neg(call("abs", v)), call("abs", v)),
  (v) => call("real_div", n(v, 1), call("real_div", n(v, 1), v)),
  (v) => call("add", v, call("mul", v, n(v, 0))),
  (v) => call("mul", v, n(v, 1.001)),
  (v) => call("add", v, n(v, 0.0004)),
  (v) => castTo(castTo(v, "int32"), v.type.dtype),
  (v) => castTo(castTo(v, "fp32"), v.type.dtype),
  (v) => castTo(castTo(v, "fp16"), v.type.dtype),
  (v) => call("sub", call("add", v, v), v),
  (v) => call("maximum", call("minimum", v, n(v, 10)), n(v, -10)),
  (v, y) => call("maximum", v, call("minimum", v, y)),
  (v, y) => call("add", call("maximum", v, y), call("sub", call("minimum", v, y), y)),
  (v) => call("log", call("exp", v)),
  (v) => call("sub", n(v, 0), call("sub", n(v, 0), v)),
  (v, y) => call("select", call("less_equal", y, y), v, y),
  (v) => call("mul", call("mul", v, n(v, 0.1)), n(v, 10)),
  (v) => call("rsqrt", call("square", call("real_div", n(v, 1), v))),
  (v) => call("minimum", v, n(v, 65504)),
];

/** x in another spelling, which may be another value; `y` is any value of its type. */
export function respelled(x: Tensor, y: Tensor, by: number): Tensor {
  if (!isFloat(x.type.dtype)) return call("identity", x);
  return pick(SPELLINGS, by)(x, y);
}
