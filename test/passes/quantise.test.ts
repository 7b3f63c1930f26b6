/** A graph with its matrices in int8: which they are, and that a block still is its steps. */
import { describe, expect, test } from "vitest";
import { schedule } from "../../src/dsl/graph.ts";
import { sourceName } from "../../src/dsl/weight-source.ts";
import { PHI4_MINI } from "../../src/models/config.ts";
import { decoderLayers } from "../../src/models/layers.ts";
import { checkTypes } from "../../src/passes/check.ts";
import { prove } from "../../src/passes/prove/prove.ts";
import { type Form, type Quantising, quantised } from "../../src/passes/quantise.ts";
import { SMALL_DECODERS } from "../support/graphs/decoders.ts";

const wide = { ...SMALL_DECODERS.get("phi3")!.decoder, hiddenSize: 120, ffnSize: 40 };
const int8 = (how: Form, kept: readonly string[] = []): Quantising => ({ how, kept, others: [] });
const layer = (tokens: number) => decoderLayers(wide, { tokens, maxSeq: 7 });
const sources = (graph: ReturnType<typeof layer>) =>
  schedule(graph).flatMap(({ def, type }) =>
    def.kind === "weight" && def.source.from === "checkpoint"
      ? [{ name: sourceName(def.source), ...def.source, type }]
      : [],
  );

describe("a quantised graph", () => {
  test("has codes and a scale a row for every large matrix, and all else as it was", () => {
    const found = sources(quantised(layer(2), int8("nearest", ["gate_up"])));
    const codes = found.filter(({ quantised: q }) => q?.part === "codes");
    const scales = found.filter(({ quantised: q }) => q?.part === "scale");
    expect(codes.map(({ name }) => name.replace("model.layers.0.", ""))).toEqual([
      "self_attn.qkv_proj.weight",
      "self_attn.o_proj.weight",
      "mlp.down_proj.weight",
    ]);
    for (const [k, { type, quantised: q }] of codes.entries()) {
      expect(type.dtype).toBe("int8");
      expect(scales[k]!.type).toEqual({ dtype: "fp16", shape: [type.shape[0], 1, 1, 1] });
      expect(q!.width).toBe(type.shape[1]);
    }
    expect(found.filter(({ quantised: q }) => !q).map(({ name }) => name.split(".").at(-2))).toEqual([
      "input_layernorm",
      "post_attention_layernorm",
      "gate_up_proj",
    ]);
  });

  test("has good types, the same interface, and as many values but for codes, scales and unpacking", () => {
    const plain = layer(2);
    const packed = quantised(plain, int8("nearest"));
    expect(() => checkTypes(packed)).not.toThrow();
    expect(packed.inputs).toBe(plain.inputs);
    expect(packed.states.map(({ name, exit }) => [name, exit.type])).toEqual(
      plain.states.map(({ name, exit }) => [name, exit.type]),
    );
    expect(schedule(packed).length).toBe(schedule(plain).length + 2 * 4);
  });

  test("is proven against a step of the same kind, and against no other", () => {
    const of = (tokens: number, how: "nearest" | "coremltools") => quantised(layer(tokens), int8(how));
    expect(prove(of(2, "nearest"), of(1, "nearest")).verdict).toBe("PROVEN");
    expect(prove(of(2, "nearest"), of(1, "coremltools")).verdict).not.toBe("PROVEN");
    expect(prove(of(2, "nearest"), layer(1)).verdict).not.toBe("PROVEN");
  });

  test("leaves a layer alone whose matrices are all small or kept", () => {
    const plain = decoderLayers(PHI4_MINI, { tokens: 1, maxSeq: 8 });
    const kept = quantised(plain, int8("nearest", ["proj"]));
    expect(sources(kept)).toEqual(sources(plain));
  });
});
