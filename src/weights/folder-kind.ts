/** What kind of checkpoint a folder holds, where it is one that graphc does not read: named for what it is, with a mend that is right. */
import { UserError } from "../dsl/user-error.ts";

/** A sentence for whoever gave the folder. */
interface Stranger {
  readonly what: string;
  readonly mend: string;
}

/** Found by the names of files; the first that fits is told. */
const BY_FILE: readonly (readonly [name: RegExp, (file: string) => Stranger])[] = [
  [/\.gguf$/, (file) => ({ what: `holds ${file}, a GGUF file`, mend: "give that file" })],
  [/\.ml(package|modelc)$/, (file) => ({ what: `holds ${file}, a Core ML model`, mend: "give that, not its folder" })],
  [
    /^adapter_config\.json$/,
    () => ({
      what: "holds an adapter without its base model",
      mend: "merge it into the base model (peft: merge_and_unload) and save that",
    }),
  ],
  [
    /^(pytorch_model.*\.bin|consolidated.*\.pth)$/,
    (file) => ({
      what: `holds ${file}, a pickle, which runs code when it is read`,
      mend: "load it with transformers and save it with save_pretrained, which writes safetensors",
    }),
  ],
  [
    /^(consolidated.*\.safetensors|weights.*\.npz)$/,
    (file) => ({
      what: `holds ${file}, whose tensors have other names`,
      mend: "give the checkpoint in Hugging Face's layout",
    }),
  ],
];

/** @throws UserError where a file tells that the folder is of another kind */
export function refuseStranger(folder: string, names: readonly string[]): void {
  for (const [form, tell] of BY_FILE) {
    const file = names.find((name) => form.test(name));
    if (file === undefined) continue;
    const { what, mend } = tell(file);
    throw new UserError(`${folder}: ${what}`, mend);
  }
}

/** The refusal of a folder without safetensors in Hugging Face's layout. @throws UserError where it is of another kind */
export function withoutWeights(folder: string, names: readonly string[], wanted: string): UserError {
  refuseStranger(folder, names);
  return new UserError(`${folder}: holds neither ${wanted}`, "is it a checkpoint folder?");
}

interface Stored {
  readonly name: string;
  readonly dtype: string;
}

/** How the weights are quantised; undefined where they are plain numbers. */
function quantisation(config: unknown, tensors: readonly Stored[]): string | undefined {
  const { quantization_config: said } = (config ?? {}) as { quantization_config?: { quant_method?: unknown } | null };
  const has = (form: RegExp) => tensors.some(({ name }) => form.test(name));
  if (tensors.some(({ dtype }) => dtype.startsWith("F8_")) || said?.quant_method === "fp8")
    return "FP8 with scales of its own";
  if (has(/\.qweight$/)) return said?.quant_method === "awq" ? "AWQ" : "GPTQ or AWQ";
  if (has(/\.(absmax|quant_state\.\w+)$/)) return "bitsandbytes";
  if (has(/\.scales$/) && tensors.some(({ dtype }) => dtype === "U32")) return "MLX, in groups with scales and biases";
  return typeof said?.quant_method === "string" ? JSON.stringify(said.quant_method) : undefined;
}

/** @throws UserError for weights that are no plain numbers: their shapes and dtypes would be told as wrong, which they are not */
export function refuseQuantised(folder: string, config: unknown, tensors: readonly Stored[]): void {
  const how = quantisation(config, tensors);
  if (how === undefined) return;
  throw new UserError(
    `${folder}: its weights are quantised (${how}), which graphc does not read`,
    "give the checkpoint that they were quantised from, or dequantise them with the tool that wrote them",
  );
}
