/** The tensors that a checkpoint must hold, and what is wrong with the ones that it holds. */
import { type Shape, sameShape } from "../dsl/type.ts";
import { UserError } from "../dsl/user-error.ts";
import type { Decoder } from "./decoder.ts";
import { type LayerPart, tensorName, wholeName } from "./tensor-names.ts";

/** A tensor as a checkpoint's header announces it; `dtype` by its safetensors name. */
export interface StoredTensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: Shape;
  /** How the file stores it, where that is not the dtype as which it is read. */
  readonly encoding?: string;
}

/** A tensor that must be there; any dtype that becomes fp16 will do. */
export type ExpectedTensor = Omit<StoredTensor, "dtype">;

/** Element types that become fp16 without a quantiser. */
const DTYPES: readonly string[] = ["BF16", "F16", "F32"];

/** The tensors of one layer, matrices as stored: [out, in]; a bias follows its matrix. */
export function layerTensors(decoder: Decoder, layer: number): readonly ExpectedTensor[] {
  const { hiddenSize: d, heads, headDim, ffnSize, biases, postNorms } = decoder;
  const of = (part: LayerPart, shape: Shape, biased = false): readonly ExpectedTensor[] => [
    { name: tensorName(decoder, layer, part), shape },
    ...(biased ? [{ name: tensorName(decoder, layer, part, "bias"), shape: shape.slice(0, 1) }] : []),
  ];
  return [
    ...of("attn_norm", [d]),
    ...projections(decoder).flatMap(([part, outputs]) => of(part, [outputs, d], biases.qkv)),
    ...headNorms(decoder).flatMap(([part, size]) => of(part, [size])),
    ...of("output", [d, heads * headDim], biases.output),
    ...(postNorms ? of("attn_post_norm", [d]) : []),
    ...of("mlp_norm", [d]),
    ...gates(decoder).flatMap(([part, outputs]) => of(part, [outputs, d], biases.mlp)),
    ...of("down", [d, ffnSize], biases.mlp),
    ...(postNorms ? of("mlp_post_norm", [d]) : []),
  ];
}

type Sized = readonly (readonly [part: LayerPart, size: number])[];

/** A fused matrix holds q, k and v one after another. */
function projections({ heads, kvHeads, headDim, stored }: Decoder): Sized {
  const [q, kv] = [heads * headDim, kvHeads * headDim];
  return stored.qkv === "fused"
    ? [["qkv", q + 2 * kv]]
    : [
        ["q", q],
        ["k", kv],
        ["v", kv],
      ];
}

function headNorms({ heads, kvHeads, headDim, qkNorm }: Decoder): Sized {
  if (qkNorm === "none") return [];
  const times = (n: number): number => (qkNorm === "whole" ? n * headDim : headDim);
  return [
    ["q_norm", times(heads)],
    ["k_norm", times(kvHeads)],
  ];
}

/** A fused matrix holds gate and then up. */
const gates = ({ ffnSize, stored }: Decoder): Sized =>
  stored.gateUp === "fused"
    ? [["gate_up", 2 * ffnSize]]
    : [
        ["gate", ffnSize],
        ["up", ffnSize],
      ];

/** Every tensor of the model; lm_head only where the head is not tied to the embedding. */
export function modelTensors(decoder: Decoder): readonly ExpectedTensor[] {
  const vocabulary: Shape = [decoder.vocab, decoder.hiddenSize];
  return [
    { name: wholeName(decoder, "embedding"), shape: vocabulary },
    ...Array.from({ length: decoder.layers }, (_, layer) => layerTensors(decoder, layer)).flat(),
    { name: wholeName(decoder, "finalNorm"), shape: [decoder.hiddenSize] },
    ...(decoder.tiedHead ? [] : [{ name: wholeName(decoder, "head"), shape: vocabulary }]),
  ];
}

/** What is wrong with the tensors of a checkpoint, and what is not as it should be though no layer depends on it. */
export interface TensorFindings {
  readonly problems: readonly string[];
  readonly notes: readonly string[];
}

/**
 * Holds a checkpoint's headers against the configuration: missing tensors, wrong shapes, element types that are not
 * supported, and tensors of a layer, or beside one that is read, that nothing would read: it is another model then. Of others what is there
 * beyond the model, a missing head and a padded vocabulary are noted. Both empty when all is well.
 */
export function tensorFindings(config: Decoder, stored: Iterable<StoredTensor>): TensorFindings {
  const held = new Map([...stored].map((tensor) => [tensor.name, tensor]));
  const expected = modelTensors(config).map((tensor) => padded(config, tensor, held.get(tensor.name)));
  const head = wholeName(config, "head");
  const known = new Set(expected.map((tensor) => tensor.name));
  // Some tools write the tied head out all the same; the layers do not depend on it, and src/build/tied-head.ts looks at it.
  known.add(head);
  const isAbsent = !config.tiedHead && !held.has(head);
  const strangers = [...held.keys()].filter((name) => !known.has(name) && !isTable(name));
  const told = (name: string) =>
    `tensor "${name}" is not part of the model that config.json describes; nothing would read it`;
  // A layer is "blk" in a GGUF file; a bias beside the final norm or the head makes another one of them.
  const stems = new Set([...known].map(stemOf));
  const isOfModel = (name: string) => /(^|\.)(layers|blk)\.\d+\./.test(name) || stems.has(stemOf(name));
  return {
    problems: [
      ...expected.flatMap((tensor) => (isAbsent && tensor.name === head ? [] : faultOf(tensor, held.get(tensor.name)))),
      ...strangers.filter(isOfModel).map(told),
    ],
    notes: [
      ...(isAbsent ? [`tensor "${head}" is missing, which no layer reads`] : []),
      ...(config.tiedHead && held.has(head)
        ? [
            `tensor "${head}" is stored though the head is tied to the embedding; no layer reads it, and a build asks that it holds the same`,
          ]
        : []),
      ...expected.flatMap(({ name, shape }) =>
        isVocabulary(config, name) && shape[0] !== config.vocab
          ? [`tensor "${name}" has ${shape[0]} rows for a vocabulary of ${config.vocab}`]
          : [],
      ),
      ...strangers.filter((name) => !isOfModel(name)).map(told),
    ],
  };
}

const stemOf = (name: string): string => name.slice(0, name.lastIndexOf("."));
const isVocabulary = (config: Decoder, name: string): boolean =>
  name === wholeName(config, "embedding") || name === wholeName(config, "head");

/** Some tools give the vocabulary more rows than it has words. */
function padded(config: Decoder, tensor: ExpectedTensor, found: StoredTensor | undefined): ExpectedTensor {
  const rows = found?.shape[0] ?? 0;
  return isVocabulary(config, tensor.name) && rows > config.vocab
    ? { ...tensor, shape: [rows, ...tensor.shape.slice(1)] }
    : tensor;
}

/** Older checkpoints hold RoPE's frequencies beside the weights; transformers makes them anew, and so does the host. */
const isTable = (name: string): boolean => name.endsWith(".rotary_emb.inv_freq");

function faultOf(expected: ExpectedTensor, found: StoredTensor | undefined): readonly string[] {
  const name = `tensor "${expected.name}"`;
  const wanted = `[${expected.shape.join(",")}]`;
  if (!found) return [`${name} ${wanted} is missing`];
  if (!sameShape(expected.shape, found.shape))
    return [`${name} has shape [${found.shape.join(",")}], but config.json asks for ${wanted}`];
  if (!DTYPES.includes(found.dtype))
    return [`${name} has dtype ${found.dtype}, which is not supported; convert it to BF16, F16 or F32`];
  return [];
}

/**
 * Refuses a checkpoint that does not match its configuration.
 * @param where The checkpoint's folder, for messages.
 * @returns what was noted
 * @throws UserError with the first problem and how many more there are.
 */
export function checkTensors(config: Decoder, stored: Iterable<StoredTensor>, where: string): readonly string[] {
  const { problems, notes } = tensorFindings(config, stored);
  const [first, ...more] = problems;
  if (first === undefined) return notes.map((note) => `${where}: ${note}`);
  throw new UserError(`${where}: ${first}${more.length > 0 ? ` (and ${more.length} more problems like this)` : ""}`);
}
