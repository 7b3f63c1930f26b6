/** Quantised folders that do not fit themselves, or are quantised in another way: one sentence each, with a mend that is right. */
import { describe, expect, test } from "vitest";
import { openCheckpoint } from "../../../src/weights/hub/checkpoint.ts";
import type { RawTensor } from "../../support/cli.ts";
import { mlxTensorsOf, quantisedFolder, tensorOf } from "../../support/weights/quantised-files.ts";

/** What opening the folder is refused with; the folder is left out of it. */
async function refusal(config: unknown, tensors: readonly RawTensor[]): Promise<string> {
  const folder = quantisedFolder(config, tensors);
  const error = await openCheckpoint(folder).then(
    (checkpoint) => checkpoint.close(),
    (error: Error & { readonly mend?: string }) => error,
  );
  expect(error?.name).toBe("UserError");
  return [error!.message, error!.mend ?? "no mend"].join("; ").replaceAll(`${folder}/`, "").replaceAll(folder, "");
}

const zeros = (n: number): readonly number[] => Array.from({ length: n }, () => 0);
const raw = (name: string, dtype: string, shape: readonly number[], bytes: number): RawTensor => ({
  name,
  dtype,
  shape,
  data: new Uint8Array(bytes),
});

describe("MLX", () => {
  const layer = { bits: 4, groupSize: 64, columns: 128, codes: zeros(256), scales: zeros(4), biases: zeros(4) };
  const right = mlxTensorsOf("w", layer);
  const [weight, scales, biases] = right as [RawTensor, RawTensor, RawTensor];
  const FOUR = { group_size: 64, bits: 4 };
  const said = (more: object = {}) => ({ quantization: { ...FOUR, ...more } });
  const AGAIN = "convert the original checkpoint again with mlx_lm.convert -q, or give that checkpoint itself";
  const BELONGS = 'does "quantization" in config.json belong to these weights?';
  const AFFINE = "graphc reads MLX folders of the mode affine, which have scales and biases";

  test("the folder without a fault is read", async () => {
    const checkpoint = await openCheckpoint(quantisedFolder(said(), right));
    expect([...checkpoint.tensors.values()]).toEqual([
      { name: "w.weight", dtype: "BF16", shape: [2, 128], encoding: "U32 of 4 bits in groups of 64 (scales BF16)" },
    ]);
    expect(checkpoint.container).toBe("Hugging Face folder, MLX, 4 bits in groups of 64");
    expect(checkpoint.config).toEqual({});
    await checkpoint.close();
  });

  test.each<readonly [sentence: string, config: unknown, tensors: readonly RawTensor[]]>([
    [
      `model.safetensors: tensor "w.weight" is U32 [2,16], packed as MLX does, and its tensor "w.scales" is missing; ${AFFINE}`,
      said(),
      [weight, biases],
    ],
    [
      `model.safetensors: tensor "w.weight" is U32 [2,16], packed as MLX does, and its tensor "w.biases" is missing; ${AFFINE}`,
      said(),
      [weight, scales],
    ],
    [
      `model.safetensors: tensor "w.scales" is BF16 [2,4]; tensor "w.weight" of 4 bits in groups of 64 takes BF16 [2,2]; ${BELONGS}`,
      said(),
      [weight, tensorOf("w.scales", "BF16", [2, 4], zeros(8)), biases],
    ],
    [
      `model.safetensors: tensor "w.scales" is BF16 [4]; tensor "w.weight" of 4 bits in groups of 64 takes BF16 [2,2]; ${BELONGS}`,
      said(),
      [weight, tensorOf("w.scales", "BF16", [4], zeros(4)), biases],
    ],
    [
      `model.safetensors: tensor "w.biases" is BF16 [2,1]; tensor "w.weight" of 4 bits in groups of 64 takes BF16 [2,2]; ${BELONGS}`,
      said(),
      [weight, scales, tensorOf("w.biases", "BF16", [2, 1], zeros(2))],
    ],
    [
      `model.safetensors: tensor "w.biases" is F16 [2,2]; tensor "w.weight" of 4 bits in groups of 64 takes BF16 [2,2]; ${BELONGS}`,
      said(),
      [weight, scales, tensorOf("w.biases", "F16", [2, 2], zeros(4))],
    ],
    [
      'model.safetensors: tensor "w.scales" is U8 [2,2], and scales are read as F32, F16 or BF16; convert the original checkpoint again with mlx_lm.convert -q in the mode affine, or give it itself',
      said(),
      [weight, raw("w.scales", "U8", [2, 2], 4), biases],
    ],
    [
      `model.safetensors: tensor "w.weight" is U32 [2,17]; rows of 17 words are no whole groups of 64 elements of 4 bits; ${BELONGS}`,
      said(),
      [raw("w.weight", "U32", [2, 17], 136), scales, biases],
    ],
    [
      `model.safetensors: tensor "w.weight" is U32 [2,16]; rows of 16 words are no whole groups of 64 elements of 3 bits; ${BELONGS}`,
      said({ bits: 3 }),
      right,
    ],
    [
      `model.safetensors: tensor "w.scales" is BF16 [2,2]; tensor "w.weight" of 4 bits in groups of 32 takes BF16 [2,4]; ${BELONGS}`,
      said({ w: { group_size: 32, bits: 4 } }),
      right,
    ],
    [
      'model.safetensors: tensor "w.weight" is U32 [32]; packed tensors have rows and columns; no mend',
      said(),
      [{ ...weight, shape: [32] }, scales, biases],
    ],
    [
      `config.json: "quantization" has bits 7; it must be one of 1, 2, 3, 4, 5, 6, 8; ${AGAIN}`,
      said({ bits: 7 }),
      right,
    ],
    [
      `config.json: "quantization" has group_size 48; it must be one of 32, 64, 128; ${AGAIN}`,
      said({ group_size: 48 }),
      right,
    ],
    [
      `config.json: "quantization" has bits not given; it must be one of 1, 2, 3, 4, 5, 6, 8; ${AGAIN}`,
      { quantization: { group_size: 64 } },
      right,
    ],
    ...["mxfp4", "nvfp4", "mxfp8", "new", null].flatMap((mode) => [
      [
        `config.json: "quantization" has the mode ${JSON.stringify(mode)}, and graphc reads "affine" alone; ${AGAIN}`,
        said({ mode }),
        right,
      ] as const,
      [
        `config.json: "quantization" of "w" has the mode ${JSON.stringify(mode)}, and graphc reads "affine" alone; ${AGAIN}`,
        said({ w: { ...FOUR, mode } }),
        right,
      ] as const,
    ]),
    [
      `config.json: "quantization" of "w" has "global_scale", which is not understood; ${AGAIN}`,
      said({ w: { ...FOUR, global_scale: true } }),
      right,
    ],
    [
      'config.json: "quantization" of "sym" is 1, which is not understood; it must be false, or give group_size and bits',
      said({ sym: 1 }),
      right,
    ],
    [
      'model.safetensors: tensor "w.weight" is U32 [2,16], packed, and config.json says that "w" is not; no mend',
      said({ w: false }),
      right,
    ],
    [
      'config.json: "quantization" is missing, and the shapes of tensor "w.weight" and its scales do not tell its bits and group size; add "quantization": {"group_size": …, "bits": …} with the numbers that it was quantised with',
      {},
      right,
    ],
  ])("%s", async (sentence, config, tensors) => expect(await refusal(config, tensors)).toBe(sentence));
});

describe("FP8", () => {
  const weight = raw("w.weight", "F8_E4M3", [4, 6], 24);
  const scale = (shape: readonly number[], name = "w.weight_scale") =>
    tensorOf(name, "F32", shape, zeros(shape.reduce((n, size) => n * size, 1)));
  const blocks = (weight_block_size: unknown) => ({ quantization_config: { quant_method: "fp8", weight_block_size } });
  const ORIGINAL = "give the checkpoint that it was made from, in BF16, F16 or F32";
  const BELONGS = 'does "quantization_config" in config.json belong to these weights?';

  test.each<readonly [sentence: string, config: unknown, tensors: readonly RawTensor[]]>([
    [
      `model.safetensors: tensor "w.weight" is F8_E4M3 [4,6], and no scale stands beside it (w.weight_scale_inv or w.weight_scale); ${ORIGINAL}`,
      {},
      [weight, scale([1], "v.weight_scale")],
    ],
    [
      'model.safetensors: tensor "w.weight" is F8_E4M3 [4,6], with both w.weight_scale_inv and w.weight_scale, and which one holds is not told; no mend',
      {},
      [weight, scale([1]), scale([1], "w.weight_scale_inv")],
    ],
    [
      'model.safetensors: tensor "w.weight_scale" is F32 [2,3]; tensor "w.weight" [4,6] takes [], [1], [1,1] with one scale a tensor or [4,1], [4] with one scale a row; if its scales are those of blocks, "weight_block_size" of "quantization_config" in config.json must tell the size',
      {},
      [weight, scale([2, 3])],
    ],
    [
      `model.safetensors: tensor "w.weight_scale" is F32 [2,3]; tensor "w.weight" [4,6] takes [1,2] in blocks of 4×4; ${BELONGS}`,
      blocks([4, 4]),
      [weight, scale([2, 3])],
    ],
    [
      `model.safetensors: tensor "w.weight_scale" is F32 [3,2]; tensor "w.weight" [4,6] takes [2,3] in blocks of 2×2; ${BELONGS}`,
      blocks([2, 2]),
      [weight, scale([3, 2])],
    ],
    [
      `model.safetensors: tensor "w.weight_scale" is F32 [1]; tensor "w.weight" [4,6] takes [2,3] in blocks of 2×2; ${BELONGS}`,
      blocks([2, 2]),
      [weight, scale([1])],
    ],
    [
      `model.safetensors: tensor "w.weight_scale" is F8_E8M0 [1], and scales are read as F32, F16 or BF16; ${ORIGINAL}`,
      {},
      [weight, raw("w.weight_scale", "F8_E8M0", [1], 1)],
    ],
    [
      `model.safetensors: tensor "w.weight" is F8_E4M3 [1,4,6]; only matrices are read from FP8; ${ORIGINAL}`,
      {},
      [{ ...weight, shape: [1, 4, 6] }, scale([1])],
    ],
    ...[[128], [0, 128], [1.5, 2], [128, 128, 1], "128x128", { rows: 1 }].map(
      (size) =>
        [
          `config.json: "quantization_config" has blocks of ${Array.isArray(size) ? `a list of ${size.length} (${JSON.stringify(size)})` : JSON.stringify(size)}; a block has two sizes from 1 on, rows and columns`,
          blocks(size),
          [weight, scale([1])],
        ] as const,
    ),
    [
      'config.json: says that the weights are quantised ("fp8"), and no tensor is FP8; if they were dequantised, take "quantization_config" out of it',
      blocks([2, 2]),
      [tensorOf("w.weight", "BF16", [1], [1])],
    ],
  ])("%s", async (sentence, config, tensors) => expect(await refusal(config, tensors)).toBe(sentence));
});

describe("another way is named:", () => {
  const bf16 = tensorOf("w.weight", "BF16", [1], [1]);
  const fp8 = [raw("w.weight", "F8_E4M3", [1, 1], 1), tensorOf("w.weight_scale", "F32", [1], [1])];
  const u32 = (name: string) => raw(name, "U32", [1], 4);
  const compressed = (more: object, weights: object = {}) => ({
    quantization_config: {
      quant_method: "compressed-tensors",
      format: "float-quantized",
      config_groups: { a: { weights: { num_bits: 8, type: "float", strategy: "tensor", ...weights } } },
      ...more,
    },
  });
  const CASES: readonly (readonly [how: string, config: unknown, tensors: readonly RawTensor[]])[] = [
    ["GPTQ or AWQ", {}, [u32("w.qweight"), u32("w.qzeros"), tensorOf("w.scales", "BF16", [1], [1])]],
    ["AWQ", { quantization_config: { quant_method: "awq" } }, [u32("w.qweight")]],
    ["bitsandbytes", {}, [u32("w.weight"), tensorOf("w.weight.absmax", "BF16", [1], [1])]],
    ['"hqq"', { quantization_config: { quant_method: "hqq" } }, [bf16]],
    ['"modelopt"', { quantization_config: { quant_method: "modelopt" } }, fp8],
    ['"compressed-tensors", format "pack-quantized"', compressed({ format: "pack-quantized" }), [bf16]],
    [
      '"compressed-tensors", format "nvfp4-pack-quantized"',
      compressed({ config_groups: { a: { format: "nvfp4-pack-quantized" } } }),
      fp8,
    ],
    ['"compressed-tensors", sparsity "24"', compressed({ sparsity_config: { format: "24" } }), fp8],
    ['"compressed-tensors", with transforms', compressed({ transform_config: { config_groups: { a: {} } } }), fp8],
    ['"compressed-tensors", without groups of layers', compressed({ config_groups: {} }), fp8],
    [
      '"compressed-tensors", num_bits 8, type "int", symmetric not given, strategy "channel"',
      compressed({}, { type: "int", strategy: "channel" }),
      [bf16],
    ],
    [
      '"compressed-tensors", num_bits 4, type "float", symmetric not given, strategy "tensor"',
      compressed({}, { num_bits: 4 }),
      fp8,
    ],
    [
      '"compressed-tensors", num_bits 8, type "float", symmetric false, strategy "tensor"',
      compressed({}, { symmetric: false }),
      fp8,
    ],
    [
      '"compressed-tensors", num_bits 8, type "float", symmetric not given, strategy "group"',
      compressed({}, { strategy: "group" }),
      fp8,
    ],
    ["as MLX does and in FP8 at once", {}, [raw("v.weight", "U32", [1, 1], 4), ...fp8]],
    ["packed by compressed-tensors", {}, [raw("w.weight_packed", "U8", [1], 1)]],
    ["with scales in FP8", {}, [raw("w.weight", "U8", [1, 1], 1), raw("w.weight_scale", "F8_E4M3", [1, 1], 1)]],
    ["F8_E4M3FNUZ", {}, [raw("w.weight", "F8_E4M3FNUZ", [1, 1], 1), fp8[1]!]],
  ];
  test.each(CASES)("%s", async (how, config, tensors) => {
    expect(await refusal(config, tensors)).toBe(
      `: its weights are quantised (${how}), which graphc does not read; give the checkpoint that they were quantised from, or dequantise them with the tool that wrote them`,
    );
  });
});
