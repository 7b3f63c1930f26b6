/** Flexible sizes: how a package that leaves sizes open becomes a graph, which does not. */
import { expect, test } from "vitest";
import type { Graph } from "../../../src/dsl/graph.ts";
import { show } from "../../../src/dsl/type.ts";
import type { MilDim, MilFeature, MilModel } from "../../../src/emit/mil/records.ts";
import { lift } from "../../../src/emit/read/lift/lift.ts";
import { noBlobs, operation, program, tensorType } from "../../support/read.ts";

const half = (...shape: readonly MilDim[]) => tensorType("fp16", ...shape);

/** exp of x[1,8,T,1], and a mask [T,S] with a size of its own. */
function flexible(x: Partial<MilFeature>, mask: Partial<MilFeature>): MilModel {
  const open = half(1, 8, undefined, 1);
  const features: readonly MilFeature[] = [
    { name: "x", dtype: "fp16", shape: [1, 8, 4, 1], ...x },
    { name: "mask", dtype: "fp16", shape: [4, 16], ...mask },
  ];
  const inputs = [
    { name: "x", type: open },
    { name: "mask", type: half(undefined, undefined) },
  ];
  const operations = [operation("exp", "y", open, { x: "x" })];
  return program(operations, { inputs }, { main: { inputs: features, outputs: [], states: [] } });
}

const ranges = flexible(
  {
    range: [
      [1, 1],
      [8, 8],
      [1, 4],
      [1, 1],
    ],
  },
  {
    range: [
      [1, 4],
      [1, 64],
    ],
  },
);
const shapes = (g: Graph) => g.inputs.map(({ type }) => show(type)).join(" ");

test("open sizes have their default", () => {
  expect(shapes(lift(ranges, noBlobs))).toBe("fp16[1,8,4,1] fp16[4,16]");
});

test("tokens sets every axis that may have the sizes of the first open one", () => {
  const g = lift(ranges, noBlobs, { tokens: 2 });
  expect(shapes(g)).toBe("fp16[1,8,2,1] fp16[2,16]");
  expect(show(g.outputs.y!.type)).toBe("fp16[1,8,2,1]");
});

test("dims gives whole shapes", () => {
  const g = lift(ranges, noBlobs, { tokens: 2, dims: { mask: [3, 64] } });
  expect(shapes(g)).toBe("fp16[1,8,2,1] fp16[3,64]");
});

const enumerated = flexible(
  { enumerated: [4, 1, 2].map((n) => [1, 8, n, 1]) },
  {
    enumerated: [
      [4, 16],
      [1, 16],
      [2, 32],
    ],
  },
);

test("enumerated shapes", () => {
  expect(shapes(lift(enumerated, noBlobs))).toBe("fp16[1,8,4,1] fp16[4,16]");
  expect(shapes(lift(enumerated, noBlobs, { tokens: 1 }))).toBe("fp16[1,8,1,1] fp16[1,16]");
  expect(() => lift(enumerated, noBlobs, { tokens: 2 })).toThrow(
    'input "mask" cannot be [2,16]: it is not among its 3 enumerated shapes',
  );
});

const sizes = [
  [{ tokens: 5 }, '5 tokens: axis 2 of input "x" is 4 of 1..4'],
  [{ dims: { z: [1] } }, 'dims names "z", which is no input of "main"'],
  [{ dims: { x: [1, 7, 4, 1] } }, 'input "x" cannot be [1,7,4,1]: it is [1,8,?,1]'],
  [{ dims: { mask: [4, 65] } }, 'input "mask" cannot be [4,65]: axis 1 is 16 of 1..64'],
] as const;

test.each(sizes)("sizes that are not allowed: %j", (options, complaint) => {
  expect(() => lift(ranges, noBlobs, options)).toThrow(complaint);
});

test("an open size that nothing bounds", () => {
  expect(() => lift({ ...ranges, interfaces: {} }, noBlobs)).toThrow(
    'input "x" has an open size in axis 2, and the description does not bound it',
  );
});
