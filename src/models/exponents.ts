/** Powers of two by which numbers of a decoder are held smaller than they are, so that fp16 and the engine's accumulator hold them. */
import { clip, mul } from "../dsl/ops/index.ts";
import type { Tensor } from "../dsl/tensor.ts";
import type { Shape } from "../dsl/type.ts";
import type { Namer } from "./blocks/attention.ts";

/** An exponent k says that numbers are held at 2^−k; 0 leaves them as they are. */
export interface Exponents {
  /** Of hidden rows, from the embedding to the last norm. */
  readonly residual: number;
  /** By layer. */
  readonly layers: readonly LayerExponents[];
  /** Where scores are clipped: at so many times what so many tokens of a prompt reach. */
  readonly clamps?: { readonly margin: number; readonly tokens: number };
}

/** What the projections behind attention and behind the feed-forward sum up: their operand is made smaller, not their weights. */
export interface LayerExponents {
  /** Of what attention gives to the output projection. */
  readonly attn: number;
  /** Of up, and so of its product with the gate, and of what the down projection makes of it. */
  readonly mlp: number;
  /** Scores are clipped at ±most, where they are held at 2^−held: most · 2^−held is a number of fp16. A prompt reached less. */
  readonly scores?: { readonly held: number; readonly most: number; readonly reached: number };
}

type Value = Tensor<Shape, "fp16">;

/** Of what may have exponents. */
interface Held {
  readonly exponents?: Exponents;
}

/** The exponent of hidden rows. */
export const residualOf = ({ exponents }: Held): number => exponents?.residual ?? 0;

/** Those of a layer. */
export const exponentsOf = ({ exponents }: Held, layer: number): LayerExponents =>
  exponents?.layers[layer] ?? { attn: 0, mlp: 0 };

/** x · 2^−k, by an op where it is one: exact, but for numbers that become subnormal in fp16. */
export const heldAt = (x: Value, k: number): Value => (k === 0 ? x : mul(x, 2 ** -k));

/** Names for attention, which goes on with what a name gives: scores that are held come out clipped, at full size again. */
export const clamping =
  ({ held, most }: NonNullable<LayerExponents["scores"]>, name: Namer): Namer =>
  (stem, x) => {
    const own = name(stem, x);
    if (!stem.startsWith("scores")) return own;
    const end = most * 2 ** -held;
    const clipped = name(`${stem}.clamp`, clip(own as Value & typeof x, { alpha: -end, beta: end }));
    return heldAt(clipped, -held) as typeof own;
  };
