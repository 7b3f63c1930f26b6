/** A mask that a graph does not heed is a difference, also where a softmax of usual rows shows little but a token's own score. */
import { expect, test } from "vitest";
import { graph } from "../../../src/dsl/graph.ts";
import { add, matmul, mul, reduce_sum, softmax, sub } from "../../../src/dsl/ops/index.ts";
import { input, state } from "../../../src/dsl/tensor.ts";
import { parity } from "../../../src/passes/parity/parity.ts";

import { prove } from "../../../src/passes/prove/prove.ts";
import { pairOf } from "../../support/parity.ts";

const [T, S, D] = [2, 12, 64];

/** Scores without a scale: a row's product with itself is far above those with others. */
function attention(tokens: number, heeds: number) {
  const x = input("x", [tokens, D]);
  const mask = input("attn_mask", [tokens, S]);
  const slot = input("kv_write_mask", [S, tokens]);
  const old = state("cache", [S, D]);
  const cache = add(mul(old, sub(1, reduce_sum(slot, { axes: [1], keep_dims: true }))), matmul(slot, mul(x, 8)));
  const probs = softmax(add(matmul(mul(x, 8), cache, { transpose_y: true }), mul(mask, heeds)), { axis: 1 });
  return graph({
    name: `attention_t${tokens}`,
    inputs: [x, mask, slot],
    states: [[old, cache]],
    outputs: { y: matmul(probs, cache) },
  });
}
const pair = (heeds: number) => ({ block: attention(T, heeds), step: attention(1, heeds) });

test.each([0, 0.0001])("a mask times %d is no mask: parity differs, and the proof is refuted", async (heeds) => {
  const report = await parity(pairOf(pair(heeds).block, pair(heeds).step, 1));
  expect(report.equal).toBe(false);
  expect(report.exercised.beyondMask).toBe(0);
  // The rows of usual size show nothing of it.
  const [usual] = report.calls.filter(({ call }) => call.label === "first block");
  expect(usual!.tokens.every(({ equal }) => equal)).toBe(true);
  expect(prove(pair(heeds).block, pair(heeds).step).verdict).toBe("REFUTED");
});

test("the mask itself is heeded", async () => {
  expect((await parity(pairOf(pair(1).block, pair(1).step, 1))).equal).toBe(true);
  expect(prove(pair(1).block, pair(1).step).verdict).toBe("PROVEN");
});
