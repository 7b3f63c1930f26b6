/** Clamps: they clip at what was asked for, take nothing from inputs that stay inside, and come out of a graph again only as they are on record. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Graph, graph, schedule } from "../../../../src/dsl/graph.ts";
import { fp16Bits, fp16Value } from "../../../../src/dsl/number.ts";
import * as o from "../../../../src/dsl/ops/index.ts";
import { input, named } from "../../../../src/dsl/tensor.ts";
import { arrayOf } from "../../../../src/passes/interpret/array.ts";
import { evaluate } from "../../../../src/passes/interpret/evaluate.ts";
import { type Clamp, clamped, clampFor, withoutClamps } from "../../../../src/passes/ranges/held/clamps.ts";
import { hold } from "../../../../src/passes/ranges/held/hold.ts";

/** tanh(2x) beside 2x itself: y is a result, and what tanh is of. */
function doubled(): Graph {
  const x = input("x", [4]);
  const y = named("y", o.mul(x, 2));
  return graph({ name: "g", inputs: [x], states: [], outputs: { y, z: o.tanh(y) } });
}
const PLACE = schedule(doubled()).findIndex(({ name }) => name === "y");
const clampOf = (most: number, results = false): Clamp => ({ place: PLACE, most, results });
const resultsOf = (made: Graph, x: readonly number[]) => {
  const given = { values: { x: arrayOf("fp16", [4], Float64Array.from(x)) }, weight: undefined as never };
  const { outputs } = evaluate(made, given, { precision: "fp64" });
  return Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, [...data]]));
};

describe("a clamp", () => {
  test("clips what is made of a value, and results where these are asked for", () => {
    const x = [0.5, -0.5, 3, -4];
    const inner = resultsOf(clamped(doubled(), [clampOf(2)]).graph, x);
    expect(inner).toEqual({ y: [1, -1, 6, -8], z: [1, -1, 2, -2].map(Math.tanh) });
    const outer = resultsOf(clamped(doubled(), [clampOf(2, true)]).graph, x);
    expect(outer).toEqual({ y: [1, -1, 2, -2], z: [1, -1, 2, -2].map(Math.tanh) });
  });
  test("changes nothing where no value leaves it", () => {
    const within = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 4, maxLength: 4 });
    const made = clamped(doubled(), [clampOf(2, true)]).graph;
    fc.assert(
      fc.property(within, (x) => {
        expect(resultsOf(made, x)).toEqual(resultsOf(doubled(), x));
      }),
    );
  });
  test("has the place of what it clips, and a name of its own", () => {
    const taken = clamped({ ...doubled(), outputs: { clamp: named("clamp_0", o.tanh(input("x", [4]))) } }, [
      { place: 1, most: 2, results: true },
    ]);
    expect(taken.clips.map(({ name }) => name)).toEqual(["clamp_1"]);
    const { graph: made, places, clips } = clamped(doubled(), [clampOf(2)]);
    const values = schedule(made);
    expect(places[values.indexOf(clips[0]!)]).toBe(PLACE);
    expect(places.filter((place) => place === PLACE)).toHaveLength(2);
    expect(values.filter((_, k) => places[k] === PLACE).map(({ def }) => def.kind === "op" && def.op)).toEqual([
      "mul",
      "clip",
    ]);
  });
});

describe("taken out again", () => {
  const made = clamped(doubled(), [clampOf(2, true)]).graph;
  const record = { name: "clamp_0", most: 2, exponent: 0 };
  test("leaves the graph as it was, beyond the clamp too", () => {
    expect(resultsOf(withoutClamps(made, [record]), [3, -4, 1, 9])).toEqual(resultsOf(doubled(), [3, -4, 1, 9]));
  });
  test.each([
    ["that clips elsewhere", made, { ...record, most: 4 }, "clamp_0 clips at -2 and 2, not at ±4"],
    ["that clips on one side alone", oneSided(), record, "clamp_0 clips at -3 and 2, not at ±2"],
    ["that is not there", doubled(), record, "the graph has no clip clamp_0"],
    ["that is held elsewhere", made, { ...record, exponent: 1 }, "the graph has no clip clamp_0_held"],
  ])("not one %s", (_, from, other, why) => {
    expect(() => withoutClamps(from, [other])).toThrow(why);
  });
  test("of a graph that is held, by the power that it is held at", () => {
    const needs = schedule(made).map(({ name }) => ({ number: name === "y" ? 3 : 0, sum: 0 }));
    const held = hold(made, needs);
    if (held.kind !== "held") throw new Error(held.why);
    expect([...held.exponents.values()]).toEqual([3, 3]);
    const ends = schedule(held.graph).flatMap(({ def }) => (def.kind === "op" && def.op === "clip" ? [def.attrs] : []));
    expect(ends).toEqual([{ alpha: -0.25, beta: 0.25 }]);
    const x = [3, -4, 1, 0.25];
    expect(resultsOf(held.graph, x)).toEqual(resultsOf(made, x));
    const free = withoutClamps(held.graph, [{ ...record, exponent: 3 }]);
    expect(resultsOf(free, x)).toEqual(resultsOf(doubled(), x));
  });
});

function oneSided(): Graph {
  const x = input("x", [4]);
  return graph({
    name: "g",
    inputs: [x],
    states: [],
    outputs: { y: named("clamp_0", o.clip(x, { alpha: -3, beta: 2 })) },
  });
}

test("a clip whose ends fp16 has not got at the power of two is not held", () => {
  const x = input("x", [4]);
  const made = graph({ name: "g", inputs: [x], states: [], outputs: { y: o.clip(x, { alpha: -1, beta: 2 ** -24 }) } });
  const found = hold(made, [
    { number: 0, sum: 0 },
    { number: 1, sum: 0 },
  ]);
  expect(found).toMatchObject({ kind: "unheld", why: expect.stringContaining("fp16 has not got these") });
});

test("a clamp is the least number of fp16 that is no less than the margin times what was reached", () => {
  fc.assert(
    fc.property(
      fc.double({ min: 2 ** -20, max: 5000, noNaN: true }),
      fc.double({ min: 1, max: 8, noNaN: true }),
      (reached, margin) => {
        const own = clampFor(reached, margin);
        expect(own).toBe(fp16Value(fp16Bits(own)));
        expect(own).toBeGreaterThanOrEqual(reached * margin);
        expect(fp16Value(fp16Bits(own) - 1)).toBeLessThan(reached * margin);
      },
    ),
  );
  expect(clampFor(65000, 4)).toBe(Number.POSITIVE_INFINITY);
});
