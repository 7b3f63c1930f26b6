/** Powers of two by which numbers of a decoder are held smaller than they are, so that fp16 and the engine's accumulator hold them. */
import { mul } from "../dsl/ops/index.ts";
import type { Tensor } from "../dsl/tensor.ts";
import type { Shape } from "../dsl/type.ts";

/** An exponent k says that numbers are held at 2^−k; 0 leaves them as they are. */
export interface Exponents {
  /** Of hidden rows, from the embedding to the last norm. */
  readonly residual: number;
  /** By layer. */
  readonly layers: readonly LayerExponents[];
}

/** What the projections behind attention and behind the feed-forward sum up: their operand is made smaller, not their weights. */
export interface LayerExponents {
  /** Of what attention gives to the output projection. */
  readonly attn: number;
  /** Of up, and so of its product with the gate, and of what the down projection makes of it. */
  readonly mlp: number;
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
