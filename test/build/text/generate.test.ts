/** A tiny Phi with a tokenizer, spoken with in text; and what the ane-book's runtime would say of it. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { speakAsAneBook } from "../../../src/build/host/ane-book.ts";
import { speakGreedily } from "../../../src/build/host/decode.ts";
import { openSpeaker } from "../../../src/build/host/speaker.ts";
import { ggufTokenizer } from "../../../src/weights/gguf/tokenizer.ts";
import { buildBundle, endOf, removeBundle, startIn } from "../../support/bundle.ts";
import { folderOf, graphc, testFolder } from "../../support/cli.ts";
import { tinyTokenizer } from "../../support/gguf/tiny-tokenizer.ts";
import { writeTinyPhi } from "../../support/graphs/tiny-phi.ts";

let checkpoint: string;
let out: string;
const FILES = ["tokenizer.json", "tokenizer_config.json"];
const build = (folder: string, ...more: readonly string[]) =>
  graphc(["build", checkpoint, "--out", folder, "--max-seq", "32", "--heads", "2", "--ahead-of-evidence", ...more]);

beforeAll(async () => {
  checkpoint = mkdtempSync(join(tmpdir(), "graphc-cli-"));
  out = join(checkpoint, "model");
  writeTinyPhi(checkpoint);
  for (const [name, json] of ggufTokenizer(tinyTokenizer(), "m.gguf"))
    writeFileSync(join(checkpoint, name), JSON.stringify(json));
  writeFileSync(join(checkpoint, "generation_config.json"), '{ "eos_token_id": [49, 48, 17], "bos_token_id": 48 }');
  expect(await build(out)).toMatchObject({ code: 0 });
});
afterAll(() => rmSync(checkpoint, { recursive: true }));

const generate = (...more: readonly string[]) => graphc(["generate", out, "--max-new", "8", ...more]);
const json = async (...more: readonly string[]) => JSON.parse((await generate(...more, "--json")).out);

describe("a text", () => {
  test("is what its ids are, through the template or as it is", async () => {
    const raw = await json("--prompt", "hello", "--raw");
    expect(raw.prompt).toHaveLength(2);
    expect(await json("--prompt-ids", raw.prompt.join())).toMatchObject({ tokens: raw.tokens });
    const chat = await json("--prompt", "hello");
    expect(chat.prompt).toEqual([48, ...raw.prompt, 49, 48]);
    expect(chat.tokens).not.toEqual(raw.tokens);
  });

  test("comes first, then its ids", async () => {
    const { tokens, text } = await json("--prompt", "hello", "--raw");
    const { code, out: told } = await generate("--prompt", "hello", "--raw", "--check", "--speculative");
    expect(code).toBe(0);
    expect(told.startsWith(`${text}\n${tokens.join()}\n${tokens.length} tokens in `)).toBe(true);
    expect(told).toContain("SAME: token by token");
  });

  test("needs a tokenizer, and takes another folder's", async () => {
    const bare = testFolder();
    const refused = await generate("--prompt", "hello", "--tokenizer", bare);
    expect(refused).toEqual({
      code: 2,
      out: "",
      err: "error: … has no tokenizer (tokenizer.json); give --prompt-ids 1,2,3, or --tokenizer DIR with a folder that has one",
    });
    const template = { "chat_template.jinja": "{{ messages[0]['content'] }}" };
    const other = folderOf({
      ...Object.fromEntries(FILES.map((name) => [name, readFileSync(join(out, name))])),
      ...template,
    });
    const raw = await json("--prompt", "hello", "--raw");
    expect(await json("--prompt", "hello", "--tokenizer", other)).toMatchObject({ prompt: raw.prompt });
  });

  test.each<[readonly string[], RegExp]>([
    [[], /there is no prompt; give --prompt TEXT, or --prompt-ids 1,2,3/],
    [["--prompt", "a", "--prompt-ids", "1"], /--prompt does nothing beside --prompt-ids/],
    [["--prompt-ids", "1", "--raw"], /--raw does nothing without --prompt/],
    [["--prompt", "é".repeat(40)], /more than the cache's 32 rows/],
    [["--prompt-ids", "50"], /token 50 is outside the vocabulary of 50/],
  ])("with %j is refused", async (words, sentence) => {
    const { code, err } = await generate(...words);
    expect({ code, err }).toMatchObject({ code: 2, err: expect.stringMatching(sentence) });
  });

  test("of a folder that holds no model is refused for that", async () => {
    const { code, err } = await graphc(["generate", testFolder(), "--prompt", "a"]);
    expect([code, err]).toEqual([
      2,
      "error: … holds no built model (phi4mini_runtime_meta.json); graphc build writes such a folder",
    ]);
  });

  test("whose reader goes away is no fault", async () => {
    const bundle = buildBundle();
    onTestFinished(() => removeBundle(bundle));
    const child = startIn(bundle, ["generate", out, "--prompt", "hello", "--max-new", "8"]);
    child.stdout!.destroy();
    expect(await endOf(child)).toMatchObject({ code: 0, err: "" });
  });
});

describe("a build", () => {
  test("has the files of the tokenizer, to the byte, and takes away those of another", async () => {
    for (const name of FILES) expect(readFileSync(join(out, name))).toEqual(readFileSync(join(checkpoint, name)));
    writeFileSync(join(out, "chat_template.jinja"), "of another model");
    expect(await build(out)).toMatchObject({ code: 0 });
    expect(existsSync(join(out, "chat_template.jinja"))).toBe(false);
  });

  test("stops at every end that the model has, of which the manifest has room for two", async () => {
    const manifest = JSON.parse(readFileSync(join(out, "phi4mini_runtime_meta.json"), "utf8"));
    expect(manifest).toMatchObject({ eos_token_id: 49, bos_token_id: 48, graphc: { stops: [49, 48, 17] } });
    const speaker = await openSpeaker(out);
    const said = Array.from(
      { length: 48 },
      (_, id) => speakGreedily(speaker, { prompt: [id, 3], most: 8, stops: speaker.stops }).tokens,
    );
    await speaker.close();
    expect(said.some((tokens) => tokens.slice(0, -1).some((token) => [17, 48, 49].includes(token)))).toBe(false);
    expect(said.some((tokens) => tokens.at(-1) === 17)).toBe(true);
  });
});

describe("the ane-book's runtime", () => {
  /** Ids whose last token says another thing where it sees itself alone. */
  const FIVE = "9,1,30,12,5";

  test("says other tokens behind a prompt of five, and the same with blocks: W1", async () => {
    const byDefault = await generate("--prompt-ids", FIVE, "--host", "ane-book");
    expect(byDefault.code).toBe(1);
    expect(byDefault.out).toContain("W1: the prompt has 5 tokens");
    expect(byDefault.out).toContain("DIFFERENT: the ane-book's runtime says ");
    const { runtime, tokens } = await json("--prompt-ids", FIVE, "--host", "ane-book", "--speculative");
    expect(runtime).toEqual({ tokens, isWhole: true, met: [], same: true });
  });

  test("says the same behind prompts of other lengths", async () => {
    const speaker = await openSpeaker(out);
    for (const n of [1, 2, 3, 4, 6, 7, 8]) {
      const speech = { prompt: Array.from({ length: n }, (_, k) => (7 * k + 3 * n) % 48), most: 6, stops: [] };
      const { tokens } = speakGreedily(speaker, speech);
      // It knows two ends whatever it is asked.
      const end = tokens.findIndex((token, k) => k > 0 && token >= 48);
      const said = speakAsAneBook(speaker.runtime, speech, false);
      expect(said.tokens).toEqual(end < 0 ? tokens : tokens.slice(0, end + 1));
      expect(said.met).toEqual([]);
    }
    await speaker.close();
  });
});
