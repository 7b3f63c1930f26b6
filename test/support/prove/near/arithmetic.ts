/** Rules of +, −, ·, / and rounding, near their conditions. */
import { bothOrders, type Near } from "./language.ts";

/** By rule. */
export const ARITHMETIC: Readonly<Record<string, Near>> = {
  commute: {
    fires: ({ add, x, y }) => bothOrders(add, x, y),
    not: {
      "a quotient": ({ div, x, y }) => bothOrders(div, x, y),
      "a comparison": ({ less, x, y }) => bothOrders(less, x, y),
      "a term and itself": ({ add, x }) => bothOrders(add, x, x),
    },
  },
  "add-constants": {
    fires: ({ add, n }) => add(n(1.5), n(0.25)),
    not: {
      "a sum that is rounded": ({ add, n }) => add(n(2 ** 24), n(1)),
      "numbers that are no fp32": ({ add, n }) => add(n(0.1), n(0.2)),
      "a sum that doubles round too": ({ add, n }) => add(n(1), n(2 ** -60)),
      "a sum beyond fp32": ({ add, n }) => add(n(Math.fround(3e38)), n(Math.fround(3e38))),
      "a number and a score": ({ add, n, x }) => add(n(1), x),
    },
  },
  "add-zero": {
    fires: ({ add, n, x }) => add(x, n(0)),
    not: {
      "a number near 0": ({ add, n, x }) => add(x, n(2 ** -149)),
      "another score": ({ add, x, y }) => add(x, y),
    },
  },
  "add-opposite": {
    fires: ({ sub, x }) => sub(x, x),
    not: {
      "another score": ({ sub, x, y }) => sub(x, y),
      twice: ({ add, x }) => add(x, x),
      "twice, negative": ({ sub, neg, x }) => sub(neg(x), x),
    },
  },
  "mul-constants": {
    fires: ({ mul, n }) => mul(n(1.5), n(1.5)),
    not: {
      "a product that is rounded": ({ mul, n }) => mul(n(1 + 2 ** -23), n(1 + 2 ** -23)),
      "a product beyond fp32": ({ mul, n }) => mul(n(2 ** 100), n(2 ** 100)),
      "a product below fp32": ({ mul, n }) => mul(n(2 ** -100), n(2 ** -100)),
      "numbers that are no fp32": ({ mul, n }) => mul(n(0.1), n(2)),
    },
  },
  "mul-zero": {
    fires: ({ mul, n, x }) => mul(n(0), x),
    not: { "a number near 0": ({ mul, n, x }) => mul(n(2 ** -149), x) },
  },
  "mul-one": {
    fires: ({ mul, n, x }) => mul(n(1), x),
    not: {
      "a number near 1": ({ mul, n, x }) => mul(n(1 + 2 ** -23), x),
      "−1": ({ mul, n, x }) => mul(n(-1), x),
    },
  },
  "mul-minus-one": {
    fires: ({ mul, n, x }) => mul(n(-1), x),
    not: {
      "a number near −1": ({ mul, n, x }) => mul(n(-1 - 2 ** -23), x),
      "1": ({ mul, n, x }) => mul(n(1), x),
    },
  },
  "mul-sign": {
    fires: ({ mul, neg, x, y }) => mul(neg(x), y),
    not: {
      "no minus sign": ({ mul, x, y }) => mul(x, y),
      "one below": ({ mul, sub, x, y }) => mul(sub(x, y), y),
    },
  },
  "div-by-power": {
    fires: ({ div, n, x }) => div(x, n(8)),
    not: {
      "by 3": ({ div, n, x }) => div(x, n(3)),
      "by 0": ({ div, n, x }) => div(x, n(0)),
      "by 2¹⁰¹": ({ div, n, x }) => div(x, n(2 ** 101)),
      "of a power": ({ div, n, x }) => div(n(8), x),
    },
  },
  "zero-div": {
    fires: ({ div, n, x }) => div(n(0), x),
    not: { "1 over a score": ({ div, n, x }) => div(n(1), x), "near 0": ({ div, n, x }) => div(n(2 ** -149), x) },
  },
  "div-sign": {
    fires: ({ div, neg, x, y }) => div(x, neg(y)),
    not: { "no minus sign": ({ div, x, y }) => div(x, y) },
  },
  "neg-neg": { fires: ({ neg, x }) => neg(neg(x)), not: { once: ({ neg, x }) => neg(x) } },
  "neg-number": {
    fires: ({ neg, n }) => neg(n(2)),
    not: { "a score": ({ neg, x }) => neg(x) },
  },
  "round-number": {
    mode: "reals",
    fires: ({ round, n }) => round("int8", n(3)),
    not: {
      "a fraction over the reals": ({ round, n }) => round("int8", n(3.5)),
      "beyond the type, over the reals": ({ round, n }) => round("int8", n(128)),
      "a score": ({ round, x }) => round("int8", x),
    },
  },
  "round-known": {
    fires: ({ round, x }) => round("fp32", x),
    not: {
      "a wider float": ({ round, leaf }) => round("fp16", leaf("w", "fp32")),
      "a sum": ({ round, add, x, y }) => round("fp16", add(x, y)),
      "a wider integer": ({ round, leaf }) => round("int16", leaf("i", "int32")),
      "an integer as a float": ({ round, leaf }) => round("fp16", leaf("i", "int32")),
      "a position beyond the type": ({ round, index }) => round("uint8", index(257)),
      "a position as a float": ({ round, index }) => round("fp16", index(4)),
    },
  },
  "round-sign": {
    fires: ({ round, neg, add, x, y }) => round("fp16", neg(add(x, y))),
    not: {
      "no minus sign": ({ round, add, x, y }) => round("fp16", add(x, y)),
      "an integer type": ({ round, neg, add, x, y }) => round("uint8", neg(add(x, y))),
    },
  },
};
