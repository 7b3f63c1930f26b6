/** Scales of int8 weights behind the sum: the same over the reals, and on the engine an overflow that the scaled weights do not have. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Graph, graph } from "../../src/dsl/graph.ts";
import { roundFp16 } from "../../src/dsl/number.ts";
import { constexpr_blockwise_shift_scale, conv, linear, relu } from "../../src/dsl/ops/index.ts";
import { constant, input } from "../../src/dsl/tensor.ts";
import { engineOps } from "../../src/passes/engine/run-op.ts";
import { arrayOf } from "../../src/passes/interpret/array.ts";
import { evaluate } from "../../src/passes/interpret/evaluate.ts";
import { scaledBehind } from "../../src/passes/scale-behind.ts";
import { randomFrom } from "../support/ops/draw.ts";

const [ROWS, K, TOKENS] = [3, 5, 2];

/** A conv or linear of int8 codes with a scale a row. */
function coded(
  op: "conv" | "linear",
  codes: readonly number[],
  scales: readonly number[],
  bias?: readonly number[],
): Graph {
  const isConv = op === "conv";
  const one = isConv ? [1, 1] : [];
  const data = constant(codes, [ROWS, K, ...one], "int8");
  const weight = constexpr_blockwise_shift_scale(data, constant(scales, [ROWS, 1, ...one], "fp16"));
  const x = input("x", isConv ? [1, K, 1, TOKENS] : [TOKENS, K]);
  const b = bias ? { bias: constant(bias, [ROWS], "fp16") } : {};
  const y = isConv ? conv(x, weight, b) : linear(x, weight as never, b);
  return graph({ name: "g", inputs: [x], outputs: { y: relu(y), [op]: y } });
}

test("it is the same over the reals", () => {
  fc.assert(
    fc.property(
      fc.integer(),
      fc.constantFrom("conv" as const, "linear" as const),
      fc.boolean(),
      (seed, op, hasBias) => {
        const random = randomFrom(seed);
        const list = (n: number, f: () => number) => Array.from({ length: n }, f);
        const codes = list(ROWS * K, () => Math.floor(random() * 255) - 127);
        // Powers of two, so that no weight is rounded.
        const scales = list(ROWS, () => 2 ** -Math.floor(random() * 8));
        const g = coded(op, codes, scales, hasBias ? list(ROWS, () => roundFp16(random())) : undefined);
        const x = arrayOf(
          "fp16",
          g.inputs[0]!.type.shape,
          list(K * TOKENS, () => roundFp16(random() - 0.5)),
        );
        const [inside, behind] = [g, scaledBehind(g)!].map((one) =>
          evaluate(one, { values: { x } }, { precision: "fp64" }),
        );
        expect(behind!.outputs.y).toEqual(inside!.outputs.y);
      },
    ),
    { numRuns: 40 },
  );
});

test("on the engine unscaled codes overflow where scaled weights do not", () => {
  const g = coded("linear", new Array<number>(ROWS * K).fill(127), [2 ** -10, 2 ** -10, 2 ** -10]);
  const x = arrayOf("fp16", [TOKENS, K], [100, 100, 100, 100, 100, 1, 1, 1, 1, 1]);
  const [inside, behind] = [g, scaledBehind(g)!].map((one) => evaluate(one, { values: { x } }, { runOp: engineOps() }));
  const [small, inf] = [(127 * 5) / 1024, Number.POSITIVE_INFINITY];
  expect([...inside!.outputs.y!.data].slice(3)).toEqual(new Array(3).fill(small));
  expect([...inside!.outputs.y!.data].slice(0, 3)).toEqual(new Array(3).fill(62));
  expect([...behind!.outputs.y!.data]).toEqual([inf, inf, inf, small, small, small]);
});

test("the dot that is on record of a device (M5 Pro) is the sum first, then its scale", () => {
  // Its sum of 32 terms is −2049/256, made here of two: 11 bits of it leave the accumulator, and a scale of 245 · 2⁻¹⁵ follows.
  const g = coded("linear", [1, 1, 0, 0, 0, ...new Array<number>(10).fill(0)], [245 * 2 ** -15, 1, 1]);
  const sum = [-8, -1 / 256, 0, 0, 0];
  const x = arrayOf("fp16", [TOKENS, K], [...sum, 0, 0, 0, 0, 0]);
  const ys = [g, scaledBehind(g)!].map(
    (one) => evaluate(one, { values: { x } }, { runOp: engineOps() }).outputs.linear!.data[0]! * 2 ** 16,
  );
  expect(ys[1]).toBe(-3924);
  expect(ys[0]).not.toBe(-3924);
});

test("a graph without such weights has no other reading", () => {
  const x = input("x", [1, 4]);
  expect(scaledBehind(graph({ name: "g", inputs: [x], outputs: { y: relu(x) } }))).toBeUndefined();
});
