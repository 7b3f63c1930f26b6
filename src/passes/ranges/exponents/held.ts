/** The bounds of a layer whose numbers are held at powers of two, and clipped. */
import type { Clamps, LayerExponents } from "../../../models/exponents.ts";
import type { LayerBounds } from "../layer.ts";
import { ACTIVATION, type Bound, MARGIN } from "../limits.ts";
import { largestBound, scaled } from "../matrix.ts";

/** The bounds of a layer at full size, of q, k, v and gate of what is clipped of them. A clip makes nothing larger, so that all other bounds still hold. */
export function clippedBounds(found: LayerBounds, clamps: Clamps): LayerBounds {
  const { bounds, heads } = found;
  const turned = Math.max(1, Math.abs(found.sizes.ropeFactor));
  const factor = Math.max(1, Math.abs(found.sizes.scoreScale));
  const k = heads.k ?? atMost(bounds.k, clamps.k && clamps.k.most * turned);
  return {
    ...found,
    bounds: {
      ...bounds,
      q: heads.q ?? atMost(bounds.q, clamps.q && clamps.q.most * turned * factor),
      k,
      v: atMost(bounds.v, clamps.v?.most),
      qk: atMost(bounds.qk, clamps.q && clippedProduct(found, clamps.q.most * turned, k)),
      score: found.sizes.scoreCap === undefined ? atMost(bounds.score, clamps.scores?.most) : bounds.score,
      pv: atMost(bounds.pv, clamps.v && clamps.v.most * MARGIN),
      gate: atMost(bounds.gate, clamps.gate?.most),
      act: atMost(bounds.act, clamps.gate && (clamps.gate.most + ACTIVATION) * bounds.up.value),
    },
  };
}

/** ‖q‖ · ‖k‖ of a head, scaled, of which each element is bounded; `MARGIN` has what is rounded behind the clips. */
const clippedProduct = ({ sizes: { headDim, scoreScale } }: LayerBounds, q: number, k: Bound): number =>
  MARGIN * headDim * q * k.value * Math.abs(scoreScale);

/** Each quantity as large as it is anywhere: as a sum of smaller numbers, and at full size behind that. Norms behind the blocks give rows as hidden ones are held. */
export function heldBounds(found: LayerBounds, exponents: LayerExponents, residual: number): LayerBounds {
  const { attn, mlp, rows = { attn: 0, mlp: 0 }, scores = 0, clamps = {} } = exponents;
  const { bounds, norms, heads } = found;
  const { bounds: full } = clippedBounds(found, clamps);
  return {
    ...found,
    bounds: {
      normed: largestBound([
        scaled(norms.attn, 2 ** -rows.attn),
        scaled(norms.mlp, 2 ** -rows.mlp),
        ...(norms.behind ? [scaled(norms.behind, 2 ** -residual)] : []),
      ]),
      // Turned as small as it is projected, and scaled only then.
      q: largestBound([scaled(bounds.q, 2 ** -rows.attn), heads.q ?? scaled(full.q, 2 ** -scores)]),
      k: largestBound([scaled(bounds.k, 2 ** -rows.attn), full.k]),
      v: largestBound([scaled(bounds.v, 2 ** -rows.attn), full.v]),
      qk: scaled(full.qk, 2 ** -scores),
      score: full.score,
      pv: scaled(full.pv, 2 ** Math.max(0, -attn)),
      output: scaled(bounds.output, 2 ** -attn),
      gate: scaled(bounds.gate, 2 ** -rows.mlp),
      up: scaled(bounds.up, 2 ** -rows.mlp),
      act: scaled(full.act, 2 ** -mlp),
      down: scaled(bounds.down, 2 ** -mlp),
    },
  };
}

/** A bound that a clamp makes smaller. What is no number stays none. */
const atMost = (bound: Bound, most: number | undefined): Bound =>
  most === undefined ? bound : { ...bound, value: Math.min(bound.value, most) };
