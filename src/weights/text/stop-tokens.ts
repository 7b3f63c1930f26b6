/** At which tokens a model stops speaking: as the files beside its weights say. */
import { join } from "node:path";
import { UserError } from "../../dsl/user-error.ts";
import { strictJsonOf } from "../../files/json.ts";
import { readRegular, statOf } from "../../files/regular.ts";
import { openGguf } from "../gguf/file.ts";

/** The tokens that end an answer, and the one that begins a text, by id. */
export interface StopTokens {
  readonly ends: readonly number[];
  readonly begin?: number;
  /** Where they were found. */
  readonly from: string;
}

/**
 * Of a folder those of generation_config.json, of config.json where that says none; of a GGUF file those of its tokenizer.
 * @throws UserError where nothing says how an answer ends
 */
export async function stopTokens(path: string): Promise<StopTokens> {
  const found = path.endsWith(".gguf") ? await ofGguf(path) : await ofFolder(path);
  if (found) return found;
  throw new UserError(
    `${path} does not say at which token the model stops`,
    "generation_config.json has it as eos_token_id; give --eos ID",
  );
}

async function ofFolder(folder: string): Promise<StopTokens | undefined> {
  for (const name of ["generation_config.json", "config.json"]) {
    const path = join(folder, name);
    if (!(await statOf(path))) continue;
    const json = strictJsonOf(await readRegular(path), path) as Readonly<Record<string, unknown>> | null;
    const ends = [json?.eos_token_id ?? []].flat().filter(isId);
    const begin = json?.bos_token_id;
    if (ends.length > 0) return { ends, ...(isId(begin) ? { begin } : {}), from: path };
  }
  return undefined;
}

/** llama.cpp knows the ends of a turn (eot) and of a message (eom) besides that of a text (eos); chat models stop at the first. */
async function ofGguf(path: string): Promise<StopTokens | undefined> {
  const file = await openGguf(path);
  try {
    const id = (key: string) => {
      const value = file.metadata.get(`tokenizer.ggml.${key}_token_id`);
      return isId(value) ? [value] : [];
    };
    const ends = [...new Set([...id("eot"), ...id("eos"), ...id("eom")])];
    const [begin] = id("bos");
    return ends.length > 0 ? { ends, ...(begin === undefined ? {} : { begin }), from: path } : undefined;
  } finally {
    await file.close();
  }
}

const isId = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
