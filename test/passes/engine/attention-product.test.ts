/**
 * The published errors of attention products, which their author found no model for, by the engine's arithmetic: cadamcat/llms-on-apple-neural-engine,
 * findings/attention-product-precision and results/historical/g5-attention/evidence.json (M5 Pro): 64 queries, the last of 4096 keys.
 */
import { afterAll, describe, expect, test } from "vitest";
import { graph } from "../../../src/dsl/graph.ts";
import { fp16Bits, roundFp16 } from "../../../src/dsl/number.ts";
import { matmul } from "../../../src/dsl/ops/index.ts";
import { uniform } from "../../../src/dsl/random.ts";
import { input } from "../../../src/dsl/tensor.ts";
import { type RawArray, toNDArray } from "../../../src/passes/kernels/raw.ts";
import { planOf } from "../../../src/passes/run/plan.ts";
import { prepare } from "../../../src/passes/run/run.ts";

const [QUERIES, KEYS] = [64, 4096];
/** How many keys a query sees. */
const seen = (query: number): number => KEYS - QUERIES + 1 + query;

function productOf(queries: number, dims: number) {
  const [P, V] = [input("P", [1, 1, queries, KEYS]), input("V", [1, 1, KEYS, dims])];
  const g = graph({ name: "product", inputs: [P, V], outputs: { y: matmul(P, V) } });
  return { queries, dims, plan: planOf(g, { precision: "engine" }) };
}
type Product = ReturnType<typeof productOf>;

/** One dimension is like the other where V is constant; where it is random one query is much like the other. */
const [CONSTANT, RANDOM] = [productOf(QUERIES, 4), productOf(8, 128)];
const executor = await prepare([CONSTANT.plan, RANDOM.plan], async function* none() {});
afterAll(() => executor.close());

const raw = (shape: readonly number[], at: (row: number, column: number) => number): RawArray => {
  const columns = shape.at(-1)!;
  const data = Uint16Array.from({ length: shape.reduce((a, n) => a * n, 1) }, (_, k) =>
    fp16Bits(at(Math.floor(k / columns), k % columns)),
  );
  return { dtype: "fp16", shape, data };
};
const probabilities = ({ queries }: Product, of: (keys: number) => number): RawArray =>
  raw([1, 1, queries, KEYS], (query, key) => (key < seen(query) ? of(seen(query)) : 0));
const constantly = (value: number): RawArray => raw([1, 1, KEYS, CONSTANT.dims], () => value);

/** What the engine gives, by query and dimension. */
function product({ plan, queries, dims }: Product, p: RawArray, v: RawArray): readonly (readonly number[])[] {
  const { data } = toNDArray(executor.run(plan, { P: p, V: v }).outputs.y!);
  return Array.from({ length: queries }, (_, query) => [...data.slice(query * dims, (query + 1) * dims)]);
}

function relative(found: readonly (readonly number[])[], truth: (query: number, dim: number) => number): number {
  let [off, all] = [0, 0];
  for (const [query, row] of found.entries())
    for (const [dim, y] of row.entries()) {
      off += (y - truth(query, dim)) ** 2;
      all += truth(query, dim) ** 2;
    }
  return Math.sqrt(off / all);
}

const scaled = (found: readonly (readonly number[])[], by: (query: number) => number) =>
  found.map((row, query) => row.map((y) => y / by(query)));

const [FULL, HALF] = [roundFp16(0.0005), roundFp16(0.00025)];

describe("values that are one constant", () => {
  test.each([FULL, HALF])("%d times probabilities: all zeros, as published", (value) => {
    expect(
      new Set(
        product(
          CONSTANT,
          probabilities(CONSTANT, (n) => 1 / n),
          constantly(value),
        ).flat(),
      ),
    ).toEqual(new Set([0]));
  });

  test.each([
    [FULL, 0.0066750249086573125, 0.0005033034395766675, 0.000503768902139169],
    [HALF, 0.023712423469564887, 0.000244140625, 0.0002442011607364245],
  ])("%d times ones, divided on the host: %d relative, from %d to %d", (value, error, least, most) => {
    const found = scaled(
      product(
        CONSTANT,
        probabilities(CONSTANT, () => 1),
        constantly(value),
      ),
      seen,
    );
    expect(relative(found, () => value)).toBeCloseTo(error, 9);
    expect(Math.min(...found.flat())).toBeCloseTo(least, 12);
    expect(Math.max(...found.flat())).toBeCloseTo(most, 12);
  });

  test("probabilities times 512: 3.15 %, and the largest difference", () => {
    const found = scaled(
      product(
        CONSTANT,
        probabilities(CONSTANT, (n) => 512 * roundFp16(1 / n)),
        constantly(HALF),
      ),
      () => 512,
    );
    expect(relative(found, () => HALF)).toBeCloseTo(0.03152886668892781, 9);
    expect(Math.max(...found.flat().map((y) => Math.abs(y - HALF)))).toBeCloseTo(9.655952453629382e-6, 12);
  });
});

/** Normal numbers (Box and Muller). */
function normal(k: number): number {
  const [a, b] = [0, 1].map((tag) => (uniform(2026, tag, k) + 1) / 2 + 2 ** -25) as [number, number];
  return Math.sqrt(-2 * Math.log(a)) * Math.cos(2 * Math.PI * b);
}

describe("random values: the seed and the deviation of V are not published, the errors are met with 0.5", () => {
  const v = raw([1, 1, KEYS, RANDOM.dims], (key, dim) => normal(key * RANDOM.dims + dim) / 2);
  const values = toNDArray(v).data;
  const truth = (query: number, dim: number): number => {
    let sum = 0;
    for (let key = 0; key < seen(query); key++) sum += values[key * RANDOM.dims + dim]!;
    return sum * roundFp16(1 / seen(query));
  };
  test.each([
    [1, 0.0395],
    [16, 0.0022],
    [64, 0.0006],
  ])("P times %d: %d relative", (scale, error) => {
    const found = scaled(
      product(
        RANDOM,
        probabilities(RANDOM, (n) => scale * roundFp16(1 / n)),
        v,
      ),
      () => scale,
    );
    const own = relative(found, truth);
    expect(Math.abs(own / error - 1), `${own}`).toBeLessThan(0.1);
  });
});
