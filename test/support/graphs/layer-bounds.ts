/** Bounds of layers and of what is before and behind them, put together by number: 1 where nothing is said. */
import type { Bounded } from "../../../src/passes/ranges/exponents/choose.ts";
import { type LayerBounds, type LayerSizes, QUANTITIES, type Quantity } from "../../../src/passes/ranges/layer.ts";
import { type Ends, networkBounds } from "../../../src/passes/ranges/network.ts";

const SIZES: LayerSizes = {
  ...{ heads: 2, kvHeads: 1, headDim: 64, scoreScale: 0.125, ropeFactor: 1, residualMultiplier: 1 },
};
/** What is not said of a layer is 1; it has two heads of 64 on one of keys. */
export const layerOf = (
  values: Partial<Record<Quantity, number>>,
  added = 10,
  sizes: Partial<LayerSizes> = {},
): LayerBounds => ({
  bounds: Object.fromEntries(
    Object.keys(QUANTITIES).map((name) => [name, { value: values[name as Quantity] ?? 1, at: 0 }]),
  ) as LayerBounds["bounds"],
  norms: { attn: { value: values.normed ?? 1, at: 0 }, mlp: { value: 1, at: 0 } },
  heads: {},
  uncapped: values.score ?? 1,
  sizes: { ...SIZES, ...sizes },
  added,
  units: [],
});
interface More extends Partial<Bounded> {
  readonly ends?: { readonly [E in keyof Ends]?: number };
}
/** Of these layers, with no clamps. */
export const modelOf = (layers: readonly LayerBounds[], { ends = {}, ...more }: More = {}): Bounded => {
  const { embedded = 1, normed = 1, logits = 1 } = ends;
  const bound = (value: number) => ({ value, at: 0 });
  const network = networkBounds(layers, { embedded: bound(embedded), normed: bound(normed), logits: bound(logits) });
  return { layers, network, eps: 1e-5, ...more };
};
