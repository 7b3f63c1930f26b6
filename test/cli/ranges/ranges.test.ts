/** `ranges`: what is said of a checkpoint whose weights bound everything, and of one that has a unit too large. */
import { describe, expect, test } from "vitest";
import type { CalibratedLayer } from "../../../src/cli/ranges/calibrated-layers.ts";
import { calibratedBeside } from "../../../src/cli/ranges/calibration.ts";
import { holds } from "../../../src/cli/ranges/report.ts";
import { readDecoder } from "../../../src/models/config-read.ts";
import type { LayerBounds, Quantity } from "../../../src/passes/ranges/layer.ts";
import { scaled } from "../../../src/passes/ranges/matrix.ts";
import { openWeights } from "../../../src/weights/open.ts";
import { checkpointOf, graphc } from "../../support/cli.ts";
import { SMALL_CONFIGS } from "../../support/graphs/decoders.ts";
import { tinyPhi } from "../../support/graphs/tiny-phi.ts";
import { smallCheckpoint } from "../../support/weights/small-checkpoint.ts";

interface Told {
  readonly layers: readonly (LayerBounds & { readonly layer: number })[];
  readonly network: {
    readonly hidden: number;
    readonly embedded: { readonly value: number };
    readonly logits: { readonly value: number };
  };
  readonly calibrated: {
    readonly layers: readonly { readonly reached: Readonly<{ [Q in Quantity]: number }>; readonly hidden: number }[];
  };
}

describe("ranges", () => {
  test("of small weights holds, and says while what", async () => {
    const { code, out, err } = await graphc(["ranges", tinyPhi()]);
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(/\n(\d+) of \1 layers hold every limit for every input, given the above\n/);
    expect(out).toContain("ORDER-FREE (engine) for these, given the same");
    expect(out).toContain("given that every RMSNorm comes out within 2 % of exact");
    expect(out).toMatch(/while no element of the hidden row is above \d+ \(fp16 ends at 65504\)/);
  });
  test("of weights of 1 does not: unscaled scores may pass the accumulator", async () => {
    const { code, out } = await graphc(["ranges", checkpointOf()]);
    expect(code).toBe(1);
    expect(out).toMatch(/\n {2}NO: layer 0: qk may be \d+, above accumulator 32768, at 0; /);
    expect(out).toMatch(/\n0 of \d+ layers hold every limit for every input, given the above; not 0, /);
    expect(out).not.toContain("ORDER-FREE");
  });
  test("beside a proof it is of the layers that are named: none stands for another of its kind", async () => {
    const folder = smallCheckpoint(SMALL_CONFIGS.get("gemma2")!);
    const { code, out, err } = await graphc(["prove", folder, "--max-seq", "8", "--ranges"]);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toContain("--ranges bounds the layers that are named");
    const two = await graphc([
      "prove",
      folder,
      "--max-seq",
      "8",
      "--layer",
      "1",
      "--layers",
      "2",
      "--ranges",
      "--json",
    ]);
    const { ranges } = JSON.parse(two.out) as { ranges: { layers: { layer: number }[] } };
    expect(ranges.layers.map(({ layer }) => layer)).toEqual([1, 2]);
  });
  test("--json has every bound and limit", async () => {
    const { out } = await graphc(["ranges", tinyPhi(), "--layer", "0", "--json"]);
    const { layers, network } = JSON.parse(out) as {
      layers: [{ layer: number; holds: boolean; bounds: Record<string, { value: number }> }];
      network?: object;
    };
    const [layer] = layers;
    expect(network).toBeUndefined();
    expect([layer.layer, layer.holds]).toEqual([0, true]);
    expect(Object.values(layer.bounds).every(({ value }) => value > 0)).toBe(true);
  });
  test.each([
    [["ranges", "phi4-mini"], 'ranges needs a checkpoint or a graph file, not "phi4-mini"'],
    [["ranges", "nowhere.gguf"], "nowhere.gguf"],
  ])("%j is refused", async (argv, text) => {
    const { code, err } = await graphc(argv);
    expect(code).toBe(2);
    expect(err).toContain(text);
  });
  test("a layer that is not there is refused", async () => {
    const { code, err } = await graphc(["ranges", checkpointOf(), "--layer", "99"]);
    expect(code).toBe(2);
    expect(err).toContain("99");
  });
});

test.each([[[]], [["--engine-safe"]], [["--prompt-ids", "1,2"]]])(
  "an interrupt is heard between two layers, %j",
  async (more) => {
    const work = more[0] === "--prompt-ids" ? "running the prompt" : "bounding layers";
    const outcome = await graphc(["ranges", tinyPhi(), ...more], (label, done) => label === work && done === 1);
    expect(outcome).toEqual({ code: 130, out: "", err: "error: interrupted" });
  },
);

describe("behind the layers", () => {
  const phi3 = SMALL_CONFIGS.get("phi3")!;
  const rows = Array.from({ length: 16 }, (_, row) => row);
  test.each<[string, Parameters<typeof smallCheckpoint>[1], RegExp | undefined, RegExp | undefined]>([
    ["small weights hold", {}, undefined, undefined],
    [
      "a row of the head that is no number is not forgotten over those that follow",
      { "lm_head.weight": { 40: Number.NaN } },
      /NO: the head: a logit's sum may be NaN, above accumulator 32768, at token 3/,
      /NO: the sum of a logit may be NaN, above 32768/,
    ],
    [
      "the last norm may leave fp16 where the head has nothing to multiply it by",
      { "model.norm.weight": { 0: 20_000 }, "lm_head.weight": Object.fromEntries(rows.map((row) => [12 * row, 0])) },
      /NO: the last norm: an element of its row may be 70\d{3}, above fp16 65504, at 0/,
      undefined,
    ],
  ])("%s", async (_, put, says, safe) => {
    const folder = smallCheckpoint(phi3, put);
    for (const [line, sentence] of [
      [["ranges", folder], says],
      [["ranges", folder, "--engine-safe"], safe],
    ] as const) {
      const { code, out } = await graphc(line);
      expect(code).toBe(sentence ? 1 : 0);
      const flat = out.replace(/\s+/g, " ");
      if (sentence) expect(flat).toMatch(sentence);
      else expect(flat).toContain("ORDER-FREE (engine)");
    }
  });
});

describe("a prompt beside the bounds", () => {
  test.each([...SMALL_CONFIGS.keys()])(
    "of a small %s reaches no bound, in the layers and behind all of them",
    async (name) => {
      const { code, out, err } = await graphc([
        ...["ranges", smallCheckpoint(SMALL_CONFIGS.get(name)!)],
        ...["--prompt-ids", "1,5,2,9,9,14", "--json"],
      ]);
      expect(err.replace(/^note: .*$/gm, "").trim()).toBe("");
      expect(code).toBeLessThan(2);
      const { layers, network, calibrated } = JSON.parse(out) as Told;
      expect(calibrated.layers).toHaveLength(layers.length);
      for (const [n, { reached, hidden }] of calibrated.layers.entries()) {
        for (const [quantity, value] of Object.entries(reached) as [Quantity, number][]) {
          expect(value, quantity).toBeGreaterThan(0);
          expect(value, quantity).toBeLessThanOrEqual(layers[n]!.bounds[quantity].value);
        }
        expect(hidden).toBeLessThanOrEqual(network.hidden);
      }
      expect(network.hidden).toBeGreaterThan(
        network.embedded.value + layers.reduce((sum, { added }) => sum + added, 0),
      );
      expect(network.logits.value).toBeGreaterThan(0);
    },
  );
  test("a bound that a prompt passes is a fault of graphc", async () => {
    const store = await openWeights(tinyPhi());
    const { decoder } = readDecoder(store.config, store.configPath);
    const { out } = await graphc(["ranges", tinyPhi(), "--layer", "0", "--prompt-ids", "3,4", "--json"]);
    const { layers, calibrated } = JSON.parse(out) as Told;
    const [told] = layers as [Told["layers"][0]];
    const { bounds } = told;
    const io = { progress: () => ({ update() {}, end() {} }), signal: new AbortController().signal } as never;
    const beside = (value: number) => {
      const changed = { ...bounds, act: scaled(bounds.act, value / bounds.act.value) };
      const found = { ...told, bounds: changed, units: [] };
      return calibratedBeside(decoder, store, [3, 4], [{ layer: 0, found }], io);
    };
    const own = calibrated.layers[0]!.reached.act;
    await expect(beside(own)).resolves.toMatchObject({ tokens: 2 });
    await expect(beside(0.95 * own)).rejects.toThrow(/^ranges: act of layer 0 reaches .* above its bound/);
    await store.close();
  });
  test.each([
    [65_503, true],
    [65_504, false],
    [Number.NaN, false],
  ])("a hidden row of %d on the prompt: %s", (hidden, yes) => {
    const reached = {} as CalibratedLayer["reached"] & CalibratedLayer["values"];
    expect(
      holds({ layers: [], calibrated: { tokens: 1, layers: [{ layer: 0, reached, values: reached, hidden }] } }),
    ).toBe(yes);
  });
  test("is printed as a table, and what is not there is refused", async () => {
    const { code, out } = await graphc(["ranges", tinyPhi(), "--prompt-ids", "3"]);
    expect(code).toBe(0);
    expect(out).toContain("\nreached on 1 token of a prompt, in double precision; none above its bound\n");
    expect(out).toMatch(/an embedded token is up to \d+ \(token \d+\); with what all layers add, layer \d most/);
    for (const [argv, text] of [
      [["--prompt-ids", "50"], "token 50 of the prompt is outside the vocabulary of 50"],
      [["--prompt", "hello"], "has no tokenizer (tokenizer.json)"],
      [["--tokenizer", "x"], "--prompt"],
    ] as const) {
      const refused = await graphc(["ranges", tinyPhi(), ...argv]);
      expect([refused.code, refused.out]).toEqual([2, ""]);
      expect(refused.err.replace(/\s+/g, " ")).toContain(text);
    }
  });
});
