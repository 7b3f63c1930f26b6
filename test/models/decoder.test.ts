/** Layers of every architecture and of random records: a block is its steps, proven and run; decoder.long.test.ts has more spellings. */
import { describe, expect, test } from "vitest";
import { schedule } from "../../src/dsl/graph.ts";
import { layerTensors } from "../../src/models/config-tensors.ts";
import { decoderLayers } from "../../src/models/layers.ts";
import { expectSameRuns, randomRecords, verdictOn } from "../support/graphs/decoder-proofs.ts";
import { SMALL_DECODERS } from "../support/graphs/decoders.ts";

describe.each([...SMALL_DECODERS])("%s", (_, { decoder, first }) => {
  test("is proven", () => {
    expect(verdictOn(decoder, 2, { first, count: 2 })).toBe("PROVEN (exact)");
  });

  test("is proven where the block has one product and its steps one for each tensor", () => {
    const layers = { first, count: 2 };
    expect(verdictOn(decoder, 2, layers, { ...layers, qkv: "split", gateUp: "split" })).toBe("PROVEN (exact)");
  });

  test("gives the bits of its steps", () => {
    expectSameRuns(decoder, 3, { first, count: 2 });
  });

  test("reads every tensor that its layer has", () => {
    for (const layer of [first, first + 1]) {
      const read = schedule(decoderLayers(decoder, { tokens: 1, maxSeq: 7 }, { first: layer })).flatMap(({ def }) =>
        def.kind === "weight" && def.source.from === "checkpoint"
          ? (def.source.joined ?? [def.source]).map(({ tensor }) => tensor)
          : [],
      );
      expect(new Set(read)).toEqual(new Set(layerTensors(decoder, layer).map(({ name }) => name)));
    }
  });
});

test("a graph has the inputs that its layers read, and no others", () => {
  const inputsOf = (name: string, layers: { readonly first: number; readonly count?: number }) =>
    decoderLayers(SMALL_DECODERS.get(name)!.decoder, { tokens: 2, maxSeq: 7 }, layers).inputs.map((x) => x.name);
  const plain = ["x", "rope_cos", "rope_sin", "attn_mask", "kv_write_mask"];
  const local = ["x", "rope_cos_local", "rope_sin_local", "attn_mask_local", "kv_write_mask"];
  expect(inputsOf("llama", { first: 0 })).toEqual(plain);
  expect(inputsOf("mistral", { first: 0 })).toEqual(plain);
  expect(inputsOf("smollm3", { first: 3 })).toEqual(["x", "attn_mask", "kv_write_mask"]);
  expect(inputsOf("gemma2", { first: 0 })).toEqual(["x", "rope_cos", "rope_sin", "attn_mask_local", "kv_write_mask"]);
  expect(inputsOf("gemma3_text", { first: 0 })).toEqual(local);
  expect(inputsOf("gemma3_text", { first: 1 })).toEqual(plain);
  const both = ["rope_cos", "rope_sin", "rope_cos_local", "rope_sin_local", "attn_mask", "attn_mask_local"];
  expect(inputsOf("gemma3_text", { first: 0, count: 2 })).toEqual(["x", ...both, "kv_write_mask"]);
});

// The long suite has more.
randomRecords(12, 1);
