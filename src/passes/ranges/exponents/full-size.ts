/** What is at full size again behind sums of smaller numbers, and may be clipped where it would be beyond its limit. */
import type { Clampable, Clamps, LayerExponents } from "../../../models/exponents.ts";
import { clampFor } from "../held/clamps.ts";
import type { LayerBounds } from "../layer.ts";
import { LIMITS, MARGIN } from "../limits.ts";
import { MOST } from "./least.ts";

/** By value. */
export type FullSize = Readonly<Record<Clampable, number>>;

/** The cap itself is rounded to fp16. */
const ROUNDED = 1 + 2 ** -11;

/**
 * Below what a clip of each has to be: of keys before they are turned by tables that are rounded, of rows of v with the weights of attention, of
 * scores before they are capped. Queries are never at full size, and it is fp16 that has to hold theirs at 2^−rows.
 */
export const clampLimits = ({ sizes: { ropeFactor, scoreCap } }: LayerBounds, rows = 0): FullSize => ({
  q: LIMITS.fp16 * 2 ** rows,
  k: LIMITS.turned / MARGIN / Math.max(1, Math.abs(ropeFactor)),
  v: LIMITS.accumulator / MARGIN,
  scores: scoreCap === undefined ? LIMITS.score : (LIMITS.fp16 * scoreCap) / ROUNDED,
  gate: LIMITS.fp16,
});

/**
 * Below what each has to be without a clamp: of queries it is what their scaled products with keys add up to, which no exponent makes small enough
 * beyond that. A bound of keys has `MARGIN` in it.
 */
export const fullSizeLimits = (found: LayerBounds): FullSize => ({
  ...clampLimits(found),
  q: LIMITS.accumulator * 2 ** MOST,
  k: LIMITS.turned / Math.max(1, Math.abs(found.sizes.ropeFactor)),
});

/** What each may be in a layer without clamps. A norm bounds queries and keys by itself, and no clamp is needed behind it. */
export const fullSizeBounds = ({ bounds, heads, uncapped, sizes }: LayerBounds): FullSize => ({
  q: heads.q ? 0 : uncapped,
  k: heads.k ? 0 : bounds.k.value / Math.max(1, Math.abs(sizes.ropeFactor)),
  v: bounds.v.value,
  scores: uncapped,
  gate: bounds.gate.value,
});

/** The values of a layer that may be beyond their limit, whatever power of two they are made at. */
export function clampable(found: LayerBounds): readonly Clampable[] {
  const [bounds, limits] = [fullSizeBounds(found), fullSizeLimits(found)];
  return (Object.keys(limits) as Clampable[]).filter((part) => !(bounds[part] < limits[part]));
}

/** What a clip is of: how small its value is held there. */
const heldBeside = ({ rows, scores = 0 }: LayerExponents): FullSize => ({
  q: rows?.attn ?? 0,
  k: rows?.attn ?? 0,
  v: rows?.attn ?? 0,
  scores,
  gate: rows?.mlp ?? 0,
});

/** Clips at so many times what is reached, at numbers that fp16 has where they are held. */
export function clampsOf(
  parts: readonly Clampable[],
  reached: FullSize,
  margin: number,
  exponents: LayerExponents,
): Clamps {
  const held = heldBeside(exponents);
  return Object.fromEntries(
    parts.map((part) => {
      const most = clampFor(reached[part] * 2 ** -held[part], margin) * 2 ** held[part];
      return [part, { most, reached: reached[part] }] as const;
    }),
  );
}
