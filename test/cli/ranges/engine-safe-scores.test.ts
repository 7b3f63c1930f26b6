/** `--engine-safe --clamp` of checkpoints: scores that no exponent mends are clipped at the margin over a prompt, and equal only where nothing is clipped. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { schedule } from "../../../src/dsl/graph.ts";
import { graphOf, readPackage } from "../../../src/emit/read/read.ts";
import { expectRefusal, graphc, testFolder } from "../../support/cli.ts";
import { SMALL_CONFIGS } from "../../support/graphs/decoders.ts";
import { smallCheckpoint } from "../../support/weights/small-checkpoint.ts";

/** Of each token the numbers that a query's and a key's large weight in layer 0 meet are next to 0: scores could be 165,000 and are not. */
const QUIET = Object.fromEntries(
  Array.from({ length: 16 }, (_, token) => [
    [12 * token + 3, 0.001],
    [12 * token + 5, 0.001],
  ]).flat(),
);
const loud = (): string =>
  smallCheckpoint(SMALL_CONFIGS.get("llama")!, {
    "model.embed_tokens.weight": QUIET,
    "model.layers.0.self_attn.q_proj.weight": { 3: 1000 },
    "model.layers.0.self_attn.k_proj.weight": { 5: 1000 },
  });
const PROMPT = ["--prompt-ids", "1,5,9,2,3,11"];
const SAFE = ["--engine-safe", ...PROMPT];
const words = (text: string): string => text.replace(/\s+/g, " ");

interface Chosen {
  readonly holds: boolean;
  readonly exponents: {
    readonly clamps: object;
    readonly layers: readonly {
      readonly scores?: number;
      readonly clamps?: { readonly scores: { readonly most: number; readonly reached: number } };
    }[];
  };
  readonly layers: readonly { readonly qk: number; readonly score: number }[];
}

describe("ranges", () => {
  test("a no tells of clamps", async () => {
    const { code, out } = await graphc(["ranges", loud(), "--engine-safe"]);
    expect([code, words(out)]).toEqual([
      1,
      expect.stringContaining("no exponent mends that; with a prompt --clamp 4 may"),
    ]);
  });
  test("the layer that needs one is clipped at the margin over what the prompt reaches, and holds then", async () => {
    const folder = loud();
    const { out: plain } = await graphc(["ranges", folder, ...PROMPT, "--json"]);
    const reached: number = JSON.parse(plain).calibrated.layers[0].reached.score;
    for (const margin of [2, 3.5]) {
      const { code, out } = await graphc(["ranges", folder, ...SAFE, "--clamp", `${margin}`, "--json"]);
      const { exponents, holds, layers } = JSON.parse(out) as Chosen;
      expect([code, holds, exponents.clamps]).toEqual([0, true, { margin, tokens: 6 }]);
      expect(exponents.layers.map(({ scores }) => scores)).toEqual([2, undefined, undefined, undefined]);
      const [clamps, ...others] = exponents.layers.map((own) => own.clamps);
      const { scores: first, ...more } = clamps!;
      expect([first.reached, more, others]).toEqual([reached, {}, [undefined, undefined, undefined]]);
      expect(first.most / reached - margin).toBeGreaterThanOrEqual(0);
      expect(first.most / reached - margin).toBeLessThan(margin * 2 ** -10);
      expect(layers[0]!.score).toBe(first.most);
      expect(layers[0]!.qk).toBeGreaterThan(32768 / 2);
    }
    const { out } = await graphc(["ranges", folder, ...SAFE, "--clamp", "2"]);
    expect(words(out)).toMatch(
      /not 0 \(scores 2\^-2(?:, [^)]*)?\).*clamps: layer 0 scores at ±[\d.]+ \(the prompt reaches [\d.]+\); 2 times what 6 tokens of a prompt reach where a value leaves its clamp the graph is another one/,
    );
  });
});

/** The ends of the clips of a package. */
const clipsOf = (path: string): readonly object[] =>
  schedule(graphOf(readPackage(path))).flatMap(({ def }) =>
    def.kind === "op" && def.op === "clip" ? [{ ...def.attrs }] : [],
  );

test.each([1, 2])(
  "emit of %i layers clips on the bytes, and says under which condition it is the checkpoint",
  async (count) => {
    const out = testFolder();
    const size = ["--layers", `${count}`, "--ahead-of-evidence", "--max-seq", "8", "--tokens", "2"];
    const { code, out: text } = await graphc(["emit", loud(), ...SAFE, "--clamp", "2", ...size, "--out", out]);
    expect(code).toBe(0);
    expect(text).toContain("PROVEN (exact): a block of 2 tokens against 2 single-token calls");
    expect(words(text)).toContain(
      "PROVEN (reals): one token with exponents and clamps against one token without, hidden rows in and out at full size, on inputs of which no value leaves its clamp",
    );
    expect(words(text)).toMatch(/off by \S+ with exponents and clamps, \S+ without/);
    expect(words(text)).toContain("P15: no value leaves its clamp, now or in an earlier call");
    const name = count === 1 ? "llama.layer0" : "llama.layers0-1";
    const { engineSafe } = JSON.parse(readFileSync(join(out, `${name}.certificate.json`), "utf8"));
    const { scores: held, clamps } = (engineSafe as Chosen).exponents.layers[0]!;
    const { most } = clamps!.scores;
    expect(engineSafe.exponents.clamps).toEqual({ margin: 2, tokens: 6 });
    expect(engineSafe.equality.says).toContain("on inputs of which no value leaves its clamp");
    expect(engineSafe.equality.preconditions.map(({ id }: { id: string }) => id)).toContain("P15");
    const end = most * 2 ** -held!;
    for (const t of ["t2", "t1"])
      expect(clipsOf(join(out, `${name}.${t}.mlpackage`))).toEqual([{ alpha: -end, beta: end }]);
  },
);

test("build says it of the shard with a clamp alone, and the manifest has margin, prompt and clamp", async () => {
  const out = testFolder();
  const options = [
    "--shards",
    "1,3",
    "--heads",
    "1",
    "--max-seq",
    "16",
    "--tokens",
    "2",
    "--ahead-of-evidence",
    "--eos",
    "15",
  ];
  const { code, out: text } = await graphc([
    "build",
    loud(),
    ...SAFE,
    "--clamp",
    "2",
    ...options,
    "--out",
    join(out, "b"),
  ]);
  expect(code).toBe(0);
  expect(text.match(/EQUAL \(reals\) to the graph without exponents/g)).toHaveLength(3);
  expect(text.match(/exponents and clamps, where no value leaves its clamp \(P15\)/g)).toHaveLength(1);
  const { decoder, parts } = JSON.parse(readFileSync(join(out, "b", "phi4mini_runtime_meta.json"), "utf8")).graphc;
  expect(decoder.exponents.clamps).toEqual({ margin: 2, tokens: 6 });
  expect(decoder.exponents.layers[0]).toMatchObject({
    scores: 2,
    clamps: { scores: { most: expect.any(Number), reached: expect.any(Number) } },
  });
  const claims = Object.values(parts as Record<string, { claim?: string }>).map(({ claim = "" }) => claim);
  expect(claims.filter((claim) => claim.includes("P15"))).toHaveLength(1);
  const said = await graphc(["generate", join(out, "b"), "--prompt-ids", "1,2,3", "--max-new", "4", "--json"]);
  expect([said.code, JSON.parse(said.out).tokens.length]).toEqual([0, 4]);
});

describe("is refused", () => {
  test.each<[string, readonly string[], RegExp]>([
    [
      "without a prompt",
      ["--engine-safe", "--clamp", "4"],
      /error: --clamp clips values of a checkpoint at what they reach on a prompt, and none is given; give --prompt TEXT, or --prompt-ids 1,2,3$/,
    ],
    ["with a prompt alone", SAFE, /error: a prompt does nothing beside --engine-safe without --clamp; /],
    ["without --engine-safe", [...PROMPT, "--clamp", "4"], /^error: --clamp does nothing without --engine-safe$/],
    [
      "where the clamp would be beyond the bound of P8",
      [...SAFE, "--clamp", "99999"],
      /error: --clamp would clip scores of layer 0 at \S+, for the prompt reaches \S+, and only above 0 and below 4948 is the weight of a masked row 0 \(P8\); /,
    ],
  ])("%s", async (_, argv, sentence) => expectRefusal(["ranges", loud(), ...argv], sentence));
  test("where exponents are enough, by emit and build too", async () => {
    const folder = smallCheckpoint(SMALL_CONFIGS.get("phi3")!);
    const out = join(testFolder(), "none");
    for (const command of ["ranges", "emit", "build"]) {
      const place = command === "ranges" ? [] : ["--out", out];
      const { code, out: text, err } = await graphc([command, folder, ...SAFE, "--clamp", "4", ...place]);
      expect([code, text, err]).toEqual([
        2,
        "",
        expect.stringMatching(
          /error: --clamp does nothing for \S+: exponents keep all of it within its limits; leave it out$/,
        ),
      ]);
    }
    expect(existsSync(out)).toBe(false);
  });
});
