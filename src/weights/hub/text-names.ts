/** The names by which a checkpoint's tensors are known here: those of a text model, whatever it was saved as a part of. */
import { counted } from "../../dsl/counted.ts";
import { UserError } from "../../dsl/user-error.ts";

/** Known names by stored ones, and a sentence for each thing that was taken for granted or passed over. */
export interface TextNames {
  /** Without the tensors that are no part of the text model. */
  readonly known: ReadonlyMap<string, string>;
  readonly notes: readonly string[];
}

/** The language model inside a model that sees as well: as transformers has it since 4.52, and before; its vision part. */
const WRAPPED = /^(?:model\.language_model|language_model\.model)\./;
const WRAPPED_HEAD = /^language_model\.(?=lm_head\.)/;
const VISION = /^(?:model\.)?(vision_tower|multi_modal_projector)\./;

/** @throws UserError where two tensors have one name then */
export function textNames(folder: string, names: readonly string[]): TextNames {
  if (names.some((name) => WRAPPED.test(name))) return wrappedNames(folder, names);
  if (!isBaseModel(names)) return { known: new Map(names.map((name) => [name, name])), notes: [] };
  return {
    known: new Map(names.map((name) => [name, name.startsWith("lm_head.") ? name : `model.${name}`])),
    notes: [`${folder}: tensor names lack "model.": a base model was saved, and is read as one`],
  };
}

/** Whether the names are those of a model without its head, which lack the first part of the usual ones. */
const isBaseModel = (names: readonly string[]): boolean =>
  names.includes("embed_tokens.weight") && !names.some((name) => name.startsWith("model."));

function wrappedNames(folder: string, names: readonly string[]): TextNames {
  const known = new Map<string, string>();
  const storedAs = new Map<string, string>();
  const passedOver = new Map<string, number>();
  for (const name of names) {
    const part = VISION.exec(name)?.[1];
    if (part !== undefined) {
      passedOver.set(part, (passedOver.get(part) ?? 0) + 1);
      continue;
    }
    const own = name.replace(WRAPPED, "model.").replace(WRAPPED_HEAD, "");
    const twin = storedAs.get(own);
    if (twin !== undefined)
      throw new UserError(
        `${folder}: tensors "${twin}" and "${name}" are both "${own}" of the text model`,
        "remove what is stale",
      );
    storedAs.set(own, name);
    known.set(name, own);
  }
  const notes = [...passedOver].map(
    ([part, count]) => `${folder}: ${part} (${counted(count, "tensor")}) is not read: the text part does not need it`,
  );
  return { known, notes };
}
