/** Faults of dtypes: one cast more, fp32 for fp16 inside, integers that wrap, bool. */
import { type Faults, op, table_, type Value } from "./fault.ts";

const to = (dtype: string, x: Value): Value => op.cast(x, { dtype });
const back = (x: Value): Value => to("fp16", x);
/** Through a type and back. */
const through = (dtype: string, x: Value): Value => back(to(dtype, x));
/** Through int32 and another integer type. */
const wrapped = (dtype: string, x: Value, bad: boolean): Value => {
  const whole = to("int32", x);
  return back(bad ? to(dtype, whole) : whole);
};

export const DTYPE: Faults = {
  "a product rounded to fp16 on the way": {
    make: ({ x, z }, bad) => {
      const product = op.mul(to("fp32", x), to("fp32", z));
      return back(op.add(bad ? to("fp32", back(product)) : product, to("fp32", x)));
    },
    differs: "bits",
  },
  "a product in fp16 for fp32": {
    make: ({ x, z }, bad) => {
      const wide = op.mul(to("fp32", x), to("fp32", z));
      return back(op.add(bad ? to("fp32", op.mul(x, z)) : wide, to("fp32", x)));
    },
    differs: "bits",
  },
  "a sum in fp16 for fp32": {
    make: ({ x }, bad) =>
      bad
        ? op.mul(op.reduce_sum(x, { axes: [1], keep_dims: true }), 3)
        : back(op.mul(op.reduce_sum(to("fp32", x), { axes: [1], keep_dims: true }), 3)),
    differs: "bits",
  },
  "an exponent rounded before exp": {
    make: ({ x, z }, bad) => {
      const sum = op.add(to("fp32", x), to("fp32", z));
      return back(op.exp(bad ? to("fp32", back(sum)) : sum));
    },
    differs: "bits",
  },
  "a constant rounded to fp16": {
    make: ({ x }, bad) => {
      const tenth = table_([0.1], [1, 1], bad ? "fp16" : "fp32");
      return back(op.mul(op.mul(to("fp32", x), bad ? to("fp32", tenth) : tenth), 4096));
    },
  },
  "an int32 on the way": { make: ({ x }, bad) => (bad ? through("int32", x) : through("fp32", x)) },
  "an int8 on the way of whole numbers": { make: ({ x }, bad) => wrapped("int8", op.mul(x, 200), bad) },
  "an int16 on the way of whole numbers": { make: ({ x }, bad) => wrapped("int16", op.mul(x, 30000), bad) },
  "a uint8 on the way of whole numbers": { make: ({ x }, bad) => wrapped("uint8", op.mul(x, 100), bad) },
  "a uint16 on the way of whole numbers": { make: ({ x }, bad) => wrapped("uint16", op.mul(x, 100), bad) },
  "int16 for uint16": { make: ({ x }, bad) => wrapped(bad ? "int16" : "uint16", op.mul(x, 30000), true) },
  "an int32 that wraps": {
    make: ({ x }, bad) => {
      const whole = to("int32", op.mul(x, 3));
      const scaled = op.mul(op.mul(whole, 65536), 16384);
      return back(bad ? op.real_div(scaled, 2 ** 30) : whole);
    },
  },
  "a bool on the way": { make: ({ x }, bad) => (bad ? through("bool", x) : x) },
  "a bool on the way of whole numbers": { make: ({ x }, bad) => wrapped("bool", op.mul(x, 3), bad) },
  "truncated before it counts as true": {
    make: ({ x }, bad) => back(to("bool", bad ? to("int32", x) : x)),
  },
  "a position through uint8": {
    make: (f, bad) => {
      f.mask();
      const up = op.add(f.at, 254);
      return op.mul(
        f.x,
        op.reshape(back(op.sub(bad ? to("int32", to("uint8", up)) : up, 254)), { shape: [f.tokens, 1] }),
      );
    },
  },
  "a position halved as a float": {
    make: (f, bad) => {
      f.mask();
      const half = bad ? op.mul(back(f.at), 0.5) : back(op.real_div(f.at, 2));
      return op.mul(f.x, op.reshape(half, { shape: [f.tokens, 1] }));
    },
  },
};
