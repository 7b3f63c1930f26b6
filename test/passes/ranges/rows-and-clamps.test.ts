/** Exponents of normed rows and of scores, and clamps of what is at full size behind them. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { roundFp16 } from "../../../src/dsl/number.ts";
import type { Clampable } from "../../../src/models/exponents.ts";
import { chooseExponents } from "../../../src/passes/ranges/exponents/choose.ts";
import { clampLimits, type FullSize } from "../../../src/passes/ranges/exponents/full-size.ts";
import type { Unmended } from "../../../src/passes/ranges/exponents/unmended.ts";
import type { LayerBounds } from "../../../src/passes/ranges/layer.ts";
import { ACTIVATION, LIMITS, MARGIN } from "../../../src/passes/ranges/limits.ts";
import { layerOf, modelOf } from "../../support/graphs/layer-bounds.ts";

const size = fc.double({ min: 1, max: 3e7, noNaN: true });
const reachedSize = fc.double({ min: 2 ** -10, max: 200, noNaN: true });
const REACHED: FullSize = { q: 5, k: 1, v: 2, scores: 3, gate: 4 };
const clampsOf = (reached: FullSize, margin = 4, layer = 0) => ({
  clamps: { margin, tokens: 3, reached: new Map([[layer, reached]]) },
});

describe("rows of projections", () => {
  test("are as large as their sums and fp16 allow, and what is made of them is undone", () => {
    const below = (most: number) => fc.double({ min: 1, max: most, noNaN: true });
    const drawn = fc.tuple(size, below(LIMITS.turned - 1), below(32000), below(65000), size, size);
    fc.assert(
      fc.property(drawn, ([q, k, v, gate, up, norm]) => {
        const found = layerOf({ q, k, v, gate, up, pv: v, normed: norm });
        const { exponents, layers, unmended } = chooseExponents(modelOf([found]));
        const { rows = { attn: 0, mlp: 0 }, scores = 0, mlp, clamps } = exponents.layers[0]!;
        expect([unmended, clamps]).toEqual([[], undefined]);
        const { bounds } = layers[0]!;
        expect([bounds.q.value, bounds.gate.value, bounds.up.value]).toEqual([
          Math.max(q * 2 ** -rows.attn, q * 2 ** -scores),
          gate * 2 ** -rows.mlp,
          up * 2 ** -rows.mlp,
        ]);
        const breaks = (power: number, sums: readonly number[], own = 0): boolean =>
          power === 0 ||
          own * 2 ** (1 - power) >= LIMITS.fp16 ||
          sums.some((sum) => sum * 2 ** (1 - power) >= LIMITS.accumulator);
        expect(breaks(rows.attn, [q, k, v], norm)).toBe(true);
        expect(breaks(rows.mlp, [gate, up])).toBe(true);
        expect(breaks(scores, [q])).toBe(true);
        expect(up * 2 ** -mlp).toBeLessThan(LIMITS.fp16);
      }),
    );
  });
  test("a norm of heads bounds what it leaves, and takes the exponent of its row away", () => {
    const normed = { value: 20_000, at: 0 };
    const found = { ...layerOf({ q: 1e6, k: 1e6 }), heads: { q: normed, k: normed } };
    const { exponents, layers, unmended } = chooseExponents(modelOf([found]));
    expect([unmended, exponents.layers[0]!.rows, exponents.layers[0]!.scores]).toEqual([
      [],
      { attn: 6, mlp: 0 },
      undefined,
    ]);
    expect([layers[0]!.bounds.q.value, layers[0]!.bounds.k.value]).toEqual([20_000, 20_000]);
    const large = { ...found, heads: { q: normed, k: { value: 30_000, at: 0 } } };
    expect(chooseExponents(modelOf([large])).unmended).toEqual([
      { layer: 0, quantity: "k", value: 30_000, limit: LIMITS.turned },
    ]);
  });
  test("scores with a cap are small before it, and need no clamp", () => {
    const of = (raw: number) =>
      chooseExponents(modelOf([{ ...layerOf({ qk: raw * 8, score: 50 }, 10, { scoreCap: 50 }), uncapped: raw }]));
    const { exponents, unmended } = of(1e6);
    expect([unmended, exponents.layers[0]!.scores, exponents.layers[0]!.clamps]).toEqual([[], 5, undefined]);
    expect(of(3_280_000).unmended).toMatchObject([{ layer: 0, quantity: "score", clampable: true }]);
  });
  test("the last norm's row is one too", () => {
    const { exponents, normed, logits, unmended } = chooseExponents(
      modelOf([layerOf({})], { ends: { normed: 100_000, logits: 60_000 } }),
    );
    expect([exponents.head, normed, logits, unmended]).toEqual([1, 50_000, 30_000, []]);
    const capped = modelOf([layerOf({})], { ends: { logits: 600_000 }, logitCap: 30 });
    expect([chooseExponents(capped).exponents.head, chooseExponents(capped).unmended]).toEqual([5, []]);
  });
});

describe("clamps", () => {
  test("of scores: at the margin over what is reached, at the least power that holds q · k, and only where they are asked for", () => {
    const loud = fc.double({ min: LIMITS.score, max: 3e7, noNaN: true });
    fc.assert(
      fc.property(loud, reachedSize, fc.constantFrom(1, 2, 4.5), (qk, most, margin) => {
        const both = [layerOf({}), layerOf({ qk, score: qk }, 10, { scoreScale: 1 })];
        const own = modelOf(both, clampsOf({ ...REACHED, scores: most }, margin, 1));
        const { exponents, layers, unmended } = chooseExponents(own);
        const [first, { scores: held = 0, clamps }] = exponents.layers as [unknown, (typeof exponents.layers)[0]];
        expect([unmended, exponents.clamps, first]).toMatchObject([[], { margin, tokens: 3 }, {}]);
        expect([Object.keys(clamps!), "clamps" in (first as object)]).toEqual([["scores"], false]);
        const { most: clamp, reached } = clamps!.scores!;
        expect([reached, roundFp16(clamp * 2 ** -held)]).toEqual([most, clamp * 2 ** -held]);
        expect(clamp / most).toBeGreaterThanOrEqual(margin);
        expect(clamp - most * margin).toBeLessThanOrEqual(Math.max(most * margin * 2 ** -10, 2 ** (held - 24)));
        expect(held === 0 || qk * 2 ** (1 - held) >= LIMITS.accumulator).toBe(true);
        const { qk: product, score } = layers[1]!.bounds;
        expect([product.value, score.value]).toEqual([qk * 2 ** -held, Math.min(qk, clamp)]);
      }),
    );
  });
  test.each<[Clampable, number, object]>([
    ["k", 23_170, { k: 23_170 }],
    ["v", 32_768 / MARGIN, { v: 32_768 / MARGIN, pv: 32_768 }],
    ["gate", 65_504, { gate: 65_504 }],
    ["scores", 4948, { score: 4948 }],
  ])("of %s from its limit on, which it then keeps", (part, limit, values) => {
    const [under, from] = [0.999, 1].map((factor) =>
      modelOf(
        [layerOf(Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value * factor])))],
        clampsOf(REACHED),
      ),
    );
    expect(chooseExponents(under!)).toMatchObject({ unmended: [] });
    expect(chooseExponents(under!).exponents.layers[0]!.clamps).toBeUndefined();
    const { exponents, unmended } = chooseExponents(from!);
    expect([unmended, exponents.layers[0]!.clamps]).toEqual([
      [],
      { [part]: { most: 4 * REACHED[part], reached: REACHED[part] } },
    ]);
    expect(limit).toBeGreaterThan(4 * REACHED[part]);
    expect(chooseExponents({ ...from!, clamps: undefined as never }).unmended).toMatchObject([{ clampable: true }]);
  });
  test("of queries where no power of two holds their products with keys, which are then as small as both are", () => {
    const of = (raw: number) => {
      const found = { ...layerOf({ qk: raw * 8, score: raw, k: 1e6 }), uncapped: raw };
      return chooseExponents(modelOf([found], clampsOf(REACHED)));
    };
    expect(Object.keys(of(32768 * 1023).exponents.layers[0]!.clamps!).sort()).toEqual(["k", "scores"]);
    const { exponents, layers, unmended } = of(32768 * 1024);
    expect([unmended, Object.keys(exponents.layers[0]!.clamps!).sort()]).toEqual([[], ["k", "q", "scores"]]);
    expect(exponents.layers[0]!.scores).toBeUndefined();
    expect(layers[0]!.bounds.qk.value).toBe(MARGIN * 64 * (4 * 5) * 4 * 0.125);
    const none = { ...layerOf({ qk: 32768 * 1024, score: 40 }, 10, { scoreScale: 1 }), uncapped: 32768 * 1024 };
    const normed = { ...none, heads: { q: { value: 1e5, at: 0 } } };
    expect(chooseExponents(modelOf([none], clampsOf(REACHED))).unmended).toEqual([]);
    expect(chooseExponents(modelOf([normed], clampsOf(REACHED))).unmended).toMatchObject([{ quantity: "q" }]);
  });
  test("make what is behind them smaller", () => {
    const found = layerOf({ v: 1e6, pv: MARGIN * 1e6, gate: 1e6, up: 100, act: 1e8 });
    const { layers, exponents, unmended } = chooseExponents(modelOf([found], clampsOf(REACHED)));
    expect(unmended).toEqual([]);
    const { attn, mlp } = exponents.layers[0]!;
    expect(layers[0]!.bounds.pv.value).toBe(8 * MARGIN * 2 ** Math.max(0, -attn));
    // The engine's table of the activation may be above its argument.
    expect(layers[0]!.bounds.act.value).toBe((16 + ACTIVATION) * 100 * 2 ** -mlp);
  });
  test("keys that RoPE makes larger by a factor of its own are clipped so much earlier", () => {
    const of = (k: number) =>
      chooseExponents(modelOf([layerOf({ k }, 10, { ropeFactor: 2 })], clampsOf({ ...REACHED, k: 1000 }, 10)));
    expect(of(23_169).exponents.layers[0]!.clamps).toBeUndefined();
    const { layers, unmended } = of(23_170);
    expect([layers[0]!.bounds.k.value, unmended]).toEqual([20_000, []]);
  });
  const normedHeads = { heads: { q: { value: 1e3, at: 0 } }, uncapped: 1e8 };
  test.each<[string, LayerBounds, Partial<Unmended>]>([
    ["a sum before its clip", layerOf({ v: 32768 * 1024 }), { quantity: "v" }],
    [
      "q · k behind norms of heads",
      { ...layerOf({ qk: 1e8, score: 1e8 }, 10, { scoreScale: 1 }), ...normedHeads },
      { quantity: "qk" },
    ],
    ["a sum of the down projection", layerOf({ gate: 1e5, down: 1e8 }), { quantity: "down" }],
  ])("are not told of where none helps: %s", (_, found, broken) => {
    for (const clamps of [{}, clampsOf(REACHED)]) {
      const [first] = chooseExponents(modelOf([found], clamps)).unmended;
      expect(first).toMatchObject(broken);
      expect(first).not.toHaveProperty("clampable");
    }
  });
  test("are told of where one makes a product small enough", () => {
    const found = layerOf({ gate: 1e5, up: 1e4, act: 1e9 });
    expect(chooseExponents(modelOf([found])).unmended).toMatchObject([{ quantity: "act", clampable: true }]);
    expect(chooseExponents(modelOf([found], clampsOf(REACHED))).unmended).toEqual([]);
  });
  test("keys at the largest clamp that is allowed stay below the accumulator, turned by tables that are rounded", () => {
    const turns = Array.from({ length: 100_000 }, (_, angle) => {
      const [cos, sin] = [roundFp16(Math.cos(angle)), roundFp16(Math.sin(angle))];
      return Math.abs(cos) + Math.abs(sin);
    });
    const [most, factor] = [Math.max(...turns), 2];
    expect(most).toBeGreaterThan(Math.SQRT2);
    const limit = clampLimits(layerOf({}, 10, { ropeFactor: factor })).k;
    const clamp = roundFp16(limit) < limit ? roundFp16(limit) : roundFp16(limit * (1 - 2 ** -10));
    expect(clamp / limit).toBeGreaterThan(0.998);
    expect(clamp * factor * most).toBeLessThan(LIMITS.accumulator);
  });
  test("of what is no number hold nothing", () => {
    const found = layerOf({ v: Number.NaN, pv: Number.NaN });
    expect(chooseExponents(modelOf([found], clampsOf(REACHED))).unmended).toMatchObject([{ quantity: "v" }]);
  });
});
