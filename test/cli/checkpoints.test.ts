/** A checkpoint as an operand, in either container: what it says, and the packages that come of it. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { CONFIG, checkpointOf, expectRefusal, fileOf, folderOf, graphc, TENSORS } from "../support/cli.ts";
import { digestsIn } from "../support/emit.ts";
import { whole } from "../support/gguf/gguf-files.ts";
import { ggufOf } from "../support/gguf/gguf-model.ts";
import { fp8Twins, mlxTwins, quantisedFolder, type Twins } from "../support/weights/quantised-files.ts";

const SIZE = ["--max-seq", "16", "--layer", "1"] as const;

test("the same model in either container, as an operand or by --weights, gives the same bytes", async () => {
  const out = folderOf({});
  const emitted = async (name: string, ...words: readonly string[]) => {
    const folder = join(out, name);
    expect(await graphc(["emit", ...words, ...SIZE, "--out", folder])).toMatchObject({ code: 0 });
    const files = digestsIn(folder);
    expect(Object.keys(files).filter((path) => path.endsWith("weight.bin"))).toHaveLength(2);
    return files;
  };
  const folder = checkpointOf();
  const first = await emitted("a", folder);
  expect(await emitted("b", "phi4-mini", "--weights", folder)).toEqual(first);
  expect(await emitted("c", ggufOf())).toEqual(first);
  expect(await emitted("d", "phi4-mini", "--weights", ggufOf())).toEqual(first);
});

describe.each(["check", "prove", "parity", "survey"])("%s", (command) => {
  test.each(["folder", "GGUF file"])("takes a %s", async (kind) => {
    const path = kind === "folder" ? checkpointOf() : ggufOf();
    const outcome = await graphc([command, path, ...SIZE]);
    expect(outcome.code).toBe(0);
    // Weights that are at hand are looked at.
    expect(outcome.out).not.toContain("checkpoint that was not given");
  });
});

test("check prints a card of it", async () => {
  const card = (path: string) =>
    graphc(["check", path, ...SIZE]).then(({ out }) => out.slice(0, out.indexOf("phi_layer")).replace(/\s+/g, " "));
  const same =
    "model phi3, 2 layers of 32, feed-forward 16 (silu), vocabulary 8, head tied to the embedding, RMSNorm eps 0.00001 attention 2 heads of 32 on 1 of keys and values RoPE 16 of 32 dims, theta 10000, up to 64 positions ";
  expect(await card(checkpointOf())).toBe(`checkpoint Hugging Face folder stored 14 tensors BF16 ${same}`);
  expect(await card(ggufOf())).toBe(`checkpoint GGUF file stored 14 tensors F32 ${same}`);
  const { out } = await graphc(["check", ggufOf(), ...SIZE, "--json"]);
  expect(JSON.parse(out)[0].checkpoint).toMatchObject({ checkpoint: "GGUF file", stored: "14 tensors F32" });
});

const QUANTISED: Readonly<Record<string, () => Twins>> = { MLX: mlxTwins, FP8: fp8Twins };
const folderOfTwin = ({ config, tensors }: Twins) => quantisedFolder(config, tensors);
const card = (path: string) =>
  graphc(["check", path, ...SIZE]).then(({ out }) => out.slice(0, out.indexOf("attention")).replace(/\s+/g, " "));

describe.each(Object.entries(QUANTISED))("a folder quantised as %s", (_, twins) => {
  test("gives the packages of the numbers that it stands for", async () => {
    const out = folderOf({});
    const [quantised, plain] = [folderOfTwin(twins()), quantisedFolder(CONFIG, twins().plain)];
    const emitted = async (name: string, folder: string) => {
      expect(await graphc(["emit", folder, ...SIZE, "--out", join(out, name)])).toMatchObject({ code: 0 });
      return digestsIn(join(out, name));
    };
    const files = await emitted("a", quantised);
    expect(Object.keys(files).filter((path) => path.endsWith("weight.bin"))).toHaveLength(2);
    expect(files).toEqual(await emitted("b", plain));
    // The numbers differ from layer to layer, and from one another.
    const ones = await emitted("c", checkpointOf());
    expect(files).not.toEqual(ones);
  });

  test("with a scale that is not finite is not proven, and the tensor is named", async () => {
    const { config, tensors } = twins();
    const scale = tensors.find(({ name }) => /layers\.1\.self_attn\.o_proj\.(weight_scale_inv|scales)$/.test(name))!;
    scale.data.fill(0xff);
    const folder = quantisedFolder(config, tensors);
    expect(await graphc(["prove", folder, ...SIZE])).toMatchObject({ code: 1, out: expect.stringContaining("P7") });
    const outcome = await graphc(["emit", folder, ...SIZE, "--out", join(folderOf({}), "out")]);
    expect(outcome.code).toBe(1);
    expect(outcome.err).toMatch(
      /^warning: model\.layers\.1\.self_attn\.o_proj\.weight holds \d+ values that are not finite/m,
    );
  });

  test("whose scales are missing is refused, and nothing is written", async () => {
    const { config, tensors } = twins();
    const folder = quantisedFolder(
      config,
      tensors.filter(({ name }) => !/layers\.0\.self_attn\.o_proj\.(weight_scale_inv|scales)$/.test(name)),
    );
    const out = join(folderOf({}), "out");
    for (const command of ["emit", "check", "prove"])
      await expectRefusal(
        [command, folder, ...SIZE, ...(command === "emit" ? ["--out", out] : [])],
        /^error: …\/model\.safetensors: tensor "model\.layers\.0\.self_attn\.o_proj\.weight" is (U32|F8_E4M3) \[.*(missing|no scale stands beside it)/,
        out,
      );
  });
});

test("the card of a quantised folder tells how it is stored, and what is not needed", async () => {
  expect(await card(folderOfTwin(mlxTwins()))).toContain(
    "checkpoint Hugging Face folder, MLX, 4 bits in groups of 32 and 8 bits in groups of 32 stored 1 tensor U32 of 8 bits in groups of 32 (scales BF16), 7 tensors BF16, 6 tensors U32 of 4 bits in groups of 32 (scales BF16) model phi3",
  );
  const folder = folderOfTwin(fp8Twins());
  expect(await card(folder)).toContain(
    "checkpoint Hugging Face folder, FP8 in blocks of 16×24 stored 6 tensors BF16, 8 tensors F8_E4M3 in blocks of 16×24 (scales F32) not needed 8 tensors (input_scale), since the layers compute in fp16 model phi3",
  );
  const { out } = await graphc(["check", folder, ...SIZE, "--json"]);
  expect(JSON.parse(out)[0].checkpoint["not needed"]).toBe("8 tensors (input_scale), since the layers compute in fp16");
});

test("a quantised number that fp16 cannot hold is refused by its place", async () => {
  const { config, tensors } = fp8Twins();
  const scale = tensors.find(({ name }) => name === "model.layers.1.mlp.down_proj.weight_scale_inv")!;
  new DataView(scale.data.buffer).setFloat32(0, 2 ** 20, true);
  const out = join(folderOf({}), "out");
  await expectRefusal(
    ["emit", quantisedFolder(config, tensors), ...SIZE, "--out", out],
    /^error: …\/model\.safetensors: tensor "model\.layers\.1\.mlp\.down_proj\.weight" has [\d.e+-]+ at \[0,1?\d\], which fp16 cannot hold/,
    out,
  );
});

test("run takes a checkpoint", async () => {
  const out = join(folderOf({}), "y.safetensors");
  const argv = ["run", ggufOf(), ...SIZE, "--positions", "0..3", "--out", out];
  expect(await graphc(argv)).toMatchObject({ code: 0 });
});

test("what is noted goes to standard error", async () => {
  const { tie_word_embeddings: _, ...config } = CONFIG;
  const folder = checkpointOf({ "config.json": JSON.stringify(config), "adapter_config.json": "{}" });
  const { code, err } = await graphc(["check", folder, ...SIZE]);
  expect(code).toBe(0);
  expect(err).toContain("note: …: the adapter (LoRA) beside the weights is not merged");
  expect(err).toContain("note: tie_word_embeddings is not given; Hugging Face's default false");
  expect(err).toContain('note: …: tensor "lm_head.weight" is missing, which no layer reads');
});

test("a checkpoint that is none", async () => {
  await expectRefusal(["check", "none.gguf"], "cannot read none.gguf: there is no such file or folder");
  await expectRefusal(["check", folderOf({})], "cannot read …/config.json: there is no such file or folder");
  await expectRefusal(
    ["check", ggufOf(), "--weights", "x"],
    /--weights does nothing for …\/m\.gguf; it is for phi4-mini and graph files$/,
  );
  await expectRefusal(
    ["emit", ggufOf(), "--seed", "3"],
    /--seed does nothing for …\/m\.gguf; it is for phi4-mini and graph files$/,
  );
  const pointer = join(folderOf({}), "m.gguf");
  writeFileSync(pointer, "version https://git-lfs.github.com/spec/v1\n");
  await expectRefusal(
    ["check", pointer],
    "…/m.gguf is a Git LFS pointer, not the weights; run git lfs pull in its folder",
  );
  await expectRefusal(
    ["check", ggufOf({ "phi3.block_count": whole(3) }), ...SIZE],
    /^error: …\/m\.gguf: tensor "model\.layers\.2\.input_layernorm\.weight" \[32\] is missing \(and 5 more/,
  );
  const extra = fileOf([...TENSORS, { ...TENSORS[1]!, name: "model.layers.1.self_attn.q_norm.weight" }]);
  await expectRefusal(
    ["check", checkpointOf({ "model.safetensors": extra }), ...SIZE],
    /q_norm\.weight" is not part of the model/,
  );
});
