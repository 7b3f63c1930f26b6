/** `--engine-safe` where projections of normed rows may be beyond the accumulator: held at powers of two, and clipped where they are wanted at full size. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { calibratedLayers } from "../../../src/cli/ranges/calibrated-layers.ts";
import { readDecoder } from "../../../src/models/config-read.ts";
import type { Clampable, Clamps, Exponents } from "../../../src/models/exponents.ts";
import type { Quantity } from "../../../src/passes/ranges/layer.ts";
import { openWeights } from "../../../src/weights/open.ts";
import { expectRefusal, graphc, testFolder } from "../../support/cli.ts";
import { SMALL_CONFIGS } from "../../support/graphs/decoders.ts";
import { loudCheckpoint } from "../../support/weights/loud-checkpoint.ts";
import { smallCheckpoint } from "../../support/weights/small-checkpoint.ts";

const PROMPT = ["--prompt-ids", "1,5,9,2,3,11"];
const SAFE = ["--engine-safe", "--clamp", "2", ...PROMPT];
/** From it on tokens are loud: the prompt has none of them. */
const QUIET = 12;
const words = (text: string): string => text.replace(/\s+/g, " ");

interface Safe {
  readonly holds: boolean;
  readonly exponents: Exponents;
  readonly layers: readonly Readonly<Record<Quantity, number>>[];
}

describe.each([...SMALL_CONFIGS.keys()])("%s", (architecture) => {
  const normed = architecture === "qwen3" || architecture === "gemma3_text";
  const clipped = normed ? ["gate", "v"] : ["gate", "k", "q", "scores", "v"];

  test("is refused without clamps, and proven with them", async () => {
    const folder = loudCheckpoint(architecture);
    await expectRefusal(
      ["emit", folder, "--engine-safe", "--out", testFolder()],
      /error: --engine-safe cannot make this model safe: layer 0: \w+ may be \S+, above \d+, and no exponent mends that; with a prompt --clamp 4 may; /,
    );
    const out = testFolder();
    const size = ["--layer", "0", "--max-seq", "8", "--tokens", "2"];
    const { code, out: text } = await graphc(["emit", folder, ...SAFE, ...size, "--out", out, "--json"]);
    expect(code).toBe(0);
    const { proof, equality } = JSON.parse(text);
    expect([proof.verdict, proof.level, equality.verdict]).toEqual(["PROVEN", "exact", "PROVEN"]);
    const stem = architecture === "phi3" ? "phi4-mini" : architecture;
    const { engineSafe } = JSON.parse(readFileSync(join(out, `${stem}.layer0.certificate.json`), "utf8"));
    expect(engineSafe.equality.preconditions.map(({ id }: { id: string }) => id)).toContain("P15");
    const { exponents, holds } = engineSafe as Safe;
    expect([holds, Object.keys(exponents.layers[0]!.clamps!).sort()]).toEqual([true, clipped]);
    expect(exponents.layers.slice(1).every(({ rows, clamps }) => !rows && !clamps)).toBe(true);
  });
  test("keeps its bounds on tokens that lead beyond the clamps", async () => {
    const folder = loudCheckpoint(architecture, { quiet: QUIET });
    const { out } = await graphc(["ranges", folder, ...SAFE, "--json"]);
    const { exponents, layers, holds } = JSON.parse(out) as Safe;
    expect(holds).toBe(true);
    const store = await openWeights(folder);
    const { decoder } = readDecoder(store.config, store.configPath);
    const io = { progress: () => ({ update() {}, end() {} }), signal: new AbortController().signal } as never;
    const held = { ...decoder, exponents };
    const run = async (of: typeof decoder) => (await calibratedLayers(of, store, [13, 15, 2, 12], 1, io))[0]!;
    const [{ reached, values }, plain] = [await run(held), await run(decoder)];
    await store.close();
    const [own, { rows, scores = 0, clamps }] = [layers[0]!, exponents.layers[0]!];
    // What a clamp is there for is met; q is told before it is scaled.
    expect(plain.values.v).toBeGreaterThan(clamps!.v!.most);
    expect(values.v).toBeCloseTo(plain.values.v * 2 ** -rows!.attn, 0);
    const small = normed ? 0 : rows!.attn;
    const scale = Math.min(1, decoder.queryScale ?? decoder.headDim ** -0.5);
    const found = { ...reached, qk: reached.qk * scale * 2 ** (small - scores), score: 0 };
    for (const name of Object.keys(own) as Quantity[])
      if (name in found) expect(found[name], name).toBeLessThanOrEqual(own[name]);
    expect(own.v / found.v).toBeLessThan(1.2);
  });
});

test("without clamps it is the checkpoint for every input, and near it on the engine where the plain one is not", async () => {
  const folder = loudCheckpoint("llama", { parts: ["up"], quiet: 4 });
  const out = testFolder();
  const size = ["--layer", "0", "--max-seq", "8", "--tokens", "2"];
  const { code, out: text } = await graphc(["emit", folder, "--engine-safe", ...size, "--out", out]);
  expect(code).toBe(0);
  expect(words(text)).toMatch(/exponents: 3 of 4 layers sum up as they are; not 0 \(rows of gate and up 2\^-3/);
  expect(text).toContain("PROVEN (reals): one token with exponents against one token without");
  expect(words(text)).not.toContain("P15");
  const [, held, plain] = /hidden rows are off by (\S+) with exponents, (\S+) without/.exec(words(text))!;
  expect(Number(held)).toBeLessThan(0.01);
  expect(Number(plain)).toBeGreaterThan(0.1);
});

test("build holds the last norm's row where a logit's sum may be beyond the accumulator, and says so of each head", async () => {
  const [folder, out] = [join(testFolder(), "b"), testFolder()];
  const loud = smallCheckpoint(SMALL_CONFIGS.get("llama")!, { "model.norm.weight": { 3: 30_000 } });
  const options = ["--shards", "4", "--heads", "2", "--max-seq", "16", "--tokens", "2", "--ahead-of-evidence"];
  const argv = ["build", loud, ...options, "--eos", "15", "--out"];
  const { code, out: text } = await graphc([...argv, folder, "--engine-safe"]);
  expect(code).toBe(0);
  expect(words(text)).toMatch(/the last norm's row, and with it the head's sums, at 2\^-[12]/);
  expect(text.match(/EQUAL \(reals\) to the graph without exponents/g)).toHaveLength(3);
  expect((await graphc([...argv, join(out, "plain")])).code).toBe(0);
  const said = async (of: string) =>
    JSON.parse((await graphc(["generate", of, "--prompt-ids", "1,2,3", "--max-new", "6", "--json"])).out).tokens;
  expect(await said(folder)).toEqual(await said(join(out, "plain")));
});

test("build has clamps of rows in the shard's claim and the manifest, and runs", async () => {
  const out = join(testFolder(), "b");
  const options = ["--shards", "1,3", "--heads", "1", "--max-seq", "16", "--tokens", "2", "--ahead-of-evidence"];
  const argv = ["build", loudCheckpoint("llama"), ...SAFE, ...options, "--eos", "15", "--out", out];
  const { code, out: text } = await graphc(argv);
  expect(code).toBe(0);
  expect(text.match(/exponents and clamps, where no value leaves its clamp \(P15\)/g)).toHaveLength(1);
  const { decoder } = JSON.parse(readFileSync(join(out, "phi4mini_runtime_meta.json"), "utf8")).graphc;
  expect(Object.keys(decoder.exponents.layers[0].clamps).sort()).toEqual(["gate", "k", "q", "scores", "v"]);
  const said = await graphc(["generate", out, "--prompt-ids", "1,2,3", "--max-new", "4", "--json"]);
  expect([said.code, JSON.parse(said.out).tokens.length]).toEqual([0, 4]);
});

/** Rows of q and k have a factor, and tables are made from one of two lists. */
const LONGROPE = {
  sliding_window: null,
  original_max_position_embeddings: 16,
  rope_scaling: { type: "longrope", short_factor: [1, 1, 1], long_factor: [2, 2, 2] },
};

test("what the prompt reaches is told by the list of factors that the host's tables have", async () => {
  const folder = loudCheckpoint("phi3", { more: LONGROPE });
  const reachedBy = async (...options: readonly string[]): Promise<number> => {
    const out = testFolder();
    const { code } = await graphc(["emit", folder, ...SAFE, ...options, "--tokens", "2", "--out", out]);
    expect(code).toBe(0);
    const { engineSafe } = JSON.parse(readFileSync(join(out, "phi4-mini.layer0.certificate.json"), "utf8"));
    return (engineSafe as Safe).exponents.layers[0]!.clamps!.scores!.reached;
  };
  const short = await reachedBy("--max-seq", "8");
  const long = await reachedBy("--max-seq", "32", "--rope-list", "long");
  expect(long / short).not.toBeCloseTo(1, 3);
  // A host turns rows of a cache that is longer than the original context by the long list, short prompts too.
  expect(await reachedBy("--max-seq", "32")).toBe(long);
});

test("what the prompt reaches is told of what is clipped, also where RoPE's factor is in the weights of q and k", async () => {
  const folder = loudCheckpoint("phi3", { more: LONGROPE });
  const size = ["--shards", "4", "--heads", "1", "--max-seq", "8", "--tokens", "1", "--json"];
  const clampsWith = async (place: string): Promise<Clamps> => {
    const { out } = await graphc(["plan", folder, ...SAFE, ...size, "--rope-factor", place]);
    return (JSON.parse(out).engineSafe as Safe).exponents.layers[0]!.clamps!;
  };
  const [inWeights, inGraph] = [await clampsWith("weights"), await clampsWith("graph")];
  for (const [part, factor] of Object.entries({ q: Math.sqrt(1.5), k: Math.sqrt(1.5), v: 1, gate: 1 })) {
    const [own, other] = [inWeights, inGraph].map((clamps) => clamps[part as Clampable]!);
    expect(own!.reached / other!.reached, part).toBeCloseTo(factor, 2);
    expect(own!.most).toBeGreaterThanOrEqual(2 * own!.reached);
  }
});

test("a clamp that no number of fp16 is, is refused with the largest that is one", async () => {
  await expectRefusal(
    ["ranges", loudCheckpoint("llama"), "--engine-safe", "--clamp", "9000", ...PROMPT],
    /--clamp would clip q of layer 0 at \S+, for the prompt reaches \S+, and only above 0 and below 524032 does fp16 hold it, as small as it is there; give another --clamp, or another prompt$/,
  );
});
