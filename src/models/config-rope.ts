/** RoPE's fields of a config.json: where the two spellings have them, and what they say. */
import { match } from "ts-pattern";
import { UserError } from "../dsl/user-error.ts";
import { brief } from "./brief.ts";
import { longRopeAttentionFactor, yarnAttentionFactor } from "./config.ts";
import { type Fields, type Json, recordOf } from "./config-fields.ts";
import type { Llama3Scaling, LongRopeScaling, RopeScaling, YarnScaling } from "./decoder.ts";

/** The records that hold RoPE's fields beside the top level: of all layers, or of those that a kind of layer has. */
export interface RopeRecords {
  readonly main: readonly Json[];
  readonly local: readonly Json[];
  /** Whether the file says by null that nothing is scaled. */
  readonly isNull: boolean;
}

/** The kinds of layers by transformers' names. */
const [FULL, SLIDING] = ["full_attention", "sliding_attention"] as const;

/** `rope_scaling` of older transformers and `rope_parameters` of transformers 5, which may hold a record for each kind of layer. */
export function ropeRecords(top: Json, where: string): RopeRecords {
  const scaling = ropeRecord(top.rope_scaling, "rope_scaling", where);
  const { [FULL]: full, [SLIDING]: sliding, ...flat } = recordOf(top.rope_parameters ?? {}, '"rope_parameters"', where);
  const nested = (value: unknown, kind: string): Json => ropeRecord(value, `rope_parameters.${kind}`, where);
  const main = [scaling, ropeRecord(flat, "rope_parameters", where), nested(full, FULL)];
  const isNull = top.rope_scaling === null && top.rope_parameters === undefined;
  return { main, local: [nested(sliding, SLIDING)], isNull };
}

/** One of the records, with the older name `type` read as `rope_type`. */
function ropeRecord(value: unknown, name: string, where: string): Json {
  const { type, ...rest } = recordOf(value ?? {}, `"${name}"`, where);
  const rope_type = rest.rope_type ?? type;
  if (type !== undefined && rope_type !== type)
    throw new UserError(`${where}: "${name}" has type ${brief(type)} and rope_type ${brief(rope_type)}`, "keep one");
  return rope_type === undefined ? rest : { ...rest, rope_type };
}

/** What a record may hold without scaling anything. */
const UNSCALED: readonly string[] = ["rope_theta", "partial_rotary_factor"];

/** Whether one of the records holds a field of a scaling. */
export const isScaled = (records: readonly Json[]): boolean =>
  records.some((record) => Object.keys(record).some((key) => !UNSCALED.includes(key)));

/** How many leading dims of a head are turned. */
export function rotaryDimsOf(headDim: number, f: Fields): number {
  const factor = f.positive("partial_rotary_factor");
  // As transformers truncates it: int(head_dim * factor).
  const dims = Math.trunc(headDim * factor);
  if (factor > 1 || dims < 2 || dims % 2 !== 0)
    f.fail(
      `partial_rotary_factor ${factor} of head_dim ${headDim} gives ${dims} rotary dims`,
      `it must give an even number from 2 to ${headDim}`,
    );
  return dims;
}

/** The sizes that a scaling is told from. */
export interface RopeSizes {
  readonly rotaryDims: number;
  readonly maxPositions: number;
}

/** The scaling that `rope_type` names; "divided" is what a GGUF file says (src/weights/gguf/config/rope.ts), and no config.json. @throws UserError for one that graphc does not know */
export function scalingOf({ rotaryDims, maxPositions }: RopeSizes, f: Fields): RopeScaling {
  // "su" is what the first Phi-3 configurations called LongRoPE.
  return match(f.string("rope_type"))
    .returnType<RopeScaling>()
    .with("default", () => ({ type: "default" }))
    .with("linear", () => ({ type: "linear", factor: f.positive("factor") }))
    .with("divided", () => ({ type: "divided", divisors: f.positives("divisors", rotaryDims / 2) }))
    .with("llama3", () => llama3Of(maxPositions, f))
    .with("yarn", () => yarnOf(maxPositions, f))
    .with("longrope", "su", () => longRopeOf(rotaryDims / 2, maxPositions, f))
    .otherwise((type) =>
      f.fail(`rope type "${type}" is not supported; graphc knows "default", "linear", "llama3", "yarn" and "longrope"`),
    );
}

function llama3Of(maxPositions: number, f: Fields): Llama3Scaling {
  const [lowFreqFactor, highFreqFactor] = [f.positive("low_freq_factor"), f.positive("high_freq_factor")];
  if (highFreqFactor <= lowFreqFactor)
    f.fail(`high_freq_factor ${highFreqFactor} is not above low_freq_factor ${lowFreqFactor}`, "correct one of them");
  const originalMaxPositions = originalOf(maxPositions, f);
  return { type: "llama3", factor: f.positive("factor"), lowFreqFactor, highFreqFactor, originalMaxPositions };
}

function yarnOf(maxPositions: number, f: Fields): YarnScaling {
  const originalMaxPositions = originalOf(maxPositions, f);
  const factor = f.positive("factor");
  const mscales = ["mscale", "mscale_all_dim"].map((name) => (f.has(name) ? f.positive(name) : undefined));
  return {
    type: "yarn",
    factor,
    betaFast: f.has("beta_fast") ? f.positive("beta_fast") : 32,
    betaSlow: f.has("beta_slow") ? f.positive("beta_slow") : 1,
    truncate: f.has("truncate") ? f.boolean("truncate") : true,
    originalMaxPositions,
    attentionFactor: f.has("attention_factor")
      ? f.positive("attention_factor")
      : yarnAttentionFactor(factor, mscales[0], mscales[1]),
  };
}

function longRopeOf(pairs: number, maxPositions: number, f: Fields): LongRopeScaling {
  for (const field of ["short_mscale", "long_mscale"])
    if (f.has(field)) f.fail(`"${field}" is not supported; graphc knows one attention factor for all lengths`);
  const originalMaxPositions = originalOf(maxPositions, f);
  const stretch = maxPositions / originalMaxPositions;
  // Versions of transformers disagree on which of the two counts, so they must say the same.
  if (f.has("factor") && f.positive("factor") !== stretch)
    f.fail(
      `rope factor ${f.positive("factor")} contradicts max_position_embeddings / original_max_position_embeddings = ${stretch}`,
      "correct one of them",
    );
  return {
    type: "longrope",
    shortFactor: f.positives("short_factor", pairs),
    longFactor: f.positives("long_factor", pairs),
    originalMaxPositions,
    attentionFactor: f.has("attention_factor")
      ? f.positive("attention_factor")
      : longRopeAttentionFactor(stretch, originalMaxPositions),
  };
}

function originalOf(maxPositions: number, f: Fields): number {
  const name = "original_max_position_embeddings";
  if (f.has(name)) return f.size(name);
  f.assume(name, `max_position_embeddings ${maxPositions}`);
  return maxPositions;
}
