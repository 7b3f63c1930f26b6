/** Names of the text part of a model, in every way in which it was saved; what is not of it is told and not read. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readDecoder } from "../../src/models/config-read.ts";
import { modelTensors } from "../../src/models/config-tensors.ts";
import { textNames } from "../../src/weights/hub/text-names.ts";
import { expectRefusal, fileOf, folderOf, graphc, ones, testFolder } from "../support/cli.ts";
import { digestsIn } from "../support/emit.ts";

const TEXT = {
  ...{ model_type: "gemma3_text", hidden_size: 12, num_attention_heads: 4, num_key_value_heads: 2, head_dim: 6 },
  ...{ intermediate_size: 10, vocab_size: 16, max_position_embeddings: 64, num_hidden_layers: 2 },
  ...{ sliding_window: 3, sliding_window_pattern: 2 },
};
const TENSORS = modelTensors(readDecoder(TEXT, "config.json").decoder);
const VISION = ["vision_tower.vision_model.encoder.layers.0.self_attn.q_proj.weight", "multi_modal_projector.w"];

/** A model's names as they are saved: with the text part inside since 4.52 and before, and as a text model. */
const SAVED: Readonly<Record<string, (name: string) => string>> = {
  alone: (name) => name,
  "since 4.52": (name) => name.replace(/^model\./, "model.language_model."),
  before: (name) => (VISION.includes(name) ? name : `language_model.${name}`),
};
const whole = [
  "model.embed_tokens.weight",
  "model.layers.0.mlp.down_proj.weight",
  "model.norm.weight",
  "lm_head.weight",
];

test("the names of the text part are those of a text model", () => {
  for (const save of Object.values(SAVED)) {
    const { known, notes } = textNames("f", whole.map(save));
    expect([...known]).toEqual(whole.map((name) => [save(name), name]));
    expect(notes).toEqual([]);
  }
});

test("what is of the vision part has no name, and is counted", () => {
  for (const prefix of ["", "model."]) {
    const names = [
      ...whole.map(SAVED["since 4.52"]!),
      ...VISION.map((name) => prefix + name),
      `${prefix}${VISION[0]}2`,
    ];
    const { known, notes } = textNames("f", names);
    expect([...known.values()]).toEqual(whole);
    expect(notes).toEqual([
      "f: vision_tower (2 tensors) is not read: the text part does not need it",
      "f: multi_modal_projector (1 tensor) is not read: the text part does not need it",
    ]);
  }
});

test("nothing is passed over in a text model, and nothing else in a wrapped one", () => {
  expect([...textNames("f", [...whole, ...VISION]).known.keys()]).toEqual([...whole, ...VISION]);
  const stranger = "audio_tower.layers.0.w";
  expect(textNames("f", ["model.language_model.norm.weight", stranger]).known.get(stranger)).toBe(stranger);
});

test("two tensors that would have one name are refused", () => {
  const twice = ["model.language_model.norm.weight", "language_model.model.norm.weight"];
  expect(() => textNames("f", twice)).toThrow(
    'f: tensors "model.language_model.norm.weight" and "language_model.model.norm.weight" are both "model.norm.weight" of the text model',
  );
  expect(() => textNames("f", ["model.language_model.a", "model.a"])).toThrow('are both "model.a"');
});

test("no two names become one, whatever they are", () => {
  const part = fc.constantFrom("model.", "language_model.", "lm_head.", "vision_tower.", "norm", "w");
  fc.assert(
    fc.property(
      fc.uniqueArray(
        fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("")),
        { maxLength: 6 },
      ),
      (names) => {
        let known: ReadonlyMap<string, string>;
        try {
          known = textNames("f", names).known;
        } catch (error) {
          expect(String(error)).toContain("are both");
          return;
        }
        expect(new Set(known.values()).size).toBe(known.size);
        expect(names).toEqual(expect.arrayContaining([...known.keys()]));
      },
    ),
  );
});

describe("a checkpoint of a model that sees as well", () => {
  const CONFIG = { model_type: "gemma3", text_config: TEXT, vision_config: { hidden_size: 8 } };
  const stored = (save: (name: string) => string, more: readonly string[] = []) =>
    fileOf([
      ...TENSORS.map(({ name, shape }) => ones(save(name), shape)),
      ...more.map((name) => ones(save(name), [2, 2])),
    ]);
  const folder = (config: object, save: (name: string) => string, more?: readonly string[]) =>
    folderOf({ "config.json": JSON.stringify(config), "model.safetensors": stored(save, more) });

  async function emitted(path: string) {
    const out = testFolder();
    const { code, err } = await graphc([
      "emit",
      path,
      "--layer",
      "1",
      "--max-seq",
      "16",
      "--tokens",
      "2",
      "--out",
      out,
    ]);
    expect(code).toBe(0);
    return { files: digestsIn(out), err };
  }

  test("gives the packages of its text model, and says what was not read", async () => {
    const alone = await emitted(folder(TEXT, SAVED.alone!));
    expect(alone.err).not.toContain("not read");
    for (const name of ["since 4.52", "before"] as const) {
      const { files, err } = await emitted(folder(CONFIG, SAVED[name]!, VISION));
      expect(files).toEqual(alone.files);
      expect(err).toContain("note: …: vision_tower (1 tensor) is not read: the text part does not need it");
      expect(err).toContain("note: the text part of a gemma3 model is read");
    }
  });

  test("lacks a tensor by the name that a text model has for it", () =>
    expectRefusal(
      [
        "check",
        folderOf({
          "config.json": JSON.stringify(CONFIG),
          "model.safetensors": fileOf([ones("model.language_model.norm.weight", [12])]),
        }),
      ],
      /^error: …: tensor "model\.embed_tokens\.weight" \[16,12\] is missing/,
    ));
});
