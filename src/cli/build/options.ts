/** The options of `build` and `plan`: all that decides what is built. */
import { FUNCTIONS_OPTION } from "../options/functions-option.ts";
import type { Options } from "../options/option.ts";
import { CACHE_OPTION, ENGINE_SAFE_OPTION } from "../options/size-options.ts";
import { CLAMP_OPTIONS } from "../ranges/clamp-options.ts";
import { QUANTIZE_OPTIONS } from "./quantize-options.ts";

const WHOLE = ["model", "checkpoint"] as const;

/** What decides a build. */
export const BUILD_OPTIONS = {
  shards: {
    kind: "form",
    value: "N,N,...",
    form: /^\d{1,6}(,\d{1,6})*$/,
    like: "20,4,6,2",
    help: "layers of each shard",
    without: ["shard-bytes"],
  },
  "shard-bytes": {
    kind: "form",
    value: "SIZE",
    form: /^\d+(\.\d+)?(MB|GB)$/,
    like: "2.0GB",
    help: "most bytes of weights in a shard",
    default: "2.0GB",
    without: ["shards"],
  },
  heads: { kind: "whole", value: "N", min: 1, max: 1024, help: "parts of the vocabulary's head", default: "4" },
  tokens: {
    kind: "form",
    value: "T",
    form: /^[1-9]\d{0,2}(\.\.[1-9]\d{0,2})?$/,
    like: "1..4 or 4",
    help: "tokens in a block: a range for one program of flexible size",
    default: "1..4",
  },
  functions: { ...FUNCTIONS_OPTION, without: ["tokens"] },
  "max-seq": { kind: "whole", value: "S", min: 1, help: "rows of the KV cache", default: "2048" },
  cache: CACHE_OPTION,
  for: { kind: "choice", values: ["ane-book"], help: "the runtime that will run it", default: "ane-book" },
  "rope-factor": {
    kind: "choice",
    values: ["weights", "graph", "host"],
    help: "where RoPE's attention factor is",
    default: "weights",
  },
  ...QUANTIZE_OPTIONS,
  ...CLAMP_OPTIONS,
  clamp: { ...CLAMP_OPTIONS.clamp, for: ["checkpoint"] },
  "engine-safe": ENGINE_SAFE_OPTION,
  seed: { kind: "whole", value: "N", min: 0, help: "seed of generated weights", default: "1", for: ["model"] },
  eos: {
    kind: "form",
    value: "ID",
    form: /^\d{1,9}$/,
    like: "200020",
    help: "stop token, where no file tells it",
    for: WHOLE,
  },
} as const satisfies Options;
