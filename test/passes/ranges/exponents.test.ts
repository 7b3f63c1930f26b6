/** The exponents that are chosen keep every limit, none smaller does, and what none keeps is named. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { roundFp16 } from "../../../src/dsl/number.ts";
import { type Bounded, chooseExponents } from "../../../src/passes/ranges/exponents.ts";
import { broken, type LayerBounds, QUANTITIES, type Quantity } from "../../../src/passes/ranges/layer.ts";
import { LIMITS } from "../../../src/passes/ranges/limits.ts";
import { type Ends, networkBounds } from "../../../src/passes/ranges/network.ts";

const layerOf = (values: Partial<Record<Quantity, number>>, added = 10): LayerBounds => ({
  bounds: Object.fromEntries(
    Object.keys(QUANTITIES).map((name) => [name, { value: values[name as Quantity] ?? 1, at: 0 }]),
  ) as LayerBounds["bounds"],
  norms: { before: { value: values.normed ?? 1, at: 0 } },
  added,
  units: [],
});
interface More extends Partial<Bounded> {
  readonly ends?: { readonly [E in keyof Ends]?: number };
}
const modelOf = (layers: readonly LayerBounds[], { ends = {}, ...more }: More = {}): Bounded => {
  const { embedded = 1, normed = 1, logits = 1 } = ends;
  const bound = (value: number) => ({ value, at: 0 });
  const network = networkBounds(layers, { embedded: bound(embedded), normed: bound(normed), logits: bound(logits) });
  return { layers, network, queryScale: 0.125, eps: 1e-5, ...more };
};

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
  test("hold what leaves a norm behind a block as hidden rows are held, and what leaves one before it as it is", () => {
    const [small, large] = [100, 160_000].map((value) => ({ value, at: 0 }));
    const layer = { ...layerOf({ normed: 160_000 }, 160_000), norms: { before: small!, behind: large! } };
    const { exponents, layers, unmended } = chooseExponents(modelOf([layer]));
    expect([exponents.residual, layers[0]!.bounds.normed.value, unmended]).toEqual([2, 40_000, []]);
    const other = { ...layer, norms: { before: large!, behind: small! } };
    expect(chooseExponents(modelOf([other])).unmended).toMatchObject([
      { layer: 0, quantity: "normed", value: 160_000 },
    ]);
  });
  test("and clamps: at the margin over what is reached, at the least power that holds q · k, and only where they are asked for", () => {
    const reached = fc.double({ min: 2 ** -20, max: 200, noNaN: true });
    fc.assert(
      fc.property(size, reached, fc.constantFrom(1, 2, 4.5), (qk, most, margin) => {
        const clamps = { margin, tokens: 3, reached: new Map([[1, most]]) };
        const both = [layerOf({}), layerOf({ qk, score: qk })];
        const { exponents, layers, unmended } = chooseExponents(modelOf(both, { queryScale: 1, clamps }));
        expect([unmended, exponents.clamps, exponents.layers[0]!.scores]).toEqual([
          [],
          { margin, tokens: 3 },
          undefined,
        ]);
        const { held, most: clamp, reached: told } = exponents.layers[1]!.scores!;
        expect([told, roundFp16(clamp * 2 ** -held)]).toEqual([most, clamp * 2 ** -held]);
        expect(clamp / most).toBeGreaterThanOrEqual(margin);
        expect(clamp - most * margin).toBeLessThanOrEqual(Math.max(most * margin * 2 ** -10, 2 ** (held - 24)));
        expect(held === 0 || qk * 2 ** (1 - held) >= LIMITS.accumulator).toBe(true);
        const { qk: product, score } = layers[1]!.bounds;
        expect([product.value, score.value]).toEqual([qk * 2 ** -held, Math.min(qk, clamp)]);
      }),
    );
  });
  test("know that q is scaled before its product with k", () => {
    const layers = [layerOf({ qk: 40000, score: 4000 })];
    expect(chooseExponents(modelOf(layers)).unmended).toEqual([]);
    expect(chooseExponents(modelOf(layers, { queryScale: 1 })).unmended).toEqual([
      { layer: 0, quantity: "qk", value: 40000, limit: LIMITS.accumulator },
    ]);
    const loud = [layerOf({ qk: 40000, score: 40000 })];
    expect(chooseExponents(modelOf(loud, { queryScale: 1 })).unmended).toMatchObject([
      { quantity: "qk", clampable: true },
    ]);
  });
});

test.each<[string, Bounded, object]>([
  ["a score", modelOf([layerOf({}), layerOf({ score: 5000 })]), { layer: 1, quantity: "score", value: 5000 }],
  ["a row of v", modelOf([layerOf({ v: 33000 })]), { layer: 0, quantity: "v", limit: 32768 }],
  ["what is no number", modelOf([layerOf({ down: Number.NaN })]), { layer: 0, quantity: "down" }],
  ["more than fp16 has room for", modelOf([layerOf({}, 1e9)]), { quantity: "residual", limit: 65504 }],
  [
    "a normed row",
    modelOf([layerOf({})], { ends: { normed: 70000 } }),
    { quantity: "normed", value: 70000, limit: 65504 },
  ],
  ["a logit", modelOf([layerOf({})], { ends: { logits: Number.NaN } }), { quantity: "logits", limit: 32768 }],
  ["an eps that a norm's floor makes too large", modelOf([layerOf({}, 6e7)], { eps: 1e-3 }), { quantity: "norm" }],
])("no exponent mends %s", (_, model, found) => {
  expect(chooseExponents(model).unmended).toMatchObject([found]);
});
