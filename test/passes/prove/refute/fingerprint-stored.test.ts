/** Weights, tables, constants and whole numbers over a prime field; and what of them it doubts. */
import { describe, expect, test } from "vitest";
import { graph } from "../../../../src/dsl/graph.ts";
import { roundFp16 } from "../../../../src/dsl/number.ts";
import { input } from "../../../../src/dsl/tensor.ts";
import type { DType } from "../../../../src/dsl/type.ts";
import type { WeightSource } from "../../../../src/dsl/weight-source.ts";
import { provenPair } from "../../../../src/passes/prove/program/pair.ts";
import { fingerprint, PRIMES } from "../../../../src/passes/prove/refute/fingerprint.ts";
import { type Feeds, join, op, pairOf, part, table_, type Value, W } from "../../../support/prove/corpus/fault.ts";
import { told } from "../../../support/prove/in-field.ts";

const SURE = { equal: true, sure: true };
const UNSURE = { equal: true, sure: false };
const cast = (x: Value, dtype: DType = "fp16"): Value => op.cast!(x, { dtype });
const whole = (data: readonly number[]): Value => table_(data, [data.length], "int32");

describe("what is stored", () => {
  test("parts of a weight are parts of it", () => {
    const rows = join([W("w", [2], { rows: [0, 2] }), W("w", [2], { rows: [2, 4] })], 0);
    const [all, turned] = [W("w", [4]), join([W("w", [2], { rows: [2, 4] }), W("w", [2], { rows: [0, 2] })], 0)];
    expect(
      told(
        ({ x }) => op.mul!(x, rows),
        ({ x }) => op.mul!(x, all),
      ),
    ).toEqual(SURE);
    expect(
      told(
        ({ x }) => op.mul!(x, turned),
        ({ x }) => op.mul!(x, all),
      ).equal,
    ).toBe(false);
    expect(
      told(
        ({ x }) => op.mul!(x, W("v", [4])),
        ({ x }) => op.mul!(x, all),
      ).equal,
    ).toBe(false);
    expect(
      told(
        ({ x }) => op.mul!(x, part(all, 0, 1)),
        ({ x }) => op.mul!(x, part(all, 0, 0)),
      ).equal,
    ).toBe(false);
  });

  const stored = (dtype: DType): Value => {
    const source: WeightSource = { from: "package", sha256: "ab", file: "weight.bin", offset: 0 };
    return { ...W("w", [4]), type: { dtype, shape: [4] }, def: { kind: "weight", source } } as Value;
  };
  const tableOf = () => [0.5, 3, 90, -0.25];
  test("a stored table is its numbers", () => {
    const block = ({ x }: Feeds) => op.mul!(x, stored("fp16"));
    const step = ({ x }: Feeds) => op.mul!(x, table_([0.5, 3, 90, -0.25], [4]));
    expect(told(block, step, { tableOf })).toEqual(SURE);
    expect(told(block, step).equal).toBe(false);
  });

  test("numbers that are unpacked from stored ones are these numbers, as rounded as in the proof", () => {
    const scale = table_([0.1], [1]);
    const unpacked = op.constexpr_blockwise_shift_scale!(stored("int8"), scale);
    const dense = [7, -3, 90, 0].map((x) => roundFp16(x * roundFp16(0.1)));
    const block = ({ x }: Feeds) => op.mul!(x, unpacked);
    const step =
      (numbers: readonly number[]) =>
      ({ x }: Feeds) =>
        op.mul!(x, table_(numbers, [4]));
    const known = { tableOf: () => [7, -3, 90, 0] };
    expect(told(block, step(dense), known)).toEqual(SURE);
    expect(told(block, step(dense.with(1, 0.25)), known)).toMatchObject({ equal: false, sure: true });
  });

  test("whole numbers are numbers where they are known, and doubted where not", () => {
    const block = ({ x }: Feeds) => op.mul!(x, cast(stored("int32")));
    const step = ({ x }: Feeds) => op.mul!(x, table_([7, 3, 90, 0], [4]));
    expect(told(block, step, { tableOf: () => [7, 3, 90, 0] })).toEqual(SURE);
    expect(told(block)).toEqual(UNSURE);
    expect(told(({ x }) => op.mul!(x, stored("fp16")))).toEqual(SURE);
  });
});

describe("whole numbers", () => {
  test("that are fed as rows are doubted, numbers are not", () => {
    const [ints, floats] = [
      ["i", "int32"],
      ["f", "fp16"],
    ].map(([name, dtype]) => {
      const build = (tokens: number) => {
        const x = input(name!, [tokens, 4], dtype as DType, { role: "rows" }) as unknown as Value;
        return graph({ name: "g", inputs: [x], outputs: { y: dtype === "fp16" ? op.exp!(x) : cast(x) } });
      };
      return fingerprint(provenPair(build(2), build(1)), { prime: PRIMES[0], seed: 3, rounds: true });
    });
    expect([ints, floats]).toEqual([UNSURE, SURE]);
  });

  test.each<readonly [string, boolean, Value, number]>([
    ["below 0 are no elements for a float op", false, cast(whole([-1])), 0],
    ["from 0 on they are", true, cast(whole([0])), 0],
    ["are exact among themselves", true, cast(op.add!(whole([-3]), whole([5]))), 2],
    [
      "have no prime",
      true,
      cast(cast(op.equal!(op.mul!(whole([2 ** 14]), whole([2 ** 13])), whole([2 ** 27 - PRIMES[0]])), "fp32")),
      0,
    ],
    [
      "of 0 or more go through a select of floats",
      true,
      op.select!(op.less!(whole([-3]), whole([5])), table_([7], [1]), table_([8], [1])),
      7,
    ],
  ])("%s", (_, sure, made, number) => {
    const found = told(
      ({ x }) => op.mul!(op.exp!(x), made),
      ({ x }) => op.mul!(op.exp!(x), number),
    );
    expect([found.sure, sure ? found.equal : true]).toEqual([sure, true]);
  });
});

test("a constant is known before it is met: no element changes its place in an order on the way", () => {
  // 100 is reached by way of what is not known.
  const hundred = ({ x }: Feeds) => op.real_div!(op.add!(op.mul!(x, 50), op.mul!(x, 50)), x);
  const later = ({ x }: Feeds) => op.mul!(x, 100);
  const block = (f: Feeds) => ({ y: op.minimum!(hundred(f), 30), z: later(f) });
  const step = (f: Feeds) => ({ y: op.add!(op.mul!(f.x, 0), 30), z: later(f) });
  expect(told(block, step)).toEqual(SURE);
});

test("fp16 rounds a constant where the graph does, over the reals nothing does", () => {
  const { block, step } = pairOf(
    { make: ({ x }) => op.mul!(x, cast(table_([0.1], [1], "fp32"))), step: ({ x }) => op.mul!(x, table_([0.1], [1])) },
    2,
    false,
  );
  const pair = provenPair(block, step);
  const equal = [true, false].map((rounds) => fingerprint(pair, { prime: PRIMES[0], seed: 1, rounds }).equal);
  expect(equal).toEqual([true, false]);
});
