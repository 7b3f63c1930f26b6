/** Graphs that once led a proof astray: an input called as a cut is numbered, and terms as deep as a graph is long. */
import { expect, test } from "vitest";
import { type Graph, graph } from "../../../src/dsl/graph.ts";
import { add, exp, mul, sub, tanh } from "../../../src/dsl/ops/index.ts";
import { input, type Tensor } from "../../../src/dsl/tensor.ts";
import type { Shape } from "../../../src/dsl/type.ts";
import { prove } from "../../../src/passes/prove/prove.ts";
import { summary } from "../../support/prove/prove.ts";

type Value = Tensor<Shape, "fp16">;

/** Two layers that are cut apart; in the second the block subtracts the other way round. */
function layers(tokens: number, names: readonly [string, string], turned: boolean): Graph {
  const [x, a, b] = ["x", ...names].map((name) => input(name, [tokens, 4]) as Value) as [Value, Value, Value];
  const middle = tanh(sub(tanh(x), a)) as Value;
  const y = exp(turned ? sub(b, middle) : sub(middle, b));
  return graph({ name: `layers_t${tokens}`, inputs: [x, a, b], outputs: { y } });
}

test.each<readonly [string, string]>([
  ["u", "v"],
  ["0", "2"],
  ["cut 0", "cut 1"],
  ["1", "0"],
])("inputs called %s and %s are no cuts", (...names) => {
  const quiet = { secondOpinion: false, budget: 0 };
  const of = (turned: boolean) => summary(prove(layers(2, names, turned), layers(1, names, false), quiet));
  expect(of(false)).toBe("PROVEN (exact)");
  expect(of(true)).not.toMatch(/^PROVEN/);
});

test("a chain of thousands of additions may stand below a function and beside it", () => {
  const chain = (tokens: number): Graph => {
    const x = input("x", [tokens, 2]) as Value;
    let sum = x;
    for (let k = 0; k < 2000; k++) sum = add(sum, k % 2 === 0 ? 1 : -1) as Value;
    return graph({ name: `chain_t${tokens}`, inputs: [x], outputs: { y: mul(tanh(sum), x) } });
  };
  expect(summary(prove(chain(2), chain(1), { secondOpinion: false }))).toBe("PROVEN (exact)");
});
