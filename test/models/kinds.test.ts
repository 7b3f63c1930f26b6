/** The kinds of layers of a model, and what is said of a graph that does not have all of them. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { kindOf } from "../../src/models/decoder.ts";
import { kindsIn, kindsNote, layersText } from "../../src/models/kinds.ts";
import { randomDecoders, SMALL_DECODERS } from "../support/graphs/decoders.ts";

const decoderOf = (name: string) => SMALL_DECODERS.get(name)!.decoder;

test("every layer is of one kind, in order, and its kind is what it is", () => {
  fc.assert(
    fc.property(randomDecoders, fc.nat(5), fc.integer({ min: 1, max: 9 }), (decoder, first, count) => {
      const kinds = kindsIn(decoder, first, count);
      const layers = kinds.flatMap(({ kind, layers }) => layers.map((layer) => ({ kind, layer })));
      expect(layers.map(({ layer }) => layer).toSorted((a, b) => a - b)).toEqual(
        Array.from({ length: count }, (_, i) => first + i),
      );
      for (const { kind, layer } of layers) expect(kind).toEqual(kindOf(decoder, layer));
      expect(new Set(kinds.map(({ kind }) => JSON.stringify(kind))).size).toBe(kinds.length);
    }),
  );
});

test("what is said of a graph", () => {
  const kinds = "the layers are of 2 kinds, layers 0, 2 (a window of 3) and layers 1, 3 (no window)";
  expect(kindsNote(decoderOf("gemma3_text"), 0, 1)).toBe(
    `${kinds}: this graph has none like layer 1, and --layer 0 --layers 2 has all of them`,
  );
  expect(kindsNote(decoderOf("gemma3_text"), 3, 1)).toContain("none like layer 0, and");
  expect(kindsNote(decoderOf("gemma3_text"), 2, 2)).toBe(`${kinds}: all of them are in this graph`);
  expect(kindsNote(decoderOf("smollm3"), 0, 3)).toBe(
    "the layers are of 2 kinds, layers 0 to 2 (no window) and layer 3 (no window, no RoPE): this graph has none like layer 3, and --layer 0 --layers 4 has all of them",
  );
  for (const name of ["phi3", "llama", "mistral", "qwen3"]) expect(kindsNote(decoderOf(name), 0, 1)).toBeUndefined();
});

test("layers by stretches, the middle of many left out", () => {
  expect(layersText([4])).toBe("layer 4");
  expect(layersText([0, 1, 2, 5, 7, 8])).toBe("layers 0 to 2, 5, 7 to 8");
  expect(layersText([0, 2, 4, 6, 8, 10, 12])).toBe("layers 0, 2, 4, …, 12");
});
