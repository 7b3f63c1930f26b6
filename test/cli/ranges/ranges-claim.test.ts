/** ORDER-FREE (engine) beside a proof: what `prove` and `emit` say with --ranges, and what of it a certificate has. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { rangesClaim } from "../../../src/cli/ranges/claim.ts";
import type { RangesRecord } from "../../../src/cli/ranges/claim-record.ts";
import type { BoundedModel, LayersRecord } from "../../../src/cli/ranges/layer-claim.ts";
import type { Verdict } from "../../../src/passes/prove/report/verdict.ts";
import type { LayerBounds } from "../../../src/passes/ranges/layer.ts";
import { scaled } from "../../../src/passes/ranges/matrix.ts";
import { checkpointOf, fileOf, folderOf, graphc, testFolder } from "../../support/cli.ts";
import { tinyPhi, tinyPhiWithNaN } from "../../support/graphs/tiny-phi.ts";
import { ROOT } from "../../support/root.ts";

const SMALL = ["--max-seq", "16", "--layer", "1"];

interface Bounded {
  readonly layers: readonly [LayerBounds & { readonly inputUpTo: number }];
}

describe("with --ranges", () => {
  test("prove says that sums are free of their order, and which preconditions are met, with the numbers of ranges", async () => {
    const folder = tinyPhi();
    const { code, out } = await graphc(["prove", folder, ...SMALL, "--ranges"]);
    expect(code).toBe(0);
    const text = out.replace(/\s+/g, " ");
    expect(text).toContain("ORDER-FREE (engine): no sum of products of layer 1 reaches 32768 in any order");
    const { layers } = JSON.parse((await graphc(["ranges", folder, "--layer", "1", "--json"])).out) as Bounded;
    expect(text).toContain(`no element of the hidden rows is above ${Math.floor(layers[0].inputUpTo)}`);
    expect(text).toContain(`P8 |score| and |row maximum| are up to ${Math.ceil(layers[0].bounds.score.value)}, of `);
  });
  test("emit writes the same into the certificate", async () => {
    const out = testFolder();
    const { code } = await graphc(["emit", tinyPhi(), ...SMALL, "--ranges", "--out", out]);
    expect(code).toBe(0);
    const certificate = JSON.parse(readFileSync(join(out, "phi4-mini.layer1.certificate.json"), "utf8"));
    const ranges = certificate.ranges as LayersRecord;
    expect(ranges.claim).toBe("ORDER-FREE (engine)");
    expect(ranges.preconditions.map(({ id, met }) => [id, met])).toEqual([
      ["P7", true],
      ["P8", true],
    ]);
    expect(ranges.layers.map(({ layer }) => layer)).toEqual([1]);
    expect(ranges.given.filter((one) => /caches|cos and sin/.test(one))).toHaveLength(2);
  });
  test("no weight bounds a cache of other rows, or other tables: that they are the layer's own is said", async () => {
    for (const argv of [
      ["prove", tinyPhi(), ...SMALL, "--ranges"],
      ["ranges", tinyPhi()],
    ]) {
      const text = (await graphc(argv)).out.replace(/\s+/g, " ");
      expect(text).toMatch(
        /given that the caches hold zeros, or rows that the same layer wrote, stale ones too given that cos and sin are those of RoPE/,
      );
    }
  });
  test("of generated weights nothing is said beside a proof for all weights", async () => {
    const { code, out, err } = await graphc(["prove", "phi4-mini", "--max-seq", "8", "--tokens", "2", "--ranges"]);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toContain("--ranges bounds numbers by the weights of a checkpoint, and there is none");
  });
  test("without it nothing is said, for nothing was looked at", async () => {
    expect((await graphc(["prove", tinyPhi(), ...SMALL])).out).not.toContain("ORDER-FREE");
  });
  test.each([
    [
      "large weights",
      () => checkpointOf(),
      /NOT ORDER-FREE \(engine\): qk of layer 0 may be \d+, above accumulator 32768/,
    ],
    [
      "a weight that is not a number",
      () => tinyPhiWithNaN("model.layers.0.mlp.down_proj.weight"),
      /NOT ORDER-FREE \(engine\): down of layer 0 may be NaN/,
    ],
  ] as const)("%s are no claim", async (_, folder, text) => {
    const { out } = await graphc(["prove", folder(), "--max-seq", "16", "--ranges"]);
    expect(out).toMatch(text);
    expect(out.replace(/\s+/g, " ")).toContain("NOT met by the weights: P7 ");
    expect(out).not.toMatch(/^ORDER-FREE/m);
  });
});

describe("a precondition is met only where the numbers say so", () => {
  const preconditions = [
    { id: "P7", says: "" },
    { id: "P8", says: "" },
  ];
  const verdict = { preconditions, gapBound: 4944 } as unknown as Verdict;
  const claimOf = async (
    change: (found: LayerBounds, g: BoundedModel) => BoundedModel,
    of = verdict,
  ): Promise<RangesRecord> => {
    const { layers } = JSON.parse((await graphc(["ranges", tinyPhi(), "--layer", "0", "--json"])).out) as Bounded;
    const found = { ...layers[0], units: [] };
    return rangesClaim(
      change(found, { of: "layers", layers: [{ layer: 0, found }], inputUpTo: layers[0].inputUpTo }),
      of,
    );
  };
  const met = ({ preconditions: held }: RangesRecord) => held.map((one) => one.met);
  test("as they are", async () => expect(met(await claimOf((_, all) => all))).toEqual([true, true]));
  test("no hidden row would do", async () =>
    expect(met(await claimOf((_, all) => ({ ...all, inputUpTo: -1 })))).toEqual([false, true]));
  test("a score just above the bound of P8", async () => {
    const above = await claimOf((found) => {
      const bounds = { ...found.bounds, score: scaled(found.bounds.score, 4945 / found.bounds.score.value) };
      return { of: "layers", layers: [{ layer: 0, found: { ...found, bounds } }], inputUpTo: 1 };
    });
    expect([above.claim, ...met(above)]).toEqual(["ORDER-FREE (engine)", true, false]);
  });
  test("a layer behind the first that may overflow, or is no number", async () => {
    for (const [bad, says] of [
      [40_000, /^down of layer 1 may be 40000, above accumulator 32768/],
      [Number.NaN, /^down of layer 1 may be NaN/],
    ] as const) {
      const claim = await claimOf((found, { layers, inputUpTo }) => {
        const bounds = { ...found.bounds, down: { value: bad, at: 0 } };
        return { of: "layers", layers: [...layers, { layer: 1, found: { ...found, bounds } }], inputUpTo };
      });
      expect([claim.claim, claim.says, ...met(claim)]).toEqual([
        "NOT ORDER-FREE (engine)",
        expect.stringMatching(says),
        false,
        true,
      ]);
    }
  });
  test("of a proof that used neither nothing is said", async () =>
    expect(met(await claimOf((_, all) => all, { preconditions: [] } as unknown as Verdict))).toEqual([]));
});

describe("with --ranges of an author's graph", () => {
  const ATTENTION = join(ROOT, "examples/attention.ts");
  const SIZE = ["--max-seq", "8", "--tokens", "2"];
  /** Weights in bf16, the same for everybody but for a factor and one bad number. */
  const weightsOf = (factor: (name: string) => number, bad?: string): string => {
    const shapes = { "norm.weight": [1, 128, 1, 1], "qkv.weight": [384, 128, 1, 1], "out.weight": [128, 128, 1, 1] };
    const tensors = Object.entries(shapes).map(([name, shape]) => {
      const size = shape.reduce((a, b) => a * b, 1);
      const numbers = Float32Array.from({ length: size }, (_, k) => factor(name) * (((k * 37) % 19) / 190 - 0.045));
      if (name === bad) numbers[5] = Number.NaN;
      const words = new Uint32Array(numbers.buffer);
      const data = new Uint8Array(Uint16Array.from(words, (word) => word >>> 16).buffer);
      return { name, dtype: "BF16", shape, data };
    });
    return folderOf({ "config.json": "{}", "model.safetensors": fileOf(tensors) });
  };
  const claimIn = async (weights: string, ...argv: readonly string[]) => {
    const { code, out, err } = await graphc(["prove", ATTENTION, ...SIZE, "--weights", weights, "--ranges", ...argv]);
    return { code, text: out.replace(/\s+/g, " "), err };
  };

  test("block and step are bounded on their common caches, for inputs within --bound", async () => {
    const { code, text } = await claimIn(
      weightsOf(() => 1),
      "--bound",
      "x=4",
    );
    expect(code).toBe(0);
    expect(text).toMatch(
      /ORDER-FREE \(engine\): no sum of products at T=2 and T=1 reaches 32768 in any order \(at most [\d.]+, /,
    );
    expect(text).toMatch(
      /given that \|x\| ≤ 4 .*met by the weights: P7 .*met by the weights: P8 \|score\| .* up to \d+, of 4944/,
    );
    expect(text).not.toContain("NOT met");
  });
  test("what is too large is no claim, with the author's line and the precondition that is not met", async () => {
    const loud = await claimIn(
      weightsOf((name) => (name === "qkv.weight" ? 4000 : 1)),
      "--bound",
      "x=4",
    );
    expect([loud.code, loud.text]).toEqual([
      0,
      expect.stringMatching(
        /NOT ORDER-FREE \(engine\): \S+ \(\S*attention.ts:\d+:\d+\) may be [\d.e+]+, above accumulator 32768, at \[/,
      ),
    ]);
    expect(loud.text).toMatch(
      /NOT met by the weights: P7 .* NOT met by the weights: P8 \|score\| and \|row maximum\| are up to \d+, of 4944/,
    );
  });
  test("scores may be too large where every sum holds", async () => {
    const { text } = await claimIn(
      weightsOf((name) => (name === "qkv.weight" ? 900 : 1)),
      "--bound",
      "x=4",
    );
    expect(text).toMatch(/ ORDER-FREE \(engine\).* met by the weights: P7 .* NOT met by the weights: P8 /);
  });
  test.each(["norm.weight", "out.weight"])("a weight %s that is no number is none", async (bad) => {
    const { text } = await claimIn(
      weightsOf(() => 1, bad),
      "--bound",
      "x=4",
    );
    expect(text).toContain(`NOT ORDER-FREE (engine): weight ${bad} holds what is not finite`);
    expect(text).toContain("NOT met by the weights: P7");
  });
  test("emit writes it into the certificate, every value of each graph", async () => {
    const out = testFolder();
    const { code } = await graphc(["emit", ATTENTION, ...SIZE, "--ranges", "--bound", "x=4", "--out", out]);
    expect(code).toBe(0);
    const { ranges } = JSON.parse(readFileSync(join(out, "attention.certificate.json"), "utf8")) as {
      ranges: RangesRecord & { inputs: object; graphs: readonly { tokens: number; values: readonly object[] }[] };
    };
    expect([ranges.claim, ranges.inputs]).toEqual(["ORDER-FREE (engine)", { x: { most: 4, norms: [] } }]);
    expect(ranges.graphs.map(({ tokens }) => tokens)).toEqual([2, 1]);
    for (const { values } of ranges.graphs) expect(values.length).toBeGreaterThan(12);
  });
  test.each([
    [
      ["prove", ATTENTION, ...SIZE, "--ranges"],
      /^error: --ranges bounds numbers by the weights of a checkpoint, and there is none/,
    ],
    [["emit", ATTENTION, ...SIZE, "--bound", "x=4"], /^error: --bound does nothing without --ranges/],
    [
      ["emit", ATTENTION, ...SIZE, "--ranges", "--bound", "y=4"],
      /^error: --bound y=4: there is no input "y"; the inputs are x/,
    ],
    [
      ["emit", ATTENTION, ...SIZE, "--ranges", "--bound", "attn_mask=4"],
      /^error: --bound attn_mask: what its role says of it/,
    ],
  ])("refuses %j", async (argv, text) => {
    const into = join(testFolder(), "none");
    const { code, err } = await graphc(argv[0] === "emit" ? [...argv, "--out", into] : argv);
    expect([code, err]).toEqual([2, expect.stringMatching(text)]);
    expect(existsSync(into)).toBe(false);
  });
});
