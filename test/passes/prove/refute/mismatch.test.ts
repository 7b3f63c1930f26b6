/** The first place at which a run of the block and runs of the step differ, in bits or beyond noise. */
import { expect, test } from "vitest";
import { graph } from "../../../../src/dsl/graph.ts";
import { input, state, type Tensor } from "../../../../src/dsl/tensor.ts";
import { type Shape, sizeOf } from "../../../../src/dsl/type.ts";
import { provenPair } from "../../../../src/passes/prove/program/pair.ts";
import { eachIndex, flatten, mismatch } from "../../../../src/passes/prove/refute/mismatch.ts";

const NONE = Number.NaN;
/** Rows of y [3, T, 2] with T = 2 and of z [T]; a state s of two numbers. */
const size = (tokens: number) => {
  const [y, z] = [input("y", [3, tokens, 2]), input("z", [tokens, 4])];
  const s = state("s", [1, 2]);
  return graph({ name: "g", inputs: [y, z], states: [[s, s]], outputs: { y, z } as Record<string, Tensor> });
};
const PAIR = provenPair(size(2), size(1));

const array = (shape: Shape, element: (k: number) => number) => ({
  dtype: "fp16" as const,
  shape,
  data: Float64Array.from({ length: sizeOf(shape) }, (_, k) => element(k)),
});

/** Equal runs: element (i, t, j) of y is 100i + 10t + j. `off` adds to the block's at a place of y, z or s. */
function runs(off: Readonly<Record<string, number>> = {}, earlier = 0) {
  const at = (name: string, k: number) => off[`${name} ${k}`] ?? 0;
  return {
    block: {
      outputs: {
        y: array([3, 2, 2], (k) => 100 * Math.floor(k / 4) + 10 * (Math.floor(k / 2) % 2) + (k % 2) + at("y", k)),
        z: array([2, 4], (k) => 7 * Math.floor(k / 4) + (k % 4) + at("z", k)),
      },
      states: { s: array([1, 2], (k) => k + at("s", k)) },
    },
    steps: [0, 1].map((t) => ({
      outputs: {
        y: array([3, 1, 2], (k) => 100 * Math.floor(k / 2) + 10 * t + (k % 2)),
        z: array([1, 4], (k) => 7 * t + k),
      },
      states: { s: array([1, 2], (k) => k + (t === 0 ? earlier : 0)) },
    })),
  };
}

test.each<readonly [string, ReturnType<typeof runs>, object | undefined]>([
  ["none where every row is the step's own", runs(), undefined],
  ["a state counts as the last step left it", runs({}, 5), undefined],
  ["an element of a row", runs({ "y 7": 2 }), { name: "y", token: 1, index: [1, 1, 1], block: 113, step: 111 }],
  ["the first of several", runs({ "y 1": 1, "y 2": 1 }), { name: "y", token: 0, index: [0, 0, 1], block: 2, step: 1 }],
  ["of another output", runs({ "z 6": -1, "s 0": 1 }), { name: "z", token: 1, index: [1, 2], block: 8, step: 9 }],
  ["an element of a state has no token", runs({ "s 1": 0.5 }), { name: "s", index: [0, 1], block: 1.5, step: 1 }],
  ["nothing is told where a row is not finite", runs({ "y 1": 1, "y 11": NONE }), undefined],
  ["nor where a state is not", runs({ "y 1": 1, "s 1": Number.POSITIVE_INFINITY }), undefined],
])("%s", (_, run, found) => {
  for (const precision of ["fp16", "fp64"] as const) expect(mismatch(PAIR, run, precision)).toStrictEqual(found);
});

test("a step that is not finite tells nothing either", () => {
  const run = runs({ "y 1": 1 });
  run.steps[1]!.states.s.data[0] = NONE;
  expect(mismatch(PAIR, run, "fp16")).toBe(undefined);
});

test("of one token every output is a row as a whole", () => {
  const pair = provenPair(size(1), size(1));
  const { steps } = runs();
  const off = { ...steps[1]!, outputs: { ...steps[1]!.outputs, z: array([1, 4], (k) => 7 + k + (k === 2 ? 1 : 0)) } };
  expect(mismatch(pair, { block: steps[1]!, steps: [steps[1]!] }, "fp16")).toBe(undefined);
  expect(mismatch(pair, { block: off, steps: [steps[1]!] }, "fp16")).toEqual({
    name: "z",
    token: 0,
    index: [0, 2],
    block: 10,
    step: 9,
  });
});

test("in fp64 what reordering makes is noise, relative to a large number; in fp16 nothing is", () => {
  const at = (off: number, precision: "fp16" | "fp64", noise?: number) =>
    mismatch(PAIR, runs({ "y 11": off }), precision, noise) !== undefined;
  expect([at(2.1e-7, "fp64"), at(-2.1e-7, "fp64"), at(2.14e-7, "fp64"), at(-2.14e-7, "fp64")]).toEqual([
    false,
    false,
    true,
    true,
  ]);
  expect([at(1e-12, "fp16"), at(0, "fp16"), at(-1e-12, "fp16")]).toEqual([true, false, true]);
  expect([at(1, "fp64", 1e-2), at(3, "fp64", 1e-2)]).toEqual([false, true]);
  const zero = (off: number) => mismatch(PAIR, runs({ "y 0": off }), "fp64") !== undefined;
  expect([zero(0.9e-9), zero(1.1e-9)]).toEqual([false, true]);
  // Exactly as far as noise reaches is noise.
  const exact = (off: number) => mismatch(PAIR, runs({ "y 0": off }), "fp64", 0.5) !== undefined;
  expect([exact(0.5), exact(0.51)]).toEqual([false, true]);
});

test.each<readonly [Shape, string]>([
  [[], ""],
  [[3], "0 1 2"],
  [[2, 3], "0,0 0,1 0,2 1,0 1,1 1,2"],
  [[2, 1, 2], "0,0,0 0,0,1 1,0,0 1,0,1"],
  [[2, 0], ""],
])("the indices of %j, in order, each at its place", (shape, told) => {
  const seen: string[] = [];
  const places: number[] = [];
  const all = eachIndex(shape, (index, flat) => {
    seen.push(index.join());
    places.push(flat);
    expect(flatten(index, shape)).toBe(flat);
    return true;
  });
  expect([all, seen.join(" ")]).toEqual([true, told]);
  expect(places).toEqual(seen.map((_, k) => k));
});

test("the walk ends where it is told to", () => {
  let seen = 0;
  const upTo3 = (_: unknown, flat: number) => {
    seen++;
    return flat < 3;
  };
  expect(eachIndex([2, 3], upTo3)).toBe(false);
  expect(seen).toBe(4);
});
