/** `--engine-safe`: what is chosen, written, proven and on record; what it is refused beside. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { embeddingSource } from "../../../src/build/embedding.ts";
import { isOpen } from "../../../src/cli/emit/packages.ts";
import { fp16Value } from "../../../src/dsl/number.ts";
import { readDecoder } from "../../../src/models/config-read.ts";
import type { Verdict } from "../../../src/passes/prove/report/verdict.ts";
import { openWeights } from "../../../src/weights/open.ts";
import { expectRefusal, graphc, testFolder } from "../../support/cli.ts";
import { TINY_CONFIG, tinyPhi, tinyPhiTimes } from "../../support/graphs/tiny-phi.ts";
import { gather } from "../../support/weights/weights-files.ts";

/** Sums of layer 2's down projection may reach its limit 2^5 times over, and with them hidden rows leave fp16. */
const LOUD = { "model.layers.2.mlp.down_proj.weight": 2 ** 13 } as const;

const residualIn = (text: string): number => Number(/hidden rows at 2\^-(\d+)/.exec(text)![1]);

describe("ranges --engine-safe", () => {
  test("leaves a model that holds as it is", async () => {
    const { code, out } = await graphc(["ranges", tinyPhi(), "--engine-safe"]);
    expect(code).toBe(0);
    expect(out).toContain("exponents: 4 of 4 layers sum up as they are");
    expect(out).toMatch(/held larger, so that fewer products are lost: weights of attention in 4 layers, by 2\^[1-9]/);
    expect(out).toContain("hidden rows as they are");
    expect(out).toContain("ORDER-FREE (engine) for all layers and every sequence of tokens");
  });
  test("moves the layer that does not, and the hidden rows", async () => {
    const { code, out } = await graphc(["ranges", tinyPhiTimes(LOUD), "--engine-safe"]);
    expect(code).toBe(0);
    expect(out).toMatch(/exponents: 3 of 4 layers sum up as they are; not 2 \(up 2\^-\d+\)/);
    expect(residualIn(out)).toBeGreaterThan(0);
  });
  test("says what no exponent mends, and nothing holds then", async () => {
    const folder = tinyPhiTimes({ "model.layers.1.self_attn.qkv_proj.weight": 2 ** 12 });
    const { code, out } = await graphc(["ranges", folder, "--engine-safe"]);
    expect(code).toBe(1);
    expect(out).toMatch(/NO: layer 1: \w+ may be [\d.e+]+, above \d+, and no exponent mends that/);
    expect(out).not.toContain("ORDER-FREE");
    await expectRefusal(
      ["emit", folder, "--engine-safe", "--out", testFolder()],
      /cannot make this model safe: layer 1/,
    );
  });
});

test("emit writes the layer at its exponents, proven to be the layer, with both on record", async () => {
  const out = testFolder();
  const argv = ["emit", tinyPhiTimes(LOUD), "--engine-safe", "--layer", "2", "--max-seq", "8", "--tokens", "2"];
  const { code, out: text } = await graphc([...argv, "--out", out]);
  expect(code).toBe(0);
  expect(text).toContain("PROVEN (exact): a block of 2 tokens");
  expect(text).toContain("PROVEN (reals): one token with exponents against one token without");
  expect(text).toMatch(/on the engine's arithmetic, 8 rows of the embedding, from fp64: hidden\s+rows are off by/);
  const certificate = JSON.parse(readFileSync(join(out, "phi4-mini.layer2.certificate.json"), "utf8"));
  expect(certificate).toMatchObject({ verdict: "PROVEN", level: "exact" });
  const { exponents, equality, holds } = certificate.engineSafe;
  expect([holds, equality.verdict, equality.level]).toEqual([true, "PROVEN", "reals"]);
  expect(exponents.layers.map(({ mlp }: { mlp: number }) => mlp > 0)).toEqual([false, false, true, false]);
});

test("of several tokens or of exponents, one proof that fails leaves what is emitted open", async () => {
  const proven = { verdict: "PROVEN" } as Verdict;
  const open = { verdict: "NOT PROVEN" } as Verdict;
  expect([{ verdict: proven }, { verdict: proven, equality: proven }].map(isOpen)).toEqual([false, false]);
  expect(
    [
      { verdict: open, equality: proven },
      { verdict: proven, equality: open },
    ].map(isOpen),
  ).toEqual([true, true]);
  const argv = ["emit", tinyPhiTimes(LOUD), "--engine-safe", "--layer", "2", "--max-seq", "8", "--tokens", "2"];
  const { out } = await graphc([...argv, "--out", testFolder(), "--json"]);
  expect(JSON.parse(out)).toMatchObject({
    proof: { verdict: "PROVEN" },
    equality: { verdict: "PROVEN", level: "reals" },
  });
});

test("an interrupt of what is run behind the packages is one, and no fault", async () => {
  const argv = ["emit", tinyPhiTimes(LOUD), "--engine-safe", "--layer", "2", "--layers", "2", "--ahead-of-evidence"];
  const outcome = await graphc(
    [...argv, "--max-seq", "8", "--tokens", "2", "--out", testFolder()],
    (label, done) => label.startsWith("running on the engine") && done === 1,
  );
  expect(outcome).toMatchObject({ code: 130, out: "" });
  expect(outcome.err).toContain("error: interrupted");
});

test("build writes shards, heads and embedding at their exponents, and generate says what it said", async () => {
  const checkpoint = tinyPhiTimes(LOUD);
  const out = testFolder();
  const options = ["--shards", "2,2", "--heads", "1", "--max-seq", "32", "--tokens", "2", "--ahead-of-evidence"];
  const { code, out: text } = await graphc([
    "build",
    checkpoint,
    "--engine-safe",
    "--out",
    join(out, "safe"),
    ...options,
  ]);
  expect(code).toBe(0);
  expect(text.match(/EQUAL \(reals\) to the graph without exponents/g)).toHaveLength(3);
  const manifest = JSON.parse(readFileSync(join(out, "safe", "phi4mini_runtime_meta.json"), "utf8"));
  const { exponents } = manifest.graphc.decoder;
  expect(exponents.residual).toBe(residualIn(text));
  const halves = (bytes: Uint8Array) => Array.from(new Uint16Array(Uint8Array.from(bytes).buffer), fp16Value);
  const rows = halves(readFileSync(join(out, "safe", manifest.embed_bin)));
  const { decoder } = readDecoder(TINY_CONFIG, "config.json");
  const store = await openWeights(checkpoint);
  const table = halves(await gather(store.stream(embeddingSource(decoder), { dtype: "fp16", shape: [50, 32] })));
  await store.close();
  // Only what falls below fp16's smallest number is not the number itself, held.
  const off = rows.map((x, k) => Math.abs(x - table[k]! * 2 ** -exponents.residual));
  expect(Math.max(...off)).toBeLessThanOrEqual(2 ** -25);
  expect(off.filter((x) => x > 0).length).toBeLessThan(rows.length / 100);
  const said = await graphc(["generate", join(out, "safe"), "--prompt-ids", "1,2,3", "--max-new", "4", "--json"]);
  expect(said.code).toBe(0);
  expect(JSON.parse(said.out).tokens).toHaveLength(4);
});

describe("is refused", () => {
  test.each<[string, readonly string[], RegExp]>([
    ["for the built-in model", ["emit", "phi4-mini", "--engine-safe"], /--engine-safe does nothing for phi4-mini/],
    ["for a package", ["emit", "x.mlpackage", "--engine-safe"], /--engine-safe does nothing for x\.mlpackage/],
    ["by build for the built-in model", ["build", "phi4-mini", "--engine-safe"], /does nothing for phi4-mini/],
  ])("%s", async (_, argv, sentence) => expectRefusal(argv, sentence));
  test("beside what stores other weights, and beside one layer", async () => {
    const folder = tinyPhi();
    await expectRefusal(["plan", folder, "--engine-safe", "--quantize", "int8"], /--engine-safe bounds fp16 weights/);
    await expectRefusal(
      ["ranges", folder, "--engine-safe", "--layer", "1"],
      /chooses for all layers of a checkpoint together; leave out --layer/,
    );
  });
});
