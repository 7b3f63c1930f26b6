/** The reference interpreter on a small graph. */
import { expect, test } from "vitest";
import { graph } from "../../../src/dsl/graph.ts";
import { add, concat, matmul, mul, reshape, softmax } from "../../../src/dsl/ops/index.ts";
import { input, named, type Tensor } from "../../../src/dsl/tensor.ts";
import { arrayOf } from "../../../src/passes/interpret/array.ts";
import { evaluate } from "../../../src/passes/interpret/evaluate.ts";

test("a small attention by the meaning of its ops", () => {
  const x = input("x", [2, 3]);
  const scores = named("scores", mul(matmul(x, x, { transpose_y: true }), 0.5));
  const p = softmax(add(scores, [0, -1e4]));
  const both = concat([matmul(p, x), x], { axis: 0 });
  const g = graph({ name: "g", inputs: [x], outputs: { y: reshape(both, { shape: [12] }) } });
  const { outputs } = evaluate(g, { values: { x: arrayOf("fp16", [2, 3], [1, 2, 3, 4, 5, 6]) } });
  expect([...outputs.y!.data]).toEqual([1, 2, 3, 1, 2, 3, 1, 2, 3, 4, 5, 6]);
});

test("a wrong inner size names both sizes and the author's line", () => {
  const x: Tensor = input("x", [2, 3]); // not [2,3] to TypeScript, which would refuse it

  expect(() => matmul(x, x)).toThrow("matmul: inner sizes differ: 3 and 2");
  try {
    matmul(x, x);
  } catch (e) {
    expect((e as { site: { frames(): { file: string }[] } }).site.frames()[0]!.file).toContain("evaluate.test.ts");
  }
});
