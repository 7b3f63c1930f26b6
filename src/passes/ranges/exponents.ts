/** Powers of two with which every number of a decoder keeps its limit for every sequence of tokens, as far as powers of two can do that. */
import type { Exponents, LayerExponents } from "../../models/exponents.ts";
import { clampFor } from "./held/clamps.ts";
import { broken, type LayerBounds, QUANTITIES, type Quantity } from "./layer.ts";
import { LIMITS } from "./limits.ts";
import { largestBound, scaled } from "./matrix.ts";
import type { NetworkBounds } from "./network.ts";

/** What the exponents of a model are chosen from. */
export interface Bounded {
  readonly layers: readonly LayerBounds[];
  /** What follows for all of them together, and for what is before and behind them. */
  readonly network: NetworkBounds;
  /** Factor of q before its product with k, where the emitted graphs have it. */
  readonly queryScale: number;
  /** Of every RMSNorm. */
  readonly eps: number;
  /** Where scores are clipped: the margin, and by layer what is reached of them. */
  readonly clamps?: { readonly margin: number; readonly tokens: number; readonly reached: ReadonlyMap<number, number> };
}

/** A limit that no exponent keeps. */
export interface Unmended {
  /** Absent where it is of all layers together. */
  readonly layer?: number;
  readonly quantity: Quantity | "residual" | "norm" | "normed" | "logits";
  readonly value: number;
  readonly limit: number;
  /** Whether scores are what may be beyond their limit, which a clamp keeps. */
  readonly clampable?: true;
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

/** Beyond it the floors of norms come near the smallest number of fp16. */
const MOST = 10;

/**
 * The least exponents, none below 0, for uniform ones cost accuracy: of the output projection, of up and with it the down projection, and
 * of the hidden rows.
 */
export function chooseExponents(model: Bounded): Chosen {
  const { clamps } = model;
  const layers = model.layers.map((found) => asEmitted(found, model.queryScale));
  const chosen = layers.map(
    ({ bounds: { qk, pv, output, up, act, down } }, layer): LayerExponents => ({
      attn: least([output.value / LIMITS.accumulator], pv.value / LIMITS.accumulator),
      mlp: least([act.value / LIMITS.fp16, down.value / LIMITS.accumulator], up.value / LIMITS.fp16),
      ...(clamps?.reached.has(layer)
        ? {
            scores: clipped(
              clamps.reached.get(layer)!,
              clamps.margin,
              Math.max(0, least([qk.value / LIMITS.accumulator])),
            ),
          }
        : {}),
    }),
  );
  const { hidden: bound, normed, logits } = model.network;
  const residual = Math.max(0, least([bound / LIMITS.fp16]));
  const held = layers.map((found, layer) => heldBounds(found, chosen[layer]!, residual));
  const told = clamps ? { clamps: { margin: clamps.margin, tokens: clamps.tokens } } : {};
  const exponents = { residual, layers: chosen, ...told };
  const reached = { bound, held: bound * 2 ** -residual };
  const unmended = unmendedIn(model, exponents, held, reached.held);
  const rows = largestBound([normed, ...held.map(({ bounds }) => bounds.normed)]).value;
  const sums = logits ? { logits: logits.value } : {};
  return { exponents, layers: held, residual: reached, normed: rows, ...sums, unmended };
}

/** A clamp that fp16 holds as it stands. */
const clipped = (reached: number, margin: number, held: number) => ({
  held,
  most: clampFor(reached * 2 ** -held, margin) * 2 ** held,
  reached,
});

/**
 * The least k from −`MOST` to `MOST` with every share · 2^−k below 1: products are lost where they are small. Below 0, what is raised
 * (`raised` is its share) has to stay below as well.
 */
function least(shares: readonly number[], raised = 0): number {
  const holds = (k: number): boolean =>
    shares.every((share) => share * 2 ** -k < 1) && (k >= 0 || raised * 2 ** -k < 1);
  let k = -MOST;
  while (k < MOST && !holds(k)) k++;
  return k;
}

/** The bounds of the graphs that are emitted: in them q is scaled before its product with k. */
const asEmitted = (found: LayerBounds, queryScale: number): LayerBounds => ({
  ...found,
  bounds: { ...found.bounds, qk: scaled(found.bounds.qk, Math.min(1, Math.abs(queryScale))) },
});

/** The bounds with a layer's exponents. Norms behind the blocks give rows as hidden ones are held. */
const heldBounds = (found: LayerBounds, { attn, mlp, scores }: LayerExponents, residual: number): LayerBounds => ({
  ...found,
  bounds: {
    ...found.bounds,
    normed: largestBound([
      found.norms.before,
      ...(found.norms.behind ? [scaled(found.norms.behind, 2 ** -residual)] : []),
    ]),
    ...(scores && {
      qk: scaled(found.bounds.qk, 2 ** -scores.held),
      score: { ...found.bounds.score, value: Math.min(found.bounds.score.value, scores.most) },
    }),
    pv: scaled(found.bounds.pv, 2 ** Math.max(0, -attn)),
    output: scaled(found.bounds.output, 2 ** -attn),
    act: scaled(found.bounds.act, 2 ** -mlp),
    down: scaled(found.bounds.down, 2 ** -mlp),
  },
});

function unmendedIn(
  { eps, network: { normed, logits } }: Bounded,
  { residual, layers }: Exponents,
  held: readonly LayerBounds[],
  hidden: number,
): readonly Unmended[] {
  const own = held.flatMap((found, layer): readonly Unmended[] => {
    const quantity = broken(found);
    return quantity === undefined
      ? []
      : [
          {
            layer,
            quantity,
            value: found.bounds[quantity].value,
            limit: LIMITS[QUANTITIES[quantity]],
            ...((quantity === "qk" || quantity === "score") && !(found.bounds.score.value < LIMITS.score)
              ? { clampable: true }
              : {}),
          },
        ];
  });
  // A norm of a row of zeros that is held at 2^−k divides eps by its floor twice, and multiplies between.
  const largest = Math.max(residual, ...layers.flatMap(({ attn, mlp }) => [attn, mlp]));
  const share = eps * 2 ** (20 + largest);
  const others = [
    { quantity: "residual", value: hidden, limit: LIMITS.fp16 },
    { quantity: "norm", value: share, limit: LIMITS.fp16 },
    { quantity: "normed", value: normed.value, limit: LIMITS.fp16 },
    ...(logits ? [{ quantity: "logits", value: logits.value, limit: LIMITS.accumulator } as const] : []),
  ] as const;
  return [...own, ...others.filter(({ value, limit }) => !(value < limit))];
}
