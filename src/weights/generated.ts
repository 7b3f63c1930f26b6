/**
 * Weights for when there is no checkpoint: numbers u(seed, tag, i) that any program can make again (src/dsl/random.ts), one
 * stream a tensor. A matrix [out, in] is u · √(3 / in), so that rows keep their rms; a norm (one
 * axis) is 1 + u / 2; both rounded to fp32 and then to bf16. `i` counts in the whole tensor, so slices agree with it.
 */
import { streamBase, tagOfName } from "../dsl/random.ts";
import type { Tensor } from "../dsl/tensor.ts";
import { type Shape, sizeOf } from "../dsl/type.ts";
import { UserError } from "../dsl/user-error.ts";
import { type CheckpointSource, matrixOf, type ReadableTensor } from "./convert/rectangle.ts";
import { fp16Store } from "./fp16-store.ts";
import { type Elements, fillBeside, fillHere } from "./generator.ts";
import type { WeightStore } from "./store.ts";

/** Tags of the six tensors of a layer, in the order of the layer. */
const LAYER_TAGS: Readonly<Record<string, number>> = {
  input_layernorm: 0,
  "self_attn.qkv_proj": 1,
  "self_attn.o_proj": 2,
  post_attention_layernorm: 3,
  "mlp.gate_up_proj": 4,
  "mlp.down_proj": 5,
};
const TAGS_PER_LAYER = 1000;

/** The tag of a tensor: 1000 · layer + 0…5 for those of a phi3 layer, otherwise the FNV-1a hash of the name. */
export function tagOf(tensor: string): number {
  const [, layer, part = ""] = /^model\.layers\.(\d+)\.(.+)\.weight$/.exec(tensor) ?? [];
  const tag = LAYER_TAGS[part];
  return tag === undefined ? tagOfName(tensor) : Number(layer) * TAGS_PER_LAYER + tag;
}

/** Fills `target` with bf16 bit patterns of a tensor, from element `begin` on. */
export type Generator = (target: Uint16Array, tensor: string, shape: Shape, begin: number) => void;

/** A generator of a seed's weights. */
export function generatorOf(seed: number): Generator {
  const fill = fillHere();
  return (target, tensor, shape, begin) => fill(target, elementsOf(seed, tensor, shape, begin));
}

function elementsOf(seed: number, tensor: string, shape: Shape, begin: number): Elements {
  const norm = shape.length < 2;
  const n = streamBase(seed, tagOf(tensor)) + begin;
  return { n, norm, scale: norm ? 0.5 : Math.sqrt(3 / matrixOf(shape)[1]) };
}

/**
 * Generated weights for tensors of the given shapes (`layerTensors` of a configuration, or `storedShapes` of a graph).
 * @throws UserError from `stream` for any other tensor.
 */
export function generatedStore(shapes: ReadonlyMap<string, Shape>, seed = 1): WeightStore {
  const beside = fillBeside();
  const find = (tensor: string): ReadableTensor => {
    const shape = shapes.get(tensor);
    if (!shape) throw new UserError(`generated weights: the model has no tensor "${tensor}"`);
    return {
      name: tensor,
      where: "generated weights",
      dtype: "BF16",
      shape,
      read(target, offset) {
        const words = new Uint16Array(target.buffer, target.byteOffset, target.byteLength / 2);
        return beside.fill(words, elementsOf(seed, tensor, shape, offset / 2));
      },
    };
  };
  return { ...fp16Store(find), close: beside.close };
}

/**
 * The smallest tensors that can hold the weights of a graph: for an author's graph, whose checkpoint is not
 * at hand. A tensor that is only used whole has the shape that the graph gives it.
 */
export function storedShapes(weights: Iterable<Tensor>): ReadonlyMap<string, Shape> {
  const shapes = new Map<string, Shape>();
  for (const { def, type } of weights) {
    if (def.kind !== "weight" || def.source.from !== "checkpoint") continue;
    for (const [tensor, shape] of leastShapes(def.source, type.shape)) {
      const before = shapes.get(tensor);
      shapes.set(tensor, before === undefined ? shape : mergedShape(before, shape));
    }
  }
  return shapes;
}

/** Of every tensor that the weight is made of. */
function leastShapes(source: CheckpointSource, shape: Shape): readonly (readonly [tensor: string, shape: Shape])[] {
  const { tensor, joined, rows } = source;
  if (!joined) return [[tensor, leastShape(source, shape)]];
  const height = rows ? rows[1] - rows[0] : joined.reduce((sum, part) => sum + part.rows, 0);
  const width = sizeOf(shape) / height;
  // Rows of width 1 are the elements of a vector.
  return joined.map((part) => [part.tensor, width === 1 ? [part.rows] : [part.rows, width]]);
}

/** A shape that can hold the weight: [rows, columns], or the weight's own when it is the whole tensor. */
function leastShape({ rows, columns, transform }: CheckpointSource, shape: Shape): Shape {
  const axes = shape.filter((n) => n !== 1);
  if (rows === undefined && columns === undefined)
    return transform === "transpose" ? matrixOf(axes).toReversed() : axes.length > 0 ? axes : [1];
  const size = sizeOf(shape);
  const height = rows === undefined ? undefined : rows[1] - rows[0];
  const width = columns === undefined ? size / (height ?? 1) : columns[1] - columns[0];
  const least = [rows?.[1] ?? size / width, columns?.[1] ?? width];
  // Rows of width 1 are the elements of a vector.
  return columns === undefined && width === 1 ? least.slice(0, 1) : least;
}

function mergedShape(a: Shape, b: Shape): Shape {
  if (sizeOf(a) === sizeOf(b)) return a.length >= b.length ? b : a;
  const [p, q] = [matrixOf(a), matrixOf(b)];
  return [Math.max(p[0], q[0]), Math.max(p[1], q[1])];
}
