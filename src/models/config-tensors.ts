/** The tensors a phi3 checkpoint must hold, and what is wrong with the ones that it holds. */
import { type Shape, sameShape } from "../dsl/type.ts";
import { UserError } from "../dsl/user-error.ts";
import type { PhiConfig } from "./config.ts";

/** A tensor as a checkpoint's header announces it; `dtype` by its safetensors name. */
export interface StoredTensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: Shape;
}

/** A tensor that must be there; any dtype that becomes fp16 will do. */
export type ExpectedTensor = Omit<StoredTensor, "dtype">;

/** Element types that become fp16 without a quantiser. */
const DTYPES: readonly string[] = ["BF16", "F16", "F32"];

/**
 * The six tensors of one layer, matrices as stored: [out, in]. qkv holds q, k and v one after another, gate_up gate and
 * then up (transformers, modeling_phi3.py).
 */
export function layerTensors(config: PhiConfig, layer: number): readonly ExpectedTensor[] {
  const { hiddenSize, heads, kvHeads, headDim, ffnSize } = config;
  const prefix = `model.layers.${layer}`;
  return [
    { name: `${prefix}.input_layernorm.weight`, shape: [hiddenSize] },
    { name: `${prefix}.self_attn.qkv_proj.weight`, shape: [(heads + 2 * kvHeads) * headDim, hiddenSize] },
    { name: `${prefix}.self_attn.o_proj.weight`, shape: [hiddenSize, heads * headDim] },
    { name: `${prefix}.post_attention_layernorm.weight`, shape: [hiddenSize] },
    { name: `${prefix}.mlp.gate_up_proj.weight`, shape: [2 * ffnSize, hiddenSize] },
    { name: `${prefix}.mlp.down_proj.weight`, shape: [hiddenSize, ffnSize] },
  ];
}

/** Every tensor of the model; lm_head only where the head is not tied to the embedding. */
export function modelTensors(config: PhiConfig): readonly ExpectedTensor[] {
  const vocabulary: Shape = [config.vocab, config.hiddenSize];
  return [
    { name: "model.embed_tokens.weight", shape: vocabulary },
    ...Array.from({ length: config.layers }, (_, layer) => layerTensors(config, layer)).flat(),
    { name: "model.norm.weight", shape: [config.hiddenSize] },
    ...(config.tiedHead ? [] : [{ name: "lm_head.weight", shape: vocabulary }]),
  ];
}

/**
 * Holds a checkpoint's headers against the configuration: missing tensors, wrong shapes, element types that are not
 * supported, and tensors that no part of the model would read. Empty when all is well.
 */
export function tensorProblems(config: PhiConfig, stored: Iterable<StoredTensor>): readonly string[] {
  const held = new Map([...stored].map((tensor) => [tensor.name, tensor]));
  const expected = modelTensors(config);
  const known = new Set(expected.map((tensor) => tensor.name));
  // Some tools write the tied head out all the same; nothing reads it, and the layers do not depend on it.
  if (config.tiedHead) known.add("lm_head.weight");
  return [
    ...expected.flatMap((tensor) => faultOf(tensor, held.get(tensor.name))),
    ...[...held.keys()]
      .filter((name) => !known.has(name))
      .map((name) => `tensor "${name}" is not part of the model that config.json describes; nothing would read it`),
  ];
}

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
 * @throws UserError with the first problem and how many more there are.
 */
export function checkTensors(config: PhiConfig, stored: Iterable<StoredTensor>, where: string): void {
  const [first, ...more] = tensorProblems(config, stored);
  if (first === undefined) return;
  throw new UserError(`${where}: ${first}${more.length > 0 ? ` (and ${more.length} more problems like this)` : ""}`);
}
