/** Case distinctions: they part a variable where, and only where, an index passes a threshold. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Cases,
  casesAt,
  casesOfFirst,
  casesOfRows,
  casesOfToken,
  isCases,
} from "../../../../src/passes/prove/logic/cases.ts";
import * as ix from "../../../../src/passes/prove/logic/indices.ts";
import { isOpaque, type Opaque } from "../../../../src/passes/prove/logic/opaque.ts";
import { valueAt } from "../../../support/prove/index-expr.ts";

const s = ix.newIndices();
const thrown = (make: () => never): Cases | Opaque => {
  try {
    return make();
  } catch (reason) {
    if (isCases(reason) || isOpaque(reason)) return reason;
    throw reason;
  }
};
/** `v: 2 5`, `v by rows`, or the code of the reason. */
const told = (make: () => never): string => {
  const found = thrown(make);
  if (isOpaque(found)) return found.opaque.code;
  return found.by === "rows" ? `${found.cases.label} by rows` : `${found.cases.label}: ${found.starts.join(" ")}`;
};
const [v, w] = [ix.variable(s, "v", 8), ix.variable(s, "w", 3)];

describe("what is raised", () => {
  const at = (i: ix.Ix, ...thresholds: readonly number[]) => told(() => casesAt(i, thresholds, "a test"));

  test("at the first value that reaches a threshold", () => {
    expect(at(v, 3)).toBe("v: 3");
    expect(at(v, 3, 5)).toBe("v: 3 5");
    expect(at(ix.times(s, v, 2), 5)).toBe("v: 3");
    expect(at(ix.shift(s, v, 2), 5)).toBe("v: 3");
    expect(at(ix.times(s, v, -1), -2)).toBe("v: 3");
    expect(at(ix.div(s, v, 2), 2)).toBe("v: 4");
    expect(at(ix.mod(s, v, 3), 1)).toBe("v: 1 3 4 6 7");
  });

  test("of the variable that weighs most", () => {
    expect(at(ix.plus(s, ix.times(s, v, 3), w), 9)).toBe("v: 3");
    expect(at(ix.plus(s, v, ix.times(s, w, 8)), 8)).toBe("w: 1");
    expect(at(ix.plus(s, ix.times(s, v, 3), ix.times(s, w, 4)), 3)).toBe("v: 1");
  });

  test("nothing where no threshold is passed", () => {
    expect(at(v, 8)).toBe("undecided");
    expect(at(v, 0)).toBe("undecided");
    expect(at(ix.row(s, 0, 4), 2)).toBe("undecided");
    expect(at(ix.mod(s, ix.variable(s, "long", 1000), 2), 1)).toBe("undecided");
  });

  test("of cache rows: a variable, and nothing else", () => {
    const rows = (i: ix.Ix) => told(() => casesOfRows(i, "a test"));
    expect(rows(v)).toBe("v by rows");
    expect([ix.shift(s, v, 1), ix.times(s, v, 2), ix.row(s, 0, 4), ix.constant(s, 3)].map(rows)).toEqual(
      Array(4).fill("cache row"),
    );
  });

  test("of tokens and of places: one value each", () => {
    expect(told(() => casesOfToken(w, "x"))).toBe("w: 1 2");
    expect(told(() => casesOfToken(ix.div(s, v, 2), "x"))).toBe("v: 1 2 3 4 5 6 7");
    expect(told(() => casesOfToken(ix.plus(s, v, w), "x"))).toBe("token row");
    expect(told(() => casesOfToken(ix.variable(s, "long", 257), "x"))).toBe("token row");
    expect(told(() => casesOfFirst(ix.plus(s, v, w), "a test"))).toBe("v: 1 2 3 4 5 6 7");
    expect(told(() => casesOfFirst(ix.rest(s, "u", 4), "a test"))).toBe("undecided");
  });
});

test("between two starts the index stays on its side of every threshold", () => {
  const expr = fc.record({
    size: fc.integer({ min: 2, max: 30 }),
    factor: fc.integer({ min: -4, max: 4 }).filter((k) => k !== 0),
    shift: fc.integer({ min: -6, max: 6 }),
    divisor: fc.integer({ min: 1, max: 5 }),
    remainder: fc.boolean(),
    thresholds: fc.array(fc.integer({ min: -10, max: 20 }), { minLength: 1, maxLength: 3 }),
  });
  const property = fc.property(expr, ({ size, factor, shift, divisor, remainder, thresholds }) => {
    const x = ix.shift(s, ix.times(s, ix.variable(s, "n", size), factor), shift);
    const i = remainder ? ix.mod(s, x, divisor) : ix.div(s, x, divisor);
    const side = (n: number) => thresholds.map((t) => Number(valueAt(i, { n }) >= t)).join("");
    const sides = Array.from({ length: size }, (_, n) => side(n));
    const changes = sides.flatMap((now, n) => (n > 0 && now !== sides[n - 1] ? [n] : []));
    const found = thrown(() => casesAt(i, thresholds, "a test"));
    const starts = isCases(found) && found.by === "starts" ? found.starts : [];
    // On a slope that is not bent, a start may stand for a threshold that is passed exactly there.
    expect(changes.filter((n) => !starts.includes(n))).toEqual([]);
    expect(starts.filter((n) => n <= 0 || n >= size)).toEqual([]);
  });
  fc.assert(property, { numRuns: 1000, seed: 4711 });
});
