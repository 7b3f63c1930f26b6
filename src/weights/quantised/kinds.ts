/** How the weights of a folder are quantised: those that graphc reads as numbers, and the others named for what they are. */
import { UserError } from "../../dsl/user-error.ts";
import { brief } from "../../models/brief.ts";
import { fp8Tensors } from "./fp8.ts";
import { otherMethod, transformersPart } from "./fp8-config.ts";
import { isFp8 } from "./fp8-values.ts";
import { type HeldTensors, objectOf, type QuantisedTensors } from "./held.ts";
import { isPacked, mlxTensors } from "./mlx.ts";
import { mlxPart } from "./mlx-config.ts";

/** A checkpoint folder as it was opened. */
export interface OpenFolder {
  readonly folder: string;
  readonly configPath: string;
  readonly config: unknown;
  readonly held: HeldTensors;
}

interface Stored {
  readonly name: string;
  readonly dtype: string;
}

/**
 * The quantised tensors of a folder as numbers; undefined where there are none.
 * @throws UserError for weights that are quantised in another way: their shapes and dtypes would be told as wrong, which they are not
 */
export function quantisedTensors({ folder, configPath, config, held }: OpenFolder): QuantisedTensors | undefined {
  const tensors = [...held.values()].map(({ entry }) => entry);
  const other = otherKind(config, tensors);
  if (other !== undefined)
    throw new UserError(
      `${folder}: its weights are quantised (${other}), which graphc does not read`,
      "give the checkpoint that they were quantised from, or dequantise them with the tool that wrote them",
    );
  if (tensors.some(({ dtype }) => isFp8(dtype))) return fp8Tensors(held, config, configPath);
  if (tensors.some(isPacked) || mlxPart(config)) return mlxTensors(held, config, configPath);
  const method = transformersPart(config).quant_method;
  if (method === undefined) return undefined;
  throw new UserError(
    `${configPath}: says that the weights are quantised (${brief(method)}), and no tensor is FP8`,
    'if they were dequantised, take "quantization_config" out of it',
  );
}

/** What is quantised in a way that is not read. */
function otherKind(config: unknown, tensors: readonly Stored[]): string | undefined {
  const has = (form: RegExp) => tensors.some(({ name }) => form.test(name));
  if (has(/\.qweight$/)) return transformersPart(config).quant_method === "awq" ? "AWQ" : "GPTQ or AWQ";
  if (has(/\.(absmax|quant_state\.\w+)$/)) return "bitsandbytes";
  const method = otherMethod(config);
  if (method !== undefined) return method;
  if (has(/\.weight_packed$/)) return "packed by compressed-tensors";
  const fp8 = tensors.filter(({ dtype }) => isFp8(dtype));
  if (fp8.length > 0 && tensors.some(isPacked)) return "as MLX does and in FP8 at once";
  // NVFP4 has FP8 scales beside packed weights, some GPUs a form of FP8 of their own.
  if (fp8.some(({ name }) => /_scale(_\w+)?$/.test(name))) return "with scales in FP8";
  return tensors.find(({ dtype }) => /^F8_.*FNUZ$/.test(dtype))?.dtype;
}

/** config.json without what it says of quantisation, for whoever reads it for tensors that are numbers. */
export function withoutQuantisation(config: unknown): unknown {
  const top = objectOf(config);
  if (top === undefined) return config;
  const { quantization: _, quantization_config: __, ...rest } = top;
  return rest;
}
