/** Slices of computed bounds: read where their sizes follow from how the bounds are computed, and refused anywhere else. */
import { describe, expect, test } from "vitest";
import type { MilOperation } from "../../../src/emit/mil/records.ts";
import { lift } from "../../../src/emit/read/lift/lift.ts";
import { arrayOf } from "../../../src/passes/interpret/array.ts";
import { evaluate } from "../../../src/passes/interpret/evaluate.ts";
import { constOperation, literal, noBlobs, operation, program, tensorType } from "../../support/read.ts";

const ROWS = 7;
const WIDTH = 3;
const SCALAR = tensorType("int32");
const PAIR = tensorType("int32", 2);
const inputs = [
  { name: "x", type: tensorType("fp16", ROWS, WIDTH) },
  { name: "p", type: SCALAR },
  { name: "q", type: SCALAR },
];
const DATA = Float64Array.from({ length: ROWS * WIDTH }, (_, k) => k);

const int = (n: number) => literal(SCALAR, n);
const flags = (...of: readonly boolean[]) => literal(tensorType("bool", of.length), ...of.map(Number));
const joined = (name: string, ...values: readonly string[]) =>
  operation("concat", name, tensorType("int32", values.length), { values, axis: int(0) });
const shifted = (name: string, of: string, by: number, op = "add") =>
  operation(op, name, SCALAR, { x: of, y: int(by) });
const zero = constOperation("zero", int(0));
const width = constOperation("width", int(WIDTH));
const two = constOperation("two", int(2));
const vectors = [["zeros", 0] as const, ["widths", WIDTH] as const].map(([name, n]) =>
  constOperation(name, literal(tensorType("int32", 1), n)),
);

interface Spelling {
  readonly before: readonly MilOperation[];
  readonly masks?: Readonly<Record<string, ReturnType<typeof literal>>>;
}

/** x[begin : end] of a program, with p = at. */
function sliced({ before, masks = {} }: Spelling, at: number, rank = 2) {
  const y = operation("slice_by_index", "y", tensorType("fp16", ...new Array<undefined>(rank)), {
    x: "x",
    begin: "from",
    end: "to",
    ...masks,
  });
  const graph = lift(program([zero, width, two, ...vectors, ...before, y], { inputs }), noBlobs);
  const values = {
    x: arrayOf("fp16", [ROWS, WIDTH], DATA),
    p: arrayOf("int32", [], [at]),
    q: arrayOf("int32", [], [at]),
  };
  return evaluate(graph, { values }).outputs.y!;
}

const usual = [joined("from", "p", "zero"), joined("to", "end", "width")];
const toEdge = { end_mask: flags(false, true) };

describe("a slice of three rows from a position on", () => {
  const spellings: readonly (readonly [string, Spelling])[] = [
    ["the end is the position and three", { before: [shifted("end", "p", 3), ...usual] }],
    ["three and the position", { before: [operation("add", "end", SCALAR, { x: int(3), y: "p" }), ...usual] }],
    ["in two sums", { before: [shifted("more", "p", 5), shifted("end", "more", 2, "sub"), ...usual] }],
    [
      "an axis to its edge",
      { before: [shifted("end", "p", 3), joined("from", "p", "zero"), joined("to", "end", "zero")], masks: toEdge },
    ],
    [
      "added as vectors",
      {
        before: [joined("from", "p", "zero"), operation("add", "to", PAIR, { x: "from", y: literal(PAIR, 3, WIDTH) })],
      },
    ],
    [
      "by way of a vector of one",
      {
        before: [
          operation("expand_dims", "wide", tensorType("int32", 1), {
            x: "p",
            axes: literal(tensorType("int32", 1), 0),
          }),
          operation("add", "end", tensorType("int32", 1), { x: "wide", y: int(3) }),
          joined("from", "wide", "zeros"),
          joined("to", "end", "widths"),
        ],
      },
    ],
  ];

  test.each(spellings)("%s", (_, { before, masks }) => {
    for (let at = 0; at + 3 <= ROWS; at++) {
      const { shape, data } = sliced({ before, ...(masks ? { masks } : {}) }, at);
      expect(shape).toEqual([3, WIDTH]);
      expect([...data]).toEqual([...DATA.slice(at * WIDTH, (at + 3) * WIDTH)]);
    }
    expect(() => sliced({ before, ...(masks ? { masks } : {}) }, ROWS - 2)).toThrow("outside");
  });

  test("and of the columns that the file names, the other axis", () => {
    const { shape, data } = sliced(
      { before: [shifted("end", "p", 2), joined("from", "p", "two"), joined("to", "end", "width")] },
      4,
    );
    expect(shape).toEqual([2, 1]);
    expect([...data]).toEqual([14, 17]);
  });

  test("and of one column, whose axis is dropped", () => {
    const masks = { squeeze_mask: flags(false, true) };
    const { shape, data } = sliced(
      { before: [shifted("end", "p", 2), joined("from", "p", "two"), joined("to", "end", "zero")], masks },
      4,
      1,
    );
    expect(shape).toEqual([2]);
    expect([...data]).toEqual([14, 17]);
  });

  test("and of one row, whose axis is dropped, beside an axis that is cut", () => {
    const masks = { squeeze_mask: flags(true, false), end_mask: flags(false, true) };
    const before = [shifted("end", "p", 1), joined("from", "p", "two"), joined("to", "end", "zero")];
    expect([...sliced({ before, masks }, 4, 1).data]).toEqual([14]);
  });
});

describe("is refused, since its size is not certain:", () => {
  test.each<readonly [string, Spelling]>([
    ["an end at another position", { before: [shifted("end", "q", 3), ...usual] }],
    ["a product", { before: [shifted("end", "p", 2, "mul"), ...usual] }],
    ["a number less the position", { before: [operation("sub", "end", SCALAR, { x: int(3), y: "p" }), ...usual] }],
    ["no rows", { before: [shifted("end", "p", 0), ...usual] }],
    ["an end before the beginning", { before: [shifted("end", "p", -1), ...usual] }],
    ["more rows than there are", { before: [shifted("end", "p", ROWS + 1), ...usual] }],
    ["a stride", { before: [shifted("end", "p", 4), ...usual], masks: { stride: literal(PAIR, 2, 1) } }],
    ["to the edge of the axis", { before: [shifted("end", "p", 3), ...usual], masks: { end_mask: flags(true, true) } }],
    [
      "from the edge of the axis",
      { before: [shifted("end", "p", 3), ...usual], masks: { begin_mask: flags(true, false) } },
    ],
    [
      "the axes exchanged",
      { before: [shifted("end", "p", 3), joined("from", "p", "zero"), joined("to", "width", "end")] },
    ],
  ])("%s", (_, spelling) => {
    expect(() => sliced(spelling, 0)).toThrow(/depends on run-time values|holds no element/);
  });
});
