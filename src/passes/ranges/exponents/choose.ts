/** Powers of two with which every number of a decoder keeps its limit for every sequence of tokens, as far as powers of two can do that; and clamps, if asked. */
import type { Clampable, Clamps, Exponents, LayerExponents } from "../../../models/exponents.ts";
import type { LayerBounds } from "../layer.ts";
import { type Bound, LIMITS } from "../limits.ts";
import { largestBound, scaled } from "../matrix.ts";
import type { NetworkBounds } from "../network.ts";
import { clampable, clampsOf, type FullSize } from "./full-size.ts";
import { clippedBounds, heldBounds } from "./held.ts";
import { least, leastBelow } from "./least.ts";
import { type Unmended, unmendedLayers, unmendedWhole } from "./unmended.ts";

/** What the exponents of a model are chosen from. */
export interface Bounded {
  readonly layers: readonly LayerBounds[];
  /** What follows for all of them together, and for what is before and behind them. */
  readonly network: NetworkBounds;
  /** Of every RMSNorm. */
  readonly eps: number;
  /** Logits are capped there; absent when they are not. */
  readonly logitCap?: number;
  /** Where values are clipped: the margin, and by layer what is reached. */
  readonly clamps?: {
    readonly margin: number;
    readonly tokens: number;
    readonly reached: ReadonlyMap<number, FullSize>;
  };
}

/** The exponents, and what every number is at most with them. */
export interface Chosen {
  readonly exponents: Exponents;
  /** With the exponents in them, in the order of the layers; what a layer adds is at full size. */
  readonly layers: readonly LayerBounds[];
  /** What an element of the hidden row is at most, at full size and as it is held. */
  readonly residual: { readonly bound: number; readonly held: number };
  /** What an element of a normed row is at most, and the sum of a logit, where there is a head. */
  readonly normed: number;
  readonly logits?: number;
  /** None where every layer holds, and what is before and behind them. */
  readonly unmended: readonly Unmended[];
}

/**
 * The least exponents, for uniform ones cost accuracy: of normed rows, the last one too, and of scores and hidden rows none below 0; of what the
 * output projection and the down projection sum up below 0 where there is room.
 */
export function chooseExponents(model: Bounded): Chosen {
  const { clamps, network } = model;
  const plain = model.layers.map(asEmitted);
  const chosen = plain.map((found, layer) => layerExponents(found, model, clamps?.reached.get(layer)));
  const { hidden: bound, normed, logits } = network;
  const residual = leastBelow(bound / LIMITS.fp16);
  const head = leastBelow(share(normed, LIMITS.fp16), logits ? share(logits) : 0);
  const layers = plain.map((found, layer) => heldBounds(found, chosen[layer]!, residual));
  const told = clamps ? { clamps: { margin: clamps.margin, tokens: clamps.tokens } } : {};
  const exponents: Exponents = { residual, layers: chosen, ...(head > 0 && { head }), ...told };
  const reached = { bound, held: bound * 2 ** -residual };
  const sides = plain.map((found, layer) => ({ plain: found, held: layers[layer]! }));
  const unmended = [
    ...unmendedLayers(sides, exponents),
    ...unmendedWhole({ ...model, hidden: reached.held }, exponents),
  ];
  const rows = largestBound([scaled(normed, 2 ** -head), ...layers.map(({ bounds }) => bounds.normed)]).value;
  const sums = logits ? { logits: logits.value * 2 ** -head } : {};
  return { exponents, layers, residual: reached, normed: rows, ...sums, unmended };
}

/** Of a layer: first those of the normed rows, then with clips behind these those of scores; then, with what all of it leaves, the others. */
function layerExponents(found: LayerBounds, model: Bounded, reached: FullSize | undefined): LayerExponents {
  const parts = reached && model.clamps ? clampable(found) : [];
  const clampsAt = (own: LayerExponents, wanted: (part: Clampable) => boolean): Clamps =>
    reached && model.clamps ? clampsOf(parts.filter(wanted), reached, model.clamps.margin, own) : {};
  const rows = rowExponents(found);
  const first: LayerExponents = { attn: 0, mlp: 0, ...(rows.attn + rows.mlp > 0 && { rows }) };
  const clipped = clampsAt(first, (part) => part !== "scores");
  const scores = scoreExponent(clippedBounds(found, clipped));
  const second: LayerExponents = { ...first, ...(scores > 0 && { scores }) };
  const clamps = { ...clipped, ...clampsAt(second, (part) => part === "scores") };
  const { pv, output, act, down, up } = clippedBounds(found, clamps).bounds;
  return {
    ...second,
    ...(parts.length > 0 && { clamps }),
    attn: least([share(output)], share(pv)),
    mlp: least([share(act, LIMITS.fp16), share(down), share(up, LIMITS.fp16)]),
  };
}

const share = ({ value }: Bound, limit: number = LIMITS.accumulator): number => value / limit;

/** Of the normed rows, for what the projections sum up. */
const rowExponents = ({ bounds: { q, k, v, gate, up }, norms }: LayerBounds) => ({
  attn: leastBelow(share(norms.attn, LIMITS.fp16), share(q), share(k, LIMITS.turned), share(v)),
  mlp: leastBelow(share(norms.mlp, LIMITS.fp16), share(gate), share(up)),
});

/** Of scaled queries, which a norm has made small already, and of their products with keys. */
const scoreExponent = ({ bounds: { q, qk }, heads }: LayerBounds): number =>
  leastBelow(share(qk), heads.q ? 0 : share(q));

/** The bounds of the graphs that are emitted: in them q is scaled before its product with k. */
const asEmitted = (found: LayerBounds): LayerBounds => ({
  ...found,
  bounds: { ...found.bounds, qk: scaled(found.bounds.qk, Math.min(1, Math.abs(found.sizes.scoreScale))) },
});
