/** Powers of two by which numbers of a decoder are held smaller than they are, so that fp16 and the engine's accumulator hold them; and clamps. */
/** An exponent k says that numbers are held at 2^−k; 0 leaves them as they are, and so does one that is absent. */
export interface Exponents {
  /** Of hidden rows, from the embedding to the last norm. */
  readonly residual: number;
  /** By layer. */
  readonly layers: readonly LayerExponents[];
  /** Of the last norm's row, and so of the sums of the head. */
  readonly head?: number;
  /** At how many times what so many tokens of a prompt reach values are clipped, where layers have clamps. */
  readonly clamps?: { readonly margin: number; readonly tokens: number };
}

/** What the projections sum up: their operand is made smaller, not their weights. */
export interface LayerExponents {
  /** Of what attention gives to the output projection. */
  readonly attn: number;
  /** Of up, and so of its product with the gate, and of what the down projection makes of it. */
  readonly mlp: number;
  /** Of the normed rows that q, k and v, and that gate and up are made of. */
  readonly rows?: { readonly attn: number; readonly mlp: number };
  /** Of q once it is scaled, and so of its products with k. */
  readonly scores?: number;
  /** Values that are clipped. */
  readonly clamps?: Clamps;
}

/** A value of a layer that may be clipped, at full size: q, k and v as they are projected, scores before they are capped. */
export type Clampable = "q" | "k" | "v" | "scores" | "gate";

/** By value: clipped at ±most, which is a number of fp16 where it is held. A prompt reached less. */
export type Clamps = Readonly<Partial<Record<Clampable, { readonly most: number; readonly reached: number }>>>;

/** Of what may have exponents. */
interface Held {
  readonly exponents?: Exponents;
}

/** The exponent of hidden rows. */
export const residualOf = ({ exponents }: Held): number => exponents?.residual ?? 0;

const NONE = { attn: 0, mlp: 0, rows: { attn: 0, mlp: 0 }, scores: 0, clamps: {} } as const;

/** Those of a layer, every one of them. */
export const exponentsOf = ({ exponents }: Held, layer: number): Required<LayerExponents> => ({
  ...NONE,
  ...exponents?.layers[layer],
});
