/** MIL records as text: everything that a program can hold, in one order. */
import { expect, test } from "vitest";
import type { MilModel, MilOperation, MilTensorType } from "../../../src/emit/mil/records.ts";
import { printMil } from "../../../src/emit/mil/text.ts";

const tensor = (dtype: MilTensorType["dtype"], ...shape: MilTensorType["shape"]): MilTensorType => ({
  kind: "tensor",
  dtype,
  shape,
});

const op = (type: string, name: string, inputs: MilOperation["inputs"], result: MilTensorType): MilOperation => ({
  type,
  name,
  inputs,
  outputs: [{ name, type: result }],
  blocks: [],
});

const constant = (name: string, type: MilTensorType, data: readonly number[]): MilOperation => ({
  ...op("const", name, {}, type),
  value: { type, data },
});

const flexible = tensor("fp16", 1, undefined);

const model: MilModel = {
  specificationVersion: 9,
  functions: [
    {
      name: "t1",
      opset: "CoreML8",
      inputs: [{ name: "x", type: tensor("fp16", 1, 2) }],
      operations: [],
      outputs: ["x"],
    },
    {
      name: "t4",
      opset: "CoreML8",
      inputs: [
        { name: "x", type: flexible },
        { name: "k", type: { kind: "state", tensor: tensor("fp16", 1, 4) } },
      ],
      operations: [
        constant("axis", tensor("int32"), [1]),
        constant("one", tensor("fp16"), [1]),
        constant("long", tensor("fp16", 1, 9), [1, 2, 3, 4, 5, 6, 7, 8, 9]),
        constant("kept", tensor("bool", 2), [1, 0]),
        {
          ...op("const", "w", {}, tensor("int8", 1, 64)),
          value: { type: tensor("int8", 1, 64), blob: { fileName: "@model_path/weights/weight.bin", offset: 64 } },
        },
        op("softmax", "s", { axis: [{ name: "axis" }], x: [{ name: "x" }] }, flexible),
        op("concat", "c", { axis: [{ name: "axis" }], values: [{ name: "s" }, { name: "long" }] }, flexible),
        {
          ...op("cond", "d", { pred: [{ name: "kept" }] }, flexible),
          blocks: [
            {
              inputs: [],
              operations: [op("add", "e", { y: [{ name: "one" }], x: [{ name: "c" }] }, flexible)],
              outputs: ["e"],
            },
            { inputs: [], operations: [], outputs: ["c"] },
          ],
        },
        { ...op("write_state", "u", { data: [{ name: "d" }], input: [{ name: "k" }] }, flexible), outputs: [] },
        op(
          "constexpr_lut_to_dense",
          "l",
          {
            indices: [{ value: { type: tensor("uint1", 1, 2), data: [0, 1] } }],
            lut: [{ name: "w" }],
          },
          flexible,
        ),
      ],
      outputs: ["d", "kept"],
    },
  ],
  interfaces: {
    t1: { inputs: [], outputs: [], states: [] },
    t4: {
      inputs: [{ name: "x", dtype: "fp16", shape: [1, 4], range: [[1, 1], [1, Number.POSITIVE_INFINITY]] }], // biome-ignore format: pairs
      outputs: [{ name: "d", dtype: "fp16" }],
      states: [],
    },
  },
  defaultFunction: "t4",
  metadata: { author: 'a "b"' },
};

test("functions, states, flexible sizes, nested blocks, literals and blobs", () => {
  expect(printMil(model, { hashOf: ({ offset }) => `h${offset}` })).toMatchInlineSnapshot(`
    "specification version 9
    default function t4
    author = "a \\"b\\""

    func t1<CoreML8>(
      x: fp16[1,2],
    ) -> (x) {
    }

    // x: fp16[1,4], sizes [1,1..]
    func t4<CoreML8>(
      x: fp16[1,?],
      k: state<fp16[1,4]>,
    ) -> (d, kept) {
      long: fp16[1,9] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, … 9 in all]
      kept: bool[2] = [true, false]
      w: int8[1,64] = @ weight.bin:64 sha256 h64
      s: fp16[1,?] = softmax(x = x, axis = 1)
      c: fp16[1,?] = concat(values = (s, long), axis = 1)
      d: fp16[1,?] = cond(pred = kept)
      {
        e: fp16[1,?] = add(x = c, y = 1.0)
      } -> (e)
      {
      } -> (c)
      write_state(input = k, data = d)
      l: fp16[1,?] = constexpr_lut_to_dense(indices = uint1[1,2] [0, 1], lut = w)
    }
    "
  `);
});

test("the same program reads the same in whatever order a file has the parameters", () => {
  const [x, y] = [[{ name: "x" }], [{ name: "y" }]];
  const textOf = (inputs: MilOperation["inputs"]) =>
    printMil({
      ...model,
      functions: [{ ...model.functions[0]!, operations: [op("add", "z", inputs, flexible)] }],
    });
  expect(textOf({ x, y })).toBe(textOf({ y, x }));
});

test("what the description says beyond types, and what wrote the program", () => {
  const t1 = {
    inputs: [
      { name: "x", dtype: "fp16", shape: [1, 2], optional: true, default: { kind: "float", value: -1 } },
      { name: "z", dtype: "fp16", shape: [1, 2], optional: true },
      { name: "w", dtype: "fp16", shape: [1, 2], default: { kind: "int", value: 2 } },
    ],
    outputs: [],
    states: [],
  } as const;
  const text = printMil({ ...model, interfaces: { t1 }, buildInfo: { tool: "1" }, updatable: true });
  expect(text).toContain('author = "a \\"b\\""\nbuildInfo.tool = "1"\nupdatable\n');
  expect(text).toContain("// x is optional (-1 when left out)\n// z is optional\n// w (2 when left out)\nfunc t1");
});

test("a name with a line break or an escape stays on its line", () => {
  const name = "a\n// forged\u001b[2K\u009b";
  const text = printMil({ ...model, functions: [{ ...model.functions[0]!, name }], metadata: { [name]: "b" } });
  expect(text).toContain("func a\\u000a// forged\\u001b[2K\\u009b<CoreML8>(");
  expect(text).not.toMatch(/^\/\/ forged/m);
});
