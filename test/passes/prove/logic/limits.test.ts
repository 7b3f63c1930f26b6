/** A proof that cannot be had is refused, before the memory for it is gone. */
import { expect, test } from "vitest";
import { graph } from "../../../../src/dsl/graph.ts";
import { add } from "../../../../src/dsl/ops/index.ts";
import { input } from "../../../../src/dsl/tensor.ts";
import { prove } from "../../../../src/passes/prove/prove.ts";

const rows = (tokens: number) => {
  const x = input("x", [1, 2, tokens, 1]);
  return graph({ name: "rows", inputs: [x], outputs: { y: add(x, 1) } });
};

test("a block that is too long is refused at once", () => {
  for (const tokens of [1025, 131_072, 2 ** 31 - 1])
    expect(() => prove(rows(tokens), rows(1))).toThrow(`a proof for blocks of ${tokens} tokens is out of reach`);
  expect(prove(rows(1024), rows(1), { secondOpinion: false }).verdict).toBe("PROVEN");
});
