/** Tensors that are read as one matrix: the elements of each, one below the other, in whichever rows; and what does not fit. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { graph, schedule } from "../../src/dsl/graph.ts";
import { add, conv } from "../../src/dsl/ops/index.ts";
import { input, joinedWeight, type Tensor } from "../../src/dsl/tensor.ts";
import { type Shape, sizeOf } from "../../src/dsl/type.ts";
import { type Joined, sourceName } from "../../src/dsl/weight-source.ts";
import { weightPlace } from "../../src/passes/prove/reading/leaves.ts";
import { checkWeights } from "../../src/weights/check-weights.ts";
import type { SourceDType } from "../../src/weights/convert/convert.ts";
import type { ReadableTensor } from "../../src/weights/convert/rectangle.ts";
import { fp16Store } from "../../src/weights/fp16-store.ts";
import { generatedStore, storedShapes } from "../../src/weights/generated.ts";

/** A tensor whose elements count on from `begin`, as F16. */
function counting(name: string, shape: Shape, begin: number, dtype: SourceDType = "F16"): ReadableTensor {
  const bytes = new Uint8Array(Uint16Array.from({ length: sizeOf(shape) }, (_, i) => begin + i).buffer);
  const read = async (target: Uint8Array, offset: number) => target.set(bytes.subarray(offset, offset + target.length));
  return { name, where: "here", dtype, shape, read };
}

const storeOf = (tensors: readonly ReadableTensor[]) =>
  fp16Store((name) => tensors.find((tensor) => tensor.name === name)!);

const sourceOf = ({ def }: Tensor) =>
  def.kind === "weight" && def.source.from === "checkpoint" ? def.source : expect.unreachable();

async function elements(store: ReturnType<typeof storeOf>, weight: Tensor): Promise<readonly number[]> {
  const found: number[] = [];
  for await (const chunk of store.stream(sourceOf(weight), weight.type))
    found.push(...new Uint16Array(chunk.slice().buffer));
  return found;
}

const QKV: Joined = [
  { tensor: "q", rows: 4 },
  { tensor: "k", rows: 2 },
  { tensor: "v", rows: 2 },
];
const [Q, K, V] = [counting("q", [4, 3], 0), counting("k", [2, 3], 12), counting("v", [2, 3], 18)];

test("any rows of joined tensors are theirs", async () => {
  const heights = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 });
  const property = fc.asyncProperty(
    heights,
    fc.integer({ min: 1, max: 4 }),
    fc.nat(),
    fc.nat(),
    async (rows, width, a, b) => {
      const begins = rows.map((_, i) => rows.slice(0, i).reduce((sum, n) => sum + n, 0));
      const total = begins.at(-1)! + rows.at(-1)!;
      const [begin, end] = [a % total, (a % total) + 1 + (b % (total - (a % total)))];
      const tensors = rows.map((n, i) => counting(`t${i}`, [n, width], begins[i]! * width));
      const joined = rows.map((n, i) => ({ tensor: `t${i}`, rows: n }));
      const weight = joinedWeight(joined, [end - begin, width, 1, 1], [begin, end]);
      const expected = Array.from({ length: (end - begin) * width }, (_, i) => begin * width + i);
      expect(await elements(storeOf(tensors), weight)).toEqual(expected);
      const names = joined
        .filter((_, i) => begins[i]! < end && begins[i]! + rows[i]! > begin)
        .map(({ tensor }) => tensor);
      expect(sourceName(sourceOf(weight))).toBe(names.join(" + "));
    },
  );
  await fc.assert(property, { numRuns: 100 });
});

test("joined vectors, whole", async () => {
  const joined = [
    { tensor: "a", rows: 2 },
    { tensor: "b", rows: 3 },
  ];
  const store = storeOf([counting("a", [2], 0), counting("b", [3], 2)]);
  expect(await elements(store, joinedWeight(joined, [5]))).toEqual([0, 1, 2, 3, 4]);
  expect(await elements(store, joinedWeight(joined, [1, 2, 1, 1], [1, 3]))).toEqual([1, 2]);
});

test("tensors that do not fit each other", async () => {
  const weight = joinedWeight(QKV, [8, 3]);
  const refusal = (tensors: readonly ReadableTensor[]) => expect(elements(storeOf(tensors), weight)).rejects;
  await refusal([Q, counting("k", [3, 3], 0), V]).toThrow(
    'here: tensor "k" is F16 [3,3], and the graph takes 2 rows of it',
  );
  const beside = (found: string) => `here: tensor "k" is ${found}, which does not stand below tensor "q", F16 [4,3]`;
  await refusal([Q, counting("k", [2, 4], 0), V]).toThrow(beside("F16 [2,4]"));
  await refusal([Q, counting("k", [2, 3], 0, "BF16"), V]).toThrow(beside("BF16 [2,3]"));
});

test("headers are held against every joined tensor", () => {
  const check = (tensors: readonly ReadableTensor[]) =>
    checkWeights([joinedWeight(QKV, [8, 3])], new Map(tensors.map((tensor) => [tensor.name, tensor])), "folder");
  expect(() => check([Q, K, V])).not.toThrow();
  expect(() => check([Q, V])).toThrow('folder: tensor "k" is missing');
  expect(() => check([Q, counting("k", [3, 3], 0), V])).toThrow('tensor "k" is F16 [3,3]');
});

test("generated tensors are the same, whichever rows a graph reads", async () => {
  const shapesOf = (...weights: readonly Tensor[]) => storedShapes(weights);
  const whole = shapesOf(joinedWeight(QKV, [8, 3, 1, 1]));
  expect([...whole]).toEqual([
    ["q", [4, 3]],
    ["k", [2, 3]],
    ["v", [2, 3]],
  ]);
  expect(shapesOf(joinedWeight(QKV, [2, 3], [4, 6]))).toEqual(whole);
  const store = generatedStore(whole, 7);
  const rows = await elements(store, joinedWeight(QKV, [3, 3], [3, 6]));
  expect((await elements(store, joinedWeight(QKV, [8, 3]))).slice(9, 18)).toEqual(rows);
  const biases = joinedWeight([{ tensor: "b", rows: 3 }], [1, 3, 1, 1]);
  expect([...shapesOf(biases)]).toEqual([["b", [3]]]);
});

test("a proof knows rows of joined tensors by their place, and which are joined in which order", () => {
  const place = (weight: Tensor) => weightPlace(sourceOf(weight), weight.type);
  const whole = place(joinedWeight(QKV, [8, 3]));
  expect(place(joinedWeight(QKV, [2, 3], [4, 6]))).toEqual({ base: whole.base, offset: 12 });
  expect(place(joinedWeight(QKV.toReversed(), [8, 3])).base).not.toBe(whole.base);
  const x = input("x", [1, 3, 1, 1]);
  const y = add(conv(x, joinedWeight(QKV, [4, 3, 1, 1], [0, 4])), conv(x, joinedWeight(QKV, [4, 3, 1, 1], [4, 8])));
  const weights = schedule(graph({ name: "g", inputs: [x], outputs: { y } })).filter(
    ({ def }) => def.kind === "weight",
  );
  expect(weights.map((weight) => place(weight).offset)).toEqual([0, 12]);
});
