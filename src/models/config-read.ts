/** Reads a config.json: every field named, checked and typed; what no record says is refused by name. */
import { nameGiven } from "../dsl/given/values.ts";
import { roundFp16 } from "../dsl/number.ts";
import { UserError } from "../dsl/user-error.ts";
import { READERS } from "./architectures/index.ts";
import type { ArchitectureReader } from "./architectures/reader.ts";
import { brief } from "./brief.ts";
import { type Fields, type FieldsOptions, fieldsOf, type Json, recordOf } from "./config-fields.ts";
import { isScaled, type RopeRecords, type RopeSizes, ropeRecords, rotaryDimsOf, scalingOf } from "./config-rope.ts";
import { SURROUNDINGS, textPartOf } from "./config-text-part.ts";
import type { Decoder, RopeTable } from "./decoder.ts";

/** A layer is six tensors or more, which are listed. */
const MOST_LAYERS = 10_000;

/** A decoder, and a sentence for each field that the file leaves to Hugging Face's default. */
export interface ReadConfig {
  readonly decoder: Decoder;
  readonly notes: readonly string[];
}

/**
 * The decoder in a parsed config.json, or in the record of its text part where the model reads more than text. RoPE's fields
 * are found at its top level, in `rope_scaling` (older transformers, `type` or `rope_type`) or in `rope_parameters`
 * (transformers 5); where two places differ, neither is believed.
 * @param where Path of the file, for messages.
 * @throws UserError that names the field and the mend.
 */
export function readDecoder(json: unknown, where: string): ReadConfig {
  nameGiven(where, "readDecoder: the path of the file");
  const { text: top, notes: surroundings } = textPartOf(recordOf(json, "the file", where), where);
  const reader = readerOf(top, where);
  refuseUnsupported(top, reader, where);
  const records = ropeRecords(top, where);
  const f = fieldsOf(placesOf(top, reader.defaults, { records: records.main, isNull: records.isNull, where }));
  const hiddenSize = f.size("hidden_size");
  const heads = f.size("num_attention_heads");
  const layers = f.size("num_hidden_layers", MOST_LAYERS);
  const maxPositions = f.size("max_position_embeddings");
  const headDim = headDimOf(hiddenSize, heads, f);
  const rotaryDims = rotaryDimsOf(headDim, reader.turnsPart ? f : wholeHeads(reader, f));
  const { localWindow, ...conventions } = reader.conventions(f, { hiddenSize, layers });
  const table = tableOf({ rotaryDims, maxPositions }, f);
  checkScaling(table, reader, f);
  const local = localTableOf(reader, records, top, { rotaryDims, maxPositions, where });
  const decoder: Decoder = {
    architecture: reader.architecture,
    ...conventions,
    hiddenSize,
    heads,
    kvHeads: kvHeadsOf(heads, f),
    headDim,
    rotaryDims,
    ...table,
    ...(localWindow === undefined ? {} : { local: { slidingWindow: localWindow, ...local.table } }),
    ffnSize: f.size("intermediate_size"),
    eps: epsOf(f),
    layers,
    vocab: f.size("vocab_size"),
    tiedHead: f.boolean("tie_word_embeddings"),
    maxPositions,
  };
  return { decoder, notes: [...surroundings, ...f.notes(), ...(localWindow === undefined ? [] : local.notes)] };
}

/** Fields that tell of a model whose layers no record says; false, null, 0 and an empty list are as good as absent. */
const FOREIGN: readonly (readonly [what: string, fields: readonly string[]])[] = [
  ["a mixture of experts", ["num_local_experts", "num_experts", "n_routed_experts", "moe_intermediate_size"]],
  ["multi-head latent attention (MLA)", ["kv_lora_rank", "q_lora_rank"]],
  ["cross attention", ["cross_attention_layers", "add_cross_attention", "is_encoder_decoder"]],
];

/** The reader of the file's architecture. @throws UserError that names what makes it another one's */
function readerOf(top: Json, where: string): ArchitectureReader {
  const isSaid = (value: unknown) => Boolean(value) && !(Array.isArray(value) && value.length === 0);
  for (const [what, fields] of FOREIGN)
    for (const field of fields)
      if (isSaid(top[field]))
        throw new UserError(`${where}: "${field}" is ${brief(top[field])}: ${what} is not supported`);
  const type = top.model_type;
  const known = [...READERS.keys(), ...SURROUNDINGS.keys()].join(", ");
  if (type === undefined) throw new UserError(`${where}: "model_type" is missing`, `graphc reads ${known}`);
  const reader = typeof type === "string" ? READERS.get(type) : undefined;
  if (!reader) throw new UserError(`${where}: "model_type" ${brief(type)} is not supported`, `graphc reads ${known}`);
  return reader;
}

/** What every architecture has: transformers drops the causal mask where one of them says so. */
const EVERYWHERE: Json = { is_causal: true, use_bidirectional_attention: false, quantization_config: null };

function refuseUnsupported(top: Json, { architecture, only, ...reader }: ArchitectureReader, where: string): void {
  for (const [field, value] of Object.entries({ ...only, ...EVERYWHERE }))
    if ((top[field] ?? value) !== value)
      throw new UserError(
        `${where}: "${field}" is ${brief(top[field])}, which graphc's ${architecture} layer does not have; only ${JSON.stringify(value)} is supported`,
      );
  if (reader.hasSpans) return;
  const types = top.layer_types ?? [];
  const other = Array.isArray(types) ? types.find((type) => type !== "full_attention") : types;
  if (other !== undefined)
    throw new UserError(
      `${where}: "layer_types" holds ${brief(other)}; all ${architecture} layers are "full_attention"`,
    );
  const window = top.sliding_window ?? null;
  if (window !== null && Array.isArray(top.layer_types) && top.layer_types.length > 0)
    throw new UserError(
      `${where}: "layer_types" says that no layer has a window, and "sliding_window" is ${brief(window)}`,
      "keep the right one",
    );
}

interface Places {
  readonly records: readonly Json[];
  /** Whether the file says by null that RoPE is not scaled. */
  readonly isNull: boolean;
  readonly where: string;
}

/** Where RoPE's fields are, and that RoPE is not scaled where nothing says how. */
function placesOf(top: Json, defaults: Json, { records, isNull, where }: Places): FieldsOptions {
  const places = [top, ...records];
  if (isScaled(records)) return { places, where, defaults };
  const unscaled = { rope_type: "default" };
  return isNull
    ? { places: [...places, unscaled], where, defaults }
    : { places, where, defaults: { ...defaults, ...unscaled } };
}

/** Of a row of zeros a norm without it is 0 / 0. */
function epsOf(f: Fields): number {
  const eps = f.positive("rms_norm_eps");
  return roundFp16(eps) > 0 ? eps : f.fail(`"rms_norm_eps" is ${eps}, which is 0 in fp16`);
}

function headDimOf(hiddenSize: number, heads: number, f: Fields): number {
  if (f.has("head_dim")) return f.size("head_dim");
  const dim = hiddenSize / heads;
  if (!Number.isInteger(dim))
    f.fail(`hidden_size ${hiddenSize} is not a multiple of num_attention_heads ${heads}`, "give head_dim");
  f.assume("head_dim", `hidden_size / num_attention_heads ${dim}`);
  return dim;
}

function kvHeadsOf(heads: number, f: Fields): number {
  const name = "num_key_value_heads";
  if (!f.has(name)) f.assume(name, `num_attention_heads ${heads}`);
  const kvHeads = f.has(name) ? f.size(name) : heads;
  if (heads % kvHeads !== 0)
    f.fail(`num_attention_heads ${heads} is not a multiple of ${name} ${kvHeads}`, "correct one of them");
  return kvHeads;
}

const tableOf = (sizes: RopeSizes, f: Fields): RopeTable => ({
  ropeTheta: f.positive("rope_theta"),
  rope: scalingOf(sizes, f),
});

function checkScaling({ rope }: RopeTable, { architecture, scalings }: ArchitectureReader, f: Fields): void {
  if (scalings && !scalings.includes(rope.type)) {
    const known = scalings.map((type) => JSON.stringify(type)).join(" and ");
    f.fail(`rope type "${rope.type}" is none of ${architecture}, which has ${known}`);
  }
}

/** @throws UserError where the file says that a part of each head is turned, and the class of its architecture turns all of it */
function wholeHeads({ architecture }: ArchitectureReader, f: Fields): Fields {
  const field = "partial_rotary_factor";
  // transformers 5 turns the whole head of these with the default RoPE, older versions and scaled ones fail at it.
  if (f.has(field) && f.positive(field) !== 1)
    f.fail(`"${field}" is ${f.positive(field)}, and ${architecture} turns whole heads; only 1 is supported`);
  return f;
}

/** The table that local layers turn by, where the architecture has one for them. */
function localTableOf(
  reader: ArchitectureReader,
  { local }: RopeRecords,
  top: Json,
  { where, ...sizes }: RopeSizes & { readonly where: string },
): { readonly table: { readonly table?: RopeTable }; readonly notes: readonly string[] } {
  const { localTheta } = reader;
  if (!localTheta) {
    if (local.some((record) => Object.keys(record).length > 0))
      throw new UserError(`${where}: "rope_parameters" has a RoPE of its own for local layers, which is not supported`);
    return { table: {}, notes: [] };
  }
  const { field } = localTheta;
  const older = top[field] === undefined ? {} : { rope_theta: top[field] };
  const f = fieldsOf(placesOf(older, { rope_theta: localTheta.default }, { records: local, isNull: true, where }));
  const table = tableOf(sizes, wholeHeads(reader, f));
  if (table.rope.type === "longrope") f.fail("LongRoPE for local layers alone is not supported");
  return { table: { table }, notes: f.notes().map((note) => note.replace("rope_theta", field)) };
}
