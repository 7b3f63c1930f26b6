/** Tokenizers: text to ids and back, pieces as they come, and what is refused rather than read wrongly. */
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { textStream } from "../../../src/build/text/stream.ts";
import { supportedTokenizer } from "../../../src/build/text/supported.ts";
import { openTokenizer } from "../../../src/build/text/tokenizer.ts";
import { ggufTokenizer } from "../../../src/weights/gguf/tokenizer.ts";
import { textFiles } from "../../../src/weights/text/files.ts";
import { folderOf, testFolder } from "../../support/cli.ts";
import { ggufBytes } from "../../support/gguf/gguf-files.ts";
import { byteTokenizer } from "../../support/gguf/tiny-tokenizer.ts";

type Json = Record<string, unknown>;
const filesOf = (metadata = byteTokenizer()): { "tokenizer.json": Json; "tokenizer_config.json": Json } =>
  Object.fromEntries(
    [...ggufTokenizer(metadata, "m.gguf")].map(([name, json]) => [name, JSON.parse(JSON.stringify(json))]),
  ) as ReturnType<typeof filesOf>;
/** A tokenizer in a folder of its own, with other files where they are given. */
const opened = (others: Readonly<Record<string, string>> = {}, metadata = byteTokenizer()) =>
  openTokenizer(
    folderOf({
      ...Object.fromEntries(Object.entries(filesOf(metadata)).map(([name, json]) => [name, JSON.stringify(json)])),
      ...others,
    }),
  );

const text = fc.string({ unit: "grapheme", maxLength: 30 });

describe("a tokenizer of bytes", () => {
  test("gives every text back", async () => {
    const { encode, decode } = await opened();
    fc.assert(fc.property(text, (said) => void expect(decode(encode(said))).toBe(said)));
  });

  test("merges in the order of its list, and splits numbers digit by digit in every script", async () => {
    const { encode, decode } = await opened();
    const words = (said: string) => encode(said).map((id) => decode([id]));
    expect(words("hello w")).toEqual(["hell", "o", " w"]);
    expect(words("12")).toEqual(["1", "2"]);
    expect(words("é")).toEqual(["é"]);
    expect(encode("<|end|>")).toEqual([299]);
    expect(encode("")).toEqual([]);
  });

  test("begins texts as the file says, and chats as the template does", async () => {
    const metadata = byteTokenizer().set("tokenizer.ggml.add_bos_token", true);
    const { encode, encodeChat, decode } = await opened({}, metadata);
    expect(encode("hi")).toEqual([298, ...(await opened()).encode("hi")]);
    expect(encodeChat("hi")).toEqual([298, ...(await opened()).encode("hi"), 299, 298]);
    expect(decode(encodeChat("hi"))).toBe("hi");
  });
});

describe("a stream", () => {
  test("is the whole text, and no piece of it ends within a character", async () => {
    const { encode, decode } = await opened();
    fc.assert(
      fc.property(text, (said) => {
        const stream = textStream({ decode });
        const pieces = encode(said).map(stream.push);
        expect([...pieces, stream.end()].join("")).toBe(said);
        if (!said.includes("\ufffd")) expect(pieces.join("")).not.toContain("\ufffd");
      }),
      { examples: [["héllo 👩‍👩‍👧 日本"], ["\ufffd"], ["a\ufffdb"]] },
    );
  });

  test("tells what was never whole at its end", async () => {
    const { encode, decode } = await opened();
    const [first] = encode("日");
    const stream = textStream({ decode });
    expect([stream.push(first!), stream.end()]).toEqual(["", "\ufffd"]);
  });
});

describe("a tokenizer that is not read", () => {
  const refusal = (change: (json: Json) => void): string => {
    const json = filesOf()["tokenizer.json"];
    change(json);
    try {
      supportedTokenizer(json, (problem) => new Error(problem));
    } catch (error) {
      return (error as Error).message;
    }
    return "none";
  };
  const split = (behavior: string, invert: boolean) => ({
    type: "Split",
    pattern: { Regex: "a" },
    behavior,
    invert,
  });

  test.each<[string, (json: Json) => void, RegExp]>([
    ["of another model", (j) => Object.assign(j.model as Json, { type: "Unigram" }), /its model is Unigram/],
    ["that drops merges", (j) => Object.assign(j.model as Json, { dropout: 0.1 }), /dropout/],
    ["with word ends", (j) => Object.assign(j.model as Json, { end_of_word_suffix: "</w>" }), /end_of_word_suffix/],
    ["without merges", (j) => Object.assign(j.model as Json, { merges: 3 }), /merges/],
    ["of a strange normalizer", (j) => Object.assign(j, { normalizer: { type: "Precompiled" } }), /"Precompiled"/],
    ["of a strange splitter", (j) => Object.assign(j, { pre_tokenizer: { type: "BertPreTokenizer" } }), /"BertPre/],
    [
      "that merges splits",
      (j) => Object.assign(j, { pre_tokenizer: split("MergedWithNext", false) }),
      /"MergedWithNext"/,
    ],
    ["that inverts", (j) => Object.assign(j, { pre_tokenizer: split("Isolated", true) }), /inverted/],
    [
      "with single words",
      (j) => Object.assign((j.added_tokens as Json[])[0]!, { single_word: true }),
      /"<\|user\|>" is a single word/,
    ],
  ])("%s is named", (_, change, sentence) => expect(refusal(change)).toMatch(sentence));

  test("is none of those that are read", () => {
    expect(refusal(() => {})).toBe("none");
    expect(refusal((j) => Object.assign(j, { pre_tokenizer: split("Removed", true) }))).toBe("none");
  });

  test("has its digits respelt, as every number of Unicode", () => {
    const json = { ...filesOf()["tokenizer.json"], pre_tokenizer: { type: "Digits", individual_digits: true } };
    expect(supportedTokenizer(json, (problem) => new Error(problem))).toMatchObject({
      pre_tokenizer: { pretokenizers: [{ type: "Split", pattern: { Regex: "\\p{N}" }, behavior: "Isolated" }] },
    });
  });

  test.each<[Readonly<Record<string, string>>, RegExp]>([
    [{ "tokenizer.json": "{" }, /tokenizer.json: not valid JSON/],
    [{ "tokenizer.json": "[]" }, /no tokenizer that graphc reads/],
    [{ "tokenizer_config.json": "3" }, /tokenizer_config.json: it is not an object/],
    [{ "chat_template.jinja": "{% for %}" }, /the template for chats of .* fails/],
  ])("for %j is one sentence", async (files, sentence) => {
    await expect(opened(files)).rejects.toMatchObject({ name: "UserError", message: expect.stringMatching(sentence) });
  });

  test("for a chat that the template refuses is one sentence", async () => {
    const { encodeChat } = await opened({ "chat_template.jinja": "{{ raise_exception('no such role') }}" });
    expect(() => encodeChat("hi")).toThrow(/fails: .*no such role/);
  });
});

describe("the tokenizer of a GGUF file", () => {
  test.each<[string, string, RegExp]>([
    ["tokenizer.ggml.model", "llama", /of the kind "llama"; graphc converts "gpt2" alone/],
    ["tokenizer.ggml.pre", "dbrx", /splits texts as "dbrx"; graphc knows gpt-2, /],
  ])("with %s %s is refused", (key, value, sentence) =>
    expect(() => ggufTokenizer(byteTokenizer().set(key, value), "m.gguf")).toThrow(sentence),
  );

  test("without its merges is refused", () => {
    const metadata = byteTokenizer();
    metadata.delete("tokenizer.ggml.merges");
    expect(() => ggufTokenizer(metadata, "m.gguf")).toThrow('no list "tokenizer.ggml.merges"');
  });

  test("of a file without one is a note, not a refusal", async () => {
    const path = join(folderOf({ "m.gguf": ggufBytes({}) }), "m.gguf");
    expect(await textFiles(path)).toMatchObject({ files: new Map(), note: expect.stringContaining("takes ids") });
    expect((await textFiles(testFolder())).note).toContain("has no tokenizer.json");
  });
});
