/** Limits that no exponent keeps, nor a clamp that was asked for. */
import type { Clampable, Exponents, LayerExponents } from "../../../models/exponents.ts";
import { broken, type LayerBounds, QUANTITIES, type Quantity } from "../layer.ts";
import { LIMITS } from "../limits.ts";
import type { NetworkBounds } from "../network.ts";
import { clampable, fullSizeBounds, fullSizeLimits } from "./full-size.ts";
import { heldBounds } from "./held.ts";

/** A limit that is broken. */
export interface Unmended {
  /** Absent where it is of all layers together. */
  readonly layer?: number;
  readonly quantity: Quantity | "residual" | "norm" | "normed" | "logits";
  readonly value: number;
  readonly limit: number;
  /** Whether it is of a value that a clamp would keep within it. */
  readonly clampable?: true;
}

/** A layer without exponents, and with them. */
export interface Sides {
  readonly plain: LayerBounds;
  readonly held: LayerBounds;
}

/** The first limit of each layer that is broken. */
export function unmendedLayers(sides: readonly Sides[], { layers, residual }: Exponents): readonly Unmended[] {
  return sides.flatMap(({ plain, held }, layer): readonly Unmended[] => {
    const own = layers[layer]!;
    const open = clampable(plain).filter((part) => !own.clamps?.[part]);
    const quantity = broken(held);
    if (quantity !== undefined) {
      const limit = LIMITS[QUANTITIES[quantity]];
      const helps = open.length > 0 && clippedToNothing(plain, own, open, residual).bounds[quantity].value < limit;
      return [
        {
          layer,
          quantity,
          value: held.bounds[quantity].value,
          limit,
          ...(helps ? ({ clampable: true } as const) : {}),
        },
      ];
    }
    const up = plain.bounds.up.value * 2 ** -own.mlp;
    if (!(up < LIMITS.fp16)) return [{ layer, quantity: "up", value: up, limit: LIMITS.fp16 }];
    const [part] = open;
    if (part === undefined) return [];
    const [value, limit] = [fullSizeBounds(plain)[part], fullSizeLimits(plain)[part]];
    return [{ layer, quantity: SEEN[part] ?? (part as Quantity), value, limit, clampable: true }];
  });
}

/** The bounds with the tightest clamps of these parts: what breaks its limit there too, no clamp mends. */
function clippedToNothing(
  plain: LayerBounds,
  own: LayerExponents,
  parts: readonly Clampable[],
  residual: number,
): LayerBounds {
  const none = Object.fromEntries(parts.map((part) => [part, { most: 0, reached: 0 }]));
  return heldBounds(plain, { ...own, clamps: { ...own.clamps, ...none } }, residual);
}

/** Where a value would be told of under another name. */
const SEEN: Readonly<Partial<Record<Clampable, Quantity>>> = { q: "qk", scores: "score" };

/** What is before the layers, behind them, and of all of them together. */
export interface Whole {
  readonly eps: number;
  readonly network: NetworkBounds;
  /** What an element of a hidden row is at most, as it is held. */
  readonly hidden: number;
  /** Logits are capped there; absent when they are not. */
  readonly logitCap?: number;
}

/** Limits of the network that are broken. */
export function unmendedWhole(
  { eps, network: { normed, logits }, hidden, logitCap }: Whole,
  exponents: Exponents,
): readonly Unmended[] {
  const { residual, layers, head = 0 } = exponents;
  // A norm of a row of zeros that is held at 2^−k divides eps by its floor twice, and multiplies between.
  const largest = Math.max(residual, ...layers.flatMap(({ attn, mlp, rows }) => [attn, mlp, rows?.attn ?? 0]));
  const sums = logits ? largestLogits(logits.value, head, logitCap).filter(breaks).slice(0, 1) : [];
  const others: readonly Unmended[] = [
    { quantity: "residual", value: hidden, limit: LIMITS.fp16 },
    { quantity: "norm", value: eps * 2 ** (20 + largest), limit: LIMITS.fp16 },
    { quantity: "normed", value: normed.value * 2 ** -head, limit: LIMITS.fp16 },
    ...sums,
  ];
  return others.filter(breaks);
}

const breaks = ({ value, limit }: Unmended): boolean => !(value < limit);

/** As a sum, and behind that at full size or as so many times the cap. */
const largestLogits = (sum: number, head: number, cap = 1): readonly Unmended[] => [
  { quantity: "logits", value: sum * 2 ** -head, limit: LIMITS.accumulator },
  { quantity: "logits", value: sum / cap, limit: LIMITS.fp16 },
];
