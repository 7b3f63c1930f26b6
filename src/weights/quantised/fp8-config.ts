/** How config.json says that FP8 scales lie over their tensors; what it says beyond FP8 is refused. */
import { UserError } from "../../dsl/user-error.ts";
import { brief } from "../../models/brief.ts";
import { type Json, objectOf } from "./held.ts";

/** Rows and columns that share a scale. */
export type Block = readonly [rows: number, columns: number];

/** What has a scale of its own. */
export type Layout = "tensor" | "row" | Block;

/** Where nothing is said of blocks, the shape of the scales tells which of the two. */
const UNSAID: readonly Layout[] = ["tensor", "row"];

/** The methods whose weights are FP8 numbers and factors. */
const METHODS: readonly unknown[] = ["fp8", "fbgemm_fp8", "compressed-tensors", undefined];

/** What config.json says of quantisation, by transformers' name for it. */
export const transformersPart = (config: unknown): Json => objectOf(objectOf(config)?.quantization_config) ?? {};

/** What config.json names that is none of FP8's methods, or another form of one; undefined where there is none. */
export function otherMethod(config: unknown): string | undefined {
  const said = transformersPart(config);
  if (!METHODS.includes(said.quant_method)) return brief(said.quant_method);
  return said.quant_method === "compressed-tensors" ? otherCompressed(said) : undefined;
}

/**
 * How scales may lie.
 * @throws UserError that names the file and the size of blocks that is none
 */
export function layoutsOf(config: unknown, configPath: string): readonly Layout[] {
  const said = transformersPart(config);
  if (said.quant_method === "compressed-tensors")
    return groupsOf(said).map(({ strategy, block_structure }) =>
      strategy === "tensor" ? "tensor" : strategy === "channel" ? "row" : blockOf(block_structure, configPath),
    );
  return (said.weight_block_size ?? undefined) === undefined ? UNSAID : [blockOf(said.weight_block_size, configPath)];
}

function blockOf(size: unknown, configPath: string): Block {
  if (Array.isArray(size) && size.length === 2 && size.every((n) => Number.isSafeInteger(n) && n > 0))
    return [size[0], size[1]];
  throw new UserError(
    `${configPath}: "quantization_config" has blocks of ${size === undefined ? "no size" : brief(size)}`,
    "a block has two sizes from 1 on, rows and columns",
  );
}

/** The formats of compressed-tensors that hold FP8 numbers as they are (vllm-project/compressed-tensors). */
const FORMATS: readonly unknown[] = ["float-quantized", "naive-quantized", undefined];
const STRATEGIES: readonly unknown[] = ["tensor", "channel", "block"];

/** The "weights" of each group of layers. */
const groupsOf = ({ config_groups }: Json): readonly Json[] =>
  Object.values(objectOf(config_groups) ?? {}).map((group) => objectOf(objectOf(group)?.weights) ?? {});

/** What a compressed-tensors checkpoint is where it is not FP8 numbers and factors. */
function otherCompressed(said: Json): string | undefined {
  const named = (what: string) => `"compressed-tensors", ${what}`;
  const formats = [said, ...Object.values(objectOf(said.config_groups) ?? {})].map((part) => objectOf(part)?.format);
  const format = formats.find((name) => !FORMATS.includes(name ?? undefined));
  if (format !== undefined) return named(`format ${brief(format)}`);
  const sparsity = objectOf(said.sparsity_config)?.format ?? "dense";
  if (sparsity !== "dense") return named(`sparsity ${brief(sparsity)}`);
  // Its weights stand in a turned basis.
  if (JSON.stringify(said.transform_config ?? {}).replace('"config_groups":{}', "") !== "{}")
    return named("with transforms");
  const groups = groupsOf(said);
  if (groups.length === 0) return named("without groups of layers");
  const other = groups.find(
    ({ num_bits, type, symmetric = true, strategy }) =>
      num_bits !== 8 || type !== "float" || symmetric !== true || !STRATEGIES.includes(strategy),
  );
  return (
    other &&
    named(["num_bits", "type", "symmetric", "strategy"].map((key) => `${key} ${toldOf(other[key])}`).join(", "))
  );
}

const toldOf = (value: unknown): string => (value === undefined ? "not given" : brief(value));
