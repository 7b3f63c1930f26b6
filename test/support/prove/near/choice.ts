/** Rules of functions that choose, and of masked-out entries, near their conditions. */
import { variable } from "../../../../src/passes/prove/logic/indices.ts";
import { indexTerm, num, raw } from "../../../../src/passes/prove/logic/make.ts";
import type { Term } from "../../../../src/passes/prove/logic/terms.ts";
import * as scalar from "../../../../src/passes/prove/reading/scalar.ts";
import type { Context } from "../../../../src/passes/prove/rules/context.ts";
import { bothOrders, type Near } from "./language.ts";

/** A position (or a score) divided by n as ops do it: what is truncated, or less where that is above the quotient. */
function floored(c: Context, n: number, less: number, score?: Term, turned = false): Term {
  const position = score ?? indexTerm(c, variable(c.store.indices, "i", 20));
  const quotient = scalar.div(c, position, num(c, n));
  const t = scalar.round(c, "int32", quotient);
  const below = turned ? scalar.compare(c, "less", t, quotient) : scalar.compare(c, "less", quotient, t);
  return scalar.select(
    c,
    below,
    () => scalar.add(c, t, num(c, less)),
    () => t,
  );
}

/** By rule. */
export const CHOICE: Readonly<Record<string, Near>> = {
  "exp-underflow": {
    fires: ({ fn, low, x }) => fn("exp", low(x)),
    not: {
      "a score less 100": ({ fn, add, n, x }) => fn("exp", add(x, n(-100))),
      "undone by a bias": ({ fn, add, low, n, x }) => fn("exp", add(low(x), n(10_000))),
      "undone by a scale": ({ fn, mul, low, n, x }) => fn("exp", mul(low(x), n(2 ** -7))),
      "turned round": ({ fn, neg, low, x }) => fn("exp", neg(low(x))),
      "less another masked-out entry": ({ fn, sub, low, x, y }) => fn("exp", sub(low(x), low(y))),
      "times a score": ({ fn, mul, low, x, y }) => fn("exp", mul(low(x), y)),
      "another function": ({ fn, low, x }) => fn("tanh", low(x)),
      "another function under it": ({ fn, low, x }) => fn("exp", fn("tanh", low(x))),
    },
  },
  "exp-zero": {
    fires: ({ fn, n }) => fn("exp", n(0)),
    not: {
      "tanh(0)": ({ fn, n }) => fn("tanh", n(0)),
      "cos(0)": ({ fn, n }) => fn("cos", n(0)),
      "exp of a number near 0": ({ fn, n }) => fn("exp", n(2 ** -149)),
      "exp of a score": ({ fn, x }) => fn("exp", x),
    },
  },
  "abs-number": {
    fires: ({ fn, n }) => fn("abs", n(-3)),
    not: { "of a score": ({ fn, x }) => fn("abs", x), "another function": ({ fn, n }) => fn("tanh", n(-3)) },
  },
  "abs-sign": {
    fires: ({ fn, neg, x }) => fn("abs", neg(x)),
    not: { "no minus sign": ({ fn, x }) => fn("abs", x), "another function": ({ fn, neg, x }) => fn("tanh", neg(x)) },
  },
  "compare-numbers": {
    mode: "reals",
    fires: ({ less, n }) => less(n(1), n(2)),
    not: {
      "a number and a score": ({ less, n, x }) => less(n(1), x),
      "a score and itself": ({ less, x }) => less(x, x),
    },
  },
  "equal-order": {
    fires: ({ equal, x, y }) => bothOrders(equal, x, y),
    not: {
      less: ({ less, x, y }) => bothOrders(less, x, y),
      "less or equal": ({ c, x, y }) => bothOrders((a, b) => scalar.compare(c, "less_equal", a, b), x, y),
    },
  },
  "select-same": {
    fires: ({ select, less, x, y }) => select(less(x, y), x, x),
    not: {
      "two branches": ({ select, less, x, y }) => select(less(x, y), x, y),
      "one the negative of the other": ({ select, less, neg, x, y }) => select(less(x, y), x, neg(x)),
    },
  },
  "select-number": {
    fires: ({ select, n, x, y }) => select(n(1), x, y),
    not: {
      "a score": ({ select, x, y, z }) => select(x, y, z),
      "a comparison": ({ select, less, x, y }) => select(less(x, y), x, y),
    },
  },
  "max-drop": {
    fires: ({ max, low, x, y }) => max(x, low(y)),
    not: {
      "a score less 100": ({ max, add, n, x, y }) => max(x, add(y, n(-100))),
      "of masked-out entries alone": ({ max, low, x, y }) => max(low(x), low(y)),
      "beside a mask entry": ({ c, max, low, y }) =>
        max(raw(c, { kind: "leaf", leaf: { of: "mask", name: "mask", dtype: "fp16" } }, []), low(y)),
      "beside a number as low": ({ max, low, n, y }) => max(n(-5000), low(y)),
      "undone by a bias": ({ max, add, low, n, x, y }) => max(x, add(low(y), n(10_000))),
      "a minimum": ({ min, low, x, y }) => min(x, low(y)),
    },
  },
  "max-set": {
    fires: ({ max, x, y }) => max(x, max(y, x)),
    not: {
      "two scores": ({ max, x, y }) => max(x, y),
      "a score and a number": ({ max, n, x }) => max(x, n(3)),
      "a minimum in a maximum": ({ max, min, x, y }) => max(x, min(x, y)),
    },
  },
  "truth-set": {
    fires: ({ min, less, n, x, y }) => min(n(0), less(x, y)),
    not: {
      "a score": ({ min, n, x }) => min(n(0), x),
      "two truth values": ({ min, less, x, y }) => min(less(x, y), less(y, x)),
      "another number": ({ min, less, n, x, y }) => min(n(-1), less(x, y)),
    },
  },
  "floor-quotient": {
    fires: ({ c }) => floored(c, 3, -1),
    not: {
      "two less": ({ c }) => floored(c, 3, -2),
      "no whole number": ({ c }) => floored(c, 2.5, -1),
      "a negative number": ({ c }) => floored(c, -3, -1),
      "of a score": ({ c, x }) => floored(c, 3, -1, x),
      "turned round": ({ c }) => floored(c, 3, -1, undefined, true),
    },
  },
  "min-as-max": {
    fires: ({ min, neg, x, y }) => min(neg(x), neg(y)),
    not: {
      "one minus sign": ({ min, neg, x, y }) => min(neg(x), y),
      "no minus sign": ({ min, x, y }) => min(x, y),
      "a maximum": ({ max, neg, x, y }) => max(neg(x), neg(y)),
    },
  },
  "lift-mask": {
    twoValued: true,
    fires: ({ add, mask, x }) => add(mask(0), x),
    not: {
      "two mask entries": ({ add, mask }) => add(mask(0), mask(1)),
      "a selection by another equality": ({ add, select, equal, x, y }) => add(select(equal(x, y), x, y), x),
      "a selection by another condition": ({ add, select, less, x, y }) => add(select(less(x, y), x, y), x),
    },
  },
};
