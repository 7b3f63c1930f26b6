/** A model's own tokenizer and the template of its chats: text to ids and back, as Hugging Face's tokenizers and transformers have it. */
import { join } from "node:path";
import { UserError } from "../../dsl/user-error.ts";
import { readRegular, statOf } from "../../files/regular.ts";
import { TEXT_FILES } from "../../weights/text/files.ts";
import { supportedTokenizer } from "./supported.ts";

/** A tokenizer that is loaded. */
export interface Tokenizer {
  /** Whether there is a template for chats. */
  readonly hasTemplate: boolean;
  /** Ids of a text as it is, with the tokens that every text of the model begins with. */
  encode(text: string): readonly number[];
  /** Ids of a text as what a user says, up to where the answer begins. @throws UserError for what the template refuses */
  encodeChat(text: string): readonly number[];
  /** The text of ids; special tokens have none. What is no whole character yet is U+FFFD. */
  decode(ids: readonly number[]): string;
}

/** Opens the tokenizer in a folder. @throws UserError where there is none, or one that is not read */
export async function openTokenizer(folder: string): Promise<Tokenizer> {
  const [main, config, template] = TEXT_FILES.map((name) => join(folder, name)) as [string, string, string];
  if (!(await statOf(main)))
    throw new UserError(
      `${folder} has no tokenizer (tokenizer.json)`,
      "give --prompt-ids 1,2,3, or --tokenizer DIR with a folder that has one",
    );
  const refuse = (problem: string) => new UserError(`${main} is no tokenizer that graphc reads: ${problem}`, IDS);
  const json = supportedTokenizer(await jsonAt(main), refuse);
  const settings = (await statOf(config)) ? objectOf(await jsonAt(config), config) : {};
  const chat = (await statOf(template)) ? await textAt(template) : templateIn(settings);
  return loaded(json, settings, { chat, refuse, folder });
}

const IDS = "give --prompt-ids 1,2,3";

type Settings = Readonly<Record<string, unknown>>;

interface Ground {
  readonly chat: string | undefined;
  readonly folder: string;
  refuse(problem: string): Error;
}

/** The libraries are loaded only here: most commands never speak. */
async function loaded(json: object, settings: Settings, { chat, refuse, folder }: Ground): Promise<Tokenizer> {
  const { Tokenizer: Library } = await import("@huggingface/tokenizers");
  const library = attempted(() => new Library(json, { ...settings, additional_special_tokens: [] }), refuse);
  const encode = (text: string, withBegin: boolean): readonly number[] => {
    const ids: readonly (number | undefined)[] = attempted(
      () => library.encode(text, { add_special_tokens: withBegin }).ids,
      refuse,
    );
    if (!ids.every((id) => id !== undefined)) throw refuse(`it has no token for a part of ${JSON.stringify(text)}`);
    return ids;
  };
  const render = chat === undefined ? undefined : await templateOf(chat, settings, folder);
  return {
    hasTemplate: render !== undefined,
    encode: (text) => encode(text, true),
    encodeChat(text) {
      if (!render) throw new UserError(`${folder} has no template for chats`, "give --raw");
      return encode(render(text), false);
    },
    decode: (ids) =>
      ids.length === 0
        ? ""
        : library.decode([...ids], { skip_special_tokens: true, clean_up_tokenization_spaces: false }),
  };
}

/** The text of a conversation in which the user has said one thing. */
async function templateOf(source: string, settings: Settings, folder: string): Promise<(text: string) => string> {
  const refuse = (problem: string) =>
    new UserError(`the template for chats of ${folder} fails: ${problem}`, "give --raw");
  const { Template } = await import("@huggingface/jinja");
  const template = attempted(() => new Template(source), refuse);
  const names = ["bos_token", "eos_token", "unk_token", "pad_token"];
  const tokens = Object.fromEntries(names.flatMap((name) => tokenNamed(settings, name)));
  return (content) =>
    attempted(
      () => template.render({ ...tokens, messages: [{ role: "user", content }], add_generation_prompt: true }),
      refuse,
    );
}

/** A special token is a text, or an object with one. */
function tokenNamed(settings: Settings, name: string): readonly (readonly [string, string])[] {
  const found = settings[name];
  const content = typeof found === "object" ? (found as { readonly content?: unknown } | null)?.content : found;
  return typeof content === "string" ? [[name, content]] : [];
}

/** One template, or several by name, of which the default one. */
function templateIn({ chat_template: found }: Settings): string | undefined {
  if (typeof found === "string") return found;
  if (!Array.isArray(found)) return undefined;
  const named = found.find((one: { readonly name?: unknown } | null) => one?.name === "default")?.template;
  return typeof named === "string" ? named : undefined;
}

/** What the libraries throw is about the files that they were given. */
function attempted<X>(work: () => X, refuse: (problem: string) => Error): X {
  try {
    return work();
  } catch (error) {
    throw refuse((error as Error).message);
  }
}

async function textAt(path: string): Promise<string> {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(await readRegular(path));
  } catch (error) {
    throw error instanceof TypeError ? new UserError(`${path}: not valid UTF-8`) : error;
  }
}

/** As Hugging Face reads it: these files are megabytes of words. */
async function jsonAt(path: string): Promise<unknown> {
  const text = await textAt(path);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UserError(`${path}: not valid JSON: ${(error as Error).message.replace(/[\s\p{Cc}]+/gu, " ")}`);
  }
}

function objectOf(value: unknown, path: string): Settings {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Settings;
  throw new UserError(`${path}: it is not an object`);
}
