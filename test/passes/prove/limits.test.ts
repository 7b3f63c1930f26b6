/** A proof that cannot be had is refused, before the memory for it is gone. */
import { expect, test } from "vitest";
import { graph } from "../../../src/dsl/graph.ts";
import { add } from "../../../src/dsl/ops/index.ts";
import { input } from "../../../src/dsl/tensor.ts";
import { checkHeap } from "../../../src/passes/prove/logic/heap.ts";
import { prove } from "../../../src/passes/prove/prove.ts";

const rows = (tokens: number) => {
  const x = input("x", [1, 2, tokens, 1]);
  return graph({ name: "rows", inputs: [x], outputs: { y: add(x, 1) } });
};

test("a block that is too long is refused at once", () => {
  for (const tokens of [1025, 131_072, 2 ** 31 - 1])
    expect(() => prove(rows(tokens), rows(1))).toThrow(`a proof for blocks of ${tokens} tokens is out of reach`);
  expect(prove(rows(1024), rows(1), { secondOpinion: false }).verdict).toBe("PROVEN");
});

test("a heap that is nearly full ends the proof, one that is not does not", () => {
  expect(() => checkHeap(8192, { used: 801e6, most: 1000e6 })).toThrow(
    "the proof does not fit into the 1000 MB that Node takes: it has come to 8192 terms",
  );
  expect(() => checkHeap(8192, { used: 799e6, most: 1000e6 })).not.toThrow();
  expect(() => checkHeap(8192)).not.toThrow();
});
