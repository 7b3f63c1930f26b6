/** What the linter knows of constants: the ranges of what the reference interpreter makes of them, and what it says it does not know. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Graph, graph, schedule } from "../../../src/dsl/graph.ts";
import { fp16Value } from "../../../src/dsl/number.ts";
import { mapOperands } from "../../../src/dsl/operands.ts";
import * as o from "../../../src/dsl/ops/index.ts";
import { constantOf, input, type Tensor, weight } from "../../../src/dsl/tensor.ts";
import { sizeOf } from "../../../src/dsl/type.ts";
import { evaluateAll } from "../../../src/passes/interpret/evaluate.ts";
import { constantsOf, NO_CONTENTS } from "../../../src/passes/lint/constants.ts";
import { rangeOf, rangeOfElements, rangeOfStream } from "../../../src/passes/lint/range.ts";
import type { WeightStream } from "../../../src/passes/run/constants.ts";
import { namedContents } from "../../support/lint/contents.ts";
import { loose, of } from "../../support/ops/by-hand.ts";
import { type Example, exampleOf, randomFrom } from "../../support/ops/examples.ts";

/** The graph with its inputs made constants. */
function withoutInputs({ graph: g, inputs }: Example): Graph {
  const made = new Map<Tensor, Tensor>();
  for (const value of schedule(g)) {
    const { def, type } = value;
    if (def.kind === "input") made.set(value, constantOf(inputs[def.name]!.data, type));
    else if (def.kind !== "op") made.set(value, value);
    else made.set(value, { ...value, def: { ...def, operands: mapOperands(def.operands, (x) => made.get(x)!) } });
  }
  return graph({
    name: g.name,
    inputs: [],
    outputs: Object.fromEntries(Object.entries(g.outputs).map(([name, y]) => [name, made.get(y)!])),
  });
}

test.each([...o.opTable.keys()])(
  "%s of constants has the range that the reference interpreter gives it",
  async (name) => {
    await fc.assert(
      fc.asyncProperty(fc.nat(10_000), async (seed) => {
        const g = withoutInputs(exampleOf(name, randomFrom(seed)));
        const constants = await constantsOf(g);
        expect(constants.unseen).toEqual([]);
        for (const [value, { data }] of evaluateAll(g, { values: {} })) {
          expect(constants.has(value)).toBe(true);
          expect(constants.range(value)).toEqual(rangeOf(data));
        }
      }),
      { numRuns: 8 },
    );
  },
);

describe("the range of stored elements", () => {
  test("has 0 for zeros of either sign, in whichever order they come", () => {
    for (const zeros of [
      [-0, 0],
      [0, -0],
      [-0, -0],
    ]) {
      const halves = Uint16Array.from(zeros, (x) => (Object.is(x, -0) ? 0x8000 : 0));
      for (const found of [rangeOf(zeros), rangeOfElements("fp16", halves)])
        expect(found).toEqual({ min: 0, max: 0, nan: false });
    }
  });
  test("of fp16 bit patterns is that of their values, in whichever chunks they come", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(0xffff), { minLength: 1 }), fc.nat(20), async (bits, cut) => {
        const expected = rangeOf(bits.map(fp16Value));
        const stored = Uint16Array.from(bits);
        expect(rangeOfElements("fp16", stored)).toEqual(expected);
        // An odd offset, as a chunk of a file may have.
        const bytes = new Uint8Array(1 + stored.byteLength);
        bytes.set(new Uint8Array(stored.buffer), 1);
        const middle = 1 + 2 * Math.min(cut, bits.length);
        const chunks = async function* () {
          yield bytes.subarray(1, middle);
          yield bytes.subarray(middle);
        };
        expect(await rangeOfStream("fp16", chunks())).toEqual(expected);
      }),
    );
  });

  test.each([
    ["int8", [128, 255, 3], { min: -128, max: 3, nan: false }],
    ["uint8", [128, 255, 3], { min: 3, max: 255, nan: false }],
    ["fp32", [0, 0, 0x80, 0xff, 0, 0, 0xc0, 0x7f], { min: -Infinity, max: -Infinity, nan: true }],
    ["uint4", [0xff], undefined],
  ] as const)("of %s", async (dtype, bytes, expected) => {
    const chunks = async function* () {
      yield Uint8Array.from(bytes);
    };
    expect(await rangeOfStream(dtype, chunks())).toEqual(expected);
  });
});

describe("what is constant", () => {
  const x = input("x", [2]) as Tensor;
  const w = weight("all 3", [2]) as Tensor;

  test("no input and no state has a part in it", async () => {
    const [c, sum] = [of([1, 2]), o.add(w, of([1, 1]))];
    const y = o.add(x, o.add(sum, c));
    const constants = await constantsOf(graph({ name: "g", inputs: [x], outputs: { y } }), namedContents.stream);
    expect([c, w, sum, x, y].map((value) => constants.has(value))).toEqual([true, true, true, false, false]);
    expect([c, w, sum, x, y].map((value) => constants.range(value))).toEqual([
      { min: 1, max: 2, nan: false },
      { min: 3, max: 3, nan: false },
      { min: 4, max: 4, nan: false },
      undefined,
      undefined,
    ]);
  });

  test("without contents a weight is unseen, and so is all that is made of it", async () => {
    const [c, sum] = [o.exp(of([1, 2])), o.add(w, of([1, 1]))];
    const y = o.add(x, o.add(sum, c));
    const constants = await constantsOf(graph({ name: "g", inputs: [x], outputs: { y } }));
    expect(constants.unseen.map(({ why }) => why)).toEqual([NO_CONTENTS, NO_CONTENTS, NO_CONTENTS]);
    expect([w, sum].map((value) => [constants.has(value), constants.range(value)])).toEqual([
      [true, undefined],
      [true, undefined],
    ]);
    // What only such a value needs is known all the same.
    expect(constants.range(c)).toBeDefined();
  });

  /** Weights of zeros, in one chunk; of the huge ones only the first elements. */
  const zeros: WeightStream = async function* (_, { shape }) {
    yield new Uint8Array(Math.min(2 * sizeOf(shape), 2 ** 26));
  };

  test("what is large is computed by itself", async () => {
    const matrix = (n: number) => o.add(weight(`w${n}`, [4096, 4096]), n);
    const [a, b, c] = [matrix(1), matrix(2), o.exp(of([0]))] as [Tensor, Tensor, Tensor];
    const y = [a, b].reduce((sum, m) => o.add(sum, o.reduce_max(o.mul(m, o.slice_by_index(x, [0], [1])))), o.add(x, c));
    const constants = await constantsOf(graph({ name: "g", inputs: [x], outputs: { y } }), zeros);
    expect(constants.unseen).toEqual([]);
    expect([a, b, c].map((value) => constants.range(value)?.max)).toEqual([1, 2, 1]);
  });

  test("what takes more than a gibibyte is not, and that is said", async () => {
    const huge = o.exp(weight("w", [16384, 16384]));
    const y = o.add(x, o.reduce_max(o.mul(huge, o.slice_by_index(x, [0], [1]))));
    const constants = await constantsOf(graph({ name: "g", inputs: [x], outputs: { y } }), zeros);
    expect(constants.unseen).toEqual([{ value: huge, why: "whose computation takes more than 1 GiB" }]);
    expect(constants.range(huge)).toBe(undefined);
  });

  test("a gather outside its axis is an error of the graph", async () => {
    const far = o.add(of([1], [1], "int32"), of([7], [1], "int32"));
    const y = o.add(x, o.gather(of([1, 2]), loose<Tensor>(far)));
    const looking = constantsOf(graph({ name: "g", inputs: [x], outputs: { y } }));
    await expect(looking).rejects.toThrow("gather: position 8 is outside an axis of size 2");
  });
});

test("a weight that two graphs share is read once, and each is told its range", async () => {
  const made = (name: string, tensor: string) => {
    const x = input("x", [4]);
    return graph({ name, inputs: [x], outputs: { y: o.mul(x, weight(tensor, [4])) } });
  };
  let read = 0;
  const stream = async function* () {
    read++;
    yield new Uint8Array(Uint16Array.of(0x3c00, 0x4000, 0xc000, 0x3800).buffer);
  };
  const known = new Map();
  for (const [g, count] of [
    [made("block", "w"), 1],
    [made("step", "w"), 1],
    [made("other", "v"), 2],
  ] as const) {
    const constants = await constantsOf(g, stream, known);
    const value = schedule(g).find(({ def }) => def.kind === "weight")!;
    expect(constants.range(value)).toEqual({ min: -2, max: 2, nan: false });
    expect(read).toBe(count);
  }
});
