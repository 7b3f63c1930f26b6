/** Products of positions beyond what doubles hold: two that differ in their last bits are no one. */
import { expect, test } from "vitest";
import type { Tensor } from "../../../../src/dsl/tensor.ts";
import type { Shape } from "../../../../src/dsl/type.ts";
import * as graphc from "../../../../src/index.ts";
import { prove } from "../../../../src/passes/prove/prove.ts";
import { summary } from "../../../support/prove/prove.ts";

type Value = Tensor<Shape, "fp16">;
const op = graphc as unknown as Readonly<Record<string, (...args: readonly unknown[]) => Value>>;
type Factors = readonly [number, number];

/** w · a · b of the block's factors against those of the step's, by their terms alone. */
function verdict(block: Factors, step: Factors, rows: number) {
  const build = (tokens: number) => {
    const [x, at] = [op.input!("x", [tokens, 4]), op.input!("position", [tokens], "int32")];
    const k = op.state!("k", [rows, 4]);
    const y = (tokens > 1 ? block : step).reduce((of, n) => op.mul!(of, op.constant!([n], [1], "int32")), at);
    const states = [[k, op.scatter!(k, at, x, { mode: "update" })]];
    return graphc.graph({ name: "g", inputs: [x, at], states, outputs: { y } } as never);
  };
  return summary(prove(build(2), build(1), { secondOpinion: false, budget: 0 }));
}

test.each<readonly [Factors, Factors]>([
  [
    [94_906_267, 94_906_267],
    [94_906_266, 94_906_268],
  ],
  [
    [94_906_265, 94_906_267],
    [94_906_266, 94_906_266],
  ],
])("%j is not %j", ([a, b], [c, d]) => {
  // As doubles they are one number, as whole numbers they differ by 1.
  expect(a * b).toBe(c * d);
  expect(verdict([a, b], [c, d], 2)).toBe("REFUTED");
});

test("smaller ones are one position", () => {
  expect(verdict([1234, 4321], [4321, 1234], 16)).toBe("PROVEN (exact)");
});
