/** A tiny Phi from checkpoint to tokens: built in two shards and two heads, run as the device's host runs it. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { embeddingSource } from "../../src/build/embedding.ts";
import { type Speaker, speakGreedily, speakSpeculatively } from "../../src/build/host/decode.ts";
import { openSpeaker } from "../../src/build/host/speaker.ts";
import { ANE_BOOK_MANIFEST } from "../../src/build/manifest.ts";
import { checkBuilt } from "../../src/build/read-back.ts";
import { weakestOf } from "../../src/build/shard.ts";
import { schedule } from "../../src/dsl/graph.ts";
import { fp16Value } from "../../src/dsl/number.ts";
import { packageWeights } from "../../src/emit/read/blobs/package-store.ts";
import { graphOf, readPackage } from "../../src/emit/read/read.ts";
import { hasShape } from "../../src/files/json-shape.ts";
import { readDecoder } from "../../src/models/config-read.ts";
import type { Decoder } from "../../src/models/decoder.ts";
import { headGraph } from "../../src/models/head.ts";
import { blockPositions, fp16Rows, hostRows } from "../../src/models/host.ts";
import { decoderLayers } from "../../src/models/layers.ts";
import type { RawArray } from "../../src/passes/kernels/raw.ts";
import type { Verdict } from "../../src/passes/prove/report/verdict.ts";
import { planOf } from "../../src/passes/run/plan.ts";
import { prepare } from "../../src/passes/run/run.ts";
import { openWeights } from "../../src/weights/open.ts";
import { graphc, testFolder } from "../support/cli.ts";
import { TINY_CONFIG, tinyPhi, tinyPhiWithNaN, writeTinyPhi } from "../support/graphs/tiny-phi.ts";
import { gather } from "../support/weights/weights-files.ts";

const MAX_SEQ = 32;
const MANIFEST = "phi4mini_runtime_meta.json";
const decoder = readDecoder(TINY_CONFIG, "config.json").decoder;
const OPTIONS = { shards: "2,2", heads: "2", "max-seq": `${MAX_SEQ}` };
/** The options of every build here, with others in their place. */
const sizeWith = (others: Readonly<Record<string, string>>): readonly string[] => [
  ...Object.entries({ ...OPTIONS, ...others }).flatMap(([name, value]) => [`--${name}`, value]),
  "--ahead-of-evidence",
];
const SIZE = sizeWith({});
const build = (checkpoint: string, out: string, ...more: readonly string[]) =>
  graphc(["build", checkpoint, "--out", out, ...SIZE, ...more]);

/** The whole model by itself, one token a call: the tables as Hugging Face has them, no shards, one head. */
async function reference(checkpoint: string, record: Decoder): Promise<Speaker & { close(): Promise<void> }> {
  const store = await openWeights(checkpoint);
  const plans = [
    planOf(decoderLayers(record, { tokens: 1, maxSeq: MAX_SEQ }, { count: 4 })),
    planOf(headGraph(record, { begin: 0, end: record.vocab })),
  ] as const;
  const executor = await prepare(plans, store.stream);
  const table = await gather(store.stream(embeddingSource(record), { dtype: "fp16", shape: [50, 32] }));
  const rows = new Uint16Array(new Uint8Array(table).buffer);
  let states = Object.fromEntries(
    plans[0].graph.states.map(({ name, entry: { type } }): [string, RawArray] => [
      name,
      { ...type, data: new Uint16Array(type.shape.reduce((n, size) => n * size, 1)) },
    ]),
  );
  const follow = (token: number, at: number): number => {
    const positions = blockPositions(at, 1, MAX_SEQ);
    const feeds = plans[0].graph.inputs.map(({ name, type }): [string, RawArray] => {
      const made = hostRows(record, name!, positions, MAX_SEQ);
      return [name!, { ...type, data: made ? fp16Rows(made) : rows.slice(32 * token, 32 * (token + 1)) }];
    });
    const ran = executor.run(plans[0], { ...Object.fromEntries(feeds), ...states });
    states = { ...ran.states };
    const { data } = executor.run(plans[1], { hidden: ran.outputs.hidden! }).outputs.logits!;
    const logits = Array.from(data, fp16Value);
    return logits.indexOf(Math.max(...logits));
  };
  return {
    block: 1,
    maxSeq: MAX_SEQ,
    follow: (tokens, at) => tokens.map((token, t) => follow(token, at + t)),
    close: async () => {
      await executor.close();
      await store.close();
    },
  };
}

const PROMPTS = Array.from({ length: 9 }, (_, n) => Array.from({ length: n + 1 }, (_, k) => (7 * k + 3 * n) % 48));
const NEW = 12;
let checkpoint: string;
let out: string;
/** What the reference says after each prompt, and what it says with the factor left out. */
let wanted: readonly (readonly number[])[];
let without: readonly (readonly number[])[];

afterAll(() => rmSync(checkpoint, { recursive: true }));

beforeAll(async () => {
  checkpoint = mkdtempSync(join(tmpdir(), "graphc-cli-"));
  writeTinyPhi(checkpoint);
  out = join(checkpoint, "model");
  const said = async (record: Decoder) => {
    const speaker = await reference(checkpoint, record);
    const tokens = PROMPTS.map((prompt) => speakGreedily(speaker, { prompt, most: NEW, stops: [] }).tokens);
    await speaker.close();
    return tokens;
  };
  wanted = await said(decoder);
  without = await said({ ...decoder, rope: { ...decoder.rope, attentionFactor: 1 } } as Decoder);
  const { code, err } = await build(checkpoint, out);
  expect({ code, err }).toMatchObject({ code: 0 });
});

describe("the built model", () => {
  test("has a manifest that a strict reader takes, with paths below it", () => {
    const manifest = JSON.parse(readFileSync(join(out, MANIFEST), "utf8"));
    expect(hasShape(manifest, ANE_BOOK_MANIFEST)).toBe(true);
    expect(manifest).toMatchObject({ n_layers: 4, rope_dim: 6, vocab_size: 50, eos_token_id: 49, bos_token_id: 48 });
    expect(manifest.graphc.ground).toMatchObject({ kind: "ahead of evidence" });
    expect(Object.values(manifest.graphc.parts).map((part) => (part as { claim?: string }).claim)).toEqual([
      "PROVEN (exact)",
      "PROVEN (exact)",
      undefined,
      undefined,
      undefined,
    ]);
  });

  test("has an embedding of exactly the vocabulary, and a script that compiles each package", () => {
    expect(statSync(join(out, "phi3_token_embd_fp16.bin")).size).toBe(2 * 50 * 32);
    const script = readFileSync(join(out, "compile.sh"), "utf8");
    for (const path of ["phi3_layer0_2_fp16", "phi3_layer2_4_fp16", "lm_head_shards/phi3_lm_head_s0_fp16"]) {
      expect(existsSync(join(out, `${path}.mlpackage`))).toBe(true);
      expect(script).toContain(`"$here/${path}.mlpackage"`);
    }
    const shim = testFolder();
    writeFileSync(join(shim, "xcrun"), '#!/bin/sh\necho "$@"\n', { mode: 0o755 });
    const ran = execFileSync("sh", [join(out, "compile.sh")], {
      encoding: "utf8",
      env: { PATH: `${shim}:/usr/bin:/bin` },
    });
    expect(ran.trim().split("\n")).toHaveLength(4);
    expect(ran).toContain(
      `coremlcompiler compile ${out}/lm_head_shards/phi3_lm_head_s1_fp16.mlpackage ${out}/lm_head_shards`,
    );
  });

  test.each([[], ["--speculative"]])("says what the whole model says, with %j", async (...flags) => {
    for (const [n, prompt] of PROMPTS.entries()) {
      const ids = ["--prompt-ids", prompt.join(), "--max-new", `${NEW}`];
      const check = prompt.length > 1 ? ["--check"] : [];
      const { code, out: text, err } = await graphc(["generate", out, ...ids, ...check, "--json", ...flags]);
      expect({ code, err }).toMatchObject({ code: 0 });
      const spoken = JSON.parse(text);
      const stop = wanted[n]!.findIndex((token) => token >= 48);
      expect(spoken.tokens).toEqual(stop < 0 ? wanted[n] : wanted[n]!.slice(0, stop + 1));
      expect(spoken.same).toBe(prompt.length > 1 ? true : undefined);
    }
  });

  test("would not without RoPE's factor in its weights", async () => {
    expect(without).not.toEqual(wanted);
    const host = await build(checkpoint, join(testFolder(), "host"), "--rope-factor", "host");
    expect(host.code).toBe(2);
    expect(host.err).toContain("its tables lack the factor 1.2");
  });

  test("says the same with the factor in the graph", async () => {
    const folder = join(testFolder(), "graph");
    expect((await build(checkpoint, folder, "--rope-factor", "graph", "--tokens", "1")).code).toBe(0);
    const speaker = await openSpeaker(folder);
    expect(speaker.block).toBe(1);
    const said = PROMPTS.map((prompt) => speakGreedily(speaker, { prompt, most: NEW, stops: [] }).tokens);
    await speaker.close();
    expect(said).toEqual(wanted);
  });

  test.each(["4", "1", "2..3"])("says the same when it takes blocks of %s tokens", async (tokens) => {
    const folder = join(testFolder(), "blocks");
    expect((await graphc(["build", checkpoint, "--out", folder, ...sizeWith({ tokens })])).code).toBe(0);
    const speaker = await openSpeaker(folder);
    expect(speaker.block).toBe(Number(tokens.at(-1)));
    for (const [n, prompt] of PROMPTS.entries()) {
      const speech = { prompt, most: NEW, stops: [] };
      expect(speakGreedily(speaker, speech).tokens).toEqual(wanted[n]);
      expect(speakSpeculatively(speaker, speech).tokens).toEqual(wanted[n]);
    }
    await speaker.close();
  });

  test("stays finite for rows of zeros in slots that nothing uses", async () => {
    const speaker = await openSpeaker(out);
    expect(speaker.follow([3], 0)).toHaveLength(1);
    expect(speaker.follow([3], 0)[0]).toBeGreaterThanOrEqual(0);
    await speaker.close();
  });

  test("says what follows the tokens that it is asked for", async () => {
    const speaker = await openSpeaker(out);
    const all = speaker.follow([3, 1, 2], 0);
    for (const unasked of [0, 1, 2, 3]) expect(speaker.follow([3, 1, 2], 0, unasked)).toEqual(all.slice(unasked));
    await speaker.close();
  });

  test("is loaded without a look at what its weights hold", async () => {
    const pkg = readPackage(join(out, "phi3_layer0_2_fp16.mlpackage"), () => {
      throw new Error("a weight was hashed");
    });
    const plan = planOf(graphOf(pkg, { tokens: 4 }), { keepCodes: true, keepStates: true });
    await (await prepare([plan], packageWeights().stream)).close();
    const weight = schedule(plan.graph).find(({ def }) => def.kind === "weight")!;
    expect(() => JSON.stringify(weight.def)).toThrow("a weight was hashed");
  });
});

describe("a build", () => {
  test("keeps what stands, and makes anew what does not stand as it was written", async () => {
    const folder = join(testFolder(), "again");
    await build(checkpoint, folder);
    const again = await build(checkpoint, folder);
    expect(again.out.match(/there already/g)).toHaveLength(5);
    writeFileSync(join(folder, "phi3_token_embd_fp16.bin"), "other");
    rmSync(join(folder, "phi3_layer2_4_fp16.mlpackage"), { recursive: true });
    const mended = await build(checkpoint, folder);
    expect(mended.out.match(/there already/g)).toHaveLength(3);
    expect(mended.out).toContain("phi3_layer2_4_fp16: written, PROVEN (exact)");
    expect(readFileSync(join(folder, MANIFEST), "utf8")).toBe(readFileSync(join(out, MANIFEST), "utf8"));
  });

  test("that was interrupted goes on where it stopped, and has no manifest before", async () => {
    const folder = join(testFolder(), "stopped");
    let parts = 0;
    const argv = ["build", checkpoint, "--out", folder, ...SIZE];
    const stopped = await graphc(argv, (label) => label === "building" && ++parts > 40);
    expect(stopped).toMatchObject({ code: 130 });
    expect(stopped.err).toContain("the same command goes on from here");
    expect(existsSync(join(folder, MANIFEST))).toBe(false);
    const after = await build(checkpoint, folder);
    expect(after.code).toBe(0);
    expect(readFileSync(join(folder, MANIFEST), "utf8")).toBe(readFileSync(join(out, MANIFEST), "utf8"));
  });

  test.each<[Record<string, string>, string]>([
    [{ "max-seq": "16" }, "max-seq was 32 and is 16"],
    [{ heads: "1" }, "heads was 2 and is 1"],
    [{ shards: "1,3" }, "shards was 2,2 and is 1,3"],
    [{ tokens: "4" }, "tokens was 1..4 and is 4"],
    [{ "rope-factor": "graph" }, "rope-factor was weights and is graph"],
  ])("of other settings than the folder's is refused: %j", async (others, difference) => {
    const { code, err } = await graphc(["build", checkpoint, "--out", out, ...sizeWith(others)]);
    expect(code).toBe(2);
    expect(err).toContain(`holds a build of other settings: ${difference}`);
  });

  test("of weights that have changed is refused, and done anew with --force", async () => {
    const [mine, folder] = [tinyPhi(), join(testFolder(), "changed")];
    await build(mine, folder);
    utimesSync(join(mine, "model.safetensors"), 1, 1);
    const refused = await build(mine, folder);
    expect(refused).toMatchObject({ code: 2 });
    expect(refused.err).toContain("model.safetensors has changed since");
    const forced = await build(mine, folder, "--force");
    expect(forced.code).toBe(0);
    expect(forced.out).not.toContain("there already");
  });

  test.each<[Record<string, string>, RegExp]>([
    [{ shards: "2,1" }, /shards of 2,1 layers hold 3 layers, and the model has 4/],
    [{ heads: "51" }, /cannot be divided into 51 heads/],
    [{ keep: "down" }, /--keep does nothing/],
    [{ tokens: "1..33" }, /are 33 sizes; give 32 at most/],
    [{ tokens: "4..2" }, /--tokens 4\.\.2 ends before it begins/],
    [{ "max-seq": "65" }, /the long factors from --max-seq 65 on.*; give --max-seq 64 or less/],
  ])("with %j is refused, and nothing is written", async (others, sentence) => {
    const folder = join(testFolder(), "refused");
    const { code, err } = await graphc(["build", checkpoint, "--out", folder, ...sizeWith(others)]);
    expect(code).toBe(2);
    expect(err).toMatch(sentence);
    expect(existsSync(folder)).toBe(false);
  });

  test("within a budget is divided so, and refused where a layer is larger", async () => {
    const plan = (size: string) => graphc(["plan", checkpoint, "--max-seq", "32", "--shard-bytes", size, "--json"]);
    const [whole, halves] = [await plan("1MB"), await plan("0.04MB")];
    expect(JSON.parse(whole.out).shards).toHaveLength(1);
    expect(JSON.parse(halves.out).shards).toMatchObject([
      { begin: 0, end: 2 },
      { begin: 2, end: 4 },
    ]);
    expect((await plan("0.001MB")).out).toMatch(/layer 0 has \d+ bytes of weights, more than --shard-bytes 1000/);
  });

  test.each([
    [
      "model.layers.3.mlp.down_proj.weight",
      /NOT PROVEN/,
      "phi3_layer2_4_fp16 was not written",
      "phi3_layer2_4_fp16.mlpackage",
    ],
    [
      "model.norm.weight",
      /NOT FINITE: model.norm.weight holds 1 /,
      "stopped at lm_head_shards/phi3_lm_head_s0_fp16",
      MANIFEST,
    ],
    [
      "model.embed_tokens.weight",
      /NOT FINITE: model.embed_tokens.weight holds 1 /,
      "stopped at lm_head_shards/phi3_lm_head_s0_fp16",
      MANIFEST,
    ],
  ])("of a checkpoint with a NaN in %s is a no, without a manifest", async (tensor, verdict, where, absent) => {
    const folder = join(testFolder(), "nan");
    const { code, out: text, err } = await build(tinyPhiWithNaN(tensor), folder);
    expect(code).toBe(1);
    expect(text).toMatch(verdict);
    expect(err).toContain(where);
    expect(err).toContain("there is no manifest");
    for (const name of [absent, MANIFEST]) expect(existsSync(join(folder, name))).toBe(false);
  });

  test("made anew has no manifest of the old one while it is under way", async () => {
    const folder = join(testFolder(), "anew");
    await build(checkpoint, folder);
    expect(existsSync(join(folder, MANIFEST))).toBe(true);
    let parts = 0;
    const argv = ["build", checkpoint, "--out", folder, ...sizeWith({ "max-seq": "16" }), "--force"];
    expect((await graphc(argv, (label) => label === "building" && ++parts > 3)).code).toBe(130);
    expect(existsSync(join(folder, MANIFEST))).toBe(false);
  });

  test("asks for evidence or for the user's word", async () => {
    const folder = join(testFolder(), "ahead");
    const { code, err } = await graphc(["build", checkpoint, "--out", folder, "--max-seq", "32"]);
    expect(code).toBe(2);
    expect(err).toContain("--ahead-of-evidence");
    expect(existsSync(folder)).toBe(false);
  });
});

test("a check that would hold single tokens against single tokens is refused", async () => {
  const { code, err } = await graphc(["generate", out, "--prompt-ids", "3", "--max-new", "3", "--check"]);
  expect(code).toBe(2);
  expect(err).toContain("--check compares nothing: no call took more than one token");
});

test("of verdicts on several sizes the weakest is told", () => {
  const of = (verdict: string, level?: string) => ({ verdict, ...(level ? { level } : {}) }) as Verdict;
  const [exact, reals, none] = [of("PROVEN", "exact"), of("PROVEN", "reals"), of("NOT PROVEN")];
  expect(weakestOf([exact, exact])).toBe(exact);
  expect(weakestOf([exact, reals, exact])).toBe(reals);
  expect(weakestOf([reals, none, exact])).toBe(none);
});

describe("what is read back", () => {
  const manifest = () => JSON.parse(readFileSync(join(out, MANIFEST), "utf8"));

  test("is right as it was built", async () => {
    expect((await checkBuilt(manifest(), out, { from: 1, to: 4 })).shards).toHaveLength(2);
  });

  test.each<[string, (m: ReturnType<typeof manifest>) => void, RegExp]>([
    ["another max_seq", (m) => Object.assign(m, { max_seq_len: 16 }), /attn_mask is fp16\[1,1,1,32\]/],
    ["another rope_dim", (m) => Object.assign(m, { rope_dim: 8 }), /rope_cos/],
    [
      "a shard of more layers than it has",
      (m) => {
        m.layers = [{ ...m.layers[0], end: 4 }];
      },
      /has 4 states for 4 layers/,
    ],
    [
      "heads of other widths",
      (m) => {
        m.lm_head_shards[0].vocab_end = 20;
        m.lm_head_shards[1].vocab_start = 20;
      },
      /logits is fp16\[1,25,1,1\]/,
    ],
    [
      "another vocabulary",
      (m) => {
        m.vocab_size = 60;
        m.lm_head_shards[1].vocab_end = 60;
      },
      /token_embd_fp16.bin has 3200 bytes, and needs 3840/,
    ],
    [
      "a head for a shard",
      (m) => Object.assign(m.layers[0], { path: m.lm_head_shards[0].mlmodelc }),
      /input x is missing/,
    ],
    ["other heads of keys", (m) => Object.assign(m, { n_kv_heads: 4 }), /and a cache is/],
  ])("with %s is refused", async (_, change, problem) => {
    const m = manifest();
    change(m);
    await expect(checkBuilt(m, out, { from: 1, to: 4 })).rejects.toThrow(problem);
  });

  test("needs every file", async () => {
    const folder = testFolder();
    mkdirSync(join(folder, "lm_head_shards"));
    await expect(checkBuilt(manifest(), folder, { from: 1, to: 4 })).rejects.toThrow(
      /token_embd_fp16.bin has no bytes/,
    );
    expect((await graphc(["generate", folder])).err).toContain("graphc build writes such a folder");
  });
});
