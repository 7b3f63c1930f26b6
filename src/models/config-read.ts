/** Reads a phi3-type config.json: every field named, checked and typed; what the layer cannot do is refused. */
import { match } from "ts-pattern";
import { UserError } from "../dsl/user-error.ts";
import { brief } from "./brief.ts";
import { longRopeAttentionFactor, type PhiConfig, type RopeScaling } from "./config.ts";

type Json = Readonly<Record<string, unknown>>;

/** Every size counts places that Core ML indexes with int32; a layer is six tensors or more, which are listed. */
const MOST = 2 ** 31 - 1;
const MOST_LAYERS = 10_000;

/**
 * The configuration in a parsed config.json. RoPE's fields are found at the top level, in `rope_scaling` (older
 * transformers, `type` or `rope_type`) or in `rope_parameters` (transformers 5); where two places differ, neither is believed.
 * @param where Path of the file, for messages.
 * @throws UserError that names the field and the mend.
 */
export function readPhiConfig(json: unknown, where: string): PhiConfig {
  const top = recordOf(json, "the file", where);
  refuseUnsupported(top, where);
  const f = fieldsOf(top, where);
  const hiddenSize = f.size("hidden_size");
  const heads = f.size("num_attention_heads");
  const kvHeads = f.size("num_key_value_heads");
  const headDim = f.has("head_dim") ? f.size("head_dim") : hiddenSize / heads;
  if (!Number.isInteger(headDim))
    f.fail(`hidden_size ${hiddenSize} is not a multiple of num_attention_heads ${heads}`, "give head_dim");
  if (heads % kvHeads !== 0)
    f.fail(`num_attention_heads ${heads} is not a multiple of num_key_value_heads ${kvHeads}`, "correct one of them");
  const maxPositions = f.size("max_position_embeddings");
  const rotaryDims = rotaryDimsOf(headDim, f);
  return {
    hiddenSize,
    heads,
    kvHeads,
    headDim,
    rotaryDims,
    ropeTheta: f.positive("rope_theta"),
    rope: ropeOf(rotaryDims / 2, maxPositions, f),
    ffnSize: f.size("intermediate_size"),
    eps: f.positive("rms_norm_eps"),
    layers: f.size("num_hidden_layers", MOST_LAYERS),
    vocab: f.size("vocab_size"),
    tiedHead: f.boolean("tie_word_embeddings"),
    ...(f.has("sliding_window") ? { slidingWindow: f.size("sliding_window") } : {}),
    maxPositions,
  };
}

/** Fields whose other values mean a layer that graphc does not build; absent is as good as the value shown. */
const SUPPORTED: Readonly<Record<string, unknown>> = {
  attention_bias: false,
  mlp_bias: false,
  lm_head_bias: false,
  quantization_config: null,
  // Written by microsoft/Phi-4-mini-instruct; its own code reads neither at these values.
  full_attn_mod: 1,
  interpolate_factor: 1,
};

function refuseUnsupported(top: Json, where: string): void {
  const required = { model_type: "phi3", hidden_act: "silu" };
  for (const [field, only] of Object.entries(required))
    if (top[field] === undefined) throw new UserError(`${where}: "${field}" is missing; only "${only}" is supported`);
  for (const [field, only] of Object.entries({ ...required, ...SUPPORTED }))
    if ((top[field] ?? only) !== only)
      throw new UserError(
        `${where}: "${field}" is ${JSON.stringify(top[field])}, which graphc's phi3 layer does not have; only ${JSON.stringify(only)} is supported`,
      );
  const layerTypes = top.layer_types ?? [];
  const other = Array.isArray(layerTypes) ? layerTypes.find((type) => type !== "full_attention") : layerTypes;
  if (other !== undefined)
    throw new UserError(
      `${where}: "layer_types" holds ${JSON.stringify(other)}; only "full_attention" layers are supported`,
    );
}

function rotaryDimsOf(headDim: number, f: Fields): number {
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

function ropeOf(pairs: number, maxPositions: number, f: Fields): RopeScaling {
  // "su" is what the first Phi-3 configurations called LongRoPE.
  return match(f.unscaled ? "default" : f.string("rope_type"))
    .returnType<RopeScaling>()
    .with("default", () => ({ type: "default" }))
    .with("longrope", "su", () => longRopeOf(pairs, maxPositions, f))
    .otherwise((type) => f.fail(`rope type "${type}" is not supported; graphc knows "default" and "longrope"`));
}

function longRopeOf(pairs: number, maxPositions: number, f: Fields): RopeScaling {
  for (const field of ["short_mscale", "long_mscale"])
    if (f.has(field)) f.fail(`"${field}" is not supported; graphc knows one attention factor for all lengths`);
  const originalMaxPositions = f.size("original_max_position_embeddings");
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

/** Typed access to the fields by name; each refuses in one sentence. */
interface Fields {
  /** The file says `"rope_scaling": null` and no other word on it. */
  readonly unscaled: boolean;
  /** Given, and not null. */
  has(name: string): boolean;
  /** A positive whole number, and no more than `most`. */
  size(name: string, most?: number): number;
  positive(name: string): number;
  positives(name: string, count: number): readonly number[];
  boolean(name: string): boolean;
  string(name: string): string;
  fail(text: string, mend?: string): never;
}

function fieldsOf(top: Json, where: string): Fields {
  const places = [
    top,
    ropeRecord(top.rope_scaling, "rope_scaling", where),
    ropeRecord(top.rope_parameters, "rope_parameters", where),
  ];
  const fail = (text: string, mend?: string): never => {
    throw new UserError(`${where}: ${text}`, mend);
  };
  const find = (name: string): unknown => {
    const found = places.map((place) => place[name] ?? undefined).filter((value) => value !== undefined);
    const other = found.find((value) => JSON.stringify(value) !== JSON.stringify(found[0]));
    if (other !== undefined)
      fail(`"${name}" is given twice, as ${brief(found[0])} and as ${brief(other)}`, "keep the right one");
    return found[0];
  };
  const typed = <T>(name: string, what: string, is: (value: unknown) => value is T): T => {
    const value = find(name);
    if (value === undefined) return fail(`"${name}" is missing`, `add it (${what})`);
    return is(value) ? value : fail(`"${name}" must be ${what}, not ${brief(value)}`);
  };
  return {
    unscaled: top.rope_scaling === null && top.rope_parameters === undefined,
    fail,
    has: (name) => find(name) !== undefined,
    size(name, most = MOST) {
      const size = typed(name, "a positive whole number", isSize);
      return size <= most ? size : fail(`"${name}" is ${size}, and graphc takes ${most} at most`);
    },
    positive: (name) => typed(name, "a positive number", isPositive),
    positives: (name, count) =>
      typed(name, `a list of ${count} positive numbers, one per pair of rotary dims`, (value) => isList(value, count)),
    boolean: (name) => typed(name, "true or false", (value) => typeof value === "boolean"),
    string: (name) => typed(name, "a string", (value) => typeof value === "string"),
  };
}

/** One of the two records that hold RoPE's fields, with the older name `type` read as `rope_type`. */
function ropeRecord(value: unknown, name: string, where: string): Json {
  const { type, ...rest } = recordOf(value ?? {}, `"${name}"`, where);
  const rope_type = rest.rope_type ?? type;
  if (type !== undefined && rope_type !== type)
    throw new UserError(`${where}: "${name}" has type ${brief(type)} and rope_type ${brief(rope_type)}`, "keep one");
  return rope_type === undefined ? rest : { ...rest, rope_type };
}

function recordOf(value: unknown, what: string, where: string): Json {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new UserError(`${where}: ${what} must hold a JSON object, not ${brief(value)}`);
  return value as Json;
}

const isPositive = (value: unknown): value is number =>
  typeof value === "number" && Number.isFinite(value) && value > 0;
const isSize = (value: unknown): value is number => isPositive(value) && Number.isInteger(value);
const isList = (value: unknown, count: number): value is readonly number[] =>
  Array.isArray(value) && value.length === count && value.every(isPositive);
