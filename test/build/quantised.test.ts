/** A tiny Phi built in fewer bits: it speaks, says what that cost, and how far what it says has drifted. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { speakGreedily, speakSpeculatively } from "../../src/build/host/decode.ts";
import { openSpeaker } from "../../src/build/host/speaker.ts";
import { graphc, testFolder } from "../support/cli.ts";
import { tinyPhi, writeTinyPhi } from "../support/graphs/tiny-phi.ts";

const SIZE = ["--shards", "2,2", "--heads", "2", "--max-seq", "32", "--ahead-of-evidence"];
const checkpoint = mkdtempSync(join(tmpdir(), "graphc-cli-"));
writeTinyPhi(checkpoint, 96);
afterAll(() => rmSync(checkpoint, { recursive: true }));
const build = (out: string, ...more: readonly string[]) =>
  graphc(["build", checkpoint, "--out", out, ...SIZE, ...more]);

describe("a build in fewer bits", () => {
  test.each([
    ["int8", "q8", 8],
    ["lut6", "lut6", 6],
  ])("of %s speaks, with drafts as without, and its files and manifest say so", async (quantize, tag, bits) => {
    const folder = join(testFolder(), "model");
    const { code, out } = await build(folder, "--quantize", quantize);
    expect(code).toBe(0);
    expect(out).toContain(`T=1..4, max_seq 32, caches as states, ${quantize}, for`);
    expect(out).toMatch(/8 matrices in .* kB of 73\.7 kB in fp16/);
    expect(out).toMatch(/^model\.layers\.\d\.mlp\.\w+\.weight +\d\.\de-\d +\d\.\de-\d \(row \d+\) +\d\.\d kB$/m);
    expect(readdirSync(folder)).toContain(`phi3_layer0_2_${tag}.mlpackage`);
    const manifest = JSON.parse(readFileSync(join(folder, "phi4mini_runtime_meta.json"), "utf8"));
    expect(manifest).toMatchObject({ quant_bits: bits, graphc: { quantize } });
    const [speaker, lean] = [await openSpeaker(folder), await openSpeaker(folder, { resident: 0, threads: 2 })];
    expect(lean.logits([7, 1, 3], 0)).toEqual(speaker.logits([7, 1, 3], 0));
    expect(lean.logits([5], 3)).toEqual(speaker.logits([5], 3));
    // What is read at each call is noticed when it changes: codes, and matrices that are fp16 still. Tables are unpacked at the beginning.
    const weights = join(folder, `phi3_layer0_2_${tag}.mlpackage/Data/com.apple.CoreML/weights/weight.bin`);
    const whole = readFileSync(weights);
    writeFileSync(weights, Buffer.alloc(statSync(weights).size));
    expect(lean.logits([9], 4)).not.toEqual(speaker.logits([9], 4));
    writeFileSync(weights, whole);
    expect(lean.logits([9], 4)).toEqual(speaker.logits([9], 4));
    await lean.close();
    for (const prompt of [[3], [7, 1, 7, 1, 7]]) {
      const speech = { prompt, most: 8, stops: [] };
      expect(speakSpeculatively(speaker, speech).tokens).toEqual(speakGreedily(speaker, speech, 1).tokens);
    }
    await speaker.close();
  });

  test("has single matrices otherwise, and is another build than one without", async () => {
    const folder = join(testFolder(), "mixed");
    const rules = ["--quantize-for", "gate_up=lut4", "--quantize-for", "mlp=int8", "--keep", "layers.3"];
    const { code, out } = await build(folder, "--quantize", "lut6", ...rules);
    expect(code).toBe(0);
    expect(out).toContain("lut6 with gate_up=lut4 with mlp=int8 but layers.3, for");
    expect(out).toMatch(/lut4: 3 matrices/);
    expect(out).toMatch(/int8 \(nearest\): 3 matrices/);
    expect(out).not.toMatch(/^lut6: /m);
    const other = await build(folder, "--quantize", "lut6");
    expect(other).toMatchObject({ code: 2 });
    expect(other.err).toContain("quantize was lut6 with gate_up=lut4 with mlp=int8 but layers.3 and is lut6");
  });

  test.each<[readonly string[], RegExp]>([
    [["--quantize-for", "down=lut4"], /--quantize-for does nothing without --quantize/],
    [["--quantize", "none", "--quantize-for", "down=lut4"], /--quantize-for does nothing with --quantize none/],
    [["--quantize", "lut4", "--quantize-for", "down=lut5"], /must look like down_proj=lut6, not "down=lut5"/],
    [
      ["--quantize", "lut4", "--keep", "lm_head"],
      /no matrix that would be quantised has "lm_head" in its name; their names are like model\.layers\.0\.mlp/,
    ],
    [["--quantize", "int8", "--quantize-for", "qkv=lut4"], /no matrix that would be quantised has "qkv" in its name/],
  ])("with %j is refused", async (words, sentence) => {
    const { code, err } = await build(join(testFolder(), "refused"), ...words);
    expect(code).toBe(2);
    expect(err).toMatch(sentence);
  });

  test("of a model of small matrices is refused: nothing would be quantised", async () => {
    const { code, err } = await graphc(["plan", tinyPhi(), "--max-seq", "32", "--quantize", "lut4"]);
    expect(code).toBe(2);
    expect(err).toContain("--quantize lut4 would quantise nothing: all matrices of this model are small; leave it out");
  });
});

describe("the drift of a build from another", () => {
  test("is told over what the other says, and grows with fewer bits", async () => {
    const folders = Object.fromEntries(["none", "int8", "lut4"].map((how) => [how, join(testFolder(), how)]));
    for (const [how, folder] of Object.entries(folders)) await build(folder, "--quantize", how, "--tokens", "2");
    const argv = (how: string) => [
      "generate",
      folders[how]!,
      "--against",
      folders.none!,
      "--prompt-ids",
      "3,7",
      "--max-new",
      "9",
    ];
    const drift = async (how: string) => JSON.parse((await graphc([...argv(how), "--json"])).out);
    const [int8, lut4] = [await drift("int8"), await drift("lut4")];
    for (const one of [int8, lut4])
      expect(one).toMatchObject({ positions: 11, tokens: [3, 7, ...lut4.tokens.slice(2)] });
    expect(int8.meanKl).toBeGreaterThan(0);
    expect(lut4.meanKl).toBeGreaterThan(4 * int8.meanKl);
    expect((await graphc(argv("lut4"))).out).toMatch(
      /^\d+ of 11 likeliest tokens are those of .*none .*; KL from it \S+ nats in the mean/,
    );
    const itself = await graphc(argv("none"));
    expect(itself).toMatchObject({ code: 2 });
    expect(itself.err).toContain("they are one build");
    expect((await graphc([...argv("int8"), "--check"])).err).toContain("--against does nothing beside --check");
  });
});

describe("what layers lost", () => {
  test("is in the report: more with fewer bits, nothing where all is kept", async () => {
    const folder = join(testFolder(), "told");
    const file = join(testFolder(), "report.json");
    const rules = ["--quantize", "lut4", "--quantize-for", "layers.1=int8", "--keep", "layers.2", "--tokens", "1"];
    const { code, out } = await build(folder, ...rules, "--report", file);
    expect(code).toBe(0);
    const { matrices, layers } = JSON.parse(readFileSync(file, "utf8"));
    expect(matrices).toHaveLength(6);
    expect(matrices[0]).toMatchObject({ name: "model.layers.0.mlp.gate_up_proj.weight", how: "lut4", elements: 6144 });
    expect(layers.map(({ layer }: { layer: number }) => layer)).toEqual([0, 1, 2, 3]);
    const off: readonly number[] = layers.map(({ output }: { output: number }) => output);
    expect(off[2]).toBe(0);
    expect(off[1]).toBeGreaterThan(0);
    for (const k of [0, 3]) expect(off[k]).toBeGreaterThan(3 * off[1]!);
    for (const { output, added } of layers) expect(added).toBeGreaterThanOrEqual(output);
    expect(out).toMatch(/^layers: outputs off by \S+ of their length in the mean, layer [03] by /m);
    // A layer answers for itself: what those before it lost is not in what it is fed.
    const [alone, later] = [join(testFolder(), "alone"), join(testFolder(), "later.json")];
    await build(alone, ...rules, "--keep", "layers.0", "--report", later);
    const kept: readonly { readonly output: number }[] = JSON.parse(readFileSync(later, "utf8")).layers;
    expect(kept.map(({ output }) => output)).toEqual([0, ...off.slice(1)]);
  });

  test("is the same to the byte after an interrupt, whichever parts stood already", async () => {
    const [folder, wide] = [join(testFolder(), "resumed"), testFolder()];
    writeTinyPhi(wide, 96, 160);
    const report = async (...gone: readonly string[]): Promise<string> => {
      for (const name of gone) rmSync(join(folder, `${name}.mlpackage`), { recursive: true });
      const file = join(testFolder(), "report.json");
      const rules = ["--quantize", "int8", "--quantize-for", "embed=lut4", "--tokens", "1", "--target", "m4"];
      const argv = ["build", wide, "--out", folder, ...SIZE, ...rules, "--report", file, "--json"];
      const told = await graphc(argv);
      expect(told.code).toBe(0);
      expect(JSON.parse(told.out).engine).toHaveLength(2);
      return readFileSync(file, "utf8");
    };
    const whole = await report();
    const names: readonly string[] = JSON.parse(whole).matrices.map(({ name }: { name: string }) => name);
    // Of each head the rows that are its own.
    expect(names.filter((name) => name === "model.embed_tokens.weight")).toHaveLength(2);
    expect(await report()).toBe(whole);
    expect(await report("phi3_layer0_2_q8")).toBe(whole);
    expect(await report("lm_head_shards/phi3_lm_head_s0_q8", "phi3_layer2_4_q8")).toBe(whole);
  });
});

test("what is on record about a form on a chip is told, and what is not", async () => {
  const plan = (...words: readonly string[]) => graphc(["plan", "phi4-mini", "--quantize", ...words]);
  const { out } = await plan("int8", "--quantize-for", "down_proj=lut4", "--target", "m4");
  expect(out).toMatch(/^int8 on m4's engine: on record$/m);
  expect(out).toMatch(
    /^lut4 on m4's engine: NOT IN THE RECORD\n {2}tables of 16 numbers for 32 rows ran .* \[ane-book/m,
  );
  expect((await plan("lut8", "--target", "m6")).out).toMatch(/lut8 on m6's engine: NOT IN THE RECORD$/m);
  const json = JSON.parse((await plan("int8", "--quantize-for", "down_proj=lut4", "--target", "m4", "--json")).out);
  expect(json.engine).toMatchObject([
    { form: "int8", chip: "m4", onRecord: true, seen: [{ source: expect.stringContaining("ane-book") }] },
    { form: "lut4", chip: "m4", onRecord: false },
  ]);
});

test.each([
  [["--quantize", "none", "--report", "r.json"], "--report does nothing with --quantize none"],
  [["--quantize", "none", "--target", "m1"], "--target does nothing with --quantize none"],
  [
    ["--quantize", "lut6", "--quantize-for", "mlp=int8", "--quantize-for", "gate_up=lut4"],
    "--quantize-for gate_up=lut4 does nothing",
  ],
  [
    ["--quantize", "lut6", "--quantize-for", "gate_up=lut4", "--keep", "mlp.gate"],
    "--quantize-for gate_up=lut4 does nothing",
  ],
  [["--quantize", "lut6", "--keep", "mlp"], "--keep mlp keeps all that would be quantised"],
  [["--quantize", "lut6", "--report", "unbuilt/r.json"], "lies in the build's own folder"],
  [["--quantize", "lut6", "--report", "nowhere/r.json"], "its folder does not exist"],
  [["--quantize", "lut6", "--report", "."], "is a folder"],
  [["--eos", "9999"], "--eos 9999 is outside the vocabulary of 50"],
])("%j is refused before anything is written", async (options, sentence) => {
  const folder = testFolder();
  const words = options.map((word) => (/^(\.|.*json)$/.test(word) ? join(folder, word) : word));
  const { code, out, err } = await build(join(folder, "unbuilt"), ...words);
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(err).toContain(sentence);
  expect(readdirSync(folder)).toEqual([]);
});
