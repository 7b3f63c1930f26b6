/** Layers of several kinds: what was found on a layer of one is no evidence for layers of another. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readBuild } from "../../../src/evidence/judge/build.ts";
import { readDecoder } from "../../../src/models/config-read.ts";
import { modelTensors } from "../../../src/models/config-tensors.ts";
import { kindOf } from "../../../src/models/decoder.ts";
import { decoderLayers } from "../../../src/models/layers.ts";
import { graphHash } from "../../../src/passes/prove/report/certificate.ts";
import { fileOf, folderOf, graphc, ones, testFolder } from "../../support/cli.ts";
import { honestEvidence } from "../../support/evidence/evidence.ts";

const CONFIG = {
  ...{ model_type: "gemma3_text", hidden_size: 12, num_attention_heads: 4, num_key_value_heads: 2, head_dim: 32 },
  ...{ intermediate_size: 10, vocab_size: 16, max_position_embeddings: 64, num_hidden_layers: 4 },
  ...{ sliding_window: 3, sliding_window_pattern: 2 },
};
const DECODER = readDecoder(CONFIG, "config.json").decoder;
const SIZE = ["--max-seq", "16", "--tokens", "2"];

const gemma = (): string =>
  folderOf({
    "config.json": JSON.stringify(CONFIG),
    "model.safetensors": fileOf(modelTensors(DECODER).map(({ name, shape }) => ones(name, shape))),
  });

async function emitted(...more: readonly string[]) {
  const out = testFolder();
  const { code, err } = await graphc(["emit", gemma(), ...SIZE, "--out", out, ...more]);
  return { out, code, err: err.replaceAll(/\s+/g, " ") };
}
const manifestIn = (out: string) => {
  const [name] = readdirSync(out).filter((file) => file.endsWith(".fixtures.json"));
  return JSON.parse(readFileSync(join(out, name!), "utf8"));
};

/** A build of one layer, as if a flawless device had measured it. */
async function measured(layer: number): Promise<string> {
  const { out, code } = await emitted("--layer", `${layer}`, "--fixtures");
  expect(code).toBe(0);
  writeFileSync(join(out, "evidence.json"), JSON.stringify(honestEvidence(await readBuild(out))));
  expect(await graphc(["gate", out])).toMatchObject({ code: 0 });
  return out;
}

test.each([0, 1, 2, 3])("emit proves the graph of layer %i itself, and its fixtures are of its kind", async (layer) => {
  const { out, code, err } = await emitted("--layer", `${layer}`, "--fixtures");
  expect(code).toBe(0);
  const name = `gemma3_text.layer${layer}`;
  const certificate = JSON.parse(readFileSync(join(out, `${name}.certificate.json`), "utf8"));
  const suffix = layer % 2 === 0 ? "_local" : "";
  const inputs = ["x", `rope_cos${suffix}`, `rope_sin${suffix}`, `attn_mask${suffix}`, "kv_write_mask"];
  // A built-in model has no author, so that there are no lines to write.
  expect(readdirSync(out).filter((file) => file.endsWith(".lines.json"))).toEqual([]);
  expect(certificate.verdict).toBe("PROVEN");
  expect(certificate.block.name).toBe(`gemma3_text_layer${layer}_t2`);
  expect(certificate.roles.map((role: { input: string }) => role.input)).toEqual(inputs);
  expect(manifestIn(out).inputs.map((x: { name: string }) => x.name)).toEqual(inputs);
  // Layers of a kind have the identity of the first of them, and no other.
  const first = decoderLayers(DECODER, { tokens: 2, maxSeq: 16 }, { first: layer % 2 });
  const ofLayerZero = graphHash(decoderLayers(DECODER, { tokens: 2, maxSeq: 16 }));
  expect(manifestIn(out).graph === ofLayerZero).toBe(layer % 2 === 0);
  expect(first.inputs.map((x) => x.name)).toEqual(inputs);
  expect(err).toContain(
    "note: the layers are of 2 kinds, layers 0, 2 (a window of 3) and layers 1, 3 (no window): this",
  );
});

describe("a stack of both kinds", () => {
  const stack = ["--layers", "2"];

  test("is not emitted on evidence of one of them", async () => {
    for (const [layer, lacking] of [
      [0, "layer 1"],
      [3, "layer 0"],
    ] as const) {
      const evidence = await measured(layer);
      const { code, err, out } = await emitted(...stack, "--evidence", evidence);
      expect(code).toBe(2);
      expect(err).toContain(`a build for each kind of layer (no one-layer build is of the graph of ${lacking})`);
      expect(readdirSync(out)).toEqual([]);
    }
  });

  test("is emitted on evidence of a layer of each, wherever in the model", async () => {
    const evidence = [await measured(2), await measured(1)].flatMap((folder) => ["--evidence", folder]);
    const { code, out, err } = await emitted(...stack, ...evidence, "--json");
    expect(code).toBe(0);
    expect(err).toContain("all of them are in this graph");
    expect(readdirSync(out)).toContain("gemma3_text.layers0-1.certificate.json");
  });

  test("is not emitted on two layers of one kind, of which one has the other kind's name in its fixtures", async () => {
    const [one, other] = [await measured(2), await measured(2)];
    const [file] = readdirSync(other).filter((name) => name.endsWith(".fixtures.json"));
    const graph = graphHash(decoderLayers({ ...DECODER, pattern: [kindOf(DECODER, 1)] }, { tokens: 2, maxSeq: 16 }));
    writeFileSync(join(other, file!), JSON.stringify({ ...manifestIn(other), graph }));
    writeFileSync(join(other, "evidence.json"), JSON.stringify(honestEvidence(await readBuild(other))));
    const { code, err, out } = await emitted(...stack, "--evidence", one, "--evidence", other);
    expect(err).toContain(
      "the one-layer build of layer 1 is of layer 2, which is of another kind than its fixtures say",
    );
    expect([code, readdirSync(out)]).toEqual([2, []]);
  });

  test("is no evidence for one layer, though it was measured", async () => {
    const { out, code } = await emitted(...stack, "--ahead-of-evidence", "--fixtures");
    expect(code).toBe(0);
    const one = graphHash(decoderLayers(DECODER, { tokens: 2, maxSeq: 16 }));
    expect(manifestIn(out).graph).not.toBe(one);
  });
});

describe.each(["check", "prove", "parity"])("%s", (command) => {
  const said = async (...more: readonly string[]) => {
    const { code, out, err } = await graphc([command, gemma(), ...SIZE, ...more]);
    expect(code).toBe(0);
    return { out: out.replaceAll(/\s+/g, " "), err: err.replaceAll(/\s+/g, " ") };
  };
  const STANDS = ["layer 0 stands for layers 0, 2 (a window of 3)", "layer 1 stands for layers 1, 3 (no window)"];

  test("takes a layer of each kind where no layer is named", async () => {
    const { out, err } = await said(...(command === "check" ? [] : ["--explain"]));
    for (const line of STANDS) expect(out).toContain(line);
    for (const input of ["attn_mask_local", "attn_mask "]) expect(out).toContain(input);
    expect(err).not.toContain("kinds");
    expect(err.match(/rms_norm_eps is not given/g)).toHaveLength(1);
    expect(out.match(/Hugging Face folder/g) ?? []).toHaveLength(command === "check" ? 1 : 0);
  });

  test("says in one JSON value which layers each result is of", async () => {
    const { kinds } = JSON.parse((await graphc([command, gemma(), ...SIZE, "--json"])).out);
    expect(kinds.map(({ layers }: { layers: number[] }) => layers)).toEqual([
      [0, 2],
      [1, 3],
    ]);
    for (const [n, suffix] of ["_local", ""].entries())
      expect(JSON.stringify(kinds[n].result)).toContain(`"attn_mask${suffix}"`);
  });

  test("takes the layers that are named, and says which kinds are not among them", async () => {
    const one = await said("--layer", "0");
    expect(one.out).not.toContain("stands for");
    expect(one.err).toContain("this graph has none like layer 1, and --layer 0 --layers 2 has all of them");
    expect((await said("--layers", "2")).err).toContain("all of them are in this graph");
  });
});

test("a no on any kind is the answer", async () => {
  // NaN in the weights of layer 1: nothing that layer 0 shows.
  const tensors = modelTensors(DECODER).map(({ name, shape }) => ones(name, shape));
  const bad = "model.layers.1.mlp.down_proj.weight";
  const nan = tensors.map((one) => (one.name === bad ? { ...one, data: one.data.map(() => 0xff) } : one));
  const folder = folderOf({ "config.json": JSON.stringify(CONFIG), "model.safetensors": fileOf(nan) });
  const code = async (...more: readonly string[]) => (await graphc(["prove", folder, ...SIZE, ...more])).code;
  expect(await code("--layer", "0")).toBe(0);
  expect(await code()).toBe(1);
});
