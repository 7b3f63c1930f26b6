/** Rules of reductions and of the reals, near their conditions. */
import { sparse } from "../../../../src/passes/prove/rules/sums.ts";
import type { Near } from "./language.ts";

/** By rule. */
export const SUMS: Readonly<Record<string, Near>> = {
  "sum-zero": {
    fires: ({ of, n }) => of("sum", () => n(0)),
    not: {
      "one that is not": ({ c, n, x }) => sparse(c, [n(0), x], () => true),
      "numbers near 0": ({ of, n }) => of("sum", () => n(2 ** -149)),
      "a maximum": ({ of, n }) => of("max", () => n(0)),
    },
  },
  "sum-one-hot": {
    fires: ({ c, n, x }) => sparse(c, [n(0), x, n(0)], () => true),
    not: {
      "two that are not 0": ({ c, n, x, y }) => sparse(c, [y, x, n(0)], () => true),
      none: ({ c, n }) => sparse(c, [n(0), n(0)], () => true),
      "one that stands for several": ({ c, n, x }) => sparse(c, [n(0), x, n(0)], (k) => k !== 1),
      "one summand alone": ({ c, x }) => sparse(c, [x], () => false),
    },
  },
  "sum-sign": {
    fires: ({ of, neg }) => of("sum", neg),
    not: {
      "no minus sign": ({ of }) => of("sum", (k) => k),
      "a maximum": ({ of, neg }) => of("max", neg),
      "sums of two": ({ of, add, x }) => of("sum", (k) => add(k, x)),
    },
  },
  "min-sign": {
    fires: ({ of, neg }) => of("min", neg),
    not: { "no minus sign": ({ of }) => of("min", (k) => k), "a maximum": ({ of, neg }) => of("max", neg) },
  },
  "reduce-same": {
    fires: ({ of, x }) => of("max", () => x),
    not: { "a sum": ({ of, x }) => of("sum", () => x), "what varies": ({ of }) => of("max", (k) => k) },
  },
};

/** By rule. */
export const REALS: Readonly<Record<string, Near>> = {
  "real-round": {
    mode: "reals",
    fires: ({ round, leaf }) => round("fp16", leaf("w", "fp32")),
    not: { "to an integer": ({ round, x }) => round("int8", x), "to bool": ({ round, x }) => round("bool", x) },
  },
  collect: {
    mode: "reals",
    fires: ({ add, mul, n, x }) => add(mul(x, n(2)), x),
    not: {
      "two scores": ({ add, x, y }) => add(x, y),
      "a score and its square": ({ add, mul, x }) => add(mul(x, x), x),
      "a score and a number": ({ add, n, x }) => add(x, n(1)),
    },
  },
  content: {
    mode: "reals",
    fires: ({ add, mul, x, y, z }) => add(mul(x, y), mul(x, z)),
    not: {
      "no common factor": ({ add, mul, x, y, z }) => add(mul(x, y), z),
      "a number beside": ({ add, mul, n, x, y }) => add(mul(x, y), n(1)),
      "a factor and its inverse": ({ add, div, mul, x, y, z }) => add(mul(x, y), div(z, x)),
      "another function's argument": ({ add, fn, x }) => add(fn("exp", x), fn("tanh", x)),
    },
  },
  cancel: {
    mode: "reals",
    fires: ({ div, mul, x, y }) => div(mul(x, y), y),
    not: {
      "another divisor": ({ div, mul, x, y, z }) => div(mul(x, y), z),
      "a sum": ({ div, add, x, y }) => div(add(x, y), y),
      "a factor more": ({ mul, x }) => mul(x, x),
    },
  },
  power: {
    mode: "reals",
    fires: ({ fn, mul, x }) => fn("sqrt", mul(x, x)),
    not: {
      "a score": ({ fn, x }) => fn("sqrt", x),
      "a product": ({ fn, mul, x, y }) => fn("sqrt", mul(x, y)),
      "a cube": ({ fn, mul, x }) => fn("sqrt", mul(x, mul(x, x))),
      "a sum of squares and a score": ({ fn, add, mul, x, y }) => fn("sqrt", add(mul(x, x), y)),
    },
  },
  "max-factor": {
    mode: "reals",
    fires: ({ of, mul, n }) => of("max", (k) => mul(k, n(2))),
    not: {
      "a negative factor": ({ of, mul, n }) => of("max", (k) => mul(k, n(-2))),
      "a factor of any sign": ({ of, mul, x }) => of("max", (k) => mul(k, x)),
      "no factor": ({ of }) => of("max", (k) => k),
      "a minimum": ({ of, mul, n }) => of("min", (k) => mul(k, n(2))),
    },
  },
  "sum-linear": {
    mode: "reals",
    fires: ({ of, add, n }) => of("sum", (k) => add(k, n(1))),
    not: {
      "a maximum": ({ of, add, n }) => of("max", (k) => add(k, n(1))),
      "a minimum": ({ of }) => of("min", (k) => k),
    },
  },
};
