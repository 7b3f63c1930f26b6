/** Unknown numbers over the reals, and the operations that keep their normal form. */
import { expect } from "vitest";
import { num, numQ, raw } from "../../../src/passes/prove/logic/make.ts";
import { fromNumber, rational } from "../../../src/passes/prove/logic/rational.ts";
import type { Term } from "../../../src/passes/prove/logic/terms.ts";
import * as reals from "../../../src/passes/prove/reading/reals.ts";
import type { Context } from "../../../src/passes/prove/rules/context.ts";
import { termValue } from "./term-value.ts";
import { attemptOf } from "./told.ts";

/** Numbers x, y, z and what is made of them, in an attempt of their own. */
export function language(c: Context = attemptOf({ mode: "reals" })) {
  const leaf = (name: string): Term => raw(c, { kind: "leaf", leaf: { of: "input", name, dtype: "fp16" } }, []);
  const fn = (f: Parameters<typeof reals.unary>[1]) => (a: Term) => reals.unary(c, f, a);
  return {
    c,
    n: (x: number) => num(c, x),
    third: numQ(c, rational(1n, 3n)),
    x: leaf("x"),
    y: leaf("y"),
    z: leaf("z"),
    add: (...all: readonly Term[]) => all.reduce((a, b) => reals.add(c, a, b)),
    mul: (...all: readonly Term[]) => all.reduce((a, b) => reals.mul(c, a, b)),
    sub: (a: Term, b: Term) => reals.add(c, a, reals.scale(c, b, -1)),
    div: (a: Term, b: Term) => reals.div(c, a, b),
    neg: (a: Term) => reals.scale(c, a, -1),
    twice: (a: Term) => reals.scale(c, a, 2),
    pow: (a: Term, e: number) => reals.power(c, a, fromNumber(e)),
    exp: fn("exp"),
    sqrt: fn("sqrt"),
    rsqrt: fn("rsqrt"),
    abs: fn("abs"),
  };
}
export type Language = ReturnType<typeof language>;

type Make = (l: Language) => Term;
/** Two spellings of one number, and what its value is. */
export type Law = readonly [says: string, one: Make, other: Make, value: (x: number, y: number, z: number) => number];

const WORLDS = [
  { x: 2, y: 3, z: 0.5 },
  { x: 1.25, y: 0.75, z: 4 },
  { x: -1.5, y: 2, z: -3 },
  { x: 2, y: -0.5, z: 1.5 },
];
const valueIn = (t: Term, world: Readonly<Record<string, number>>): number =>
  termValue(t, { leaf: (leaf) => world[(leaf as { name: string }).name]!, step: (x) => x });

/** One spelling comes to the same term as the other, which has the value wherever there is one. */
export function expectLaw(one: Make, other: Make, value: Law[3]): void {
  const l = language();
  const [a, b] = [one(l), other(l)];
  for (const { x, y, z } of WORLDS) {
    const expected = value(x, y, z);
    if (Number.isFinite(expected)) expect(valueIn(a, { x, y, z })).toBeCloseTo(expected, 9);
  }
  expect(b).toBe(a);
}
