/** Options that choose what is built, and with which weights. */
import type { Size } from "../../dsl/model.ts";
import type { Args } from "./command.ts";
import type { OperandKind } from "./operand-kind.ts";
import type { Option, Options } from "./option.ts";

/** What is built: models and graph files. */
const BUILT = ["model", "checkpoint", "graph"] as const satisfies readonly OperandKind[];

/** What is built from a text, with weights from elsewhere. */
const WITHOUT_WEIGHTS = ["model", "graph"] as const satisfies readonly OperandKind[];

/** What has layers. */
const LAYERED = ["model", "checkpoint"] as const satisfies readonly OperandKind[];

/** Who keeps the KV cache. */
export const CACHE_OPTION = {
  kind: "choice",
  values: ["state", "io"],
  help: "the KV cache as Core ML states, or as inputs whose new rows are outputs",
  default: "state",
} as const;

/** Numbers held at powers of two, for commands that write what is chosen. */
export const ENGINE_SAFE_OPTION = {
  kind: "flag",
  help: "hold numbers at powers of two, so that no token sequence overflows fp16 or the engine's accumulator (docs/ranges.md)",
  for: ["checkpoint"],
} as const satisfies Option;

/** Options that choose what to build: every command that builds a model has them. */
export const SIZE_OPTIONS = {
  layer: { kind: "whole", value: "N", min: 0, help: "first layer", default: "0", for: BUILT },
  layers: { kind: "whole", value: "N", min: 1, help: "how many layers", default: "1", for: LAYERED },
  tokens: { kind: "whole", value: "T", min: 1, help: "tokens in a block", default: "4", for: BUILT },
  "max-seq": { kind: "whole", value: "S", min: 1, help: "rows of the KV cache", default: "2048", for: BUILT },
  cache: { ...CACHE_OPTION, for: LAYERED },
} as const satisfies Options;

/** `--tokens` of a command that also reads a package of flexible size for T tokens. */
export const TOKENS_OF_PACKAGES = {
  tokens: { ...SIZE_OPTIONS.tokens, for: [...BUILT, "flexible package"] },
} as const satisfies Options;

/** A checkpoint; a command says what it is read for. */
export const CHECKPOINT_OPTION = { kind: "folder", help: "checkpoint: Hugging Face folder or .gguf file" } as const;

/** A checkpoint, for a command that reads its weights. */
export const WEIGHTS_OPTION: Options = {
  weights: {
    ...CHECKPOINT_OPTION,
    help: `${CHECKPOINT_OPTION.help}; generated weights when absent`,
    for: WITHOUT_WEIGHTS,
  },
};

/** Which of LongRoPE's lists RoPE rows are made with, for a command that makes them. */
export const ROPE_LIST_OPTION = {
  "rope-list": {
    kind: "choice",
    values: ["short", "long"],
    help: "LongRoPE's list of factors (docs/rope.md); by --max-seq when absent",
    for: LAYERED,
  },
} as const satisfies Options;

/** The seed of generated weights, for a command that makes nothing else by it. */
export const SEED_OPTION: Options = {
  seed: { kind: "whole", value: "N", min: 0, help: "seed of generated weights", default: "1", for: WITHOUT_WEIGHTS },
};

/** The seed of a command that also makes inputs by it, which packages are fed too. */
export const INPUT_SEED_OPTION: Options = {
  seed: { kind: "whole", value: "N", min: 0, help: "seed of generated weights and inputs", default: "1" },
};

/** The sizes that the options ask for. */
export const requestedSize = (args: Args): Size => ({ tokens: args.whole("tokens"), maxSeq: args.whole("max-seq") });
