/** ORDER-FREE (engine) beside a proof: what `prove` and `emit` say with --ranges, and what of it a certificate has. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Guaranteed, type RangesRecord, rangesClaim } from "../../src/cli/ranges/claim.ts";
import type { Verdict } from "../../src/passes/prove/report/verdict.ts";
import type { LayerBounds } from "../../src/passes/ranges/layer.ts";
import { scaled } from "../../src/passes/ranges/matrix.ts";
import { checkpointOf, graphc, testFolder } from "../support/cli.ts";
import { tinyPhi, tinyPhiWithNaN } from "../support/tiny-phi.ts";

const SMALL = ["--max-seq", "16", "--layer", "1"];

interface Bounded {
  readonly layers: readonly [
    { readonly inputUpTo: number; readonly bounds: LayerBounds["bounds"]; readonly added: number },
  ];
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
    const ranges = certificate.ranges as RangesRecord;
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
    change: (found: LayerBounds, g: Guaranteed) => Guaranteed,
    of = verdict,
  ): Promise<RangesRecord> => {
    const { layers } = JSON.parse((await graphc(["ranges", tinyPhi(), "--layer", "0", "--json"])).out) as Bounded;
    const found = { ...layers[0], norms: { before: layers[0].bounds.normed }, units: [] };
    return rangesClaim(change(found, { layers: [{ layer: 0, found }], inputUpTo: layers[0].inputUpTo }), of);
  };
  const met = ({ preconditions: held }: RangesRecord) => held.map((one) => one.met);
  test("as they are", async () => expect(met(await claimOf((_, all) => all))).toEqual([true, true]));
  test("no hidden row would do", async () =>
    expect(met(await claimOf((_, all) => ({ ...all, inputUpTo: -1 })))).toEqual([false, true]));
  test("a score just above the bound of P8", async () => {
    const above = await claimOf((found) => {
      const bounds = { ...found.bounds, score: scaled(found.bounds.score, 4945 / found.bounds.score.value) };
      return { layers: [{ layer: 0, found: { ...found, bounds } }], inputUpTo: 1 };
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
        return { layers: [...layers, { layer: 1, found: { ...found, bounds } }], inputUpTo };
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
