/** Faults of signs, in sums, products, quotients, extremes and under functions. */
import { type Faults, join, minus, op, part, type Value } from "./fault.ts";

const halves = (x: Value): readonly [Value, Value] => [part(x, 1, 0, 2), part(x, 1, 2, 2)];
const signed = (x: Value, bad: boolean): Value => (bad ? minus(x) : x);
const sum = (x: Value): Value => op.reduce_sum(x, { axes: [1] });

export const SIGN: Faults = {
  "x + z for x − z": { make: ({ x, z }, bad) => (bad ? op.add(x, z) : op.sub(x, z)) },
  "−x for x": { make: ({ x }, bad) => signed(x, bad) },
  "z − x for x − z": { make: ({ x, z }, bad) => (bad ? op.sub(z, x) : op.sub(x, z)) },
  "one factor negated": { make: ({ x, z }, bad) => op.mul(signed(x, bad), z) },
  "one of two minus signs in a product": {
    make: ({ x, z }, bad) => op.mul(minus(x), signed(z, !bad)),
    step: ({ x, z }) => op.mul(x, z),
  },
  "a dividend negated": { make: ({ x, z }, bad) => op.real_div(signed(x, bad), op.exp(z)) },
  "one of two minus signs in a quotient": {
    make: ({ x, z }, bad) => op.real_div(minus(x), signed(op.exp(z), !bad)),
    step: ({ x, z }) => op.real_div(x, op.exp(z)),
  },
  "an exponent negated": { make: ({ x }, bad) => op.exp(signed(x, bad)) },
  "the argument of tanh negated": { make: ({ x }, bad) => op.tanh(signed(x, bad)) },
  "a minus sign lost under |·|": {
    make: ({ x }, bad) => (bad ? minus(x) : op.abs(minus(x))),
    step: ({ x }) => op.abs(x),
  },
  "a sum negated": { make: ({ x }, bad) => sum(signed(x, bad)) },
  "one summand negated": {
    make: ({ x }, bad) => sum(join([part(x, 1, 0, 3), signed(part(x, 1, 3), bad)], 1)),
  },
  "the smallest of −x for that of x": { make: ({ x }, bad) => op.reduce_min(signed(x, bad), { axes: [1] }) },
  "min(−x, −z) for −max(x, z)": {
    make: ({ x, z }, bad) => signed(op.minimum(minus(x), minus(z)), bad),
    step: ({ x, z }) => minus(op.maximum(x, z)),
  },
  "a rotation turned the other way": {
    make: ({ x, z }, bad) => {
      const [[a, b], [c, s]] = [halves(x), halves(z)];
      return op.add(op.mul(a, c), op.mul(signed(b, bad), s));
    },
  },
  "a rounded number negated": {
    make: ({ x }, bad) => op.cast(op.cast(signed(op.mul(x, 3), bad), { dtype: "int32" }), { dtype: "fp16" }),
  },
  "a product over the reals negated": {
    make: ({ x, z }, bad) => op.mul(op.mul(signed(x, bad), 0.1), z),
    step: ({ x, z }) => op.mul(op.mul(x, z), 0.1),
    twin: "PROVEN (reals)",
  },
};
