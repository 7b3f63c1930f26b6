/** What kind of checkpoint a folder holds, where it is one that graphc does not read: named for what it is, with a mend that is right. */
import { UserError } from "../../dsl/user-error.ts";

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
