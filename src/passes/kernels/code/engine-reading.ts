/**
 * A reading of an op's meaning as JavaScript text that computes as the Neural Engine does: the points of `engineReading`
 * (../../engine/reading.ts) on the same doubles in the same order. Products have kernels of their own (../engine).
 */
import { halfAway } from "../../engine/half-away.ts";
import { branches, indexReading } from "./indices.ts";
import { COMPARE, type CodeReading, literal } from "./reading.ts";
import { sorted } from "./sorted.ts";
import { fold, runningSum } from "./sums.ts";
import type { CodeTerm, Writer } from "./writer.ts";

/** Every step is rounded to fp16, ties away from zero; sums are taken one term after the other. */
export function engineCodeReading(w: Writer): CodeReading {
  const two = (name: string) => (a: CodeTerm, b: CodeTerm) => w.bind(`${name}(${a.text}, ${b.text})`, [a, b]);
  return {
    ...indexReading(w),
    ...branches(w),
    num: (value) => literal(halfAway(value)),
    add: two("engineAdd"),
    sub: two("engineSubtract"),
    mul: two("engineMultiply"),
    div: two("engineDivide"),
    pow: two("enginePower"),
    maximum: two("engineMaximum"),
    minimum: two("engineMinimum"),
    unary: (f, a) => w.bind(`engineUnary.${f}(${a.text})`, [a]),
    compare: (how, a, b) => w.bind(`${a.text} ${COMPARE[how]} ${b.text} ? 1 : 0`, [a, b]),
    round(dtype, a) {
      if (dtype === "fp16")
        return { ...w.bind(`halfAway(${a.text})`, [a]), rounded: { dtype, from: a.text, toBits: "halfAwayBits" } };
      return dtype === "fp32" ? { text: a.text, depth: a.depth } : w.bind(`roundTo("${dtype}", ${a.text})`, [a]);
    },
    sum: (n, term) => runningSum(w, n, term, "engineAdd"),
    max: (n, term) => fold(w, n, term, "engineMaximum"),
    min: (n, term) => fold(w, n, term, "engineMinimum"),
    sorted(how, n, at, element) {
      const taken = (k: CodeTerm): CodeTerm => {
        const x = element(k);
        return w.bind(`engineTaken(${x.text})`, [x]);
      };
      const place = sorted(w, { ...how, gives: "place" }, n, at, taken);
      return how.gives === "place" ? place : element(place);
    },
    ownOrder: (_op, _at, value) => value,
  };
}
