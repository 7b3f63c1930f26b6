/** One program for one to four tokens: at each of them it is the program of that size, and a block is its steps. */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Graph, graph } from "../../../src/dsl/graph.ts";
import { add, concat, mul, reshape, slice_by_index } from "../../../src/dsl/ops/index.ts";
import { input, type Tensor, weight } from "../../../src/dsl/tensor.ts";
import { graphOf, readPackage } from "../../../src/emit/read/read.ts";
import { flexible } from "../../../src/emit/write/flexible.ts";
import { type Lowered, lower } from "../../../src/emit/write/lower.ts";
import { fillPackage } from "../../../src/emit/write/package.ts";
import { decoderLayers } from "../../../src/models/layers.ts";
import { printGraph } from "../../../src/passes/print.ts";
import { prove } from "../../../src/passes/prove/prove.ts";
import { countingStore, folder } from "../../support/emit.ts";
import { SMALL_DECODERS } from "../../support/graphs/decoders.ts";

const TOKENS = [1, 2, 3, 4];
const MAX_SEQ = 7;

async function written(lowered: Lowered) {
  const path = join(folder(), "a.mlpackage");
  await fillPackage(lowered, countingStore(), path, { path });
  return readPackage(path);
}

/** Its text but for its name. */
const textOf = (g: Graph) => printGraph({ ...g, name: "g" });

describe.each([...SMALL_DECODERS])("layers of %s", (_, { decoder, first }) => {
  const layers = (tokens: number) => decoderLayers(decoder, { tokens, maxSeq: MAX_SEQ }, { first, count: 2 });

  test("in one program are at each size the layers of that size, and proven", async () => {
    const pkg = await written(
      flexible(
        TOKENS.map((tokens) => lower(layers(tokens))),
        "flexible",
      ),
    );
    expect(pkg.model.metadata).toMatchObject({ "graphc.graph": "flexible" });
    for (const tokens of TOKENS) {
      const fixed = graphOf(await written(lower(layers(tokens))));
      const open = graphOf(pkg, { tokens });
      expect(textOf(open)).toBe(textOf(fixed));
      if (tokens > 1) expect(prove(open, graphOf(pkg, { tokens: 1 }), { secondOpinion: false }).verdict).toBe("PROVEN");
    }
    expect(() => graphOf(pkg, { tokens: 5 })).toThrow(/5 tokens/);
  });

  test("say a range on every axis of every input, and leave outputs open", () => {
    const { model } = flexible(
      TOKENS.map((tokens) => lower(layers(tokens))),
      "flexible",
    );
    const { inputs, outputs, states } = model.interfaces.main!;
    for (const { name, shape, range } of inputs) {
      const most = layers(4).inputs.find((x) => x.name === name)!.type.shape;
      expect(range).toEqual(shape!.map((size, axis) => [size, most[axis]!]));
    }
    expect(outputs.every(({ shape }) => shape === undefined)).toBe(true);
    expect(states.every(({ shape, range }) => shape !== undefined && range === undefined)).toBe(true);
  });
});

describe("graphs of which no program is all", () => {
  const made = (body: (x: Tensor, tokens: number) => Tensor) =>
    [1, 2].map((tokens) => {
      const x = input("x", [tokens, 6]);
      return lower(graph({ name: "g", inputs: [x], states: [], outputs: { y: body(x, tokens) } }));
    });

  test.each<[string, (x: Tensor, tokens: number) => Tensor, RegExp]>([
    ["two sizes of a shape", (x, t) => reshape(x, { shape: [t, 6 / (t * 1), t] }), /no form of/],
    ["the end of a slice", (x, t) => slice_by_index(x, [0, 0], [t, 3]), /no form of .*slice_by_index.end/],
    ["a number", (x, t) => mul(x, 1 / t), /no form of .*mul.y.* fits all sizes: it is \[1\] and \[0.5\]/],
    ["another op", (x, t) => (t === 1 ? add(x, x) : mul(x, x)), /different ops/],
    ["another operand", (x, t) => (t === 1 ? add(x, mul(x, 2)) : add(mul(x, 2), x)), /different ops/],
    ["one op more", (x, t) => (t === 1 ? x : concat([x, x], { axis: 1 })), /different ops/],
    ["another weight", (x, t) => mul(x, weight(`w${t}`, [1, 6])), /different weights|no form/],
  ])("differ in %s", (_, body, sentence) => {
    expect(() => flexible(made(body), "g")).toThrow(sentence);
  });

  test("but for one size of a shape, which the others tell", () => {
    const { model } = flexible(
      made((x, t) => reshape(x, { shape: [3, 2 * t] })),
      "g",
    );
    const shape = model.functions[0]!.operations.find(({ type, value }) => type === "const" && value);
    expect(shape?.value).toMatchObject({ data: [3, -1] });
  });
});
