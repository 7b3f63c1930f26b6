/** What reading an architecture's config.json takes, and what most of them have in common. */
import type { Fields, Json } from "../config-fields.ts";
import type { Architecture, Biases, Decoder, LayerKind, RopeScaling, RopeTable } from "../decoder.ts";

/** Sizes that conventions depend on. */
export interface ReadSizes {
  readonly hiddenSize: number;
  readonly layers: number;
}

/** What an architecture adds to the sizes that all have; its local layers by their window. */
export type Conventions = Pick<
  Decoder,
  | "ropePairs"
  | "slidingWindow"
  | "pattern"
  | "activation"
  | "gain"
  | "qkNorm"
  | "postNorms"
  | "biases"
  | "stored"
  | "queryScale"
  | "scoreCap"
  | "logitCap"
  | "embeddingMultiplier"
  | "residualMultiplier"
> & { readonly localWindow?: number };

/** One architecture. */
export interface ArchitectureReader {
  readonly architecture: Architecture;
  /** Of fields that are not given; null where that says that there is none. */
  readonly defaults: Json;
  /** Fields whose other values mean a layer that is not this one's; absent is as good as the value shown. */
  readonly only: Json;
  /** Whether `layer_types` may name local layers. */
  readonly hasSpans?: boolean;
  /** Where local layers turn by a table of their own: the older name of its theta, and the default. */
  readonly localTheta?: { readonly field: string; readonly default: RopeTable["ropeTheta"] };
  /** Whether the class turns some dims of a head alone, as `partial_rotary_factor` says; others turn the whole head whatever it says. */
  readonly turnsPart?: boolean;
  /** RoPE scalings that the class takes; all when absent. */
  readonly scalings?: readonly RopeScaling["type"][];
  conventions(f: Fields, sizes: ReadSizes): Conventions;
}

/** Of every class. */
export const COMMON: Json = {
  partial_rotary_factor: 1,
  rope_theta: 10_000,
  rms_norm_eps: 1e-6,
  num_key_value_heads: null,
};
/** No projection adds a bias. */
export const NO_BIAS: Biases = { qkv: false, output: false, mlp: false };
/** All layers are alike and turned. */
export const EVERY_LAYER: readonly LayerKind[] = [{ span: "main", turned: true }];

/** What most have in common. */
export const PLAIN = {
  ropePairs: "halves",
  pattern: EVERY_LAYER,
  gain: "factor",
  qkNorm: "none",
  postNorms: false,
  biases: NO_BIAS,
  stored: { qkv: "split", gateUp: "split" },
  embeddingMultiplier: 1,
  residualMultiplier: 1,
} as const satisfies Partial<Conventions>;
