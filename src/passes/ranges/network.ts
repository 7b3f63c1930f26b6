/** What follows for a whole decoder: the hidden row, to which the embedding and every layer add what they add at most, and the logits. */
import type { LayerBounds } from "./layer.ts";
import { type Bound, LIMITS } from "./limits.ts";

/** Every layer adds twice: what is added is rounded to fp16 as a sum and behind its multiplier, and so is the hidden row each time. */
const ROUNDED = (1 + 2 ** -11) ** 4;

/** The largest element of the hidden row before layers with which nothing overflows in them and behind the last; below 0 there is none. */
export const inputUpTo = (layers: readonly Pick<LayerBounds, "added">[]): number =>
  layers.reduceRight<number>((most, { added }) => most / ROUNDED - added, LIMITS.fp16);

/** What comes before the first layer and behind the last one. */
export interface Ends {
  /** The largest element of an embedded token, the decoder's multiplier in it, and the token. */
  readonly embedded: Bound;
  /** The largest element of the last norm's row. */
  readonly normed: Bound;
  /** The largest sum of the head, and its token; absent where the checkpoint has no head. */
  readonly logits?: Bound;
}

/** For every sequence of tokens. */
export interface NetworkBounds extends Ends {
  /** What an element of the hidden row is at most. */
  readonly hidden: number;
  /** The first layer behind which that is beyond fp16. */
  readonly overflowsAt?: number;
  /** The least k with which fp16 holds the hidden row times 2⁻ᵏ. */
  readonly exponent: number;
  /** The layer that adds most. */
  readonly most: number;
}

/** Of all layers, in their order. */
export function networkBounds(layers: readonly LayerBounds[], ends: Ends): NetworkBounds {
  let hidden = ends.embedded.value;
  let overflowsAt: number | undefined;
  for (const [layer, { added }] of layers.entries()) {
    hidden = (hidden + added) * ROUNDED;
    if (overflowsAt === undefined && !(hidden < LIMITS.fp16)) overflowsAt = layer;
  }
  const most = layers.reduce((at, { added }, layer) => (added > layers[at]!.added ? layer : at), 0);
  const exponent = Math.max(0, Math.floor(Math.log2(hidden / LIMITS.fp16)) + 1);
  return { ...ends, hidden, ...(overflowsAt === undefined ? {} : { overflowsAt }), exponent, most };
}
