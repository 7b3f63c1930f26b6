/** The exponents that are chosen keep every limit, none smaller does, and what none keeps is named. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Bounded, chooseExponents } from "../../../src/passes/ranges/exponents/choose.ts";
import { broken } from "../../../src/passes/ranges/layer.ts";
import { type Bound, LIMITS } from "../../../src/passes/ranges/limits.ts";
import { layerOf, modelOf } from "../../support/graphs/layer-bounds.ts";

describe("chosen exponents", () => {
  const small = fc.double({ min: 1e-3, max: 32000, noNaN: true });
  const size = fc.double({ min: 1, max: 3e7, noNaN: true });
  test("keep every limit, and none is larger than it has to be, down to where a number would be too large", () => {
    fc.assert(
      fc.property(fc.tuple(size, size, size, size, small, small), ([output, act, down, added, pv, up]) => {
        const { exponents, layers, residual, unmended } = chooseExponents(
          modelOf([layerOf({ output, act, down, pv, up }, added)]),
        );
        const [{ attn, mlp }, found] = [exponents.layers[0]!, layers[0]!];
        expect([unmended, broken(found)]).toEqual([[], undefined]);
        expect([found.bounds.down.value, found.bounds.output.value]).toEqual([down * 2 ** -mlp, output * 2 ** -attn]);
        expect(found.bounds.pv.value).toBe(pv * 2 ** Math.max(0, -attn));
        expect(up * 2 ** -Math.min(0, mlp)).toBeLessThan(LIMITS.fp16);
        const breaks = (k: number, sums: readonly number[], raised: number, most: number): boolean =>
          k === -10 || sums.some((share) => share * 2 ** (1 - k) >= 1) || (k <= 0 && raised * 2 ** (1 - k) >= most);
        expect(breaks(attn, [output / LIMITS.accumulator], pv, LIMITS.accumulator)).toBe(true);
        expect(breaks(mlp, [act / LIMITS.fp16, down / LIMITS.accumulator], up, LIMITS.fp16)).toBe(true);
        // What is held is what is added up; what is added is rounded twice, and so is the row, in each half of a layer.
        const half = (row: number): number => (row + (added / 2) * (1 + 2 ** -11) ** 2) * (1 + 2 ** -11);
        expect(residual.held).toBeGreaterThanOrEqual(half(half(1)) * 2 ** -exponents.residual);
        expect(residual.held).toBeLessThan(LIMITS.fp16);
        expect(exponents.residual === 0 || residual.held * 2 >= LIMITS.fp16).toBe(true);
      }),
    );
  });
  test("take the embedding and every layer into the hidden rows", () => {
    const layers = [layerOf({}, 30000), layerOf({}, 30000)];
    expect(chooseExponents(modelOf(layers)).exponents.residual).toBe(0);
    expect(chooseExponents(modelOf(layers, { ends: { embedded: 6000 } })).exponents.residual).toBe(1);
    expect(chooseExponents(modelOf([...layers, layerOf({}, 80000)])).exponents.residual).toBe(2);
  });
  test("hold what leaves a norm behind a block as hidden rows are held, and what leaves one before it as its projections ask", () => {
    const [small, large] = [100, 160_000].map((value) => ({ value, at: 0 })) as [Bound, Bound];
    const layer = layerOf({ normed: 160_000 }, 160_000);
    const behind = { ...layer, norms: { attn: small, mlp: small, behind: large } };
    const { exponents, layers, unmended } = chooseExponents(modelOf([behind]));
    expect([exponents.residual, layers[0]!.bounds.normed.value, unmended]).toEqual([2, 40_000, []]);
    const before = chooseExponents(modelOf([{ ...layer, norms: { attn: large, mlp: small, behind: small } }]));
    expect(before.exponents.layers[0]!.rows).toEqual({ attn: 2, mlp: 0 });
    expect([before.layers[0]!.bounds.normed.value, before.unmended]).toEqual([40_000, []]);
  });
  test("know that q is scaled before its product with k", () => {
    const of = (scoreScale: number) =>
      chooseExponents(modelOf([layerOf({ qk: 40000, score: 4000 }, 10, { scoreScale })]));
    expect([of(0.125).unmended, of(0.125).exponents.layers[0]!.scores]).toEqual([[], undefined]);
    expect([of(1).unmended, of(1).exponents.layers[0]!.scores]).toEqual([[], 1]);
  });
});

test.each<[string, Bounded, object]>([
  [
    "a score",
    modelOf([layerOf({}), layerOf({ score: 5000 })]),
    { layer: 1, quantity: "score", value: 5000, clampable: true },
  ],
  ["a row of v", modelOf([layerOf({ v: 33000 })]), { layer: 0, quantity: "v", limit: 32768, clampable: true }],
  ["a row of k", modelOf([layerOf({ k: 23170 })]), { layer: 0, quantity: "k", limit: 23170, clampable: true }],
  ["a gate", modelOf([layerOf({ gate: 65504 })]), { layer: 0, quantity: "gate", limit: 65504, clampable: true }],
  ["an up that is not small enough", modelOf([layerOf({ up: 65504 * 1024 })]), { layer: 0, quantity: "up" }],
  ["what is no number", modelOf([layerOf({ down: Number.NaN })]), { layer: 0, quantity: "down" }],
  ["more than fp16 has room for", modelOf([layerOf({}, 1e9)]), { quantity: "residual", limit: 65504 }],
  [
    "a normed row",
    modelOf([layerOf({})], { ends: { normed: 70000 * 1024 } }),
    { quantity: "normed", value: 70000, limit: 65504 },
  ],
  [
    "a logit that fp16 has not got",
    modelOf([layerOf({})], { ends: { logits: 65504 } }),
    { quantity: "logits", limit: 65504 },
  ],
  ["a logit", modelOf([layerOf({})], { ends: { logits: Number.NaN } }), { quantity: "logits", limit: 32768 }],
  ["an eps that a norm's floor makes too large", modelOf([layerOf({}, 6e7)], { eps: 1e-3 }), { quantity: "norm" }],
])("no exponent mends %s", (_, model, found) => {
  expect(chooseExponents(model).unmended).toMatchObject([found]);
});
