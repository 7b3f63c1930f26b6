/** Faults of functions: their values at numbers, one function for another, a maximum for a minimum. */
import { type Fault, type Faults, op, table_, type Value } from "./fault.ts";

type Name = keyof typeof op;

const positive = (x: Value): Value => op.add(op.abs(x), 0.5);
const nothing = (x: Value): Value => op.mul(x, 0);

/** exp(0) is 1; another function of 0 is not. */
const atZero = (wrong: Name): Fault => ({
  make: ({ x }, bad) => op[bad ? wrong : "exp"](nothing(x)),
  step: ({ x }) => op.add(nothing(x), 1),
});
/** The absolute value of a constant against the number that it is; another function of it is not. */
const atNumber = (wrong: Name): Fault => ({
  make: ({ x }, bad) => op.add(x, op[bad ? wrong : "abs"](table_([-3], [1, 1]))),
  step: ({ x }) => op.add(x, 3),
});
/** |−x| is |x|; another function of −x is not that of x. */
const ofMinus = (wrong: Name): Fault => ({
  make: ({ x }, bad) => op[bad ? wrong : "abs"](op.mul(x, -1)),
  step: ({ x }) => op.abs(x),
});
const unary = (good: Name, wrong: Name): Fault => ({ make: ({ x }, bad) => op[bad ? wrong : good](positive(x)) });
const binary = (good: Name, wrong: Name): Fault => ({ make: ({ x, z }, bad) => op[bad ? wrong : good](x, z) });
const reduction = (good: Name, wrong: Name): Fault => ({
  make: ({ x }, bad) => op[bad ? wrong : good](x, { axes: [1] }),
});

const NOT_ONE_AT_ZERO = ["tanh", "sin", "erf", "sqrt", "abs", "gelu", "silu", "sigmoid", "square", "identity"] as const;
const named = (says: (name: string) => string, names: readonly Name[], make: (name: Name) => Fault): Faults =>
  Object.fromEntries(names.map((name) => [says(name), make(name)]));

export const FUNCTION: Faults = {
  ...named((name) => `${name}(0) is not 1`, NOT_ONE_AT_ZERO, atZero),
  ...named((name) => `${name}(−3) is not 3`, ["tanh", "exp", "square", "sin"], atNumber),
  ...named((name) => `${name}(−x) is not |x|`, ["tanh", "square", "exp", "identity"], ofMinus),
  "sigmoid for exp": unary("exp", "sigmoid"),
  "cos for sin": unary("sin", "cos"),
  "erf for tanh": unary("tanh", "erf"),
  "rsqrt for sqrt": unary("sqrt", "rsqrt"),
  "sqrt for log": unary("log", "sqrt"),
  "silu for gelu": unary("gelu", "silu"),
  "x for x²": unary("square", "identity"),
  "x for |x|": { make: ({ x }, bad) => (bad ? x : op.abs(x)) },
  "|x| for the larger of x and 0": { make: ({ x }, bad) => (bad ? op.abs(x) : op.maximum(x, 0)) },
  "min for max": binary("maximum", "minimum"),
  "x + z for max": binary("maximum", "add"),
  "x · z for x + z": binary("add", "mul"),
  "the smallest for the largest": reduction("reduce_max", "reduce_min"),
  "the mean for the sum": reduction("reduce_sum", "reduce_mean"),
  "the sum for the largest": reduction("reduce_max", "reduce_sum"),
  "the sum for that of squares": reduction("reduce_sum_square", "reduce_sum"),
  "the sum of squares for its root": reduction("reduce_l2_norm", "reduce_sum_square"),
  "x for the larger of x and z": { make: ({ x, z }, bad) => (bad ? x : op.maximum(x, z)) },
  "one of three forgotten in a maximum": {
    make: ({ x, z }, bad) => op.maximum(op.maximum(x, z), bad ? x : op.sub(1, x)),
  },
};
