/** Assertions about proofs: the yes, and each way in which it is a no. */
import { add, GraphError, graph, input, type Size } from "graphc";
import { AssertionFailed, assertProven, assertRefuted } from "graphc/testing";
import { expect, test } from "vitest";
import { decoderLayers, PHI4_MINI } from "../../src/index.ts";
import { smallestOf } from "../../src/models/smallest.ts";
import template from "../../templates/project/src/layer.ts";
import { graphc } from "../support/cli.ts";
import { failed } from "../support/testing/failed.ts";
import { layer } from "../support/testing/layers.ts";

const maxSeq = 8;
const tokens = [2, 3];

test("a layer is proven at each T", async () => {
  const found = await assertProven({ model: layer(), tokens, maxSeq });
  expect(found.map(({ verdict, level, sizes, guessed }) => [verdict, level, sizes.tokens, guessed])).toEqual([
    ["PROVEN", "exact", 2, []],
    ["PROVEN", "exact", 3, []],
  ]);
});

test("heads flattened without their permutation: the text of the command line, and the author's line", async () => {
  const { message, failure } = await failed(assertProven({ model: layer("flattened"), tokens: 2, maxSeq }));
  expect(message.split("\n")[0]).toBe("REFUTED: a block of 2 tokens against 2 single-token calls");
  expect(message).toMatch(/first difference: joined \(reshape\), token 0, at \[/);
  expect(message).toMatch(/ at test\/support\/testing\/layers\.ts:\d+:\d+\n {2}\d+ \|.*reshape\(turned/);
  expect(message).toMatch(/block gives .*, steps give /);
  expect(message.split("\n").at(-1)).toBe("  asked for: PROVEN (exact)");
  expect(failure).toMatchObject({
    kind: "verdict",
    asked: "PROVEN (exact)",
    said: "REFUTED",
    tokens: 2,
    value: "joined",
  });
});

test("the text is that of graphc prove, but for its advice to explain, and what was asked for", async () => {
  const line = await graphc(["prove", "templates/project/src/layer.ts", "--tokens", "2", "--max-seq", "8"]);
  const { message } = await failed(assertRefuted({ model: template, tokens: 2, maxSeq: 8 }));
  const { out } = line;
  expect(out).toContain("--explain tells all");
  expect(message).toBe(`${out.replace(/(?:; | {2})--explain tells all/, "").trim()}\n  asked for: REFUTED`);
});

test("a planted fault is refuted at each T, and at the value that is named", async () => {
  const found = await assertRefuted({ model: layer("flattened"), tokens, maxSeq }, { value: "joined" });
  expect(found.map(({ verdict, sizes }) => [verdict, sizes.tokens])).toEqual([
    ["REFUTED", 2],
    ["REFUTED", 3],
  ]);
  await assertRefuted({ model: layer("overwritten"), tokens: 2, maxSeq });
  const elsewhere = await failed(assertRefuted({ model: layer("flattened"), tokens: 2, maxSeq }, { value: "hidden" }));
  expect(elsewhere.message).toMatch(/asked for: REFUTED at hidden$/);
});

test("what is proven is not refuted", async () => {
  const proven = await failed(assertRefuted({ model: layer(), tokens, maxSeq }));
  expect(proven.failure).toMatchObject({ asked: "REFUTED", said: "PROVEN (exact)", tokens: 2 });
});

test("a guess refutes nothing: the text says what to state, and what it says to state refutes", async () => {
  const model = ({ tokens: T, maxSeq: S }: Size) => {
    const mask = input("attn_mask", [1, 1, T, S]);
    return graph({ name: `odd_t${T}`, inputs: [mask], outputs: { y: T === 1 ? add(mask, mask) : mask } });
  };
  const { message, failure } = await failed(assertRefuted({ model, tokens: 2, maxSeq: 4 }));
  expect(failure).toMatchObject({ asked: "REFUTED", said: "NOT PROVEN" });
  expect(message).toContain(
    'if that is so, say it: { role: … } where each is made, or as an option roles: { "attn_mask": "mask" }',
  );
  await assertRefuted({ model, tokens: 2, maxSeq: 4 }, { roles: { attn_mask: "mask" } });
});

test("equal over the reals is a yes only where that was asked for", async () => {
  const decoder = smallestOf(PHI4_MINI);
  const build = (count: number, softmax: "fused" | "decomposed") =>
    decoderLayers(decoder, { tokens: count, maxSeq }, { softmax });
  const pair = { block: build(2, "decomposed"), step: build(1, "fused") };
  expect(await assertProven(pair, { level: "reals" })).toMatchObject([{ level: "reals" }]);
  const { message, failure } = await failed(assertProven(pair));
  expect(message).toMatch(/^PROVEN \(reals\): /);
  expect(failure).toMatchObject({ asked: "PROVEN (exact)", said: "PROVEN (reals)" });
});

test("a mistake in the graph stays one, with its line", async () => {
  const broken = () => layer()({ tokens: 2, maxSeq: 1.5 as 2 });
  await expect(assertProven({ model: broken, tokens: 2, maxSeq })).rejects.toBeInstanceOf(GraphError);
  expect(AssertionFailed.prototype).toBeInstanceOf(Error);
});
