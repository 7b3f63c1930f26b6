/** Constants that do not fit into one memory: the same bits, and sizes that are told before anything is allocated. */
import { describe, expect, test } from "vitest";
import { type Graph, graph } from "../../../src/dsl/graph.ts";
import { mul, opTable, reduce_sum, reshape } from "../../../src/dsl/ops/index.ts";
import { constant, input, type Tensor, weight } from "../../../src/dsl/tensor.ts";
import type { TensorType } from "../../../src/dsl/type.ts";
import type { WeightSource } from "../../../src/dsl/weight-source.ts";
import { arrayOf, type NDArray } from "../../../src/passes/interpret/array.ts";
import type { Precision } from "../../../src/passes/interpret/reading.ts";
import { toRaw } from "../../../src/passes/kernels/raw.ts";
import type { WeightFiles } from "../../../src/passes/run/layout.ts";
import { planOf } from "../../../src/passes/run/plan.ts";
import { memoryOf, prepare } from "../../../src/passes/run/run.ts";
import { awkward, expectSameBits, streamOf } from "../../support/kernels.ts";
import { randomFrom } from "../../support/ops/draw.ts";
import { exampleOf } from "../../support/ops/examples.ts";

const SIZE = 2 ** 13;
/** How many such weights, too many for that room. */
const COUNT = 4;
/** Room for the ballast of one step beside everything else that these graphs hold. */
const MOST = { fp16: 65536, fp64: 2 * 65536 } as const;

/** The graph beside sums over large weights, of which one step reads one. */
function loaded({ name, inputs, outputs }: Graph): Graph {
  const by = input("by", [1]);
  const sum = (n: number) => reduce_sum(mul(by, weight(`ballast ${n}`, [SIZE])), { axes: [0], keep_dims: true });
  const sums = Array.from({ length: COUNT }, (_, n) => [`sum${n}`, sum(n)] as const);
  // What is a constant, a view of one, and what is computed of one alone.
  const table = constant([1, -0, 65504], [3]);
  const held = { table: reshape(table, { shape: [3, 1] }), folded: mul(table, table) };
  return graph({ name, inputs: [...inputs, by], outputs: { ...outputs, ...Object.fromEntries(sums), ...held } });
}

const drawn = new Map<string, NDArray>();

/** The same for the same source and type: drawn once, since it is what takes the time here. */
function weightOf(source: WeightSource, type: TensorType): NDArray {
  const key = JSON.stringify([source, type]);
  const seed = source.from === "checkpoint" ? source.tensor.length + Number(source.tensor.at(-1)) : 0;
  const array = drawn.get(key) ?? awkward(type, randomFrom(seed));
  drawn.set(key, array);
  return array;
}

describe.each([...opTable.keys()])("%s", (name) => {
  test.each(["fp16", "fp64"] as const)(
    "with its constants outside gives the reference's bits in %s",
    async (precision) => {
      for (let seed = 1; seed <= 2; seed++) {
        const example = exampleOf(name, randomFrom(seed));
        const g = loaded(example.graph);
        expect(memoryOf([planOf(g, { precision })], { most: MOST[precision] }).outside).toBeGreaterThan(
          COUNT * 2 * SIZE,
        );
        const values = { ...example.inputs, by: arrayOf("fp16", [1], [0.5]) };
        await expectSameBits(g, { values, weight: weightOf }, { precision, most: MOST[precision], threads: seed });
      }
    },
  );

  test.each(["fp16", "fp64"] as const)(
    "with weights read when a step needs them gives the reference's bits in %s",
    async (precision) => {
      const example = exampleOf(name, randomFrom(1));
      const g = loaded(example.graph);
      const values = { ...example.inputs, by: arrayOf("fp16", [1], [0.5]) };
      const most = precision === "fp16" ? undefined : MOST.fp64;
      let reads = 0;
      const fromFile: WeightFiles = (source, type) => (bytes) => {
        reads++;
        const { data } = toRaw(weightOf(source, type));
        bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
      };
      await expectSameBits(g, { values, weight: weightOf }, { precision, most, fromFile });
      // Once to see whether they are finite, and once for the step.
      expect(reads).toBeGreaterThanOrEqual(2 * COUNT);
      expect(memoryOf([planOf(g, { precision })], { most, fromFile }).outside).toBeLessThan(2 * SIZE);
    },
  );
});

const sized = (rows: number, weights: number): Graph => {
  const x = input("x", [rows]);
  const sum = (n: number): Tensor => mul(x, weight(`w${n}`, [rows]));
  return graph({
    name: "g",
    inputs: [x],
    outputs: Object.fromEntries(Array.from({ length: weights }, (_, n) => [`y${n}`, sum(n)])),
  });
};

test.each(["fp16", "fp64"] as const)(
  "what is told is what is taken, whichever side of the limit, in %s",
  (precision: Precision) => {
    const plan = planOf(sized(65536, 6), { precision });
    const { machine, outside } = memoryOf([plan]);
    expect(outside).toBe(0);
    expect(memoryOf([plan], { most: machine })).toEqual({ machine, outside: 0 });
    const beyond = memoryOf([plan], { most: machine - 1 });
    expect(beyond.outside).toBe(6 * 131072);
    expect(beyond.machine).toBeLessThan(machine);
  },
);

test("more than 4 GiB of weights go outside, and a call that holds more than that is refused before anything is allocated", async () => {
  const many = planOf(sized(2 ** 24, 200));
  const { machine, outside } = memoryOf([many], {});
  expect(outside).toBe(200 * 2 ** 25);
  // 200 outputs and their input are alive at the end: 6.7 GB.
  expect(machine).toBeGreaterThan(2 ** 32);
  const never = streamOf(() => {
    throw new Error("no weight was expected");
  });
  await expect(prepare([many], never)).rejects.toThrow(
    /^what one call holds at one time, weights aside, takes 6\.8 GB, and a WebAssembly memory has 4\.3 GB at most$/,
  );
});
